/**
 * Live leaves of one EgressGateway: a leaf per canonical name, handed out under each spelling an agent sent.
 * Invariant: spellings, leaves and minting per second are bounded whatever names an agent invents.
 * Single-flight comes from minting being synchronous: nothing can run between the look-up and the entry.
 */
import type { Leaf, LeafChange } from "../gateway/certificate-provider.ts";
import type { Clock, TimerHandle } from "../gateway/clock.ts";
import type { MintingCeiling } from "./minting-ceiling.ts";

/** Bounds of a cache. */
export interface LeafCacheLimits {
  /** Spellings held at most; default 2048, about 52 MB of Envoy's memory at 26 KB each */
  readonly maxNames?: number;
  /** Spellings of one canonical name at most, so that one host in many cases cannot push out others; default 4 */
  readonly maxSpellings?: number;
}

/** What a cache works with. */
export interface LeafCacheOptions {
  readonly clock: Clock;
  readonly ceiling: MintingCeiling;
  readonly limits?: LeafCacheLimits;
  /** Mints for a canonical name; undefined while no authority is valid */
  readonly mint: (name: string) => Leaf | undefined;
  /** Identifies the authority that mints now; a change makes all leaves due for renewal */
  readonly issuerId: () => string | undefined;
  /** Whether a name is still to be renewed; if not, it is evicted when its leaf is due */
  readonly isWanted: (name: string) => boolean;
  readonly onChange: (change: LeafChange) => void;
}

/** Counters since the start, and the gauges `liveNames` and `liveLeaves`. */
export interface LeafCacheStats {
  /** Leaves signed, renewals included */
  readonly minted: number;
  /** Leaves signed to replace an earlier one */
  readonly renewed: number;
  /** Answers without minting */
  readonly hits: number;
  /** Spellings dropped for lack of room or because the name is no longer intercepted */
  readonly evicted: number;
  /** Spellings held now */
  readonly liveNames: number;
  /** Leaves held now */
  readonly liveLeaves: number;
}

/** Outcome of asking the cache. */
export type CachedLeaf =
  | { readonly kind: "leaf"; readonly leaf: Leaf }
  | { readonly kind: "ceiling" }
  | { readonly kind: "no-authority" };

interface Entry {
  readonly name: string;
  /** As sent, least recently used first */
  readonly spellings: Set<string>;
  leaf: Leaf;
  issuerId: string | undefined;
  renewAtMs: number;
}

const defaultMaxNames = 2048;
const defaultMaxSpellings = 4;
/** Renewals in one go take about 1 ms, so that they never hold up a handshake. */
const renewalsPerSweep = 32;
const busySweepMs = 100;
/** Timers stand still while a laptop sleeps and an authority may change at any time, so look at the clock this often. */
const idleSweepMs = 30_000;

/** See the head of the file. */
export class LeafCache {
  readonly #options: LeafCacheOptions;
  readonly #maxNames: number;
  readonly #maxSpellings: number;
  readonly #entries = new Map<string, Entry>();
  /** By name as sent, least recently used first */
  readonly #spellings = new Map<string, Entry>();
  #timer: TimerHandle | undefined;
  #closed = false;
  #minted = 0;
  #renewed = 0;
  #hits = 0;
  #evicted = 0;

