/** Budgets of all threads: each gets the table and a journal of its own, and is charged when it ends with calls open. */

import { systemClock } from "../gateway/clock.ts";
import type { CallFacts } from "../gateway/call-facts.ts";
import type { BudgetUse } from "../gateway/engine.ts";
import { tryDecodeBudgetKey } from "./budget-key.ts";
import type { OpenReservation } from "./budget-book.ts";
import type { JournalPlace } from "./budget-store.ts";
import { BudgetStore } from "./budget-store.ts";
import { createBudgetMemory } from "./budget-table.ts";
import { HabitFile } from "./habit-file.ts";

/** What a thread is given. */
export interface BudgetParts {
  readonly budgets: SharedArrayBuffer;
  /** What calls of models usually use */
  readonly habits: SharedArrayBuffer;
  /** Absent: budgets cannot be kept */
  readonly journal?: JournalPlace;
}

/** Keeps what threads need; they are told apart by any object of theirs. */
export class ThreadBudgets {
  readonly #store: BudgetStore | undefined;
  readonly #memory: SharedArrayBuffer;
  readonly #habits: HabitFile;
  readonly #places = new Map<object, JournalPlace>();

  /** Reads what lives before have left in the folder; undefined: no budgets can be kept. */
  constructor(directory: string | undefined) {
    this.#store =
      directory === undefined
        ? undefined
        : new BudgetStore({ directory, nowMs: () => systemClock.now(), processId: process.pid });
    this.#store?.open();
    this.#memory = this.#store?.memory ?? createBudgetMemory(16);
    // Where the budgets are another process's, so is the file.
    this.#habits = new HabitFile(this.#store?.failure === "" ? directory : undefined);
  }

  /** Why budgets cannot be kept; empty while they can. */
  get failure(): string {
    return this.#store === undefined ? "No folder for budgets was given" : this.#store.failure;
  }

  /** A thread begins to serve. */
  begin(thread: object): BudgetParts {
    const journal = this.#store?.place();
    const memory = { budgets: this.#memory, habits: this.#habits.memory };
    if (journal === undefined) return memory;
    this.#places.set(thread, journal);
    return { ...memory, journal };
  }

  /** A thread has ended, however: what is known of the calls that were lost with it is what they are charged. */
  end(thread: object): readonly CallFacts[] {
    const place = this.#places.get(thread);
    if (place === undefined) return [];
    this.#places.delete(thread);
    return this.#store?.onThreadGone(place).map(factsOfLost) ?? [];
  }

  /** Reads what threads have written since; several times a second. */
  catchUp(): void {
    this.#store?.catchUp();
  }

  /** Puts complete journals into the book; every few seconds. */
  merge(): void {
    this.#store?.merge();
    this.#habits.write();
  }

  /** Takes back the estimate that a call was charged, with the next merge. */
  refund(transaction: string): void {
    this.#store?.refund(transaction);
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
    this.#habits.write();
    this.#store?.close();
  }
}

function factsOfLost({ call }: OpenReservation): CallFacts {
  const { transaction, tokens, microDollars } = call;
  return {
    id: transaction,
    isLost: true,
    ...{ trace: null, model: null, capture: null, denial: null, routing: null, target: null },
    charge: { tokens, microDollars, isEstimated: true },
    responseChunks: 0,
  };
}
