/**
 * Open questions whether calls of tools may go on: asked by the engine's threads, answered by a person on the control
 * socket or by a webhook, once each. What nobody answers in time is denied.
 */

import { randomBytes } from "node:crypto";
import type { McpConfirmed } from "./call-facts.ts";
import type { Clock, TimerHandle } from "./clock.ts";
import type {
  Cancellation,
  ConfirmationAnswer,
  ConfirmationCounts,
  ConfirmationDoor,
  ConfirmationQuestion,
  OpenConfirmation,
} from "./confirmation.ts";
import { askWebhook as askByHttp } from "./confirmation-webhook.ts";
import type { AskWebhook } from "./confirmation-webhook.ts";
import type { ConfirmationDecision, ControlEvent } from "./control-api.ts";
import type { RecordAgent } from "./record.ts";
import type { SecretValue } from "./secret-value.ts";

/** Most questions that are open at once; a person reads no more, and each holds a body in Envoy. */
export const maxOpenConfirmations = 256;

/** Longest reason that is passed on, in characters. */
const maxReason = 256;

/** What followers are told of questions. */
export type ConfirmationEvent = Extract<
  ControlEvent,
  { readonly kind: "confirmation" | "confirmation-ended" }
>;

/** What a desk is given. */
export interface ConfirmationDeskOptions {
  readonly clock: Clock;
  /** Knows who calls, by what the connection proves */
  readonly agents: { findAgent(caller: string): RecordAgent | null };
  /** Value of a signing key by its name; undefined when it is gone */
  readonly findKey: (name: string) => SecretValue | undefined;
  /** Absent: by HTTP */
  readonly askWebhook?: AskWebhook;
  /** A question was asked, or is open no more */
  readonly onEvent: (event: ConfirmationEvent) => void;
}

interface OpenEntry {
  readonly shown: OpenConfirmation;
  readonly question: ConfirmationQuestion;
  readonly onAnswer: (answer: ConfirmationAnswer) => void;
  readonly timer: TimerHandle;
  /** Ends a webhook that is being asked */
  readonly controller: AbortController;
}

/** Keeps the questions of one process. */
export class ConfirmationDesk implements ConfirmationDoor {
  readonly #options: ConfirmationDeskOptions;
  readonly #open = new Map<string, OpenEntry>();
  readonly #counts = { approved: 0, denied: 0, timeout: 0, withdrawn: 0, refused: 0 };

  constructor(options: ConfirmationDeskOptions) {
    this.#options = options;
  }

