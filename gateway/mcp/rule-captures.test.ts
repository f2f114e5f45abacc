/** What is kept by which rules. */
import t from "tap";
import type { McpRule } from "../mcp-plan.ts";
import type { CapturePlan } from "../snapshot-terms.ts";
import { RuleCaptures } from "./rule-captures.ts";

const bounds = { maxBytes: 100, contentTypes: ["application/json"] };
const plan = (header: string): CapturePlan => ({
  request: true,
  response: true,
  requestBody: bounds,
  responseBody: bounds,
  sample: 1,
  keepsErrors: true,
  redactHeaders: [header],
  redactQuery: [],
  redactBody: { jsonPaths: [], shapes: [], patterns: [] },
});
const rule = (ruleIndex: number, capture?: CapturePlan): McpRule => ({
  ruleIndex,
  matches: [],
  toolPolicies: [],
  limits: [],
  ...(capture !== undefined && { capture }),
});

t.test("find() gives the plan of a rule, and of several what all of them keep", async (t) => {
  const [a, b] = [plan("a"), plan("b")];
  const captures = new RuleCaptures({ rules: [rule(0, a), rule(1, b)], isKeptByRule: true });
  t.equal(captures.find([0]), a);
  t.equal(captures.find([1, 1]), b);
  t.match(captures.find([1, 0]), { redactHeaders: ["a", "b"] });
  t.equal(captures.find([1, 0]), captures.find([0, 1, 0]), "made once");
  for (const rules of [[], [null], [0, null]]) {
    t.match(captures.find(rules), { redactHeaders: ["a", "b"] });
  }
});

t.test("find() keeps nothing of what no rule decides where any rule keeps nothing", async (t) => {
  const captures = new RuleCaptures({ rules: [rule(0, plan("a")), rule(1)], isKeptByRule: true });
  t.ok(captures.find([0]));
  for (const rules of [[], [null], [1], [0, 1]]) t.equal(captures.find(rules), undefined);
  t.equal(new RuleCaptures({ rules: [rule(0, plan("a"))] }).find([0]), undefined);
});
