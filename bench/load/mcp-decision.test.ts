/** Unit tests of the measurement of the judge of MCP. */
import t from "tap";
import { measureMcpDecisions } from "./mcp-decision.ts";

t.test("measureMcpDecisions() finds matches of every shape", async (t) => {
  const { found, maxMicros, p50Micros, p99Micros } = measureMcpDecisions({
    rules: 100,
    decisions: 2_000,
    seed: 3,
  });
  t.ok(Math.abs(found - 0.5) < 0.05, `${found} of all calls have a match`);
  t.ok(0 < p50Micros && p50Micros <= p99Micros && p99Micros <= maxMicros);
});