  /** Raises RangeError unless both limits are positive integers. */
  constructor(options: LeafCacheOptions) {
    this.#options = options;
    this.#maxNames = assertLimit("maxNames", options.limits?.maxNames ?? defaultMaxNames);
    this.#maxSpellings = assertLimit(
      "maxSpellings",
      options.limits?.maxSpellings ?? defaultMaxSpellings,
    );
  }

  /** The leaf for a name as sent and its canonical form; a leaf that is due is renewed before it is given. */
  find(sent: string, name: string): CachedLeaf {
    const known = this.#entries.get(name);
    if (known !== undefined) {
      this.#hits++;
      // A failed renewal is tried again by the sweep; until then the old leaf is the better answer.
      if (this.#isDue(known)) this.#renew(known, sent);
      if (known.leaf.notAfterMs <= this.#options.clock.now()) return { kind: "no-authority" };
      this.#use(sent, known);
      return { kind: "leaf", leaf: known.leaf };
    }
    const issuerId = this.#options.issuerId();
    if (issuerId === undefined) return { kind: "no-authority" };
    if (!this.#options.ceiling.tryTake()) return { kind: "ceiling" };
    const leaf = this.#options.mint(name);
    if (leaf === undefined) return { kind: "no-authority" };
    this.#minted++;
    const entry = { name, spellings: new Set<string>(), ...this.#dated(leaf, issuerId) };
    this.#entries.set(name, entry);
    this.#use(sent, entry);
    this.#schedule(idleSweepMs);
    return { kind: "leaf", leaf };
  }

  /** Marks a name as used just now, so that it is evicted later than those that are not. */
  touch(sent: string): void {
    const entry = this.#spellings.get(sent);
    if (entry !== undefined) this.#use(sent, entry);
  }

  /** Drops a name without telling anyone; the leaf goes with its last spelling. */
  forget(sent: string): void {
    const entry = this.#spellings.get(sent);
    if (entry === undefined) return;
    this.#spellings.delete(sent);
    entry.spellings.delete(sent);
    if (entry.spellings.size === 0) this.#entries.delete(entry.name);
  }

  /** Evicts every name that is no longer wanted, at once instead of when its leaf is due. */
  evictUnwanted(): void {
    for (const entry of [...this.#entries.values()]) {
      if (!this.#options.isWanted(entry.name)) this.#evictEntry(entry);
    }
  }

  /** Current counters. */
  stats(): LeafCacheStats {
    return {
      minted: this.#minted,
      renewed: this.#renewed,
      hits: this.#hits,
      evicted: this.#evicted,
      liveNames: this.#spellings.size,
      liveLeaves: this.#entries.size,
    };
  }

  /** Stops renewing and drops everything, silently. */
  close(): void {
    this.#closed = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#entries.clear();
    this.#spellings.clear();
  }

  #use(sent: string, entry: Entry): void {
    this.#spellings.delete(sent);
    this.#spellings.set(sent, entry);
    entry.spellings.delete(sent);
    entry.spellings.add(sent);
    if (entry.spellings.size > this.#maxSpellings) this.#evictFirst(entry.spellings);
    if (this.#spellings.size > this.#maxNames) this.#evictFirst(this.#spellings.keys());
  }

  #evictFirst(names: Iterable<string>): void {
    for (const serverName of names) {
      this.#evict(serverName);
      return;
    }
  }

  #evict(serverName: string): void {
    this.forget(serverName);
    this.#evicted++;
    this.#options.onChange({ kind: "evicted", serverName });
  }

  #evictEntry(entry: Entry): void {
    for (const serverName of [...entry.spellings]) this.#evict(serverName);
  }

  #isDue(entry: Entry): boolean {
    const issuerId = this.#options.issuerId();
    if (issuerId !== undefined && issuerId !== entry.issuerId) return true;
    return entry.renewAtMs <= this.#options.clock.now();
  }

  /** Renewals take no token: they are bounded by the live names, and an agent that invents names must not starve them. */
  #renew(entry: Entry, asker?: string): boolean {
    const issuerId = this.#options.issuerId();
    const leaf = issuerId === undefined ? undefined : this.#options.mint(entry.name);
    if (leaf === undefined) return false;
    this.#minted++;
    this.#renewed++;
    Object.assign(entry, this.#dated(leaf, issuerId));
    for (const serverName of [...entry.spellings]) {
      // Whoever asks gets the new leaf as the answer.
      if (serverName !== asker) this.#options.onChange({ kind: "renewed", serverName, leaf });
    }
    return true;
  }

  #dated(leaf: Leaf, issuerId: string | undefined): Pick<Entry, "leaf" | "issuerId" | "renewAtMs"> {
    const nowMs = this.#options.clock.now();
    return { leaf, issuerId, renewAtMs: nowMs + ((leaf.notAfterMs - nowMs) * 2) / 3 };
  }

  #schedule(delayMs: number): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#sweep();
    }, delayMs);
    this.#timer.unref();
  }

  #sweep(): void {
    let due = 0;
    let failed = false;
    for (const entry of [...this.#entries.values()]) {
      if (!this.#isDue(entry)) continue;
      if (++due > renewalsPerSweep) break;
      if (this.#options.isWanted(entry.name)) {
        failed = !this.#renew(entry);
      } else {
        this.#evictEntry(entry);
      }
      if (failed) break;
    }
    if (this.#entries.size === 0) return;
    this.#schedule(due > renewalsPerSweep && !failed ? busySweepMs : idleSweepMs);
  }
}

function assertLimit(option: string, value: number): number {
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(
    `Cannot create leaf cache: ${option} is ${value}, wanted a positive integer`,
  );
}
