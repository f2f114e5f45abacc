/** Carries out the slow work that policies ask for, each with a deadline; the outcome always comes, and comes once. */

import type { Clock } from "../gateway/clock.ts";
import type { Command, WorkOutcome } from "../gateway/decision.ts";

/** Does one kind of work; `signal` says that nobody waits any more. A rejection is the outcome `failed`. */
export type Worker = (input: unknown, signal: AbortSignal) => Promise<unknown>;

/** What a runner is given. */
export interface WorkRunnerOptions {
  readonly workers: ReadonlyMap<string, Worker>;
  readonly clock: Clock;
  /** Most pieces of work at once; more fail at once */
  readonly maxRunning?: number;
}

const defaultMaxRunning = 1_024;

/** Runs work of one thread. */
export class WorkRunner {
  readonly #options: WorkRunnerOptions;
  #running = 0;

  constructor(options: WorkRunnerOptions) {
    this.#options = options;
  }

  /** Starts work; gives a function that gives it up, after which no outcome comes. */
  start(command: Command, onOutcome: (outcome: WorkOutcome) => void): () => void {
    const { workers, clock, maxRunning = defaultMaxRunning } = this.#options;
    const controller = new AbortController();
    let isOver = false;
    const finish = (outcome: WorkOutcome | undefined) => {
      if (isOver) return;
      isOver = true;
      clock.clearTimeout(timer);
      controller.abort();
      if (outcome !== undefined) onOutcome(outcome);
    };
    const timer = clock.setTimeout(() => finish({ kind: "late" }), command.deadlineMs);
    const worker = workers.get(command.worker);
    if (worker === undefined || this.#running >= maxRunning) {
      queueMicrotask(() => finish({ kind: "failed" }));
    } else {
      this.#running++;
      void this.#run(worker, command.input, controller.signal).then(finish);
    }
    return () => finish(undefined);
  }

  async #run(worker: Worker, input: unknown, signal: AbortSignal): Promise<WorkOutcome> {
    try {
      return { kind: "done", value: await worker(input, signal) };
    } catch {
      // Its reason may hold what was sent to a token endpoint: the outcome is all that is told.
      return { kind: "failed" };
    } finally {
      this.#running--;
    }
  }
}
