/**
 * Every credential that is minted for a process: follows what snapshots name, keeps each valid, and says which values
 * there are. One that did not change goes on over snapshots; one whose Secret or policy did is minted anew, and what was
 * minted before is used no longer.
 */

import type { Clock } from "./clock.ts";
import { sleep } from "./clock.ts";
import type { MintedCredentialStatus } from "./control-api.ts";
import type { Logger } from "./log.ts";
import type { MintPlan, MintRecipe } from "./mint-plan.ts";
import { mintFingerprint } from "./mint-plan.ts";
import type { MintingOptions } from "./minting/create-mint.ts";
import { createMint } from "./minting/create-mint.ts";
import { MintedCredential } from "./minting/minted-credential.ts";
import type { SecretValue } from "./secret-value.ts";

export type { MintingOptions } from "./minting/create-mint.ts";

/** A snapshot waits so long for what it needs the first time; then it is served without, and refuses what needs it. */
const firstWaitMs = 5_000;

/** What the set needs from the process. */
export interface MintedCredentialsOptions extends MintingOptions {
  readonly log: Logger;
  /** Values, or why there are none, are others now; called once for changes of the same moment. Must not throw */
  readonly onChange: () => void;
  /** From 0 to below 1, for jitter; `Math.random` when absent */
  readonly random?: () => number;
}

interface Followed {
  readonly fingerprint: string;
  readonly plan: MintPlan;
  readonly credential: MintedCredential;
  /** Resolves when the first attempt has ended, or its time is over */
  readonly first: Promise<void>;
}

/** All minted credentials. */
export class MintedCredentials {
  readonly #options: MintedCredentialsOptions;
  readonly #followed = new Map<string, Followed>();
  /** Of those that are followed no more and must not be given up half-way */
  readonly #ending = new Set<Promise<void>>();
  #isTold = true;
  #isClosed = false;

  constructor(options: MintedCredentialsOptions) {
    this.#options = options;
  }

  /** Follows these plans, by resource, and no others. */
  follow(plans: ReadonlyMap<string, MintPlan>): void {
    if (this.#isClosed) return;
    for (const [resource, { credential, fingerprint }] of this.#followed) {
      const plan = plans.get(resource);
      if (plan !== undefined && fingerprintOf(plan) === fingerprint) continue;
      this.#followed.delete(resource);
      this.#end(credential);
    }
    for (const plan of plans.values()) {
      if (!this.#followed.has(plan.resource)) this.#begin(plan);
    }
  }

  /** Resolves when each has been tried once, at most 5 s after it was first named. */
  async settled(): Promise<void> {
    await Promise.all([...this.#followed.values()].map(({ first }) => first));
  }

  /** Values by the names under which they stand beside a snapshot. */
  values(): Map<string, SecretValue> {
    const values = new Map<string, SecretValue>();
    for (const [resource, { credential }] of this.#followed) {
      const { state } = credential;
      if (state.kind === "missing") continue;
      for (const [suffix, value] of state.parts) values.set(`${resource}${suffix}`, value);
    }
    return values;
  }

  /** Why there is none, a clause by resource, of those that are missing now. */
  withheld(): Map<string, string> {
    const withheld = new Map<string, string>();
    for (const [resource, { credential }] of this.#followed) {
      const { state } = credential;
      if (state.kind === "missing") withheld.set(resource, state.message);
    }
    return withheld;
  }

  /** An upstream answered 401 to a request that began then (Unix `ms`) and was given the credential. */
  reject(resource: string, requestUnixMs: number): void {
    this.#followed.get(resource)?.credential.reject(requestUnixMs);
  }

  /** Each credential for people, by resource; no value is in it. */
  status(): MintedCredentialStatus[] {
    return [...this.#followed.values()]
      .toSorted((left, right) => (left.plan.resource < right.plan.resource ? -1 : 1))
      .map(({ plan, credential }) => {
        const { minted, ageMs, validMs, failures, lastFailure } = credential.figures();
        const { namespace, name } = plan.secret;
        return {
          secret: `${namespace}/${name}`,
          type: plan.recipe.kind,
          endpoint: endpointOf(plan.recipe),
          ready: ageMs !== undefined,
          minted,
          failures,
          ...(ageMs !== undefined && { ageSeconds: Math.floor(ageMs / 1000) }),
          ...(validMs !== undefined && { validSeconds: Math.max(0, Math.floor(validMs / 1000)) }),
          ...(lastFailure && {
            lastFailure: {
              kind: lastFailure.failure,
              message: lastFailure.message,
              agoSeconds: Math.floor(lastFailure.agoMs / 1000),
            },
          }),
        };
      });
  }

  /** Ends all; resolves when no request is open that must not be given up. Safe to call again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { credential } of this.#followed.values()) this.#end(credential);
    this.#followed.clear();
    await Promise.all(this.#ending);
  }

  #begin(plan: MintPlan): void {
    const { clock, random = Math.random, log } = this.#options;
    const { resource, secret, recipe } = plan;
    const credential = new MintedCredential({
      mint: createMint(plan, this.#options),
      clock,
      random,
      onChange: () => this.#tell(),
      onFailure: ({ failure, message }) =>
        log.warn("Cannot mint a credential", {
          secret: `${secret.namespace}/${secret.name}`,
          type: recipe.kind,
          failure,
          error: message,
        }),
    });
    const first = withinFirstWait(credential.refresh(), clock);
    this.#followed.set(resource, { fingerprint: fingerprintOf(plan), plan, credential, first });
  }

  #end(credential: MintedCredential): void {
    const ended = credential.close().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  #tell(): void {
    if (!this.#isTold) return;
    this.#isTold = false;
    setImmediate(() => {
      this.#isTold = true;
      if (!this.#isClosed) this.#options.onChange();
    });
  }
}

function fingerprintOf(plan: MintPlan): string {
  return `${mintFingerprint(plan)} ${plan.additionalTrustPem}`;
}

async function withinFirstWait(attempt: Promise<void>, clock: Clock): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([attempt, sleep(clock, firstWaitMs, waiting.signal)]);
  waiting.abort();
}

function endpointOf(recipe: MintRecipe): string {
  switch (recipe.kind) {
    case "OAuth2ClientCredentials":
    case "OAuth2RefreshToken":
    case "GCPServiceAccount":
      return new URL(recipe.tokenUrl).host;
    case "GitHubApp":
      return new URL(recipe.baseUrl).host;
    case "AWSAssumeRole":
      return new URL(recipe.endpointUrl).host;
  }
}
