/**
 * Writes of one turn of the event loop as one transaction: the disk is waited for once for all of them. Each write learns
 * its own result after that, and never before.
 */

import type { DatabaseSync } from "node:sqlite";
import { ClrkError, describeError } from "../../gateway/errors.ts";

interface Waiting {
  readonly write: () => void;
  readonly fail: (error: ClrkError) => void;
  readonly settle: () => void;
}

/** What a group is given. */
export interface GroupCommitOptions {
  readonly database: DatabaseSync;
  /** What is written, as it reads after "Cannot write" */
  readonly what: string;
  /** Writes that may wait at once; more are refused */
  readonly mostWaiting: number;
  /** Runs in the transaction after the writes */
  readonly afterWrites?: () => void;
  /** Told when a transaction is on the disk */
  readonly onCommitted?: () => void;
  /** Told when nothing of a transaction was kept */
  readonly onFailed?: () => void;
}

/** Collects writes and commits them together. */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #waiting: Waiting[] = [];
  #turn: NodeJS.Immediate | undefined;
  #isClosed = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /**
   * Runs the write within the next transaction and resolves with its result once that is on the disk. Rejects with
   * CLRK_CLOSED, CLRK_LIMIT_EXCEEDED, or CLRK_STORAGE_FAILED when nothing of the transaction was kept.
   */
  add<Result>(write: () => Result): Promise<Result> {
    const { what, mostWaiting } = this.#options;
    if (this.#isClosed) {
      return Promise.reject(new ClrkError("CLRK_CLOSED", `Cannot write ${what}: it is closed`));
    }
    if (this.#waiting.length >= mostWaiting) {
      const message = `Cannot write ${what}: ${mostWaiting} writes are waiting already`;
      return Promise.reject(new ClrkError("CLRK_LIMIT_EXCEEDED", message));
    }
    return new Promise((resolve, reject) => {
      let written: { readonly result: Result } | undefined;
      this.#waiting.push({
        write: () => {
          written = { result: write() };
        },
        fail: reject,
        settle: () => written && resolve(written.result),
      });
      this.#turn ??= setImmediate(() => this.flush());
    });
  }

  /** Commits what waits now. */
  flush(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    const group = this.#waiting;
    this.#waiting = [];
    if (group.length === 0) return;
    const { database, what, afterWrites, onCommitted } = this.#options;
    try {
      inTransaction(database, () => {
        for (const { write } of group) write();
        afterWrites?.();
      });
    } catch (cause) {
      const message = `Cannot write ${what}: ${describeError(cause)}`;
      const error = new ClrkError("CLRK_STORAGE_FAILED", message, { cause });
      this.#options.onFailed?.();
      for (const { fail } of group) fail(error);
      return;
    }
    for (const { settle } of group) settle();
    onCommitted?.();
  }

  /** Commits what waits, and refuses all that comes. */
  close(): void {
    this.#isClosed = true;
    this.flush();
  }
}

/** Runs the writes as one transaction: all of them are kept, or with a throw none. */
export function inTransaction<Result>(database: DatabaseSync, writes: () => Result): Result {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = writes();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // A full disk may have ended the transaction already.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
