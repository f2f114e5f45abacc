/** One question of Envoy about a new raw connection: whether the limits of its rule have room for it. */

import type { WorkOutcome } from "../gateway/decision.ts";
import { CONNECTION_KEY } from "../gateway/headers.ts";
import { refuseLimited } from "../gateway/limit-refusal.ts";
import type { LimitVerdict, RateLimiter } from "../gateway/rate-limiter.ts";
import type { ConnectionPlan, DenyReason } from "../gateway/snapshot.ts";
import type { ConnectionQuestion } from "./connection-messages.ts";
import {
  connectionAllowed,
  decodeConnectionQuestion,
  encodeConnectionRefusal,
} from "./connection-messages.ts";
import type { GrpcCall, GrpcStream } from "./http2/call.ts";
import { GRPC_STATUS } from "./http2/grpc-status.ts";
import { refusalDetails } from "./refusal.ts";
import type { ThreadCounters } from "./thread-counters.ts";
import type { WorkRunner } from "./work-runner.ts";

/** What calls of one thread share. */
export interface ConnectionCallParts {
  readonly counters: ThreadCounters;
  readonly limiter: RateLimiter;
  readonly work: WorkRunner;
  readonly findPlan: (id: string) => ConnectionPlan | undefined;
}

/** The call of one connection. */
export class ConnectionCall implements GrpcCall {
  readonly #stream: GrpcStream;
  readonly #parts: ConnectionCallParts;
  #isOpen = true;
  #giveUp: (() => void) | undefined;

  constructor(stream: GrpcStream, parts: ConnectionCallParts) {
    this.#stream = stream;
    this.#parts = parts;
    parts.counters.add("openStreams", 1);
    parts.counters.add("totalStreams", 1);
  }

  onMessage(bytes: Buffer, start: number, end: number): void {
    try {
      this.#decide(decodeConnectionQuestion(bytes, start, end));
    } catch {
      // Envoy closes a connection about which it gets no answer.
      this.#parts.counters.add("failedStreams", 1);
      this.#stream.finish(GRPC_STATUS.internal, "The connection cannot be decided about");
    }
  }

  /** One question is all that comes. */
  onHalfClose(): void {}

  onClose(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#giveUp?.();
    this.#parts.counters.add("openStreams", -1);
  }

  #decide(question: ConnectionQuestion): void {
    const { limiter, work, findPlan } = this.#parts;
    const plan = findPlan(question.get(CONNECTION_KEY.plan) ?? "");
    if (plan === undefined) {
      this.#refuse("not-ready");
      return;
    }
    const { limits, route } = plan;
    const request = { caller: question.get(CONNECTION_KEY.caller) ?? "", route };
    const verdict = limiter.take(limits, request);
    if (verdict.kind !== "work") {
      this.#answer(verdict);
      return;
    }
    this.#giveUp = work.start(verdict, (outcome: WorkOutcome) =>
      this.#answer(limiter.settle(limits, request, outcome)),
    );
  }

  #answer(verdict: LimitVerdict): void {
    if (verdict.kind === "limited") {
      this.#refuse(refuseLimited(verdict).reason);
      return;
    }
    this.#stream.send(connectionAllowed);
    this.#stream.finish(GRPC_STATUS.ok);
  }

  #refuse(reason: DenyReason): void {
    this.#stream.send(encodeConnectionRefusal(CONNECTION_KEY.refusal, refusalDetails(reason)));
    this.#stream.finish(GRPC_STATUS.ok);
  }
}
