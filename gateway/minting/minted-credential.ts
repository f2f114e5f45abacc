/**
 * One minted credential while it is needed: fetched once for however many wait, renewed before it ends, kept while it
 * is valid when the endpoint fails, and gone when it has expired. What is not valid is never given out.
 */

import type { Clock, TimerHandle } from "../clock.ts";
import { monotonicMs } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { Mint, Minted, MintFailure } from "./mint-outcome.ts";
import { mintFailure } from "./mint-outcome.ts";

/** A new one is fetched after this part of the life, and up to a tenth of the life before. */
const renewalShare = 0.8;
const renewalJitterShare = 0.1;

/** Not used in the last part of its life: a request takes time, and clocks drift. */
const marginShare = 0.05;
const longestMarginMs = 10_000;

/** However short a life is, the endpoint is not asked more often. */
const shortestRenewalMs = 1_000;

/** Failures are tried again after so long, doubled each time, up to the longest. */
const firstBackoffMs = 1_000;
const longestBackoffMs = 60_000;

/** After an upstream refused the credential it is minted anew at most so often, and more seldom while that helps not. */
const shortestRejectionMs = 10_000;
const longestRejectionMs = 600_000;

/** What a credential needs. */
export interface MintedCredentialOptions {
  readonly mint: Mint;
  readonly clock: Clock;
  /** From 0 to below 1 */
  readonly random: () => number;
  /** Its value, or the reason why there is none, is another one now; must not throw */
  readonly onChange: () => void;
  /** An attempt has failed, the first time for this reason; must not throw */
  readonly onFailure: (failure: MintFailure) => void;
}

/** What is known of a credential now. */
export type MintedState =
  | { readonly kind: "ready"; readonly parts: Minted["parts"] }
  /** `message` is a clause */
  | { readonly kind: "missing"; readonly message: string };

/** A credential in figures. */
export interface MintedFigures {
  /** How many were minted since the plan is followed */
  readonly minted: number;
  /** Since the one in use was asked for, in `ms`; absent: there is none */
  readonly ageMs?: number;
  /** Until it is used no longer, in `ms` */
  readonly validMs?: number;
  /** Attempts that failed since the last that did not */
  readonly failures: number;
  readonly lastFailure?: MintFailure & { readonly agoMs: number };
}

interface Valid {
  readonly minted: Minted;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Keeps one credential valid. */
export class MintedCredential {
  readonly #options: MintedCredentialOptions;
  readonly #ending = new AbortController();
  #valid: Valid | undefined;
  #message = "the first one is being fetched";
  #attempt: Promise<void> | undefined;
  #renewal: TimerHandle | undefined;
  #expiry: TimerHandle | undefined;
  #minted = 0;
  #failures = 0;
  #lastFailure: { readonly failure: MintFailure; readonly atMs: number } | undefined;
  #rejectedMs = Number.NEGATIVE_INFINITY;
  #rejectionMs = shortestRejectionMs;

  constructor(options: MintedCredentialOptions) {
    this.#options = options;
  }

