/**
 * How far an invocation is, from what was told of it. Events may come in any order, late and more than once: the state is
 * that of the set of them, and a finished invocation never goes back.
 */

import type { InvocationPhase } from "../../crds/invocation.ts";
import type { GatewayIdentity } from "../../gateway/gateway-identity.ts";
import type {
  InvocationAgent,
  InvocationEvent,
  InvocationRoot,
} from "../../gateway/invocation-event.ts";
import { invocationPhases } from "../../crds/invocation.ts";
import { isTerminalPhase } from "../../gateway/invocation-event.ts";
import { encodeEvent } from "./event-codec.ts";

/** What was told of one invocation: at most one event of each phase, in the order of phases. */
export interface InvocationState {
  readonly id: string;
  /** To whom the invocation belongs: the agent of whatever came first */
  readonly agent: InvocationAgent;
  readonly events: readonly InvocationEvent[];
}

/** What an event did. */
export type EventOutcome =
  | { readonly kind: "changed"; readonly state: InvocationState }
  | { readonly kind: "unchanged" }
  /** Its agent is another than that of the invocation: an id belongs to one agent */
  | { readonly kind: "foreign" };

/** What is to be said of an invocation. Times are Unix `ms`. */
export interface InvocationSummary {
  readonly phase: InvocationPhase;
  /** When the first of its phases began, whichever was told first */
  readonly createdMs: number;
  readonly startedMs: number | null;
  readonly finishedMs: number | null;
  readonly agent: InvocationAgent;
  readonly trigger: InvocationEvent["trigger"];
  readonly audiences: readonly string[];
  readonly root: InvocationRoot | null;
  readonly exitCode: number | null;
  readonly reason: string;
  readonly message: string;
  /** When the phase that it is in began */
  readonly phaseMs: number;
  /** When it was given to whoever runs it */
  readonly dispatchedMs: number | null;
  /** `ms` that it may take from then on; null where nobody said */
  readonly timeoutMs: number | null;
  /** The process that tells its end, of a run; null where nobody said */
  readonly gatewayProcess: GatewayIdentity | null;
  /** `namespace/name` of those that its requests may pass; none where nobody said */
  readonly gateways: readonly string[];
}

/**
 * Adds an event to the state that was there before, if any. Of two events of one phase the earlier one counts, so that
 * any order gives the same state.
 */
export function addEvent(state: InvocationState | undefined, event: InvocationEvent): EventOutcome {
  if (state === undefined) {
    return { kind: "changed", state: { id: event.id, agent: event.agent, events: [event] } };
  }
  if (state.id !== event.id || !isSameAgent(state.agent, event.agent)) return { kind: "foreign" };
  const known = state.events.find(({ phase }) => phase === event.phase);
  if (known !== undefined && compareEvents(known, event) <= 0) return { kind: "unchanged" };
  const events = state.events.filter((one) => one !== known);
  events.push(event);
  events.sort((a, b) => invocationPhases.indexOf(a.phase) - invocationPhases.indexOf(b.phase));
  const uid = events.find(({ agent }) => agent.uid !== "")?.agent.uid ?? "";
  return { kind: "changed", state: { id: state.id, agent: { ...state.agent, uid }, events } };
}

/** The summary of a state. Of several ends the earliest is the one: who is late has changed nothing. */
export function summarise(state: InvocationState): InvocationSummary {
  const { agent, events } = state;
  const [first] = events;
  const end = endOf(state);
  const decisive = end ?? events.at(-1);
  if (first === undefined || decisive === undefined) {
    throw new TypeError("Cannot summarise an invocation: it has no events");
  }
  const { phase, exitCode, reason, message, atUnixMs: phaseMs } = decisive;
  const dispatched = events.find((event) => event.phase === "Dispatched");
  return {
    phase,
    createdMs: Math.min(...events.map(({ atUnixMs }) => atUnixMs)),
    startedMs: events.find((event) => event.phase === "Running")?.atUnixMs ?? null,
    finishedMs: end?.atUnixMs ?? null,
    agent,
    trigger: first.trigger,
    audiences: first.audiences,
    root: events.find(({ root }) => root !== null)?.root ?? null,
    exitCode,
    reason,
    message,
    phaseMs,
    dispatchedMs: dispatched?.atUnixMs ?? null,
    timeoutMs: dispatched?.timeoutMs ?? null,
    gatewayProcess: events.find((event) => event.gatewayProcess)?.gatewayProcess ?? null,
    gateways: events.find((event) => event.gateways)?.gateways ?? [],
  };
}

/** The end that counts, which is the earliest; undefined while it goes on. */
export function endOf({ events }: InvocationState): InvocationEvent | undefined {
  return events.filter(({ phase }) => isTerminalPhase(phase)).sort(compareEvents)[0];
}

/** Whether they are one agent; its uid may not be known to everybody. */
export function isSameAgent(a: InvocationAgent, b: InvocationAgent): boolean {
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;
}

/** By time, and where that is the same by what they say, so that no two events are in no order. */
function compareEvents(a: InvocationEvent, b: InvocationEvent): number {
  if (a.atUnixMs !== b.atUnixMs) return a.atUnixMs - b.atUnixMs;
  const [left, right] = [encodeEvent(a), encodeEvent(b)];
  return left === right ? 0 : left < right ? -1 : 1;
}
