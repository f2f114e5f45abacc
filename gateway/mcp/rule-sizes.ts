/** How large bodies may be by the rules that decide about their messages. */

import type { McpPlan } from "../mcp-plan.ts";

/** Bounds of the rules of one route. */
export class RuleSizes {
  readonly #bounds = new Map<number, number>();

  constructor({ rules }: McpPlan) {
    for (const { ruleIndex, maxRequestBytes } of rules) {
      if (maxRequestBytes !== undefined) this.#bounds.set(ruleIndex, maxRequestBytes);
    }
  }

  /** Most bytes of a body whose messages these rules decide about: the least of them; infinite where none has a bound. */
  find(rules: readonly (number | null)[]): number {
    let least = Number.POSITIVE_INFINITY;
    if (this.#bounds.size === 0) return least;
    for (const rule of rules) {
      const bound = rule === null ? undefined : this.#bounds.get(rule);
      if (bound !== undefined && bound < least) least = bound;
    }
    return least;
  }
}
