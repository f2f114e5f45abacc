/** Tells the root spans that nobody else tells, each once it is known, until somebody has taken it. */
import type { Clock } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { InvocationOutcome } from "../../gateway/invocation-span.ts";
import type { Logger } from "../../gateway/log.ts";
import type { InvocationStore } from "./invocation-store.ts";
import { RepeatedLook } from "./repeated-look.ts";

/**
 * Takes root spans; `taken` says that a kill loses none of them, `later` that they are to be offered again. Must not
 * reject.
 */
export type TakeRoots = (roots: readonly InvocationOutcome[]) => Promise<"taken" | "later">;

/** What it works with; it closes none of it. */
export interface RootSpansOptions {
  readonly store: Pick<InvocationStore, "dueRoots" | "removeDueRoots" | "subscribe">;
  readonly take: TakeRoots;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Numbers since the start. */
export interface RootSpansStatus {
  readonly told: number;
  /** What does not work now, a sentence; empty when all does */
  readonly failure: string;
}

/** What could not be taken is offered again after so long, in `ms`. */
const lookEveryMs = 5_000;

/** Spans that are offered together. */
const mostRoots = 256;

/** Works from `start()` to `close()`. */
export class RootSpans {
  readonly #options: RootSpansOptions;
  readonly #repeated: RepeatedLook;
  #unsubscribe: () => void = () => {};
  #told = 0;

  constructor(options: RootSpansOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#repeated = new RepeatedLook({
      ...{ clock, everyMs: lookEveryMs },
      look: (signal) => this.#look(signal),
      describe: (error) => `Cannot tell root spans of invocations: ${describeError(error)}`,
      onFailure: (error) => logger.warn("Root spans of invocations are not told", { error }),
    });
  }

  /** Numbers of now; a new object each time */
  get status(): RootSpansStatus {
    return { told: this.#told, failure: this.#repeated.failure };
  }

  /** Begins, once. */
  start(): void {
    this.#unsubscribe = this.#options.store.subscribe(() => this.#repeated.wake());
    this.#repeated.start();
  }

  /** Resolves when what is offered has been answered; the rest is told by the next process. */
  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#repeated.close();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { store, take } = this.#options;
    while (!signal.aborted) {
      const roots = store.dueRoots(mostRoots);
      if (roots.length === 0 || (await take(roots)) === "later") return;
      store.removeDueRoots(roots);
      this.#told += roots.length;
    }
  }
}
