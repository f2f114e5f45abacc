/**
 * Turns for work of which only little can be done at once: each caller has a share of it, those who wait are served
 * in rotation, and whoever asks for more than may wait is refused at once.
 */
import { StatusError, tooManyRequests } from "./status-error.ts";

/** How many may run and wait. */
export interface TurnBounds {
  /** What is wanted, for the refusal, such as `series of metrics` */
  readonly what: string;
  readonly running: number;
  /** Of one caller; less than `running`, so that another one never waits for it alone */
  readonly runningOfOne: number;
  readonly waiting: number;
  readonly waitingOfOne: number;
}

/** One caller's turns; forgotten when it has none. */
interface Share {
  running: number;
  readonly waiting: Set<Waiter>;
}

interface Waiter {
  readonly begin: () => void;
}

/** The turns of one kind of work. */
export class FairTurns {
  readonly #bounds: TurnBounds;
  /** By caller; the one that was served longest ago is the first */
  readonly #shares = new Map<string, Share>();
  #running = 0;
  #waiting = 0;

  constructor(bounds: TurnBounds) {
    this.#bounds = bounds;
  }

  /** Runs an action when its turn has come. Throws a 429 when too many wait, a 503 when aborted before. */
  async run<Answer>(
    caller: string,
    signal: AbortSignal,
    action: () => Promise<Answer>,
  ): Promise<Answer> {
    const share = this.#shareOf(caller);
    try {
      await this.#turn(share, signal);
    } catch (error) {
      this.#forget(caller, share);
      throw error;
    }
    try {
      return await action();
    } finally {
      share.running--;
      this.#running--;
      this.#forget(caller, share);
      this.#next();
    }
  }

  /** Resolves when the turn has come; it is counted then. */
  async #turn(share: Share, signal: AbortSignal): Promise<void> {
    // Nobody waits who could run: whoever can is served when a turn ends.
    if (this.#canRun(share)) {
      this.#begin(share);
      return;
    }
    const { what, waiting, waitingOfOne } = this.#bounds;
    if (this.#waiting >= waiting || share.waiting.size >= waitingOfOne) {
      throw tooManyRequests(`too many requests for ${what} at once, try again later`);
    }
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        share.waiting.delete(waiter);
        this.#waiting--;
        signal.removeEventListener("abort", onAbort);
      };
      const onAbort = () => {
        leave();
        reject(gone());
      };
      const waiter: Waiter = {
        begin: () => {
          leave();
          this.#begin(share);
          resolve();
        },
      };
      if (signal.aborted) return reject(gone());
      share.waiting.add(waiter);
      this.#waiting++;
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #canRun(share: Share): boolean {
    const { running, runningOfOne } = this.#bounds;
    return this.#running < running && share.running < runningOfOne;
  }

  #begin(share: Share): void {
    share.running++;
    this.#running++;
  }

  #next(): void {
    for (const [caller, share] of this.#shares) {
      const [waiter] = share.waiting;
      if (waiter === undefined || !this.#canRun(share)) continue;
      // Behind all others, for its turn has come.
      this.#shares.delete(caller);
      this.#shares.set(caller, share);
      waiter.begin();
      return;
    }
  }

  #shareOf(caller: string): Share {
    const known = this.#shares.get(caller);
    if (known !== undefined) return known;
    const share: Share = { running: 0, waiting: new Set() };
    this.#shares.set(caller, share);
    return share;
  }

  #forget(caller: string, share: Share): void {
    if (share.running === 0 && share.waiting.size === 0) this.#shares.delete(caller);
  }
}

function gone(): StatusError {
  const message = "the caller went before its turn";
  return new StatusError({ code: 503, reason: "ServiceUnavailable", message });
}