  /** The value, or why there is none. */
  get state(): MintedState {
    return this.#valid === undefined
      ? { kind: "missing", message: this.#message }
      : { kind: "ready", parts: this.#valid.minted.parts };
  }

  /** Fetches a new one; all who ask while that goes on wait for the same. Resolves when it ended, however it did. */
  refresh(): Promise<void> {
    if (this.#ending.signal.aborted) return Promise.resolve();
    this.#attempt ??= this.#refresh().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  /**
   * An upstream answered 401 to a request that began then (Unix `ms`) with the credential: it is fetched anew, unless
   * there was one since, or it was for that reason shortly before.
   */
  reject(requestUnixMs: number): void {
    const { clock } = this.#options;
    const nowMs = monotonicMs(clock);
    // By its age: the wall clock may have been set since the credential came.
    const requestMs = nowMs - Math.max(0, clock.now() - requestUnixMs);
    const valid = this.#valid;
    if (valid === undefined || requestMs < valid.sinceMs || this.#failures > 0) return;
    const quietMs = nowMs - this.#rejectedMs;
    if (quietMs < this.#rejectionMs) return;
    const helped = quietMs > 2 * this.#rejectionMs;
    this.#rejectionMs = helped
      ? shortestRejectionMs
      : Math.min(2 * this.#rejectionMs, longestRejectionMs);
    this.#rejectedMs = nowMs;
    void this.refresh();
  }

  /** Figures for people. */
  figures(): MintedFigures {
    const nowMs = monotonicMs(this.#options.clock);
    const valid = this.#valid;
    const last = this.#lastFailure;
    return {
      minted: this.#minted,
      failures: this.#failures,
      ...(valid && {
        ageMs: nowMs - Number(valid.minted.askedNs) / 1e6,
        validMs: valid.untilMs - nowMs,
      }),
      ...(last && { lastFailure: { ...last.failure, agoMs: nowMs - last.atMs } }),
    };
  }

  /** Ends it; resolves when an attempt that must not be given up has ended, too. No callback comes any more. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#options.clock.clearTimeout(this.#renewal);
    this.#options.clock.clearTimeout(this.#expiry);
    await this.#attempt;
  }

  async #refresh(): Promise<void> {
    const { mint, clock } = this.#options;
    clock.clearTimeout(this.#renewal);
    const outcome = await mint(this.#ending.signal).catch((error: unknown) =>
      mintFailure("malformed", `minting failed: ${describeError(error)}`),
    );
    if (this.#ending.signal.aborted) return;
    if (outcome.kind === "failed") this.#fail(outcome);
    else if (usableUntilMs(outcome) > monotonicMs(clock)) this.#take(outcome);
    else this.#fail(mintFailure("malformed", "it had expired when it came"));
  }

  #take(minted: Minted): void {
    const { clock, random, onChange } = this.#options;
    const { lifeMs, askedNs } = minted;
    const untilMs = usableUntilMs(minted);
    const nowMs = monotonicMs(clock);
    this.#minted++;
    this.#failures = 0;
    this.#valid = { minted, sinceMs: nowMs, untilMs };
    clock.clearTimeout(this.#expiry);
    this.#expiry = clock.setTimeout(() => this.#expire(), untilMs - nowMs);
    const share = renewalShare - renewalJitterShare * random();
    const renewalMs = Number(askedNs) / 1e6 + lifeMs * share - nowMs;
    this.#renewAfter(Math.max(renewalMs, shortestRenewalMs));
    onChange();
  }

  #fail(failure: MintFailure): void {
    const { clock, random, onChange, onFailure } = this.#options;
    const isNews = this.#failures === 0 || this.#lastFailure?.failure.message !== failure.message;
    const doubledMs = firstBackoffMs * 2 ** Math.min(this.#failures, 16);
    const backoffMs = Math.min(doubledMs, longestBackoffMs) * (0.5 + random() / 2);
    this.#failures++;
    this.#lastFailure = { failure, atMs: monotonicMs(clock) };
    this.#renewAfter(Math.max(backoffMs, failure.retryAfterMs ?? 0));
    if (isNews) onFailure(failure);
    if (this.#message === failure.message) return;
    this.#message = failure.message;
    if (this.#valid === undefined) onChange();
  }

  #expire(): void {
    this.#valid = undefined;
    if (this.#failures === 0) this.#message = "it has expired, and a new one is being fetched";
    this.#options.onChange();
  }

  #renewAfter(delayMs: number): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#renewal);
    this.#renewal = clock.setTimeout(() => void this.refresh(), delayMs);
  }
}

function usableUntilMs({ askedNs, lifeMs }: Minted): number {
  return Number(askedNs) / 1e6 + lifeMs - Math.min(lifeMs * marginShare, longestMarginMs);
}
