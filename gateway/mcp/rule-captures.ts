/** What is kept of requests by the rules that decide about their messages. */

import type { McpPlan } from "../mcp-plan.ts";
import type { CapturePlan } from "../snapshot-terms.ts";
import { strictestCapture } from "../strictest-capture.ts";

/** Joined plans that are remembered: what is searched by them is compiled once for each. */
const maxKnown = 256;

/** Plans of the rules of one route. */
export class RuleCaptures {
  readonly #plans = new Map<number, CapturePlan | undefined>();
  /** Of batches, by their rules */
  readonly #known = new Map<string, CapturePlan | undefined>();
  readonly #strictest: CapturePlan | undefined;

  constructor({ rules, isKeptByRule }: McpPlan) {
    if (isKeptByRule !== true) return;
    for (const { ruleIndex, capture } of rules) this.#plans.set(ruleIndex, capture);
    this.#strictest = strictestCapture([...this.#plans.values()]);
  }

  /** What all of these rules keep; of what none of them decided about, and of nothing that was read, what every rule does. */
  find(rules: readonly (number | null)[]): CapturePlan | undefined {
    const distinct = [...new Set(rules)].toSorted((left, right) => (left ?? 0) - (right ?? 0));
    if (distinct.length === 0 || distinct.includes(null)) return this.#strictest;
    const plans = distinct.map((rule) => (rule === null ? undefined : this.#plans.get(rule)));
    if (plans.length === 1) return plans[0];
    const key = distinct.join(",");
    if (this.#known.has(key)) return this.#known.get(key);
    const joined = strictestCapture(plans);
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.set(key, joined);
    return joined;
  }
}
