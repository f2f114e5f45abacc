/** What a recorded call of a model costs, in micro-dollars: as it was charged, else by the price of the model. */
import { priceTable } from "../providers/price-table.ts";
import type { PriceEntry } from "../providers/prices.ts";
import { costOf, findPrice } from "../providers/prices.ts";
import type { EgressRecord } from "./record.ts";

/** Prices of a process: its own before those that are shipped. Make the list once: prices are found by its identity. */
export function allPrices(own: readonly PriceEntry[]): readonly PriceEntry[] {
  return [...own, ...priceTable];
}

/** Undefined for what is no call of a model with tokens, and where no price of the model is known. */
export function microDollarsOf(
  record: EgressRecord,
  prices: readonly PriceEntry[],
): number | undefined {
  const { charge, usage, model, provider } = record;
  if (charge?.cost !== undefined && charge.cost !== null) {
    return Math.round(Number(charge.cost) * 1e6);
  }
  const name = model?.responseModel ?? model?.requestModel;
  if (usage === null || name === undefined || name === null || provider === null) return undefined;
  const served = record.routing?.provider || provider;
  const price = findPrice(prices, served, name);
  if (price === undefined) return undefined;
  return costOf(price, {
    input: usage.inputTokens ?? 0,
    cachedInput: usage.cachedInputTokens ?? 0,
    cacheWrite: usage.cacheWriteTokens ?? 0,
    output: usage.outputTokens ?? 0,
  });
}
