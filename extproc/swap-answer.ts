/** Values in the head or trailers of an answer: written over, or the whole header taken out where that cannot be said. */

import type { HeaderPair } from "../gateway/decision.ts";
import type { ValueExchange } from "../gateway/value-exchange.ts";

/** Header changes. */
export interface ScrubbedHead {
  readonly set: readonly HeaderPair[];
  readonly remove: readonly string[];
}

/** Of the body as the upstream sent it: whoever checks them would find them wrong. */
const digests = ["content-md5", "digest", "content-digest", "repr-digest"];

/** Headers of an answer, or its trailers, without the values. */
export function scrubHead(
  entries: readonly (readonly [name: string, value: string])[],
  exchange: ValueExchange,
): ScrubbedHead {
  const values = new Map<string, string[]>();
  const changed = new Set<string>();
  const remove = new Set<string>();
  for (const [name, value] of entries) {
    if (digests.includes(name) || exchange.exchangeText(name).text !== name) {
      remove.add(name);
      continue;
    }
    const scrubbed = exchange.exchangeText(value).text;
    const known = values.get(name) ?? [];
    known.push(scrubbed);
    values.set(name, known);
    if (scrubbed !== value) changed.add(name);
  }
  const set: HeaderPair[] = [];
  for (const name of changed) {
    const [only = "", ...others] = values.get(name) ?? [];
    // Cookies cannot be joined (RFC 6265 section 3), and several of one name cannot be set.
    if (others.length > 0 && name === "set-cookie") remove.add(name);
    else set.push([name, [only, ...others].join(", ")]);
  }
  return { set, remove: [...remove] };
}
