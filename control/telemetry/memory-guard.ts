/**
 * Keeps the resident memory of this process below a cap: first the allocator gives back what it holds, then the reads
 * that run are ended, at last the process is. The engine's own account does not see its library, Node and answers.
 */
import type { Clock, TimerHandle } from "../../gateway/clock.ts";

/** What the guard looks at and does. */
export interface MemoryGuardOptions {
  readonly capBytes: number;
  readonly clock: Clock;
  /** Resident bytes of now */
  readonly residentBytes: () => number;
  /** Gives memory back; may fail */
  readonly purge: () => Promise<void>;
  /** Ends what runs; may fail */
  readonly kill: () => Promise<void>;
  /** Memory stays above the cap whatever is done */
  readonly onHopeless: (residentBytes: number) => void;
}

const lookMs = 50;

/** From this share of the cap on, memory is given back. */
const purgeShare = 0.7;

/**
 * From this share on reads are ended: what they have asked for goes on growing until they hear of it. A merge alone brings
 * the process of the default cap to 420 MiB, and must not end every read.
 */
const killShare = 0.85;

/** Looks at which memory was above the cap although everything was ended. */
const mostHopelessLooks = 60;

/** Watches until `close()`. */
export class MemoryGuard {
  readonly #options: MemoryGuardOptions;
  #timer: TimerHandle | undefined;
  #closed = false;
  #above = 0;

  /** Begins to look. */
  constructor(options: MemoryGuardOptions) {
    this.#options = options;
    this.#arm();
  }

  /** Stops looking. Safe to call again. */
  close(): void {
    this.#closed = true;
    this.#options.clock.clearTimeout(this.#timer);
  }

  /** One look; the timer makes them by itself. */
  async look(): Promise<void> {
    const { capBytes, residentBytes, purge, kill, onHopeless } = this.#options;
    const now = residentBytes();
    // Giving back may wait for the very reads that have to end.
    if (now >= capBytes * killShare) await ignoringFailure(kill);
    if (now >= capBytes * purgeShare) await ignoringFailure(purge);
    this.#above = residentBytes() < capBytes ? 0 : this.#above + 1;
    if (this.#above >= mostHopelessLooks) onHopeless(residentBytes());
  }

  #arm(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      void this.look().finally(() => {
        if (!this.#closed) this.#arm();
      });
    }, lookMs);
    this.#timer.unref();
  }
}

// The next look comes in a moment, and the last step needs none of them.
async function ignoringFailure(step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch {
    // counted by what the next look sees
  }
}
