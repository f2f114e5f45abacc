/** Unit tests of the measurement of decisions. */
import t from "tap";
import { measureDecisions, runDecision } from "./decision.ts";

t.test("measureDecisions() finds rules of every shape", async (t) => {
  const { found, maxMicros, p50Micros, p99Micros } = measureDecisions({
    rules: 64,
    decisions: 2_000,
    seed: 3,
  });
  t.ok(Math.abs(found - 0.5) < 0.05, `${found} of all calls have a rule`);
  t.ok(0 < p50Micros && p50Micros <= p99Micros && p99Micros <= maxMicros);
});

t.test("runDecision() refuses what it does not know", async (t) => {
  await t.rejects(runDecision(["--rules", "0"]), { name: "UsageError" });
  await t.rejects(runDecision(["--what"]), { name: "UsageError" });
});
