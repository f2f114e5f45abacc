/**
 * Placeholders in the head of a request: swapped where they are allowed to stand, and told wherever else they are. Every
 * name and value is looked at, the path and query among them.
 */

import type { HeaderPair } from "../gateway/decision.ts";
import type { ValueExchange } from "../gateway/value-exchange.ts";
import type { SwapRequests } from "./swap-entry.ts";

/** Header changes; `misdirected`: some placeholder is not for this host, or not for where it stands. */
export type SwappedHead =
  | { readonly kind: "swapped"; readonly set: readonly HeaderPair[] }
  | { readonly kind: "misdirected" };

type Entries = readonly (readonly [name: string, value: string])[];

/** What Envoy itself needs, and no credential is in. */
const untouched: ReadonlySet<string> = new Set([":method", ":scheme"]);

/** Swaps placeholders in headers, or in trailers. */
export function swapHead(entries: Entries, exchanges: SwapRequests): SwappedHead {
  const changed = new Map<string, string[]>();
  const values = new Map<string, string[]>();
  for (const [name, value] of entries) {
    if (untouched.has(name)) continue;
    const swapped = swapHeader(name, value, exchanges);
    const isNamed = swapText(name, undefined, exchanges) === undefined;
    if (swapped === undefined || isNamed) return { kind: "misdirected" };
    const known = values.get(name) ?? [];
    known.push(swapped);
    values.set(name, known);
    if (swapped !== value) changed.set(name, known);
  }
  const set = [...changed].map(([name, parts]): HeaderPair => {
    return [name, parts.join(name === "cookie" ? "; " : ", ")];
  });
  return { kind: "swapped", set };
}

/** The value of a header with its placeholders swapped; undefined when one of them may not stand there. */
export function swapHeader(
  name: string,
  value: string,
  exchanges: SwapRequests,
): string | undefined {
  if (name === ":path") return swapTarget(value, exchanges);
  // Nobody takes a credential there: it would be a name that is asked of DNS.
  if (name === ":authority") return swapText(value, undefined, exchanges);
  const basic = /^(basic[ \t]+)([A-Za-z\d+/_-]+=*)[ \t]*$/i.exec(value);
  if (basic === null) return swapText(value, exchanges.Header, exchanges);
  const [, scheme = "", token = ""] = basic;
  const pair = Buffer.from(token, "base64").toString("latin1");
  const swapped = swapText(pair, exchanges.BasicAuth, exchanges);
  if (swapped === undefined || swapped === pair) return swapped === undefined ? undefined : value;
  return scheme + Buffer.from(swapped, "latin1").toString("base64");
}

function swapTarget(target: string, exchanges: SwapRequests): string | undefined {
  const mark = target.indexOf("?");
  const end = mark < 0 ? target.length : mark;
  const path = swapText(target.slice(0, end), exchanges.Path, exchanges);
  const query = swapText(target.slice(end), exchanges.Query, exchanges);
  return path === undefined || query === undefined ? undefined : path + query;
}

function swapText(
  text: string,
  exchange: ValueExchange | undefined,
  { Path: watch }: SwapRequests,
): string | undefined {
  if (exchange === undefined) {
    const seen = watch.exchangeText(text);
    return seen.isMarked || seen.text !== text ? undefined : text;
  }
  const { text: swapped, isMarked } = exchange.exchangeText(text);
  return isMarked ? undefined : swapped;
}
