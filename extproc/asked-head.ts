/**
 * What attempts need to know of a request as the agent sent it: they share its headers, which each one changes for the
 * next. It travels as text through Envoy, where no agent can write it.
 */

import type { AskedRequest } from "./asked-call.ts";
import type { Way } from "./call-choice.ts";

/** The head as far as an attempt may have changed it. */
export interface AskedHead {
  /** Joins the attempt with the transaction */
  readonly id: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Longest text that goes as one header of a stream to the engine; a longer one leaves the headers out. */
const longestText = 16 * 1024;

/** Printable ASCII for `decodeAskedHead`. */
export function encodeAskedHead(id: string, sent: AskedRequest, ways: readonly Way[]): string {
  const names = new Set(
    ways.flatMap(({ request }) => [...request.remove, ...request.set.map(([name]) => name)]),
  );
  const secret = new Set(ways.flatMap(({ request }) => request.provider.credentialHeaders));
  const headers: [string, string][] = [];
  for (const name of names) {
    const value = secret.has(name) ? undefined : sent.header(name);
    if (value !== undefined) headers.push([name, value]);
  }
  const text = encode({ id, path: sent.path, headers });
  return text.length <= longestText ? text : encode({ id, path: sent.path, headers: [] });
}

/** Undefined for what `encodeAskedHead` does not write. */
export function decodeAskedHead(text: string | undefined): AskedHead | undefined {
  if (text === undefined || text === "" || text === "-") return undefined;
  try {
    const head: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    return isHead(head) ? head : undefined;
  } catch {
    // Not ours: whoever wrote it, no attempt is made by it
    return undefined;
  }
}

function encode(head: AskedHead): string {
  return Buffer.from(JSON.stringify(head), "utf8").toString("base64url");
}

function isHead(value: unknown): value is AskedHead {
  if (typeof value !== "object" || value === null) return false;
  if (!("id" in value && "path" in value && "headers" in value)) return false;
  return (
    typeof value.id === "string" && typeof value.path === "string" && Array.isArray(value.headers)
  );
}
