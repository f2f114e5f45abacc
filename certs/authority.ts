/**
 * The certificate authority of one EgressGateway: created once, shared by all processes that open its directory,
 * rotated with overlap. Invariant: an authority is in the trust anchors for the whole lead time before it mints,
 * and as long as a leaf of it may be in use.
 */
import type { Clock, TimerHandle } from "../gateway/clock.ts";
import { ClrkError } from "../gateway/errors.ts";
import type { AuthorityCertificate } from "./authority-certificate.ts";
import { createAuthorityCertificate } from "./authority-certificate.ts";
import type { AuthorityRoles } from "./authority-roles.ts";
import { assignRoles } from "./authority-roles.ts";
import type { AuthorityStore, StoredAuthority } from "./authority-store.ts";
import { openAuthorityStore } from "./authority-store.ts";
import { defaultLeafLifeMs } from "./leaf.ts";

/** How an authority is opened; all durations in `ms`. */
export interface AuthorityOptions {
  /** Directory of this EgressGateway's keys and of nothing else; created with mode 0700 */
  readonly directory: string;
  /** `namespace/name`, for the subject that people see in their trust stores */
  readonly egressGateway: string;
  readonly clock: Clock;
  /** Hears of a periodic check that failed; the authority goes on with what it has */
  readonly onError: (error: unknown) => void;
  /** Validity of a new authority; default 365 days */
  readonly lifeMs?: number;
  /** Remaining life at which the successor is created; default a quarter of `lifeMs` */
  readonly rotateBeforeMs?: number;
  /** Time between trusting a new authority and minting with it; default 7 days */
  readonly overlapLeadMs?: number;
  /** Longest life of a leaf, the same as the provider's; default 24 hours */
  readonly leafLifeMs?: number;
}

const DAY_MS = 86_400_000;
const defaultLifeMs = 365 * DAY_MS;
/** A process reads its trust bundle once at its start: a week lets agents that run now come to their end. */
const defaultOverlapLeadMs = 7 * DAY_MS;
/** A rotation asked for in another process is seen this late; the listing of a small directory costs nothing. */
const checkEveryMs = 60_000;

/**
 * Opens the authority, creating it in an empty directory. Raises ClrkError for broken or readable-by-others
 * files and RangeError for durations that leave no room for an overlap. Close it when done.
 */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const lifeMs = options.lifeMs ?? defaultLifeMs;
  const durations: Durations = {
    lifeMs,
    rotateBeforeMs: options.rotateBeforeMs ?? lifeMs / 4,
    overlapLeadMs: options.overlapLeadMs ?? defaultOverlapLeadMs,
    leafLifeMs: options.leafLifeMs ?? defaultLeafLifeMs,
  };
  assertDurations(durations);
  const authority = new Authority(options, durations, await openAuthorityStore(options.directory));
  await authority.refresh();
  authority.start();
  return authority;
}

/** See `openAuthority`. */
export class Authority {
  readonly #options: AuthorityOptions;
  readonly #durations: Durations;
  readonly #store: AuthorityStore;
  readonly #subscribers = new Set<() => void>();
  #authorities: readonly StoredAuthority[] = [];
  #work: Promise<unknown> = Promise.resolve();
  #timer: TimerHandle | undefined;
  #closed = false;

  constructor(options: AuthorityOptions, durations: Durations, store: AuthorityStore) {
    this.#options = options;
    this.#durations = durations;
    this.#store = store;
  }

  /** Who mints, who is only trusted, and who goes, at this moment. */
  roles(): AuthorityRoles<AuthorityCertificate> {
    return this.#roles();
  }

  /** The authority that mints at this moment; undefined while none is valid, which a refresh repairs. */
  issuer(): AuthorityCertificate | undefined {
    return this.#roles().current;
  }

  /** Certificates that an agent must trust now, oldest first, one PEM block each. */
  trustAnchorsPem(): readonly string[] {
    const { previous, current, next } = this.#roles();
    return [...previous, ...(current === undefined ? [] : [current]), ...next].map(
      ({ certificatePem }) => certificatePem,
    );
  }

  /** Calls back when the trust anchors changed: the trust bundle is to be written again. Returns an unsubscribe function. */
  subscribe(onChange: () => void): () => void {
    this.#subscribers.add(onChange);
    return () => this.#subscribers.delete(onChange);
  }

