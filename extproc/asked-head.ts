/**
 * What attempts need to know of a request as the agent sent it: they share its headers, which each one changes for the
 * next. It travels as text through Envoy, where no agent can write it.
 */

import { credentialHeaderNames } from "../providers/registry.ts";
import type { Way } from "./call-choice.ts";
import type { SentRequest } from "./outgoing-request.ts";
import { servedHeaders } from "./served-headers.ts";

/** The head as far as an attempt may have changed it. */
export interface AskedHead {
  /** Joins the attempt with the transaction */
  readonly id: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Longest text that goes as one header of a stream to the engine. */
const longestText = 64 * 1024;

/** Without its coding, the body that every attempt is given anew could not be read. */
const alwaysTold = ["content-encoding"];

/**
 * Printable ASCII for `decodeAskedHead`; undefined for a request whose head is too long. Credentials are no part of it:
 * every attempt brings its own. `held`: names of headers with placeholders, which are none.
 */
export function encodeAskedHead(
  id: string,
  sent: SentRequest,
  { ways, held }: { readonly ways: readonly Way[]; readonly held: readonly string[] },
): string | undefined {
  const changed = ways.flatMap(({ request: { remove, set } }) => [
    ...remove,
    ...set.map(([name]) => name),
  ]);
  const names = new Set([...alwaysTold, ...servedHeaders(), ...changed]);
  for (const name of credentialHeaderNames()) names.delete(name);
  for (const name of held) names.add(name);
  const values = new Map<string, string>();
  for (const [name, value] of sent.entries()) {
    if (!names.has(name)) continue;
    const before = values.get(name);
    // Of a list that came in several fields (RFC 9110 section 5.3)
    values.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const head: AskedHead = { id, path: sent.path, headers: [...values] };
  const text = Buffer.from(JSON.stringify(head), "utf8").toString("base64url");
  return text.length <= longestText ? text : undefined;
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

function isHead(value: unknown): value is AskedHead {
  if (typeof value !== "object" || value === null) return false;
  if (!("id" in value && "path" in value && "headers" in value)) return false;
  const { id, path, headers } = value;
  if (typeof id !== "string" || typeof path !== "string" || !Array.isArray(headers)) return false;
  return headers.every(isPair);
}

function isPair(value: unknown): boolean {
  return (
    Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string")
  );
}
