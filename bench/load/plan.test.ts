/** Unit tests of the measurement of replays. */
import t from "tap";
import { measurePlan, runPlanBench } from "./plan.ts";

t.test("measurePlan() replays all records, and finds what differs", async (t) => {
  const { summary, perSecond } = await measurePlan({ records: 3_000, routes: 8, seed: 2 });
  t.equal(summary.records, 3_000);
  t.same(new Set(summary.differences.map(({ kind }) => kind)), new Set(["denied", "allowed"]));
  t.ok(perSecond > 0);
});

t.test("runPlanBench() refuses what it does not know", async (t) => {
  await t.rejects(runPlanBench(["--routes", "0"]), { name: "UsageError" });
  await t.rejects(runPlanBench(["--what"]), { name: "UsageError" });
});
