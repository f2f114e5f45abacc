/**
 * Who calls, as the connection proves it: a registered run behind the explicit proxy, or the identity TLVs of a
 * transparent connection. Nothing an agent writes into a request has a part in it.
 */

import { callerParts, identitySeparator } from "./caller-parts.ts";
import type { RecordAgent } from "./record.ts";

/** A caller as it stands in Envoy's filter state. */
export type Caller =
  | { readonly kind: "run"; readonly runId: string }
  | { readonly kind: "agent"; readonly agent: RecordAgent };

/** Kinds by the raw byte that the PROXY v2 TLV may hold instead of text; Envoy hands the byte on as a character. */
const kindsByByte: ReadonlyMap<string, string> = new Map([
  ["\u0000", "DaemonAgent"],
  ["\u0001", "TaskAgent"],
]);

/** Longest part that is kept; names of Kubernetes objects are at most 253 characters. */
const longestPart = 253;

/** What callers begin with that are registered runs. */
export const runPrefix = "run:";

/** Reads a caller; undefined when the connection proved none. */
export function tryParseCaller(text: string): Caller | undefined {
  if (text.startsWith(runPrefix)) {
    const runId = text.slice(runPrefix.length);
    return runId === "" ? undefined : { kind: "run", runId };
  }
  const parts = text.split(identitySeparator);
  if (parts.length !== callerParts.length) return undefined;
  const part = (name: (typeof callerParts)[number]) =>
    (parts[callerParts.indexOf(name)] ?? "").slice(0, longestPart);
  const namespace = part("namespace");
  const name = part("name");
  if (namespace === "" || name === "") return undefined;
  const kind = part("kind");
  return {
    kind: "agent",
    agent: {
      kind: kindsByByte.get(kind) ?? kind,
      namespace,
      name,
      uid: part("uid"),
      revision: part("revision"),
      invocationId: part("invocationId"),
    },
  };
}
