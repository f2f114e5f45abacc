/** Tests of finding what a process group still holds. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import t from "tap";
import { liveGroupMembers, signalGroup } from "./process-group.ts";

t.test("liveGroupMembers() sees a group until it has ended", async (t) => {
  const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
  const group = child.pid ?? 0;
  t.strictSame(liveGroupMembers(group), ["sleep"]);
  t.equal(signalGroup(group, "SIGKILL"), true);
  await once(child, "exit");
  t.strictSame(liveGroupMembers(group), []);
  t.equal(signalGroup(group, "SIGKILL"), false);
});

t.test("liveGroupMembers() finds nothing in a group that never was", (t) => {
  t.strictSame(liveGroupMembers(2 ** 22 + 1), []);
  t.end();
});