  /** How questions ended since the start. */
  get counts(): ConfirmationCounts {
    const { approved, denied, timeout, withdrawn, refused } = this.#counts;
    return { open: this.#open.size, approved, denied, timedOut: timeout, withdrawn, refused };
  }

  ask(question: ConfirmationQuestion, onAnswer: (answer: ConfirmationAnswer) => void): () => void {
    if (this.#open.size >= maxOpenConfirmations) {
      this.#counts.refused++;
      onAnswer({ outcome: "full", by: null, reason: "" });
      return () => {};
    }
    const { clock, onEvent } = this.#options;
    const id = this.#newId();
    const shown = this.#show(id, question);
    const { timeoutMs } = question.plan;
    const timer = clock.setTimeout(
      () => this.#end(id, { outcome: "timeout", by: null, reason: "" }),
      timeoutMs,
    );
    const controller = new AbortController();
    this.#open.set(id, { shown, question, onAnswer, timer, controller });
    onEvent({ kind: "confirmation", question: shown });
    if (question.plan.webhook !== undefined) void this.#askWebhook(id, question, controller.signal);
    return () => this.#withdraw(id);
  }

  cancel({ caller, server, session, requestKey }: Cancellation): void {
    for (const [id, { question }] of this.#open) {
      const isMeant =
        question.caller === caller &&
        question.server === server &&
        question.session === session &&
        question.requestKeys.includes(requestKey);
      if (isMeant) this.#end(id, { outcome: "withdrawn", by: null, reason: "" });
    }
  }

  /** What was asked and is still open, as it was told when it was asked. */
  events(): readonly ConfirmationEvent[] {
    return this.list().map((question) => ({ kind: "confirmation", question }));
  }

  /** Open questions, oldest first. */
  list(): readonly OpenConfirmation[] {
    return [...this.#open.values()].map(({ shown }) => shown);
  }

  /**
   * Answers a question that a person is asked. `unknown`: it is not open, or no more; `elsewhere`: a webhook decides.
   */
  decide(id: string, { decision, reason }: ConfirmationDecision): "done" | "unknown" | "elsewhere" {
    const entry = this.#open.get(id);
    if (entry === undefined) return "unknown";
    if (entry.shown.asks !== "cli") return "elsewhere";
    const outcome = decision === "approve" ? "approved" : "denied";
    this.#end(id, { outcome, by: "cli", reason: reason.slice(0, maxReason).toWellFormed() });
    return "done";
  }

  /** Denies all that is open. */
  close(): void {
    for (const id of this.#open.keys()) {
      this.#end(id, { outcome: "denied", by: null, reason: "the gateway stops" });
    }
  }

  async #askWebhook(
    id: string,
    question: ConfirmationQuestion,
    signal: AbortSignal,
  ): Promise<void> {
    const { findKey, askWebhook = askByHttp } = this.#options;
    const shown = this.#open.get(id)?.shown;
    const { webhook } = question.plan;
    if (webhook === undefined || shown === undefined) return;
    const key = findKey(webhook.key);
    const answer =
      key === undefined
        ? ({ kind: "failed", reason: "the key that signs questions is gone" } as const)
        : await askWebhook({ url: webhook.url, key, question: shown, signal });
    if (answer.kind === "failed") {
      this.#end(id, { outcome: "denied", by: null, reason: answer.reason });
      return;
    }
    const outcome = answer.decision === "approve" ? "approved" : "denied";
    const reason = answer.reason.slice(0, maxReason).toWellFormed();
    this.#end(id, { outcome, by: "webhook", reason });
  }

  #end(id: string, answer: ConfirmationAnswer & { readonly outcome: McpConfirmed["outcome"] }) {
    const entry = this.#open.get(id);
    if (entry === undefined) return;
    this.#remove(id, entry);
    this.#counts[answer.outcome]++;
    entry.onAnswer(answer);
    this.#tellEnd(id, { outcome: answer.outcome, by: answer.by });
  }

  #withdraw(id: string): void {
    const entry = this.#open.get(id);
    if (entry === undefined) return;
    this.#remove(id, entry);
    this.#counts.withdrawn++;
    this.#tellEnd(id, { outcome: "withdrawn", by: null });
  }

  #tellEnd(id: string, ended: McpConfirmed): void {
    this.#options.onEvent({ kind: "confirmation-ended", id, ended });
  }

  #remove(id: string, { timer, controller }: OpenEntry): void {
    this.#open.delete(id);
    this.#options.clock.clearTimeout(timer);
    controller.abort();
  }

  /** Short, because people type it; no question is answered by one that was closed. */
  #newId(): string {
    for (;;) {
      const id = randomBytes(5).toString("hex");
      if (!this.#open.has(id)) return id;
    }
  }

  #show(id: string, question: ConfirmationQuestion): OpenConfirmation {
    const { caller, gateway, route, server, calls, bodySha256, plan } = question;
    const agent = this.#options.agents.findAgent(caller);
    const nowMs = this.#options.clock.now();
    return {
      id,
      agent: agent === null ? null : `${agent.kind}/${agent.namespace}/${agent.name}`,
      execution: agent?.invocationId ?? "",
      ...{ gateway, route, server, calls, bodySha256 },
      asks: plan.webhook === undefined ? "cli" : "webhook",
      askedAt: new Date(nowMs).toISOString(),
      expiresAt: new Date(nowMs + plan.timeoutMs).toISOString(),
    };
  }
}
