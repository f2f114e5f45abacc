/**
 * Facts that a record may not hold. A decision that needs such a fact is not known: it is never guessed, and the fact is
 * named.
 */

/** Stands for a fact that nobody wrote down. */
export interface Missing {
  /** Names it, for people: `header x-team` */
  readonly missing: string;
}

/** Whether something is so, or what would have to be known for that. */
export type Truth = boolean | Missing;

/** A text, undefined where it is known to be absent. */
export type TextFact = string | Missing | undefined;

/** Whether a fact or truth is not known. */
export function isMissing(fact: unknown): fact is Missing {
  return typeof fact === "object" && fact !== null && "missing" in fact;
}

/** True when all are; false as soon as one is, whatever the others are. */
export function allTrue<T>(parts: readonly T[], test: (part: T) => Truth): Truth {
  let missing: Missing | undefined;
  for (const part of parts) {
    const truth = test(part);
    if (truth === false) return false;
    if (truth !== true) missing ??= truth;
  }
  return missing ?? true;
}

/** True as soon as one is; false when all are. */
export function anyTrue<T>(parts: readonly T[], test: (part: T) => Truth): Truth {
  let missing: Missing | undefined;
  for (const part of parts) {
    const truth = test(part);
    if (truth === true) return true;
    if (truth !== false) missing ??= truth;
  }
  return missing ?? false;
}

/** The opposite, of what is known. */
export function notTrue(truth: Truth): Truth {
  return isMissing(truth) ? truth : !truth;
}
