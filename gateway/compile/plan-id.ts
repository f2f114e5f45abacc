/** Ids of plans: the same content has the same id in every revision and process. */

import { createHash } from "node:crypto";

/** First 16 hex digits of SHA-256 over the plan as JSON with the keys of each object in order. */
export function planId(plan: object): string {
  return createHash("sha256").update(JSON.stringify(plan, sortKeys)).digest("hex").slice(0, 16);
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries);
}
