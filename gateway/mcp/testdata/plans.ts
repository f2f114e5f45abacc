/** Short forms of plans for MCP, for tests. */
import type { McpMatch, McpPlan, McpRule, McpToolPolicy } from "../../mcp-plan.ts";

/** A match of everything, unless more is said. */
export function match(more: Partial<McpMatch> = {}): McpMatch {
  const nothing = { globs: [], expressions: [] };
  return {
    ...{ servers: [], methods: [], tools: nothing, conditions: [], resources: [], prompts: [] },
    ...more,
  };
}

/** Names by globs. */
export function globs(...names: readonly string[]) {
  return { globs: names, expressions: [] };
}

/** A policy that allows every tool, unless more is said. */
export function toolPolicy(more: Partial<McpToolPolicy> = {}): McpToolPolicy {
  return { allowed: globs(), denied: globs(), deniedArguments: [], confirmed: [], confirmation: { timeoutMs: 120_000 }, limits: [], ...more };
}

/** A plan of rules that match everything, unless more is said. */
export function mcpPlan(...rules: readonly Partial<McpRule>[]): McpPlan {
  return {
    rules: rules.map((rule, ruleIndex) => ({
      ruleIndex,
      matches: [match()],
      toolPolicies: [],
      limits: [],
      ...rule,
    })),
  };
}
