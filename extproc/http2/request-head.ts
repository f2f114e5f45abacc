/** What the header list of a request says, once it is known to be well-formed (RFC 9113 §8.3). */

import { PSEUDO_ROLES, ROLE } from "./header-field.ts";
import type { HeaderField } from "./header-field.ts";

/** The head of one request. */
export interface RequestHead {
  readonly method: string;
  /** Empty for CONNECT, which has none */
  readonly path: string;
  /** Empty when absent */
  readonly contentType: string;
  /** Bytes that the body will have; -1 when it is not said */
  readonly contentLength: number;
  readonly fields: readonly HeaderField[];
}

/** Reads the fields of a request; undefined for a malformed one (§8.1.1). */
export function tryParseHead(fields: readonly HeaderField[]): RequestHead | undefined {
  let seen = 0;
  let method = "";
  let path = "";
  let contentType = "";
  let contentLength = -1;
  let isPastPseudo = false;
  for (const { role, value } of fields) {
    if (role === ROLE.plain) {
      isPastPseudo = true;
      continue;
    }
    if (role === ROLE.malformed) return undefined;
    const isPseudo = (role & PSEUDO_ROLES) !== 0;
    if (isPseudo && (isPastPseudo || (seen & role) !== 0)) return undefined;
    if (!isPseudo) isPastPseudo = true;
    seen |= role;
    if (role === ROLE.method) method = value;
    else if (role === ROLE.path) path = value;
    else if (role === ROLE.contentType) contentType = value;
    else if (role === ROLE.contentLength) {
      const length = parseLength(value);
      if (length < 0 || (contentLength >= 0 && contentLength !== length)) return undefined;
      contentLength = length;
    }
  }
  if (!isComplete(seen, method, path)) return undefined;
  return { method, path, contentType, contentLength, fields };
}

/** Whether the fields may stand as trailers: no pseudo-header field, nothing malformed (§8.1). */
export function isTrailers(fields: readonly HeaderField[]): boolean {
  for (const { role } of fields) if ((role & (PSEUDO_ROLES | ROLE.malformed)) !== 0) return false;
  return true;
}

function isComplete(seen: number, method: string, path: string): boolean {
  const hasTarget = (seen & (ROLE.scheme | ROLE.path)) !== 0;
  if (method === "CONNECT") return !hasTarget && (seen & ROLE.authority) !== 0;
  const needed = ROLE.method | ROLE.scheme | ROLE.path;
  return (seen & needed) === needed && method !== "" && path !== "";
}

/** Decimal digits only (RFC 9110 §8.6); -1 for anything else. */
function parseLength(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : -1;
}
