/**
 * The trace of an invocation: made of its id by a key, so that everybody who has the key gives it the same one, and
 * nothing has to be remembered. Whoever has not cannot make the trace of an invocation, nor one that looks like any.
 */

import { createHmac, hash } from "node:crypto";
import type { InvocationRoot } from "./invocation-event.ts";
import { tryParseTraceparent } from "./trace-context.ts";

/** Half of a trace id is made of the invocation, the other half of that one: so it is known for what it is. */
const halfDigits = 16;

/** Results that are kept: several times as many as runs at once. */
const mostKept = 4_096;

/** The key for traces that belongs to another secret of 32 bytes; what is made by it tells nothing of that one. */
export function invocationTraceKey(secret: Uint8Array): Uint8Array {
  return createHmac("sha256", secret).update("clrk invocation trace 1").digest();
}

/** `traceparent` of whatever the span is the parent of, sampled. */
export function rootTraceparent({ traceId, spanId }: InvocationRoot): string {
  return `00-${traceId}-${spanId}-01`;
}

/** Makes and knows traces of invocations. */
export class InvocationTraces {
  /** In hexadecimal */
  readonly #key: string;
  readonly #roots = new Map<string, InvocationRoot>();
  readonly #known = new Map<string, boolean>();

  /** The key as `invocationTraceKey()` gives it. */
  constructor(key: Uint8Array) {
    this.#key = key.toHex();
  }

  /** The root span of an invocation; null for an empty id, which is none. */
  rootOf(invocationId: string): InvocationRoot | null {
    if (invocationId === "") return null;
    const kept = this.#roots.get(invocationId);
    if (kept !== undefined) return kept;
    const digest = this.#digest(`invocation ${invocationId}`);
    const half = notZero(digest.slice(0, halfDigits));
    const root = {
      traceId: half + this.#mark(half),
      spanId: notZero(digest.slice(halfDigits, 2 * halfDigits)),
    };
    keep(this.#roots, invocationId, root);
    return root;
  }

  /** Whether the trace is that of some invocation. */
  isInvocation(traceId: string): boolean {
    const kept = this.#known.get(traceId);
    if (kept !== undefined) return kept;
    const half = traceId.slice(0, halfDigits);
    const is = this.#mark(half) === traceId.slice(halfDigits);
    keep(this.#known, traceId, is);
    return is;
  }

  /**
   * The `traceparent` that a request has: what the agent sent, unless that is malformed or is of the trace of another
   * invocation. Then it is that of its own root; empty where there is none.
   */
  parentOf(traceparent: string, root: InvocationRoot | null): string {
    const own = root === null ? "" : rootTraceparent(root);
    if (traceparent === own) return own;
    const sent = tryParseTraceparent(traceparent);
    if (sent === undefined) return own;
    const isForeign = sent.traceId !== root?.traceId && this.isInvocation(sent.traceId);
    return isForeign ? own : traceparent;
  }

  #mark(half: string): string {
    return notZero(this.#digest(`mark ${half}`).slice(0, halfDigits));
  }

  /** Only a quarter or half of it is shown, so that nobody can go on from it: the key before the text is enough. */
  #digest(text: string): string {
    return hash("sha256", `${this.#key} ${text}`);
  }
}

/** Of too many the oldest is forgotten: it can be made again. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value);
  if (map.size <= mostKept) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

/** All-zero ids mean "no id" (W3C Trace Context). */
function notZero(hex: string): string {
  return /[1-9a-f]/.test(hex) ? hex : `${hex.slice(0, -1)}1`;
}
