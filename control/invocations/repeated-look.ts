/** A look that is taken again and again until it is closed: what fails is told once, and tried again. */
import type { Clock } from "../../gateway/clock.ts";
import { WakeUps } from "./wake-ups.ts";

/** What is repeated. */
export interface RepeatedLookOptions {
  readonly clock: Clock;
  /** Pause in `ms` after each look */
  readonly everyMs: number;
  /** Takes one look; it ends early when aborted */
  readonly look: (signal: AbortSignal) => Promise<void>;
  /** The failure as a sentence; undefined for what is none */
  readonly describe: (error: unknown) => string | undefined;
  /** Told of the first failure after what went well */
  readonly onFailure: (failure: string) => void;
}

/** Looks from `start()` to `close()`. */
export class RepeatedLook {
  readonly #options: RepeatedLookOptions;
  readonly #wakeUps: WakeUps;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #failure = "";
  #isWoken = false;

  constructor(options: RepeatedLookOptions) {
    this.#options = options;
    this.#wakeUps = new WakeUps(options.clock);
  }

  /** What does not work now, a sentence; empty when all does. */
  get failure(): string {
    return this.#failure;
  }

  /** Begins, once. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Looks at once; where it is looking, once more. */
  wake(): void {
    this.#isWoken = true;
    this.#wakeUps.wake();
  }

  /** Notes what failed in a look that goes on all the same. */
  note(error: unknown): void {
    const failure = this.#options.describe(error);
    if (failure === undefined) return;
    if (this.#failure === "") this.#options.onFailure(failure);
    this.#failure = failure;
  }

  /** Resolves when the last look has ended. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { everyMs, look } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#isWoken = false;
      try {
        await look(signal);
        this.#failure = "";
      } catch (error) {
        this.note(error);
      }
      if (!this.#isWoken) await this.#wakeUps.wait({ timeoutMs: everyMs, signal });
    }
  }
}
