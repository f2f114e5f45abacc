/** The guards of one connection against what costs us more than its sender, by kind. */

import type { Clock } from "../../gateway/clock.ts";
import type { Http2Limits } from "./limits.ts";
import { RateGuard } from "./rate-guard.ts";

/** One guard for each kind of frame that a peer may send without end. */
export interface FloodGuards {
  readonly earlyResets: RateGuard;
  readonly settings: RateGuard;
  readonly pings: RateGuard;
  readonly emptyFrames: RateGuard;
  readonly windowUpdates: RateGuard;
  readonly ignoredFrames: RateGuard;
}

/** Guards that begin to count now. */
export function createGuards(limits: Http2Limits, clock: Clock): FloodGuards {
  const guard = (limit: number) => new RateGuard({ clock, limit, spanMs: limits.floodSpanMs });
  return {
    earlyResets: guard(limits.maxEarlyResets),
    settings: guard(limits.maxSettings),
    pings: guard(limits.maxPings),
    emptyFrames: guard(limits.maxEmptyFrames),
    windowUpdates: guard(limits.maxWindowUpdates),
    ignoredFrames: guard(limits.maxIgnoredFrames),
  };
}
