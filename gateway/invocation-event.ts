/**
 * What becomes of one invocation of an agent: the phases it passes, each told once. Whoever knows a phase tells it, a
 * gateway of its runs, and a log or the records keep it.
 */

import { invocationPhases } from "../crds/invocation.ts";
import type { InvocationPhase, InvocationTrigger } from "../crds/invocation.ts";
import type { GatewayIdentity } from "./gateway-identity.ts";

/** The agent that is invoked. */
export interface InvocationAgent {
  /** `TaskAgent`, `DaemonAgent` or `Process` */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Empty when unknown */
  readonly uid: string;
}

/** Ids of the span that is the root of all that an invocation causes, in lower-case hexadecimal. */
export interface InvocationRoot {
  /** 32 digits, not all zero */
  readonly traceId: string;
  /** 16 digits, not all zero */
  readonly spanId: string;
}

/** An invocation has come to a phase. One event says all that is known then, so that it can be read alone. */
export interface InvocationEvent {
  /** UUID in lower case; also the name and uid of the object */
  readonly id: string;
  readonly phase: InvocationPhase;
  /** When the phase began, whole Unix `ms` */
  readonly atUnixMs: number;
  readonly agent: InvocationAgent;
  readonly trigger: { readonly type: InvocationTrigger; readonly source: string };
  readonly audiences: readonly string[];
  /** Null where nobody made one */
  readonly root: InvocationRoot | null;
  /** Of a command that ended; null for all else */
  readonly exitCode: number | null;
  /** Stable word in CamelCase; empty when there is nothing to say */
  readonly reason: string;
  /** Sentence; empty when there is nothing to say */
  readonly message: string;
  /** Of a call that is `Dispatched`: whole `ms` that it may take from then on, as it was agreed then; absent where nobody said */
  readonly timeoutMs?: number;
  /** Of a run: the process that tells its end, and without which nobody does; absent for all else, and where nobody said */
  readonly gatewayProcess?: GatewayIdentity;
  /** `namespace/name` of the EgressGateways that its requests may pass, at most 8; absent where nobody said */
  readonly gateways?: readonly string[];
}

/** Place of a phase: a later one is never left for an earlier one, and all ends stand in the same place. */
export function phaseRank(phase: InvocationPhase): number {
  return Math.min(invocationPhases.indexOf(phase), invocationPhases.indexOf("Succeeded"));
}

/** Whether nothing comes after the phase. */
export function isTerminalPhase(phase: InvocationPhase): boolean {
  return phaseRank(phase) === invocationPhases.indexOf("Succeeded");
}
