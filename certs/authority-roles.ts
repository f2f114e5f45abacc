/**
 * Which authority does what at a given moment: a pure function of the files and the clock, so that all
 * processes that share a directory agree without talking. Invariant: at most one mints, all others are only trusted.
 */

/** The facts about an authority that decide its role; times in Unix `ms`. */
export interface AuthorityTimes {
  readonly mintFromMs: number;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Authorities by role; those in `previous`, `current` and `next` are trusted. */
export interface AuthorityRoles<A extends AuthorityTimes> {
  /** Minted before; some leaf of theirs may still be in use */
  readonly previous: readonly A[];
  /** Mints now; absent when none is valid */
  readonly current: A | undefined;
  /** Trusted already, mints later */
  readonly next: readonly A[];
  /** Expired, not valid yet, or without a leaf in use: to be removed */
  readonly retired: readonly A[];
}

/** Assigns roles; `authorities` come oldest first, and a leaf lives at most `leafLifeMs`. */
export function assignRoles<A extends AuthorityTimes>(
  authorities: readonly A[],
  nowMs: number,
  leafLifeMs: number,
): AuthorityRoles<A> {
  // One that is not valid yet was made while the clock was wrong by more than the backdating allows.
  const valid = authorities.filter((a) => a.notBeforeMs <= nowMs && nowMs < a.notAfterMs);
  // When none is due, the oldest must mint all the same: the clock was set back, or its predecessor ran out early.
  const current = valid.findLast((a) => a.mintFromMs <= nowMs) ?? valid[0];
  const at = current === undefined ? 0 : valid.indexOf(current);
  const previous = valid.filter((_, index) => {
    const successor = valid[index + 1];
    return index < at && successor !== undefined && nowMs < successor.mintFromMs + leafLifeMs;
  });
  const next = valid.slice(at + 1);
  const kept = new Set([...previous, ...(current === undefined ? [] : [current]), ...next]);
  return { previous, current, next, retired: authorities.filter((a) => !kept.has(a)) };
}
