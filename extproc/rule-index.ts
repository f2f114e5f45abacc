/**
 * Finds the first rule that is about a model call, among thousands of them, in microseconds: only rules whose globs of
 * models may match are compared.
 */

import { GlobIndex } from "../gateway/glob-index.ts";
import { matchesCall } from "../gateway/model-match.ts";
import type { RoutedRule } from "../gateway/routing-plan.ts";

/** Fewer rules than this are compared one after another. */
const fewRules = 16;

/** The rules of one plan. */
export class RuleIndex {
  /** Some rule of the plan has a budget */
  readonly hasBudget: boolean;
  readonly #rules: readonly RoutedRule[];
  readonly #models = new GlobIndex();
  /** Rules about any model, also none */
  readonly #any: number[] = [];

  constructor(rules: readonly RoutedRule[]) {
    this.#rules = rules;
    this.hasBudget = rules.some(({ budget }) => budget !== undefined);
    if (rules.length < fewRules) return;
    for (const [position, { models }] of rules.entries()) {
      if (models.length === 0) this.#any.push(position);
      for (const glob of models) this.#models.add(glob, position);
    }
  }

  /** The first rule for a call by any of the spellings of its path; `model` is null where the call names none. */
  find(paths: readonly string[], model: string | null): RoutedRule | undefined {
    const rules = this.#rules;
    const isMeant = (rule: RoutedRule) => paths.some((path) => matchesCall(rule, { path, model }));
    if (rules.length < fewRules) return rules.find(isMeant);
    let first = rules.length;
    const look = (positions: readonly number[] | undefined) => {
      for (const position of positions ?? []) {
        if (position >= first) return;
        const rule = rules[position];
        if (rule !== undefined && isMeant(rule)) first = position;
      }
    };
    look(this.#any);
    if (model !== null) this.#models.find(model, look);
    return rules[first];
  }
}
