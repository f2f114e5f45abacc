/** Tests of counting differences in little memory. */
import t from "tap";
import type { EgressRecord } from "../../../gateway/record.ts";
import { httpRecord } from "../testdata/recorded.ts";
import type { Difference } from "./difference.ts";
import { DifferenceTally } from "./difference-tally.ts";
import { seeded } from "./reservoir.ts";

const denied: Difference = { kind: "denied", from: "rule", to: "no-rule" };

function recordOf(agent: number, host = "a.test"): EgressRecord {
  const record = httpRecord();
  const { agent: one, request } = record;
  return {
    ...record,
    agent: one && { ...one, name: `agent-${agent}` },
    request: { ...request, host },
  };
}

t.test("DifferenceTally counts requests, agents, hosts and changes", async (t) => {
  const tally = new DifferenceTally(seeded(1));
  for (const agent of [1, 2, 2]) tally.add(recordOf(agent), denied);
  tally.add(recordOf(3, "b.test"), { ...denied, to: "deny-policy" });
  const summary = tally.summary("denied");
  t.match(summary, { kind: "denied", count: 4, agents: 3, areAllAgents: true });
  t.same(summary?.topAgents[0], { name: "default/agent-2", count: 2 });
  t.same(summary?.topHosts, [
    { name: "a.test", count: 3 },
    { name: "b.test", count: 1 },
  ]);
  t.same(summary?.changes, [
    { from: "rule", to: "no-rule", count: 3 },
    { from: "rule", to: "deny-policy", count: 1 },
  ]);
  t.equal(summary?.examples.length, 3);
  t.match(summary?.examples[0], { method: "POST", host: "a.test", path: "/v1/chat/completions" });
  t.equal(tally.summary("allowed"), undefined);
});

t.test(
  "DifferenceTally keeps a bounded number of names, and says that there are more",
  async (t) => {
    const tally = new DifferenceTally(seeded(1));
    for (let agent = 0; agent < 3_000; agent++) tally.add(recordOf(agent), denied);
    const summary = tally.summary("denied");
    t.match(summary, { count: 3_000, agents: 2_000, areAllAgents: false });
    t.same(summary?.topAgents.at(-1), { name: "others", count: 2_990 });
  },
);
