/** Questions of the engine's threads, given on to whoever asks people and webhooks; those of a thread end with it. */

import type { ConfirmationAnswer, ConfirmationDoor } from "../gateway/confirmation.ts";
import type { ConfirmationReport } from "./confirmation-asker.ts";

/** Nobody can be asked: what needs it is denied. */
const nobody: ConfirmationAnswer = { outcome: "denied", by: null, reason: "nobody can be asked" };

/** Knows which thread waits for which answer, so that each gets its own and none outlives its thread. */
export class ThreadQuestions<Thread> {
  readonly #door: ConfirmationDoor | undefined;
  readonly #answer: (thread: Thread, number: number, answer: ConfirmationAnswer) => void;
  readonly #open = new Map<Thread, Map<number, () => void>>();

  /** `answer` tells a thread. Without a door every question is denied. */
  constructor(
    door: ConfirmationDoor | undefined,
    answer: (thread: Thread, number: number, answer: ConfirmationAnswer) => void,
  ) {
    this.#door = door;
    this.#answer = answer;
  }

  /** Takes what a thread says. */
  onReport(thread: Thread, report: ConfirmationReport): void {
    switch (report.kind) {
      case "ask":
        this.#ask(thread, report);
        return;
      case "withdraw":
        this.#withdraw(thread, report.number);
        return;
      case "cancel":
        this.#door?.cancel(report.cancellation);
        return;
    }
  }

  /** Withdraws all questions of a thread that is gone. */
  end(thread: Thread): void {
    const open = this.#open.get(thread);
    this.#open.delete(thread);
    for (const withdraw of open?.values() ?? []) withdraw();
  }

  #ask(
    thread: Thread,
    { number, question }: Extract<ConfirmationReport, { readonly kind: "ask" }>,
  ): void {
    const door = this.#door;
    if (door === undefined) {
      this.#answer(thread, number, nobody);
      return;
    }
    let isAnswered = false;
    const withdraw = door.ask(question, (answer) => {
      isAnswered = true;
      this.#open.get(thread)?.delete(number);
      this.#answer(thread, number, answer);
    });
    if (isAnswered) return;
    const open = this.#open.get(thread) ?? new Map<number, () => void>();
    this.#open.set(thread, open);
    open.set(number, withdraw);
  }

  #withdraw(thread: Thread, number: number): void {
    const withdraw = this.#open.get(thread)?.get(number);
    this.#open.get(thread)?.delete(number);
    withdraw?.();
  }
}
