/** What a call of a model costs, in whole micro-dollars: rounded up once, so that sums never come out too low. */

import type { ObservedUsage } from "./call-observer.ts";

/** Micro-dollars for a million tokens. */
export interface TokenPrices {
  readonly input: number;
  /** Of input that was read from the provider's cache; absent: as all input */
  readonly cachedInput?: number;
  /** Of input that was written to the provider's cache; absent: as all input */
  readonly cacheWrite?: number;
  readonly output: number;
}

/** What all calls of one model cost, short and long ones. */
export interface ModelPrice extends TokenPrices {
  /** Of all tokens of calls with more input than that; absent: the same */
  readonly long?: TokenPrices & { readonly aboveInputTokens: number };
}

/** Prices of some models of a provider. */
export interface PriceEntry {
  /** Canonical name */
  readonly provider: string;
  /** Names, in which `*` stands for any text */
  readonly models: readonly string[];
  readonly price: ModelPrice;
}

/** Tokens of a call that have different prices. */
export interface PricedTokens {
  /** All input, cached tokens included */
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
  readonly output: number;
}

/** Tokens of input that came from or went to a cache, by what a provider says: never more than the input together. */
export function cachesOf(
  usage: Pick<ObservedUsage, "cachedInputTokens" | "cacheWriteTokens"> | null,
  input: number,
): Pick<PricedTokens, "cachedInput" | "cacheWrite"> {
  const cachedInput = Math.min(usage?.cachedInputTokens ?? 0, input);
  return { cachedInput, cacheWrite: Math.min(usage?.cacheWriteTokens ?? 0, input - cachedInput) };
}

/** The price of a model in the first entry that is about it; undefined when none is. The entries must not change. */
export function findPrice(
  entries: readonly PriceEntry[],
  provider: string,
  model: string,
): ModelPrice | undefined {
  if (model.length > longestKnown) return searchPrice(entries, provider, model);
  const prices = knownOf(entries, provider);
  const found = prices.get(model);
  if (found !== undefined) return found ?? undefined;
  const price = searchPrice(entries, provider, model);
  if (prices.size === mostKnown) prices.clear();
  prices.set(model, price ?? null);
  return price;
}

/** What tokens cost, in micro-dollars. */
export function costOf(price: ModelPrice, tokens: PricedTokens): number {
  const { input, cachedInput, cacheWrite, output } = tokens;
  const prices = pricesFor(price, input);
  const plain = Math.max(0, input - cachedInput - cacheWrite);
  const usual =
    plain * prices.input +
    cachedInput * (prices.cachedInput ?? prices.input) +
    cacheWrite * (prices.cacheWrite ?? prices.input) +
    output * prices.output;
  if (Number.isSafeInteger(usual)) {
    const rest = usual % million;
    return (usual - rest) / million + (rest > 0 ? 1 : 0);
  }
  // Products leave the whole numbers that a double holds.
  const sum =
    BigInt(plain) * BigInt(prices.input) +
    BigInt(cachedInput) * BigInt(prices.cachedInput ?? prices.input) +
    BigInt(cacheWrite) * BigInt(prices.cacheWrite ?? prices.input) +
    BigInt(output) * BigInt(prices.output);
  return Number((sum + 999_999n) / 1_000_000n);
}

const million = 1_000_000;

/** The most that so many tokens may cost, whatever the provider's cache does. */
export function mostCostOf(
  price: ModelPrice,
  { input, output }: { readonly input: number; readonly output: number },
): number {
  const prices = pricesFor(price, input);
  const writes = (prices.cacheWrite ?? 0) > prices.input;
  return costOf(price, { input, cachedInput: 0, cacheWrite: writes ? input : 0, output });
}

function pricesFor(price: ModelPrice, input: number): TokenPrices {
  const { long } = price;
  return long !== undefined && input > long.aboveInputTokens ? long : price;
}

/** Models that were asked for lately, and whose names are no longer than usual; null: none is about it. */
type KnownPrices = Map<string, ModelPrice | null>;

const known = new WeakMap<readonly PriceEntry[], Map<string, KnownPrices>>();
const mostKnown = 1_024;
const longestKnown = 200;

function knownOf(entries: readonly PriceEntry[], provider: string): KnownPrices {
  const providers = known.get(entries);
  const found = providers?.get(provider);
  if (found !== undefined) return found;
  const prices: KnownPrices = new Map();
  if (providers === undefined) known.set(entries, new Map([[provider, prices]]));
  else providers.set(provider, prices);
  return prices;
}

function searchPrice(
  entries: readonly PriceEntry[],
  provider: string,
  model: string,
): ModelPrice | undefined {
  const entry = entries.find(
    (one) => one.provider === provider && one.models.some((glob) => matchesGlob(glob, model)),
  );
  return entry?.price;
}

/** No glob of prices has more than a few stars, so that trying is quick. */
function matchesGlob(glob: string, text: string): boolean {
  const [first = "", ...rest] = glob.split("*");
  if (rest.length === 0) return glob === text;
  const last = rest.at(-1) ?? "";
  if (!text.startsWith(first) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest.slice(0, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
