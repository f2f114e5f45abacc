/** What a request for logs or traces asks, from its query; whatever is wrong is refused by name. */
import { badRequest } from "../apiserver/status-error.ts";
import type { StatusError } from "../apiserver/status-error.ts";
import { tryDecodePlace } from "../telemetry/continue-token.ts";
import type { PagePlace } from "../telemetry/continue-token.ts";
import type { ItemFilter } from "../telemetry/queries.ts";

/** Logs or traces. */
export type ItemKind = "logs" | "traces";

/** A page, or what comes. */
export type ReadRequest =
  | {
      readonly kind: "page";
      readonly filter: ItemFilter;
      readonly limit: number;
      readonly place: PagePlace | undefined;
    }
  | {
      readonly kind: "follow";
      readonly filter: ItemFilter;
      /** Undefined: from now on */
      readonly after: bigint | undefined;
    };

const defaultLimit = 100;
const mostItems = 1_000;
const mostComponents = 16;

/** What a query for logs or traces may name. */
export const itemParameters: ReadonlySet<string> = new Set([
  "invocation",
  "component",
  "iostream",
  "since",
  "until",
  "limit",
  "continue",
  "follow",
  "after",
]);

const invocationPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const componentPattern = /^[\w.-]{1,63}$/;

/** Reads the query. Throws a 400 that names the parameter. */
export function readItemRequest(query: URLSearchParams, items: ItemKind): ReadRequest {
  checkNames(query);
  const filter = readFilter(query, items);
  if (!readFlag(query, "follow")) {
    refuse(query, "after", "it is of follow=true alone");
    return { kind: "page", filter, limit: readLimit(query), place: readPlace(query) };
  }
  for (const name of ["limit", "continue", "until"]) refuse(query, name, "it is of pages alone");
  const after = readAfter(query);
  // Since the begin of the window means: all that is stored of it, and then what comes.
  const isFromStart = after === undefined && filter.sinceNs !== undefined;
  return { kind: "follow", filter, after: isFromStart ? 0n : after };
}

/**
 * Unix `ns` of a time such as `2026-11-29T07:00:00.123456789Z` (RFC 3339, at most nine digits of a second); undefined for
 * other texts.
 */
export function tryParseTime(text: string): bigint | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/.exec(
    text,
  );
  if (parts === null) return undefined;
  const [, day = "", clock = "", digits = "", zone = ""] = parts;
  const ms = Date.parse(`${day}T${clock}${zone.toUpperCase()}`);
  // A day that is in no calendar would be taken for the next month's.
  const isDay = new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day) === true;
  if (!Number.isFinite(ms) || !isDay || ms < 0) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt(digits.padEnd(9, "0"));
}

/** Throws a 400 for a parameter that is not known. */
export function checkKnown(query: URLSearchParams, names: ReadonlySet<string>): void {
  for (const name of query.keys()) if (!names.has(name)) throw malformed(name, "is not known");
}

function checkNames(query: URLSearchParams): void {
  checkKnown(query, itemParameters);
  const seen = new Set<string>();
  for (const name of query.keys()) {
    if (seen.has(name)) throw malformed(name, "is there twice");
    seen.add(name);
  }
}

function readFilter(query: URLSearchParams, items: ItemKind): ItemFilter {
  const invocationId = query.get("invocation") ?? undefined;
  if (invocationId !== undefined && !invocationPattern.test(invocationId)) {
    throw malformed("invocation", "is no UUID in lower case");
  }
  const components = readComponents(query);
  const ioStream = readStream(query, items);
  const sinceNs = readTime(query, "since");
  const untilNs = readTime(query, "until");
  return {
    ...(invocationId !== undefined && { invocationId }),
    ...(components !== undefined && { components }),
    ...(ioStream !== undefined && { ioStream }),
    ...(sinceNs !== undefined && { sinceNs }),
    ...(untilNs !== undefined && { untilNs }),
  };
}

function readComponents(query: URLSearchParams): string[] | undefined {
  const text = query.get("component");
  if (text === null) return undefined;
  const components = text.split(",").map((one) => one.trim());
  const isGood = components.length <= mostComponents;
  if (isGood && components.every((one) => componentPattern.test(one))) return components;
  throw malformed("component", `is no list of at most ${mostComponents} names`);
}

function readStream(query: URLSearchParams, items: ItemKind): string | undefined {
  const text = query.get("iostream");
  if (text === null) return undefined;
  if (items === "traces") throw malformed("iostream", "is of logs alone");
  if (text === "stdout" || text === "stderr") return text;
  throw malformed("iostream", "is neither stdout nor stderr");
}

/** Unix `ns` of a parameter; undefined where it is absent. Throws a 400 for what is no time. */
export function readTime(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const time = tryParseTime(text);
  if (time === undefined) {
    throw malformed(name, "is no time of RFC 3339, such as 2026-11-29T07:00:00Z");
  }
  return time;
}

function readLimit(query: URLSearchParams): number {
  const text = query.get("limit");
  if (text === null || text === "0") return defaultLimit;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= mostItems) return limit;
  throw malformed("limit", `is no number from 1 to ${mostItems}`);
}

function readPlace(query: URLSearchParams): PagePlace | undefined {
  const text = query.get("continue");
  if (text === null || text === "") return undefined;
  const place = tryDecodePlace(text);
  if (place === undefined) throw malformed("continue", "is none that was given by this server");
  return place;
}

function readAfter(query: URLSearchParams): bigint | undefined {
  const text = query.get("after");
  if (text === null) return undefined;
  const position = /^\d{1,19}$/.test(text) ? BigInt(text) : 2n ** 63n;
  if (position < 2n ** 63n) return position;
  throw malformed("after", "is no position that was given by this server");
}

function readFlag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  if (text === null || /^(?:0|f|false)$/i.test(text)) return false;
  if (/^(?:1|t|true)$/i.test(text)) return true;
  throw malformed(name, "is neither true nor false");
}

function refuse(query: URLSearchParams, name: string, why: string): void {
  if (query.has(name)) throw malformed(name, `cannot be used here: ${why}`);
}

/** The refusal of a parameter; `why` follows its name. */
export function malformed(name: string, why: string): StatusError {
  return badRequest(`the parameter ${JSON.stringify(name.slice(0, 40))} ${why}`);
}
