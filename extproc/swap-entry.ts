/** A swap plan with what follows from it and from the values of the moment: which text is written over which, and where. */

import { renderingsOfTag } from "../gateway/placeholder.ts";
import { isSameMap } from "../gateway/same-map.ts";
import type { CredentialUse, PlaceholderPlace, SwapPlan } from "../gateway/snapshot.ts";
import { valueNamesOf } from "../gateway/gateway-credentials.ts";
import type { ExchangeRule } from "../gateway/value-exchange.ts";
import { ValueExchange } from "../gateway/value-exchange.ts";

/** Values by their names. */
export interface SwapValues {
  /** The newest of each */
  readonly newest: ReadonlyMap<string, string>;
  /** Those that streams which are open may still be given back, the newest first */
  readonly every: (name: string) => readonly string[];
}

/** What one plan does; shows no value when it is printed. */
export class SwapEntry {
  readonly plan: SwapPlan;
  /** A placeholder without a value: requests are refused */
  readonly lacksValue: boolean;
  /** Bodies of requests are written over */
  readonly swapsBody: boolean;
  /** Of the names of the plan alone */
  readonly #values: UsedValues;
  #requests: SwapRequests | undefined;
  #answers: ValueExchange | undefined;

  /** Use `createSwapEntry`. */
  constructor(plan: SwapPlan, values: UsedValues) {
    const { placeholders } = plan;
    this.plan = plan;
    this.#values = values;
    this.lacksValue = placeholders.some((use) =>
      valueNamesOf(use).some((name) => values.newest.get(name) === undefined),
    );
    this.swapsBody = placeholders.some(({ places }) => places.includes("Body"));
  }

  /**
   * Absent for a plan that looks for no placeholders. Made when it is first asked for, as `answers` is: that takes a
   * millisecond and hundreds of KiB, and of thousands of plans few are used between two revisions.
   */
  get requests(): SwapRequests | undefined {
    const { tag } = this.plan;
    if (tag === undefined) return undefined;
    this.#requests ??= requestExchanges(this.plan, tag, this.#values);
    return this.#requests;
  }

  /** Absent where answers pass as they are. */
  get answers(): ValueExchange | undefined {
    const { scrubs } = this.plan;
    if (scrubs.length === 0) return undefined;
    this.#answers ??= answerExchange(scrubs, this.#values);
    return this.#answers;
  }

  /** Whether it was made of the same; the id of a plan says what it holds. */
  isOf({ id }: SwapPlan, { newest, every }: UsedValues): boolean {
    const own = this.#values;
    return (
      id === this.plan.id &&
      isSameMap(newest, own.newest) &&
      [...every].every(([name, values]) => isSameList(values, own.every.get(name) ?? []))
    );
  }
}

/** For each place where a placeholder may stand. */
export type SwapRequests = Readonly<Record<PlaceholderPlace, ValueExchange>>;

/** Values of the names that a plan has; those without a value are undefined. */
interface UsedValues {
  readonly newest: ReadonlyMap<string, string | undefined>;
  readonly every: ReadonlyMap<string, readonly string[]>;
}

/** Compiles a plan; `known`, where there is one, is given back if it was made of the same plan and values. */
export function createSwapEntry(plan: SwapPlan, values: SwapValues, known?: SwapEntry): SwapEntry {
  const names = new Set([...plan.placeholders, ...plan.scrubs].flatMap(valueNamesOf));
  const used: UsedValues = {
    newest: new Map([...names].map((name) => [name, values.newest.get(name)])),
    every: new Map([...names].map((name) => [name, values.every(name)])),
  };
  return known?.isOf(plan, used) === true ? known : new SwapEntry(plan, used);
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, at) => value === other[at]);
}

function requestExchanges(
  { placeholders }: SwapPlan,
  tag: string,
  { newest }: UsedValues,
): SwapRequests {
  // Each takes 64 KiB: places that take the same placeholders share one.
  const known = new Map<string, ValueExchange>();
  const exchangeFor = (place: PlaceholderPlace) => {
    const taken = placeholders.filter(({ places }) => places.includes(place));
    const key = JSON.stringify(taken.map(({ placeholder }) => placeholder));
    const exchange = known.get(key) ?? createExchange(taken);
    known.set(key, exchange);
    return exchange;
  };
  const createExchange = (taken: typeof placeholders) => {
    const rules = taken.flatMap(({ placeholder, secret }): ExchangeRule[] => {
      const from = newest.get(placeholder);
      const to = newest.get(secret.resource);
      return from === undefined || to === undefined ? [] : [{ kind: "replace", from, to }];
    });
    // Last: a placeholder that is swapped holds the tag, too.
    const marks = [tag, ...renderingsOfTag(tag)].map((from): ExchangeRule => {
      return { kind: "mark", from };
    });
    return new ValueExchange([...rules, ...marks], { forms: "text", unwritable: "mark" });
  };
  return {
    Header: exchangeFor("Header"),
    BasicAuth: exchangeFor("BasicAuth"),
    Query: exchangeFor("Query"),
    Path: exchangeFor("Path"),
    Body: exchangeFor("Body"),
  };
}

function answerExchange(
  scrubs: readonly CredentialUse[],
  { newest, every }: UsedValues,
): ValueExchange {
  const rules = scrubs.flatMap((use): ExchangeRule[] => {
    if (use.kind !== "placeholder") {
      return valueNamesOf(use).flatMap((name) =>
        (every.get(name) ?? []).map((from): ExchangeRule => ({ kind: "hide", from })),
      );
    }
    const to = newest.get(use.placeholder) ?? "";
    return (every.get(use.secret.resource) ?? []).map((from): ExchangeRule => {
      // Of another length it is a value of before, whose placeholder was another one.
      return from.length === to.length ? { kind: "replace", from, to } : { kind: "hide", from };
    });
  });
  return new ValueExchange(rules, { forms: "all", unwritable: "hide" });
}
