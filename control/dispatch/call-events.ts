/** The events that a dispatcher tells of one call: made here, appended in order, each phase once. */
import type { InvocationPhase, InvocationTrigger } from "../../crds/invocation.ts";
import type { Clock } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { InvocationAgent, InvocationEvent } from "../../gateway/invocation-event.ts";
import type { InvocationTraces } from "../../gateway/invocation-trace.ts";
import type { Logger } from "../../gateway/log.ts";

/** The part of an event log that a dispatcher needs. */
export interface CallLog {
  /** Adds an event, unless its phase of its invocation is there; resolves when it is on the disk, rejects where it cannot be. */
  append(event: InvocationEvent): Promise<{ readonly isDuplicate: boolean }>;
}

/** What all events of a call have in common. */
export interface CallSubject {
  readonly id: string;
  readonly agent: InvocationAgent;
  readonly trigger: { readonly type: InvocationTrigger; readonly source: string };
  /** On whose behalf it is */
  readonly audiences: readonly string[];
  /** `ms` that it may take once it is dispatched; absent where only its end is told */
  readonly timeoutMs?: number;
  /** `namespace/name` of the EgressGateways of its agent; absent where only its end is told */
  readonly gateways?: readonly string[];
}

/** What events are made with. */
export interface CallEventsParts {
  readonly log: CallLog;
  readonly traces: InvocationTraces;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Longest name of who called; longer ones are cut. */
const longestSource = 253;

/** Events of one call. */
export class CallEvents {
  readonly #parts: CallEventsParts;
  readonly #subject: CallSubject;

  constructor(parts: CallEventsParts, subject: CallSubject) {
    this.#parts = parts;
    this.#subject = subject;
  }

  /** Tells a phase that the call must not go on without. Gives whether it was told before; rejects where it cannot be kept. */
  async tell(phase: "Pending" | "Dispatched"): Promise<{ readonly isDuplicate: boolean }> {
    return this.#parts.log.append(this.#event(phase, "", ""));
  }

  /** Tells an end, and no more than logs where it cannot be kept: the caller has its answer. */
  async tellEnd(
    phase: "Rejected" | "Succeeded" | "Failed" | "Timeout",
    reason: string,
    message: string,
  ): Promise<void> {
    try {
      await this.#parts.log.append(this.#event(phase, reason, message));
    } catch (error) {
      const { id } = this.#subject;
      this.#parts.logger.warn("Cannot log the end of an invocation", {
        ...{ invocation: id, phase, error: describeError(error) },
      });
    }
  }

  #event(phase: InvocationPhase, reason: string, message: string): InvocationEvent {
    const { id, agent, trigger, audiences, timeoutMs, gateways } = this.#subject;
    const { clock, traces } = this.#parts;
    return {
      ...{ id, phase, atUnixMs: clock.now(), agent, audiences },
      trigger: { ...trigger, source: trigger.source.slice(0, longestSource) },
      root: traces.rootOf(id),
      ...{ exitCode: null, reason, message },
      // What the agent says later is not about this call.
      ...(gateways !== undefined && { gateways }),
      ...(phase === "Dispatched" && timeoutMs !== undefined && { timeoutMs: Math.ceil(timeoutMs) }),
    };
  }
}
