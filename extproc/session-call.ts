/** One ext_proc stream: decodes Envoy's messages for its session, and carries out what the session asks. */

import type { CallFacts } from "../gateway/call-facts.ts";
import type { Clock, TimerHandle } from "../gateway/clock.ts";
import type { WorkOutcome } from "../gateway/decision.ts";
import type { SessionCommand } from "./commands.ts";
import { nothing } from "./commands.ts";
import type { GrpcCall, GrpcStream } from "./http2/call.ts";
import { GRPC_STATUS } from "./http2/grpc-status.ts";
import { decodeProcessingRequest } from "./messages.ts";
import type { ThreadCounters } from "./thread-counters.ts";
import type { TransactionMessage } from "./transaction-message.ts";
import type { WorkRunner } from "./work-runner.ts";

/** Bodies that are still being decoded when the stream has ended get so long. */
const settleMs = 2_000;

/** Either role of a stream. */
export interface AnySession {
  onMessage(message: TransactionMessage): readonly SessionCommand[];
  onFault(): readonly SessionCommand[];
  onClose(): readonly SessionCommand[];
  onOutcome?(outcome: WorkOutcome): readonly SessionCommand[];
  onSettled?(): readonly SessionCommand[];
  /** Closed, and waiting for `onSettled()` */
  readonly isSettling?: boolean;
}

/** What calls of one thread share. */
export interface SessionCallParts {
  readonly clock: Clock;
  readonly counters: ThreadCounters;
  readonly work: WorkRunner;
  readonly onFacts: (facts: CallFacts) => void;
}

/** Refuses everything: a call whose session was never given. */
const unbegun: AnySession = {
  onMessage: () => [
    { kind: "end", status: GRPC_STATUS.unavailable, message: "The call has no session" },
  ],
  onFault: () => nothing,
  onClose: () => nothing,
};

const written: WorkOutcome = { kind: "done", value: undefined };

/** The call of one session. */
export class SessionCall implements GrpcCall {
  readonly #stream: GrpcStream;
  readonly #parts: SessionCallParts;
  #session: AnySession = unbegun;
  #isOpen = true;
  #hasFailed = false;
  #giveUp: (() => void) | undefined;
  #settleTimer: TimerHandle | undefined;
  readonly #onWritten = () => this.#onOutcome(written);

  /** `begin()` comes next. */
  constructor(stream: GrpcStream, parts: SessionCallParts) {
    this.#stream = stream;
    this.#parts = parts;
    parts.counters.add("openStreams", 1);
    parts.counters.add("totalStreams", 1);
  }

  /** Gives the call its session, before anything else happens. */
  begin(session: AnySession): this {
    this.#session = session;
    return this;
  }

  onMessage(bytes: Buffer, start: number, end: number): void {
    if (this.#hasFailed) return;
    const startedMs = performance.now();
    this.#handle(bytes, start, end);
    this.#parts.counters.addHandling(performance.now() - startedMs);
  }

  #handle(bytes: Buffer, start: number, end: number): void {
    let message: TransactionMessage;
    try {
      message = decodeProcessingRequest(bytes, start, end);
    } catch {
      // What cannot be read may hold a secret: nothing of it is told, and Envoy fails the request.
      this.#fail(GRPC_STATUS.invalidArgument, "The message cannot be read");
      return;
    }
    try {
      this.#perform(this.#session.onMessage(message));
    } catch {
      this.#onFault();
    }
  }

  onHalfClose(): void {
    // Never OK: Envoy 1.40 lets a request pass undecided whose stream ends with OK before its answer.
    this.#stream.finish(GRPC_STATUS.unavailable, "The stream was half closed");
  }

  onClose(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#giveUp?.();
    this.#parts.counters.add("openStreams", -1);
    try {
      this.#perform(this.#session.onClose());
    } catch {
      this.#onFault();
    }
    if (this.#session.isSettling !== true) return;
    this.#settleTimer = this.#parts.clock.setTimeout(() => this.onSettled(), settleMs);
    this.#settleTimer.unref();
  }

  /** All bodies were read, or it took too long. */
  onSettled(): void {
    this.#parts.clock.clearTimeout(this.#settleTimer);
    this.#settleTimer = undefined;
    try {
      this.#perform(this.#session.onSettled?.() ?? nothing);
    } catch {
      this.#onFault();
    }
  }

  #onOutcome(outcome: WorkOutcome): void {
    try {
      this.#perform(this.#session.onOutcome?.(outcome) ?? nothing);
    } catch {
      this.#onFault();
    }
  }

  /** The session refuses what it still can; the cause is a fault of ours and may hold what an agent sent. */
  #onFault(): void {
    this.#countFailure();
    try {
      this.#perform(this.#session.onFault());
    } catch {
      this.#fail(GRPC_STATUS.internal, "The session failed");
    }
  }

  #fail(status: number, message: string): void {
    this.#countFailure();
    this.#stream.finish(status, message);
  }

  /** A stream counts once, however often it fails. */
  #countFailure(): void {
    if (!this.#hasFailed) this.#parts.counters.add("failedStreams", 1);
    this.#hasFailed = true;
  }

  #perform(commands: readonly SessionCommand[]): void {
    for (const command of commands) this.#do(command);
  }

  #do(command: SessionCommand): void {
    const { work, onFacts } = this.#parts;
    switch (command.kind) {
      case "send":
        this.#stream.send(command.bytes);
        return;
      case "start-work":
        this.#giveUp = work.start(command.work, (outcome) => this.#onOutcome(outcome));
        return;
      case "await-reservation":
        command.reservation.whenWritten(this.#onWritten);
        return;
      case "end":
        this.#fail(command.status, command.message);
        return;
      case "record":
        onFacts(command.facts);
        return;
    }
  }
}
