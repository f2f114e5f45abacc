/** A swap plan with what follows from it and from the values of the moment: which text is written over which, and where. */

import { renderingsOfTag } from "../gateway/placeholder.ts";
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

/** What one plan does. */
export interface SwapEntry {
  readonly plan: SwapPlan;
  /** A placeholder without a value: requests are refused */
  readonly lacksValue: boolean;
  /** Absent for a plan that looks for no placeholders */
  readonly requests: Readonly<Record<PlaceholderPlace, ValueExchange>> | undefined;
  /** Bodies of requests are written over */
  readonly swapsBody: boolean;
  /** Absent where answers pass as they are */
  readonly answers: ValueExchange | undefined;
}

/** Compiles a plan; the entry shows no value when it is printed. */
export function createSwapEntry(plan: SwapPlan, values: SwapValues): SwapEntry {
  const { placeholders, scrubs, tag } = plan;
  const lacksValue = placeholders.some((use) =>
    valueNamesOf(use).some((name) => values.newest.get(name) === undefined),
  );
  return {
    plan,
    lacksValue,
    requests: tag === undefined ? undefined : requestExchanges(plan, tag, values),
    swapsBody: placeholders.some(({ places }) => places.includes("Body")),
    answers: scrubs.length === 0 ? undefined : answerExchange(scrubs, values),
  };
}

function requestExchanges(
  { placeholders }: SwapPlan,
  tag: string,
  { newest }: SwapValues,
): SwapEntry["requests"] {
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
  { newest, every }: SwapValues,
): ValueExchange {
  const rules = scrubs.flatMap((use): ExchangeRule[] => {
    if (use.kind !== "placeholder") {
      return valueNamesOf(use).flatMap((name) =>
        every(name).map((from): ExchangeRule => ({ kind: "hide", from })),
      );
    }
    const to = newest.get(use.placeholder) ?? "";
    return every(use.secret.resource).map((from): ExchangeRule => {
      // Of another length it is a value of before, whose placeholder was another one.
      return from.length === to.length ? { kind: "replace", from, to } : { kind: "hide", from };
    });
  });
  return new ValueExchange(rules, { forms: "all", unwritable: "hide" });
}
