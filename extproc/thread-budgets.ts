/** Budgets of all threads: each gets the table and a journal of its own, and is charged when it ends with calls open. */

import { systemClock } from "../gateway/clock.ts";
import type { BudgetUse } from "../gateway/engine.ts";
import { tryDecodeBudgetKey } from "./budget-key.ts";
import type { JournalPlace } from "./budget-store.ts";
import { BudgetStore } from "./budget-store.ts";
import { createBudgetMemory } from "./budget-table.ts";

/** What a thread is given. */
export interface BudgetParts {
  readonly budgets: SharedArrayBuffer;
  /** Absent: budgets cannot be kept */
  readonly journal?: JournalPlace;
}

/** Keeps what threads need; they are told apart by any object of theirs. */
export class ThreadBudgets {
  readonly #store: BudgetStore | undefined;
  readonly #memory: SharedArrayBuffer;
  readonly #places = new Map<object, JournalPlace>();

  /** Reads what lives before have left in the folder; undefined: no budgets can be kept. */
  constructor(directory: string | undefined) {
    this.#store =
      directory === undefined
        ? undefined
        : new BudgetStore({ directory, nowMs: () => systemClock.now(), processId: process.pid });
    this.#store?.open();
    this.#memory = this.#store?.memory ?? createBudgetMemory(16);
  }

  /** Why budgets cannot be kept; empty while they can. */
  get failure(): string {
    return this.#store === undefined ? "No folder for budgets was given" : this.#store.failure;
  }

  /** A thread begins to serve. */
  begin(thread: object): BudgetParts {
    const journal = this.#store?.place();
    if (journal === undefined) return { budgets: this.#memory };
    this.#places.set(thread, journal);
    return { budgets: this.#memory, journal };
  }

  /** A thread has ended, however. */
  end(thread: object): void {
    const place = this.#places.get(thread);
    if (place === undefined) return;
    this.#places.delete(thread);
    this.#store?.onThreadGone(place);
  }

  /** Puts complete journals into the book; every few seconds. */
  merge(): void {
    this.#store?.merge();
  }

  /** What is used now. */
  list(): BudgetUse[] {
    return (this.#store?.list() ?? []).flatMap(({ key, used, reserved }) => {
      const counted = tryDecodeBudgetKey(key);
      return counted === undefined ? [] : [{ ...counted, used, reserved }];
    });
  }

  /** When all threads have ended. Safe to call again. */
  close(): void {
    this.#store?.close();
  }
}
