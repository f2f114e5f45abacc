/**
 * The line that Envoy writes of one attempt at a candidate, into the same pipe as those of transactions and before the
 * one of its own. A control character at its begin tells them apart.
 */

import type { Attempt } from "../call-facts.ts";
import { attemptLineMark, fieldSeparator } from "../xds.ts";
import type { Line } from "./line-cutter.ts";

/** An attempt, and where it belongs. */
export interface LoggedAttempt {
  /** Of the transaction: part of the `traceparent` that the upstream was sent */
  readonly spanId: string;
  /** Name of the candidate's cluster */
  readonly cluster: string;
  readonly attempt: Omit<Attempt, "backend">;
  /** What the upstream wrote into `retry-after`; empty when nothing */
  readonly retryAfter: string;
}

const mark = attemptLineMark.charCodeAt(0);

/** Whether the line is one of an attempt. */
export function isAttemptLine({ bytes, start }: Line): boolean {
  return bytes[start] === mark;
}

/** Reads a line; undefined for what Envoy does not write. The last field is an upstream's own text. */
export function tryParseAttemptLine({ bytes, start, end }: Line): LoggedAttempt | undefined {
  const text = bytes.toString("utf8", start + 1, end);
  const [traceparent = "", cluster = "", begin, duration, status, flags, ...rest] =
    text.split(fieldSeparator);
  const [, , spanId] = traceparent.split("-");
  const startUnixMs = Number(begin);
  const durationMs = Number(duration);
  if (spanId === undefined || flags === undefined) return undefined;
  if (Number.isNaN(startUnixMs) || Number.isNaN(durationMs)) return undefined;
  return {
    spanId,
    cluster,
    attempt: {
      startUnixMs,
      durationMs,
      status: Number(status) || 0,
      reason: flags === "-" ? "" : flags,
    },
    retryAfter: rest.join("").slice(0, 64),
  };
}
