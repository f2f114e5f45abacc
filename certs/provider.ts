/**
 * The certificate provider that the ADS server asks: name check, interception policy, cache, minting, renewal.
 * Invariant: a leaf is only ever minted for a canonical name that the EgressGateway intercepts.
 */
import type {
  CertificateProvider,
  Leaf,
  LeafAnswer,
  LeafChange,
  LeafRefusal,
} from "../gateway/certificate-provider.ts";
import type { Clock } from "../gateway/clock.ts";
import type { Authority } from "./authority.ts";
import type { CachedLeaf, LeafCacheLimits, LeafCacheStats } from "./leaf-cache.ts";
import type { LeafMinter } from "./leaf.ts";
import type { MintingCeiling } from "./minting-ceiling.ts";
import { LeafCache } from "./leaf-cache.ts";
import { createLeafMinter, defaultLeafLifeMs } from "./leaf.ts";
import { parseServerName, quoteName } from "./san.ts";

/** How a provider is made. */
export interface CertificateProviderOptions {
  /** The EgressGateway's authority; stays the caller's to close */
  readonly authority: Pick<Authority, "issuer">;
  /** Shared by all providers of the process */
  readonly ceiling: MintingCeiling;
  readonly clock: Clock;
  /** Hears of what must not stop the provider: a subscriber that threw, a policy that threw */
  readonly onError: (error: unknown) => void;
  readonly limits?: LeafCacheLimits;
  /** Life of a leaf in `ms`, at most what the authority was opened with; default 24 hours */
  readonly leafLifeMs?: number;
  /** Whether the gateway intercepts a canonical name; without it, all names. Asked again at each find, renewal and recheck */
  readonly interceptsName?: (name: string) => boolean;
}

/** Counters of one provider since its start. */
export interface CertificateProviderStats extends LeafCacheStats {
  /** Refused asks by reason */
  readonly refused: Readonly<Record<LeafRefusal, number>>;
}

/** Creates the provider of one EgressGateway; it renews by itself until it is closed. */
export function createCertificateProvider(
  options: CertificateProviderOptions,
): MintingCertificateProvider {
  return new MintingCertificateProvider(options);
}

/** See `CertificateProvider`; adds counters, a hint for the eviction order, and an end. */
export class MintingCertificateProvider implements CertificateProvider {
  readonly #options: CertificateProviderOptions;
  readonly #cache: LeafCache;
  readonly #subscribers = new Set<(change: LeafChange) => void>();
  readonly #refused: Record<LeafRefusal, number> = {
    "malformed-name": 0,
    "not-intercepted": 0,
    "minting-ceiling": 0,
  };
  #minter: { readonly issuerId: string; readonly minter: LeafMinter } | undefined;
  #closed = false;

  constructor(options: CertificateProviderOptions) {
    this.#options = options;
    this.#cache = new LeafCache({
      clock: options.clock,
      ceiling: options.ceiling,
      ...(options.limits !== undefined && { limits: options.limits }),
      mint: (name) => this.#mint(name),
      issuerId: () => options.authority.issuer()?.id,
      isWanted: (name) => this.#intercepts(name),
      onChange: (change) => this.#notify(change),
    });
  }

  async find(serverName: string): Promise<LeafAnswer> {
    const parsed = parseServerName(serverName);
    if (parsed.kind === "refused") return this.#refuse("malformed-name", parsed.message);
    const start = `Cannot mint leaf for ${quoteName(serverName)}`;
    if (this.#closed) return this.#refuse("not-intercepted", `${start}: provider is closed`);
    if (!this.#intercepts(parsed.name)) {
      // The name may have been intercepted until the policy changed.
      this.#cache.forget(serverName);
      return this.#refuse("not-intercepted", `${start}: the gateway does not intercept this name`);
    }
    return this.#answer(this.#cache.find(serverName, parsed.name), start);
  }

  forget(serverName: string): void {
    this.#cache.forget(serverName);
  }

  subscribe(onChange: (change: LeafChange) => void): () => void {
    this.#subscribers.add(onChange);
    return () => this.#subscribers.delete(onChange);
  }

  /**
   * Tells that a connection has just used the name as sent: Envoy asks for a name once and then holds it, so only
   * its access log shows which names are worth keeping. Unknown names do nothing.
   */
  touch(serverName: string): void {
    this.#cache.touch(serverName);
  }

  /** Call after the policy behind `interceptsName` changed: evicts, and tells, every name that it no longer accepts. */
  recheck(): void {
    this.#cache.evictUnwanted();
  }

  /** Current counters. */
  stats(): CertificateProviderStats {
    return { ...this.#cache.stats(), refused: { ...this.#refused } };
  }

  /** Stops renewing, drops the leaves and their key, and refuses what is asked later. The authority stays open. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#minter = undefined;
    this.#subscribers.clear();
    this.#cache.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #answer(cached: CachedLeaf, start: string): LeafAnswer {
    switch (cached.kind) {
      case "leaf":
        return cached;
      case "ceiling":
        return this.#refuse(
          "minting-ceiling",
          `${start}: the process mints as many new names per second as it may; a later handshake is answered`,
        );
      case "no-authority":
        // Passing like the ceiling, so it shares the reason: the authority's next check creates a new one.
        return this.#refuse("minting-ceiling", `${start}: no authority is valid at this moment`);
    }
  }

  #refuse(reason: LeafRefusal, message: string): LeafAnswer {
    this.#refused[reason]++;
    return { kind: "refused", reason, message };
  }

  /** Fails closed: a policy that throws intercepts nothing. */
  #intercepts(name: string): boolean {
    try {
      return this.#options.interceptsName?.(name) ?? true;
    } catch (error) {
      this.#options.onError(error);
      return false;
    }
  }

  /** A new authority gets a new minter, and with it a new leaf key. */
  #mint(name: string): Leaf | undefined {
    const issuer = this.#options.authority.issuer();
    const nowMs = this.#options.clock.now();
    // The clock moves on between the two calls, perhaps past the authority's end.
    if (issuer === undefined || nowMs >= issuer.notAfterMs) return undefined;
    if (this.#minter?.issuerId !== issuer.id) {
      const lifeMs = this.#options.leafLifeMs ?? defaultLeafLifeMs;
      this.#minter = { issuerId: issuer.id, minter: createLeafMinter(issuer, lifeMs) };
    }
    return this.#minter.minter.mint(name, nowMs);
  }

  #notify(change: LeafChange): void {
    for (const onChange of this.#subscribers) {
      try {
        onChange(change);
      } catch (error) {
        this.#options.onError(error);
      }
    }
  }
}
