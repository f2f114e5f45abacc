/** Times as `retry-after` (RFC 9110 section 10.2.3) and the fields beside it say them. */

/** Whole seconds of a time in `ms`, rounded up, at least 1: who comes again then is not too early. */
export function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}
