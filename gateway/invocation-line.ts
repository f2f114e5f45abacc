/** An event of an invocation as a line of a file: with what its root span needs beside, where the invocation is over. */

import { isTerminalPhase } from "./invocation-event.ts";
import type { InvocationEvent } from "./invocation-event.ts";
import type { EndedInvocation } from "./invocation-span.ts";
import { gatewayKey, parseGatewayKey } from "./snapshot.ts";

/** What an event does not say of an invocation that is over. */
interface SpanFacts {
  readonly startUnixMs: number;
  /** `namespace/name` of the EgressGateway that its requests passed */
  readonly gateway: string;
  readonly requests: number;
  readonly denied: number;
}

/** The line, without its line feed; `ended` is there where the writer saw begin and end. */
export function invocationLine(event: InvocationEvent, ended?: EndedInvocation): string {
  if (ended === undefined) return JSON.stringify(event);
  const { startUnixMs, requests, denied, gateway } = ended;
  const span: SpanFacts = {
    startUnixMs,
    gateway: gatewayKey(gateway),
    requests,
    denied,
  };
  return JSON.stringify({ ...event, span });
}

/**
 * The invocation of a line that is over; `goes-on` where it is not, or where nobody saw its begin. Undefined for text that is no
 * line of ours: the file is our own, and this tells it from half a line.
 */
export function tryParseEndedInvocation(line: string): EndedInvocation | "goes-on" | undefined {
  let value: Partial<InvocationEvent> & { readonly span?: unknown };
  try {
    value = Object(JSON.parse(line));
  } catch {
    return undefined; // half a line of a process that was killed
  }
  if (!isEvent(value)) return undefined;
  const { span: said, ...end } = value;
  const span = readSpan(said);
  const { root, phase } = end;
  if (root === null || span === undefined || !isTerminalPhase(phase)) return "goes-on";
  const { startUnixMs, requests, denied } = span;
  return { root, gateway: parseGatewayKey(span.gateway), startUnixMs, end, requests, denied };
}

function isEvent(
  value: Partial<InvocationEvent>,
): value is InvocationEvent & { readonly span?: unknown } {
  const { id, phase, atUnixMs, agent, trigger, root } = value;
  const isWhole = Number.isSafeInteger(atUnixMs) && typeof id === "string";
  const hasParts = typeof agent === "object" && typeof trigger === "object" && root !== undefined;
  return isWhole && typeof phase === "string" && hasParts && agent !== null && trigger !== null;
}

function readSpan(value: unknown): SpanFacts | undefined {
  const { startUnixMs, gateway, requests, denied }: Partial<SpanFacts> = Object(value);
  if (typeof gateway !== "string" || !isCount(startUnixMs)) return undefined;
  return isCount(requests) && isCount(denied)
    ? { startUnixMs, gateway, requests, denied }
    : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
