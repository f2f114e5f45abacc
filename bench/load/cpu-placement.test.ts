/** Unit tests of placing processes on CPUs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import t from "tap";
import { placeProcesses, planPlacement } from "./cpu-placement.ts";

t.test("planPlacement() gives each side its own CPUs", async (t) => {
  t.equal(planPlacement(1), undefined);
  t.same(planPlacement(2), { rig: "0", contender: "1" });
  t.same(planPlacement(5), { rig: "0-1", contender: "2-4" });
  t.same(planPlacement(8), { rig: "0-3", contender: "4-7" });
});

t.test("placeProcesses() moves all threads of a process", async (t) => {
  if (availableParallelism() < 2) {
    t.comment("skipped: only one CPU");
    return;
  }
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  t.teardown(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  await placeProcesses([pid], "1");
  t.match(readFileSync(`/proc/${pid}/status`, "utf8"), /Cpus_allowed_list:\s+1\n/);
});
