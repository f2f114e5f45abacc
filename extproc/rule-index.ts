/**
 * Finds the first rule that is about a model call, among thousands of them, in microseconds: rules are kept by what
 * their globs of models begin or end with, so that only those that may match are compared.
 */

import { matchesCall } from "../gateway/model-match.ts";
import type { RoutedRule } from "../gateway/routing-plan.ts";

/** Fewer rules than this are compared one after another. */
const fewRules = 16;

/** Positions of rules in ascending order, by a piece of text. */
type Positions = Map<string, number[]>;

/** The rules of one plan. */
export class RuleIndex {
  readonly #rules: readonly RoutedRule[];
  readonly #exact: Positions = new Map();
  /** By the length of the piece: one look-up each */
  readonly #beginnings = new Map<number, Positions>();
  readonly #endings = new Map<number, Positions>();
  /** Rules about any model, also none */
  readonly #any: number[] = [];
  /** Globs that begin and end with a wildcard */
  readonly #rest: number[] = [];

  constructor(rules: readonly RoutedRule[]) {
    this.#rules = rules;
    if (rules.length < fewRules) return;
    for (const [position, { models }] of rules.entries()) {
      if (models.length === 0) this.#any.push(position);
      for (const glob of models) this.#add(glob, position);
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
    if (model !== null) {
      look(this.#exact.get(model));
      for (const [length, found] of this.#beginnings) look(found.get(model.slice(0, length)));
      for (const [length, found] of this.#endings) {
        if (length <= model.length) look(found.get(model.slice(model.length - length)));
      }
      look(this.#rest);
    }
    return rules[first];
  }

  #add(glob: string, position: number): void {
    const beginning = /^[^*?]*/.exec(glob)?.[0] ?? "";
    const ending = /[^*?]*$/.exec(glob)?.[0] ?? "";
    if (beginning === glob) push(this.#exact, glob, position);
    else if (beginning.length >= ending.length && beginning !== "") {
      push(ofLength(this.#beginnings, beginning.length), beginning, position);
    } else if (ending !== "") push(ofLength(this.#endings, ending.length), ending, position);
    else this.#rest.push(position);
  }
}

function ofLength(lengths: Map<number, Positions>, length: number): Positions {
  const known = lengths.get(length);
  if (known !== undefined) return known;
  const made: Positions = new Map();
  lengths.set(length, made);
  return made;
}

function push(positions: Positions, text: string, position: number): void {
  const known = positions.get(text);
  if (known === undefined) positions.set(text, [position]);
  else known.push(position);
}
