/**
 * W3C trace context of one transaction: its own ids, and its parent when the agent sent one.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
import { randomBytes } from "node:crypto";

/** Ids of a span in lower-case hexadecimal. */
export interface TraceIds {
  /** 32 digits, not all zero */
  readonly traceId: string;
  /** 16 digits, not all zero */
  readonly spanId: string;
  /** 16 digits; empty for a root */
  readonly parentSpanId: string;
  /** Root span of the invocation, where the agent sent a trace of its own; absent where that is the trace, or unknown */
  readonly invocation?: { readonly traceId: string; readonly spanId: string };
}

/** What a `traceparent` header says. */
export interface TraceParent {
  /** 32 digits, not all zero */
  readonly traceId: string;
  /** 16 digits, not all zero */
  readonly spanId: string;
  /** Whether the caller may have recorded the trace */
  readonly sampled: boolean;
}

/** Gives that many random bytes, in a buffer that is the caller's. */
export type RandomBytes = (size: number) => Uint8Array;

/**
 * The system's random bytes, fetched 4 KiB at a time: a call for the 24 bytes of one transaction costs 2 us, a slice of a
 * larger one 0.1 us. Larger sizes than that are fetched alone.
 */
export function createRandomPool(): RandomBytes {
  const poolBytes = 4_096;
  let pool: Uint8Array = new Uint8Array();
  let taken = 0;
  return (size) => {
    if (size > poolBytes) return randomBytes(size);
    if (pool.length - taken < size) {
      pool = randomBytes(poolBytes);
      taken = 0;
    }
    taken += size;
    return pool.subarray(taken - size, taken);
  };
}

const parentForm = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The parent named by a header, or undefined when it is absent or breaks the format; a later version's additions are ignored. */
export function tryParseTraceparent(header: string | undefined): TraceParent | undefined {
  if (header === undefined || header.length > 512) return undefined;
  const [, version, traceId, spanId, flags, more] = parentForm.exec(header) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (isZero(traceId) || isZero(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** New ids for a transaction: a child of the header's parent when that is valid, else the root of a new trace. */
export function createTraceIds(traceparent: string | undefined, random: RandomBytes): TraceIds {
  const parent = tryParseTraceparent(traceparent);
  const spanId = randomHex(8, random);
  if (parent === undefined) return { traceId: randomHex(16, random), spanId, parentSpanId: "" };
  return { traceId: parent.traceId, spanId, parentSpanId: parent.spanId };
}

function randomHex(size: number, random: RandomBytes): string {
  const hex = random(size).toHex();
  // All-zero ids mean "no id"; a generator that is stuck at zero must not make spans disappear.
  return isZero(hex) ? `${hex.slice(0, -1)}1` : hex;
}

function isZero(hex: string): boolean {
  return !/[1-9a-f]/.test(hex);
}
