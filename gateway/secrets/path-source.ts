/**
 * Follows a file or folder by looking at it. Not by events: those miss what changes behind symbolic links, on network
 * file systems and in mounts, and where a mounted Secret is swapped all of these meet.
 */
import type { Clock, TimerHandle } from "../clock.ts";
import { sleep } from "../clock.ts";
import { describeError } from "../errors.ts";
import { failed } from "./source-outcome.ts";
import type { SourceOutcome } from "./source-outcome.ts";

/**
 * Distance between looks: a new value is to be in use within a second of its writing. A look is a few system calls; not
 * longer when they take long, because on a busy machine that says nothing about what they cost.
 */
const lookMs = 200;

/** What changed is read when it did not change for so long: a value may be half written. */
const quietMs = 50;

/** However busy it is, it is read after so many quiet times that were none. */
const longestQuiets = 10;

/** How to look at a place and read it; neither throws. */
export interface PathSourceOptions {
  readonly clock: Clock;
  /** Text that differs when what is read may differ */
  readonly identify: () => Promise<string>;
  readonly read: () => Promise<SourceOutcome>;
  /** Takes each reading; must not throw */
  readonly onOutcome: (outcome: SourceOutcome) => void;
}

/** A place that is followed from `start()` to `close()`. */
export class PathSource {
  readonly #options: PathSourceOptions;
  readonly #closing = new AbortController();
  /** Of what was read last; undefined when that failed, so that it is tried again */
  #identity: string | undefined;
  #timer: TimerHandle | undefined;

  constructor(options: PathSourceOptions) {
    this.#options = options;
  }

  /** Reads for the first time, hands that on, and follows from then on. */
  async start(): Promise<void> {
    await this.#read();
    this.#arm();
  }

  /** Ends it; no outcome comes after. Idempotent. */
  close(): void {
    this.#closing.abort();
    this.#options.clock.clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#closing.signal.aborted) return;
    this.#timer = this.#options.clock.setTimeout(() => void this.#look(), lookMs);
  }

  async #look(): Promise<void> {
    try {
      const seen = await this.#options.identify();
      if (seen !== this.#identity) {
        await this.#settle(seen);
        await this.#read();
      }
    } catch (error) {
      this.#hand(failed(describeError(error)));
    }
    this.#arm();
  }

  async #settle(seen: string): Promise<void> {
    let before = seen;
    for (let quiets = 0; quiets < longestQuiets; quiets++) {
      await sleep(this.#options.clock, quietMs, this.#closing.signal);
      const now = await this.#options.identify();
      if (now === before) return;
      before = now;
    }
  }

  async #read(): Promise<void> {
    // Before the reading: what is written meanwhile differs at the next look.
    const identity = await this.#options.identify();
    const outcome = await this.#options.read();
    this.#identity = outcome.kind === "values" ? identity : undefined;
    this.#hand(outcome);
  }

  #hand(outcome: SourceOutcome): void {
    if (!this.#closing.signal.aborted) this.#options.onOutcome(outcome);
  }
}
