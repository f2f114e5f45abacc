/**
 * What a call of a model costs: worked out once, when its record is made, as it was charged, else by the price of the
 * model. Whoever sums costs reads the record.
 */
import { formatMicroDollars, tooManyMicroDollars, tryParseMicroDollars } from "../crds/money.ts";
import { priceTable } from "../providers/price-table.ts";
import type { PriceEntry } from "../providers/prices.ts";
import { cachesOf, costOf, findPrice } from "../providers/prices.ts";
import type { CallFacts } from "./call-facts.ts";
import type { EgressRecord } from "./record.ts";

/** Prices of a process: its own before those that are shipped. Make the list once: prices are found by its identity. */
export function allPrices(own: readonly PriceEntry[]): readonly PriceEntry[] {
  return [...own, ...priceTable];
}

/** What of a call its cost follows from. */
export type PricedCall = Pick<CallFacts, "charge" | "model" | "routing">;

/**
 * USD as decimal text, null where no price of the model is known; undefined of what is no call of a model that took
 * tokens. `provider` is that of the rule.
 */
export function costOfCall(
  { charge, model, routing }: PricedCall,
  provider: string | null,
  prices: readonly PriceEntry[],
): string | null | undefined {
  if (charge !== undefined && charge.microDollars !== null) {
    return costText(charge.microDollars);
  }
  const usage = model?.usage ?? null;
  const input = usage?.inputTokens ?? 0;
  const output = usage?.outputTokens ?? 0;
  if (model === null || usage === null || input + output === 0) {
    return charge !== undefined && charge.tokens > 0 ? null : undefined;
  }
  const served = routing?.provider || provider;
  const asked = routing?.model || model.requestModel;
  if (served === null) return null;
  // A budget goes by what was asked for, which of a deployment is a name that has no price.
  const price =
    (asked === null ? undefined : findPrice(prices, served, asked)) ??
    (model.responseModel === null ? undefined : findPrice(prices, served, model.responseModel));
  if (price === undefined) return null;
  const { cachedInput, cacheWrite } = cachesOf(usage, input);
  return costText(costOf(price, { input, output, cachedInput, cacheWrite }));
}

/** USD as decimal text; null for so much that only an upstream can say it that lies about its tokens. */
export function costText(microDollars: number): string | null {
  return microDollars < tooManyMicroDollars ? formatMicroDollars(microDollars) : null;
}

/** What a record says of its cost. */
export interface RecordedCost {
  /** USD millionths; 0 where none is known, and of what is no call of a model */
  readonly microDollars: number;
  /** Whether it took tokens, and no price is known */
  readonly isUnpriced: boolean;
}

/** The cost of a record, also of one from before records had a `cost`: then only a charge says it. */
export function recordedCost({ cost, charge, usage }: EgressRecord): RecordedCost {
  const known = tryParseMicroDollars(cost ?? charge?.cost ?? "");
  if (known !== undefined) return { microDollars: known, isUnpriced: false };
  const tookTokens = (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0) > 0;
  return { microDollars: 0, isUnpriced: cost === null || tookTokens };
}
