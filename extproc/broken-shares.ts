/**
 * How much of what an agent asks for breaks off, so that breaking off is never a way to pay by estimates that a prompt
 * was made to deceive: up to half of it costs what was estimated, from three quarters on all that was reserved. It is
 * tokens that are compared, so that cheap calls which end well do not pay for dear ones that break.
 */

/** Agents that are remembered; of more the one that asked longest ago is forgotten. */
const mostCallers = 4_096;

/** In that time what an agent did comes to count half. */
const halfLifeMs = 3_600_000;

/** An agent is taken to have ended so many calls well that nobody saw, each as large as the one that is judged. */
const trustedCalls = 32;

const leastAgeMs = 1_000;

const sharedFrom = 0.5;
const wholeFrom = 0.75;

interface Share {
  all: number;
  broken: number;
  atMs: number;
}

/** Remembers agents of one thread. */
export class BrokenShares {
  readonly #nowMs: () => number;
  /** Whoever asked last is at the end */
  readonly #shares = new Map<string, Share>();
  #latest: string | undefined;

  /** `nowMs`: any clock in `ms`. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Takes a call of which the provider told its tokens. */
  onWhole(caller: string, tokens: number): void {
    this.#add(caller, tokens, 0);
  }

  /**
   * Takes a call that broke off, of so many tokens as are estimated; how far from the estimate to the reservation it is
   * charged, from 0 to 1.
   */
  onBroken(caller: string, tokens: number): number {
    const { all, broken } = this.#add(caller, tokens, tokens);
    const share = broken / Math.max(1, all + trustedCalls * tokens);
    return Math.min(1, Math.max(0, (share - sharedFrom) / (wholeFrom - sharedFrom)));
  }

  #add(caller: string, all: number, broken: number): Share {
    const atMs = this.#nowMs();
    const share = this.#shares.get(caller) ?? { all: 0, broken: 0, atMs };
    // Of an agent that calls all the time it makes no difference that it counts a little later as less.
    if (atMs - share.atMs >= leastAgeMs || atMs < share.atMs) {
      const kept = 0.5 ** (Math.max(0, atMs - share.atMs) / halfLifeMs);
      share.all *= kept;
      share.broken *= kept;
      share.atMs = atMs;
    }
    share.all += all;
    share.broken += broken;
    if (caller === this.#latest) return share;
    this.#latest = caller;
    this.#shares.delete(caller);
    this.#shares.set(caller, share);
    if (this.#shares.size > mostCallers) {
      for (const [oldest] of this.#shares) {
        this.#shares.delete(oldest);
        break;
      }
    }
    return share;
  }
}
