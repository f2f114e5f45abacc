/** Tests of the report for people. */
import t from "tap";
import { createPalette, escapeControls } from "../colour.ts";
import { planLines } from "./plan-lines.ts";
import type { PlanSummary } from "./plan-run.ts";

const plain = createPalette({ isTerminal: false, environment: {} });
const example = {
  ...{
    time: "2026-11-28T10:00:00.000Z",
    record: "r1",
    agent: "default/researcher",
    method: "POST",
  },
  ...{ host: "api.openai.com", path: "/v1/embeddings", model: "text-embedding-3-small" },
  ...{ from: "AIProviderRoute default/openai rule 0", to: "no-rule" },
};
const summary: PlanSummary = {
  ...{ records: 1_250, same: 1_238, otherGateways: 0, uncounted: 0 },
  ...{ from: "2026-11-28T09:00:00.000Z", to: "2026-11-28T11:00:00.000Z" },
  differences: [
    {
      ...{ kind: "denied", count: 12, agents: 2, areAllAgents: true },
      topAgents: [{ name: "default/researcher", count: 12 }],
      topHosts: [{ name: "api.openai.com", count: 12 }],
      changes: [{ from: example.from, to: example.to, count: 12 }],
      examples: [example],
    },
  ],
};

t.test("planLines() tells who would be denied what", async (t) => {
  const lines = planLines(summary, { against: "the policy of old", palette: plain });
  t.equal(
    lines,
    [
      "1,250 records replayed from 2026-11-28T09:00:00.000Z to 2026-11-28T11:00:00.000Z",
      "Compared with the policy of old",
      "",
      "newly denied (12 requests, 2 agents)",
      "  at api.openai.com 12",
      "  12 AIProviderRoute default/openai rule 0 -> no-rule",
      "  e.g. 2026-11-28T10:00:00.000Z default/researcher POST",
      "    api.openai.com/v1/embeddings text-embedding-3-small",
      "",
      "1,238 records decided as before",
      "",
    ].join("\n"),
  );
  t.ok(lines.split("\n").every((line) => line.length <= 80));
});

t.test("planLines() lets nothing that came from outside drive a terminal", async (t) => {
  const [denied] = summary.differences;
  if (denied === undefined) throw new Error("There is none");
  const evil = { ...example, path: "/\u001b[2J\u202e" };
  const differences = [{ ...denied, topHosts: [{ name: "\u0007", count: 1 }], examples: [evil] }];
  const lines = planLines({ ...summary, differences }, { against: "x\u001b", palette: plain });
  t.ok(lines.split("\n").every((line) => line === escapeControls(line)));
});

t.test("planLines() says what it could not compare or count", async (t) => {
  const lines = planLines(
    { ...summary, differences: [], otherGateways: 1, uncounted: 2 },
    { against: "what the records say", palette: plain },
  );
  t.match(lines, /1 record of gateways that are not in both policies/);
  t.match(lines, /2 calls under a budget of which no tokens are recorded/);
});
