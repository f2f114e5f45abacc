/**
 * The bucket that all replicas share of one caller's limit, as a pure function: GCRA (ITU-T I.371 annex A) over the
 * store's clock, from which portions of several requests are taken before any of them is used, and given back unused.
 */

import type { SharedUse } from "../gateway/limit-store.ts";
import type { Rate } from "./limit-table.ts";

/** A rate that is shared: it always refills. */
export type SharedRate = Pick<Rate, "requests" | "windowMs">;

/** What taking from a bucket gave. */
export type PortionOutcome =
  | { readonly kind: "portion"; readonly count: number; readonly use: SharedUse }
  /** Nothing is left, and when one request will be */
  | { readonly kind: "spent"; readonly afterMs: number };

/** Rounding may make a time a little too late: so much of the time between two requests is forgiven. */
const forgivenShare = 1 / 64;

/** Clocks of replicas differ by less than a request to the store takes; a state that is further ahead tells of a jump. */
const mostAheadMs = 2_000;

/**
 * Takes up to `wanted` requests, and never more than an equal share of what is left, so that the last ones of a window
 * do not wait with one replica while the others refuse.
 */
export function takePortion(
  use: SharedUse | undefined,
  { requests, windowMs }: SharedRate,
  { nowMs, wanted, replicas }: { nowMs: number; wanted: number; replicas: number },
): PortionOutcome {
  const interval = windowMs / requests;
  const current = useAt(use, nowMs, windowMs);
  const room = Math.floor((windowMs - current.usedMs) / interval + forgivenShare);
  if (room < 1) return { kind: "spent", afterMs: current.usedMs + interval - windowMs };
  const share = Math.max(1, Math.floor(room / (Math.max(1, replicas) + 1)));
  const count = Math.max(1, Math.min(wanted, share));
  return {
    kind: "portion",
    count,
    use: { usedMs: current.usedMs + count * interval, atMs: current.atMs },
  };
}

/**
 * Gives back `count` requests that were taken at `takenAtMs` and not used. What time has made good since is not given
 * back again: had they never been taken, the bucket could have been idle so long. Undefined when nothing is left of them.
 */
export function returnPortion(
  use: SharedUse | undefined,
  { requests, windowMs }: SharedRate,
  { nowMs, count, takenAtMs }: { nowMs: number; count: number; takenAtMs: number },
): SharedUse | undefined {
  const heldMs = Math.max(0, nowMs - takenAtMs);
  const creditMs = count * (windowMs / requests) - heldMs;
  if (creditMs <= 0 || use === undefined) return undefined;
  const { usedMs, atMs } = useAt(use, nowMs, windowMs);
  return { usedMs: Math.max(0, usedMs - creditMs), atMs };
}

function useAt(use: SharedUse | undefined, nowMs: number, windowMs: number): SharedUse {
  if (use === undefined) return { usedMs: 0, atMs: nowMs };
  const { usedMs, atMs } = use;
  const isAhead = atMs > nowMs && atMs - nowMs < mostAheadMs;
  const passedMs = Math.max(0, nowMs - atMs);
  const leftMs = Math.min(windowMs, Math.max(0, usedMs - passedMs));
  return { usedMs: leftMs, atMs: isAhead ? atMs : nowMs };
}
