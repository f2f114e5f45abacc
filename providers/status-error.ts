/** Errors by their HTTP status alone, for bodies that are no errors of a provider's API: pages of proxies, nothing. */

import type { ErrorKind, ModelError } from "./ir.ts";

/** 529 is Anthropic's; the others are of RFC 9110 and RFC 6585. */
const kinds: ReadonlyMap<number, ErrorKind> = new Map([
  [400, "invalid-request"],
  [401, "authentication"],
  [403, "permission"],
  [404, "not-found"],
  [408, "timeout"],
  [413, "too-large"],
  [429, "rate-limit"],
  [503, "overloaded"],
  [504, "timeout"],
  [529, "overloaded"],
]);

/** What a status says; others below 500 are mistakes of the request, all above failures of the server. */
export function kindOfStatus(status: number): ErrorKind {
  return kinds.get(status) ?? (status < 500 ? "invalid-request" : "server");
}

/** The error that an answer is whose body is none of the provider's API; nothing of the body is repeated. */
export function errorOfStatus(status: number): ModelError {
  return {
    status,
    kind: kindOfStatus(status),
    message: `The provider answered with status ${status} and a body that is not an error of its API`,
    code: null,
  };
}
