/** How a thread has somebody asked: questions go to the process as messages, and answers come back so. */

import type {
  Cancellation,
  ConfirmationAnswer,
  ConfirmationQuestion,
} from "../gateway/confirmation.ts";
import type { Worker } from "./work-runner.ts";

/** What a thread says about questions. */
export type ConfirmationReport =
  | { readonly kind: "ask"; readonly number: number; readonly question: ConfirmationQuestion }
  /** Nobody waits for the answer any more */
  | { readonly kind: "withdraw"; readonly number: number }
  | { readonly kind: "cancel"; readonly cancellation: Cancellation };

/** Asks for the sessions of one thread. */
export class ConfirmationAsker {
  readonly #report: (report: ConfirmationReport) => void;
  readonly #waiting = new Map<number, (answer: ConfirmationAnswer) => void>();
  #last = 0;

  /** `report` sends a message to the process. */
  constructor(report: (report: ConfirmationReport) => void) {
    this.#report = report;
  }

  /** Worker that takes a `ConfirmationQuestion` and ends with a `ConfirmationAnswer`. */
  readonly worker: Worker = (input, signal) => this.#ask(input as ConfirmationQuestion, signal);

  /** Takes the answer to a question; one that nobody waits for is passed over. */
  onAnswer(number: number, answer: ConfirmationAnswer): void {
    const settle = this.#waiting.get(number);
    this.#waiting.delete(number);
    settle?.(answer);
  }

  /** Withdraws the question about a request that its agent cancelled. */
  cancel(cancellation: Cancellation): void {
    this.#report({ kind: "cancel", cancellation });
  }

  #ask(question: ConfirmationQuestion, signal: AbortSignal): Promise<ConfirmationAnswer> {
    this.#last++;
    const number = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, resolve);
      signal.addEventListener("abort", () => {
        // Also when the answer came.
        if (!this.#waiting.delete(number)) return;
        this.#report({ kind: "withdraw", number });
        reject(new Error("Nobody waits for the answer"));
      });
      this.#report({ kind: "ask", number, question });
    });
  }
}
