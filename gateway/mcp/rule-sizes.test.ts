/** Bounds of bodies by rules. */
import t from "tap";
import type { McpRule } from "../mcp-plan.ts";
import { RuleSizes } from "./rule-sizes.ts";

const rule = (ruleIndex: number, maxRequestBytes?: number): McpRule => ({
  ruleIndex,
  matches: [],
  toolPolicies: [],
  limits: [],
  ...(maxRequestBytes !== undefined && { maxRequestBytes }),
});

t.test("find() gives the least bound of the rules, and none of what no rule decides", async (t) => {
  const sizes = new RuleSizes({ rules: [rule(0, 9), rule(1, 5), rule(2)] });
  t.equal(sizes.find([0]), 9);
  t.equal(sizes.find([0, 1, null]), 5);
  t.equal(sizes.find([2, null]), Number.POSITIVE_INFINITY);
  t.equal(new RuleSizes({ rules: [rule(0)] }).find([0]), Number.POSITIVE_INFINITY);
});
