/** The root span of an invocation, as OTLP: of whoever saw its begin and its end. */

import type { Attribute } from "./attributes.ts";
import {
  HTTP_ATTRIBUTES,
  IDENTITY_ATTRIBUTES,
  INVOCATION_ATTRIBUTES,
  intAttribute,
  textAttribute,
} from "./attributes.ts";
import type { InvocationEvent, InvocationRoot } from "./invocation-event.ts";
import type { opentelemetry } from "./proto/gen/otlp.js";
import type { EndedRun } from "./run-event.ts";
import { parseGatewayKey } from "./snapshot.ts";

/** When an invocation began, and how it ended. */
export interface InvocationOutcome {
  readonly root: InvocationRoot;
  /** Unix `ms` */
  readonly startUnixMs: number;
  readonly end: InvocationEvent;
  /** Absent where nobody counted them to the end */
  readonly requests?: number;
  readonly denied?: number;
}

/** An invocation that is over, told by the gateway that saw all of it. */
export interface EndedInvocation extends InvocationOutcome {
  /** Of the EgressGateway that its requests passed */
  readonly gateway: { readonly namespace: string; readonly name: string };
  /** That the gateway had recorded until then */
  readonly requests: number;
  readonly denied: number;
}

type Span = opentelemetry.proto.trace.v1.ISpan;

const SPAN_KIND_INTERNAL = 1;
const STATUS_CODE_ERROR = 2;
const FLAG_SAMPLED = 0x001;

/** What a run is, in spans. */
export function endedInvocation({ run, event, requests, denied }: EndedRun): EndedInvocation {
  return {
    root: run.root,
    gateway: parseGatewayKey(run.gateway),
    startUnixMs: Date.parse(run.since),
    end: event,
    requests,
    denied,
  };
}

/** The span `invocation`, which has no parent. */
export function invocationSpan(invocation: InvocationOutcome): Span {
  const { root, startUnixMs, end } = invocation;
  const nanoseconds = (unixMs: number) => BigInt(unixMs) * 1_000_000n;
  return {
    traceId: Buffer.from(root.traceId, "hex"),
    spanId: Buffer.from(root.spanId, "hex"),
    flags: FLAG_SAMPLED,
    name: "invocation",
    kind: SPAN_KIND_INTERNAL,
    startTimeUnixNano: nanoseconds(startUnixMs),
    // The wall clock may have been set back meanwhile.
    endTimeUnixNano: nanoseconds(Math.max(startUnixMs, end.atUnixMs)),
    attributes: invocationAttributes(invocation),
    ...(end.phase !== "Succeeded" && {
      status: { code: STATUS_CODE_ERROR, message: end.message || end.phase },
    }),
  };
}

/** Attributes of the span: who was invoked, by what, and how it ended; counts where they are known then. */
export function invocationAttributes({ end, requests, denied }: InvocationOutcome): Attribute[] {
  const { agent, trigger, exitCode, reason, phase } = end;
  return [
    textAttribute(IDENTITY_ATTRIBUTES.kind, agent.kind),
    textAttribute(IDENTITY_ATTRIBUTES.namespace, agent.namespace),
    textAttribute(IDENTITY_ATTRIBUTES.name, agent.name),
    textAttribute(IDENTITY_ATTRIBUTES.uid, agent.uid),
    textAttribute(IDENTITY_ATTRIBUTES.invocationId, end.id),
    textAttribute(INVOCATION_ATTRIBUTES.phase, phase),
    textAttribute(INVOCATION_ATTRIBUTES.trigger, trigger.type),
    ...(requests === undefined ? [] : [intAttribute(INVOCATION_ATTRIBUTES.requests, requests)]),
    ...(denied === undefined ? [] : [intAttribute(INVOCATION_ATTRIBUTES.denied, denied)]),
    ...(exitCode === null ? [] : [intAttribute(INVOCATION_ATTRIBUTES.exitCode, exitCode)]),
    ...(reason === "" ? [] : [textAttribute(HTTP_ATTRIBUTES.errorType, reason)]),
  ];
}