  /**
   * Starts a rotation and resolves with the authority that will mint after the lead time. While one waits
   * already, that one is given: asking twice rotates once.
   */
  rotate(): Promise<AuthorityCertificate> {
    return this.#enqueue(async () => {
      await this.#reload();
      const waiting = this.#roles().next.at(-1);
      if (waiting !== undefined) return waiting;
      await this.#create();
      return this.#newest();
    });
  }

  /** Reads the directory again, creates what is due and removes what is retired. Runs by itself once a minute. */
  refresh(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#reload();
      if (this.#isCreationDue()) await this.#create();
      await this.#removeRetired();
    });
  }

  /** Begins the periodic check; `openAuthority` has done so. */
  start(): void {
    if (this.#closed) return;
    const { clock, onError } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      void this.refresh()
        .catch(onError)
        .finally(() => this.start());
    }, checkEveryMs);
    this.#timer.unref();
  }

  /** Stops the periodic check and waits for work in progress. What is known stays readable. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#subscribers.clear();
    await this.#work;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #roles(): AuthorityRoles<StoredAuthority> {
    return assignRoles(this.#authorities, this.#options.clock.now(), this.#durations.leafLifeMs);
  }

  /** One change at a time: a rotation asked for during a periodic check waits for it. */
  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#work.then(async () => {
      const before = this.#anchorIds();
      const value = await task();
      if (before !== this.#anchorIds()) this.#notify();
      return value;
    });
    // The caller hears of the failure through `result`; the queue itself must go on.
    this.#work = result.catch(() => undefined);
    return result;
  }

  async #reload(): Promise<void> {
    this.#authorities = await this.#store.load();
  }

  #isCreationDue(): boolean {
    const { current, next } = this.#roles();
    if (current === undefined) return true;
    const remainingMs = current.notAfterMs - this.#options.clock.now();
    return next.length === 0 && remainingMs <= this.#durations.rotateBeforeMs;
  }

  async #create(): Promise<void> {
    const nowMs = this.#options.clock.now();
    const number = (this.#authorities.at(-1)?.number ?? 0) + 1;
    const authority = createAuthorityCertificate({
      egressGateway: this.#options.egressGateway,
      nowMs,
      mintFromMs: this.#mintFromMs(nowMs),
      lifeMs: this.#durations.lifeMs,
    });
    // When another process was faster, its authority is the one: ours was never published.
    await this.#store.add(number, authority);
    await this.#reload();
  }

  /** After the lead time, but early enough that the last leaves of the current authority get their full life. */
  #mintFromMs(nowMs: number): number {
    const { current } = this.#roles();
    if (current === undefined) return nowMs;
    const latestMs = current.notAfterMs - this.#durations.leafLifeMs;
    return Math.max(nowMs, Math.min(nowMs + this.#durations.overlapLeadMs, latestMs));
  }

  #newest(): StoredAuthority {
    const newest = this.#authorities.at(-1);
    if (newest === undefined) {
      throw new ClrkError(
        "CLRK_INTERNAL",
        `Cannot rotate authority: directory "${this.#options.directory}" is empty, wanted the new authority`,
      );
    }
    return newest;
  }

  async #removeRetired(): Promise<void> {
    const { retired } = this.#roles();
    if (retired.length === 0) return;
    await this.#store.remove(retired.map(({ number }) => number));
    this.#authorities = this.#authorities.filter((authority) => !retired.includes(authority));
  }

  #anchorIds(): string {
    return this.#authorities.map(({ id }) => id).join();
  }

  #notify(): void {
    for (const onChange of this.#subscribers) {
      try {
        onChange();
      } catch (error) {
        this.#options.onError(error);
      }
    }
  }
}

interface Durations {
  readonly lifeMs: number;
  readonly rotateBeforeMs: number;
  readonly overlapLeadMs: number;
  readonly leafLifeMs: number;
}

function assertDurations(durations: Durations): void {
  const { lifeMs, rotateBeforeMs, overlapLeadMs, leafLifeMs } = durations;
  if (!Object.values(durations).every((ms) => Number.isFinite(ms) && ms >= 0)) {
    throw new RangeError("Cannot open authority: a duration is not a finite, non-negative number");
  }
  if (rotateBeforeMs >= lifeMs) {
    throw new RangeError(
      `Cannot open authority: rotateBeforeMs is ${rotateBeforeMs}, wanted less than lifeMs (${lifeMs})`,
    );
  }
  if (overlapLeadMs + leafLifeMs > rotateBeforeMs) {
    throw new RangeError(
      `Cannot open authority: rotateBeforeMs is ${rotateBeforeMs}, wanted at least overlapLeadMs + leafLifeMs (${overlapLeadMs + leafLifeMs})`,
    );
  }
}
