/** What comes of one attempt to mint a credential: its parts and their life, or a failure in words that hold no secret. */

import type { SecretValue } from "../secret-value.ts";

/**
 * Why there is no new credential: the endpoint cannot be reached, its certificate is not trusted, it is late, it says
 * no, it is not able to now, what it says cannot be used, or what must be kept cannot be written down.
 */
export type MintFailureKind =
  | "unreachable"
  | "untrusted"
  | "timeout"
  | "refused"
  | "unavailable"
  | "malformed"
  | "storage";

/** A failed attempt. */
export interface MintFailure {
  readonly kind: "failed";
  readonly failure: MintFailureKind;
  /** A clause; nothing of what the endpoint said but known words */
  readonly message: string;
  /** The endpoint wants to be left alone for so long, in `ms` */
  readonly retryAfterMs?: number;
}

/** A credential that was minted. */
export interface Minted {
  readonly kind: "minted";
  /** By what follows the resource in their names: `""` for a token, `/access_key_id` and so on for AWS */
  readonly parts: ReadonlyMap<string, SecretValue>;
  /** `Clock.monotonicNs()` shortly before the endpoint was asked: its life counts from there */
  readonly askedNs: bigint;
  /** In `ms`; above 0 */
  readonly lifeMs: number;
}

/** Outcome of one attempt. */
export type MintOutcome = Minted | MintFailure;

/** Mints one credential; never called while a call of it has not ended. Must not throw. */
export type Mint = (signal: AbortSignal) => Promise<MintOutcome>;

/** The outcome of an attempt that came to nothing; `message` is a clause without any value. */
export function mintFailure(failure: MintFailureKind, message: string): MintFailure {
  return { kind: "failed", failure, message };
}
