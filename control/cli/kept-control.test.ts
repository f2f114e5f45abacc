/** Tests of the control process of `clrk dev` as its session sees it: an invented process, real starts and ends. */
import t from "tap";
import { controlReport } from "../testdata/control-report.ts";
import { keepControl } from "./kept-control.ts";
import type { KeptState } from "./kept-control.ts";
import { createFakeContext, until } from "./testdata/fake-context.ts";

t.test(
  "keepControl() knows what its process says, and that it hangs when it says nothing",
  async (t) => {
    const context = await createFakeContext(t, { env: { FAKE_CONTROL: "reports" } });
    let nowMs = 1_000;
    const kept = await keepControl({ ...context, now: () => nowMs }, { file: ["policy"] });
    if (kept === undefined) throw new Error("It was not started");
    t.teardown(() => kept.close());
    await until(
      () => kept.now.report !== undefined,
      () => JSON.stringify(kept.now),
    );
    t.match(kept.now, { state: "running", sinceMs: 1_000, restarts: 0 });
    t.same(kept.now.report, controlReport());
    nowMs += 6_000;
    t.equal(kept.now.state, "running");
    nowMs += 1;
    t.equal(kept.now.state, "silent");
  },
);

t.test("keepControl() tells an end at once, and the start after it", async (t) => {
  const context = await createFakeContext(t, { env: { FAKE_CONTROL: "dies" } });
  const kept = await keepControl(context, { file: ["policy"] });
  if (kept === undefined) throw new Error("It was not started");
  t.teardown(() => kept.close());
  const first = kept.now;
  const seen: KeptState[] = [];
  const stop = kept.onChange((now) => seen.push(now));
  await until(
    () => seen.length === 2,
    () => JSON.stringify(seen),
  );
  const problem = "it ended with exit code 3";
  t.match(seen, [
    { state: "starting", pid: first.pid, restarts: 1, problem },
    { state: "running", restarts: 1 },
  ]);
  t.not(seen[1]?.pid, first.pid);
  t.equal(seen[1]?.problem, undefined);
  stop();
});
