/** How many leaves may be minted for names not seen before: one token bucket that all providers of a process share. */
import type { Clock } from "../gateway/clock.ts";

/** Size of the ceiling. */
export interface MintingCeilingOptions {
  readonly clock: Clock;
  /** Leaves per second in the long run; default 200, which is below 1 % of a core */
  readonly perSecond?: number;
  /** Leaves at once after a pause; default 1000, enough for a browser-like agent's start */
  readonly burst?: number;
}

/** The shared bucket. */
export interface MintingCeiling {
  /** Takes one token; `false` when none is left. */
  tryTake(): boolean;
}

const defaultPerSecond = 200;
const defaultBurst = 1000;

/** Creates a full bucket; raises RangeError unless both sizes are positive and the burst is at least 1. */
export function createMintingCeiling(options: MintingCeilingOptions): MintingCeiling {
  const { clock, perSecond = defaultPerSecond, burst = defaultBurst } = options;
  if (!(perSecond > 0 && Number.isFinite(perSecond) && burst >= 1 && Number.isFinite(burst))) {
    throw new RangeError(
      `Cannot create minting ceiling: perSecond is ${perSecond} and burst ${burst}, wanted above 0 and at least 1`,
    );
  }
  let tokens = burst;
  let filledAtMs = clock.now();
  return {
    tryTake() {
      const nowMs = clock.now();
      // A clock that was set back gives nothing, instead of taking away what is there.
      const elapsedMs = Math.max(0, nowMs - filledAtMs);
      tokens = Math.min(burst, tokens + (elapsedMs * perSecond) / 1000);
      filledAtMs = nowMs;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
