/**
 * Objects to what is served: compiles each set of them, waits for credentials that it needs minted, and does both again
 * when one of these expires or arrives. A rule is never served without a credential that it needs: it refuses then.
 */

import type { ParsedObject } from "../crds/kinds.ts";
import type { Clock } from "./clock.ts";
import type { CompileResult } from "./compile.ts";
import { compile } from "./compile.ts";
import type { MintedCredentialStatus, PlaceholderStatus } from "./control-api.ts";
import { formatRule, mintedResources } from "./gateway-credentials.ts";
import type { MintedCredentialsOptions } from "./minted-credentials.ts";
import { MintedCredentials } from "./minted-credentials.ts";
import { findSideConflict, joinValues } from "./policy-sides.ts";
import type { CompiledTrial, PolicyTrial } from "./policy-trial.ts";
import { listPlaceholders } from "./placeholder-list.ts";
import type { EgressRecord } from "./record.ts";
import { isSameMap } from "./same-map.ts";
import type { SecretValue } from "./secret-value.ts";
import type { GatewaySnapshot } from "./snapshot.ts";
import { gatewayKey } from "./snapshot.ts";
import type { LoadedObjects } from "./snapshot-source.ts";

/** Changes that come one after another hold up what they take away no longer than this; then it is served as it is. */
const longestDelayMs = 10_000;

/** Why there is a new revision. */
export interface RevisionNews {
  /** `Clock.monotonicNs()` when the first sign of the change was noticed */
  readonly startedNs: bigint;
  /** One line for each thing that differs; no values */
  readonly changes: readonly string[];
}

/** What is served of a revision: what most agents have, and beside it what is tried on a share of them. */
export interface CompiledPolicy extends CompileResult {
  /** Its values are among those of the whole */
  readonly trial?: CompiledTrial;
}

/** What revisions need from the process. */
export interface CompiledRevisionsOptions {
  readonly clock: Clock;
  readonly ownAddresses: () => readonly string[];
  /** Whether limits are counted together with other replicas; absent: they are not */
  readonly sharesLimits?: boolean;
  /** By which placeholders are made; absent: none are */
  readonly placeholderKey?: Uint8Array;
  readonly minting: Omit<MintedCredentialsOptions, "onChange" | "clock">;
  /** A revision was compiled and is served next; must not throw */
  readonly onCompiled: (compiled: CompiledPolicy, news: RevisionNews) => void;
  /** Serves a revision, or the same one with other values; never called while a call has not ended. Must not reject */
  readonly serve: (
    compiled: CompiledPolicy,
    credentials: ReadonlyMap<string, SecretValue>,
  ) => Promise<void>;
}

/** The revisions of one process. */
export class CompiledRevisions {
  readonly #options: CompiledRevisionsOptions;
  readonly #minted: MintedCredentials;
  #objects: readonly ParsedObject[] = [];
  #trial: PolicyTrial<readonly ParsedObject[] | string> | undefined;
  #revision = 0;
  #current: CompiledPolicy | undefined;
  /** By which `#current` was compiled */
  #withheld: ReadonlyMap<string, string> = new Map();
  #mints: CompileResult["mints"] = new Map();
  #served: ReadonlyMap<string, SecretValue> = new Map();
  /** Resources by gateway and rule, for answers of upstreams */
  #resources: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  #serving: Promise<void> = Promise.resolve();
  #queued = 0;
  /** `Clock.monotonicNs()` of the first change that is not served; undefined: all are */
  #unservedNs: bigint | undefined;

  constructor(options: CompiledRevisionsOptions) {
    this.#options = options;
    const { clock, minting } = options;
    this.#minted = new MintedCredentials({
      ...minting,
      clock,
      onChange: () => this.#onMinted(),
    });
  }

  /** Revision that was compiled last; 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  /** What was compiled last. */
  get compiled(): CompiledPolicy | undefined {
    return this.#current;
  }

  /** Makes a revision of a set of objects. Serving begins when what it needs was minted, or could not be within 5 s. */
  take(
    objects: readonly ParsedObject[],
    news: RevisionNews,
    trial?: PolicyTrial<readonly ParsedObject[] | string>,
  ): void {
    this.#objects = objects;
    this.#trial = trial;
    this.#revision++;
    const whole = this.#compile(new Map());
    this.#mints = whole.mints;
    this.#resources = mintedResources(servedGateways(whole), whole.mints);
    this.#minted.follow(whole.mints);
    this.#withheld = this.#minted.withheld();
    this.#current = this.#withheld.size === 0 ? whole : this.#compile(this.#withheld);
    this.#options.onCompiled(this.#current, news);
    this.#enqueue();
  }

  /** Looks at the record of a transaction: where an upstream refused a minted credential, it is minted anew. */
  noteRecord(record: EgressRecord): void {
    if (this.#resources.size === 0 || record.upstream === null) return;
    const { route } = record.decision;
    const attempts = record.routing?.attempts ?? [];
    const isRefused =
      record.response.status === 401 || attempts.some(({ status }) => status === 401);
    if (!isRefused || route === null) return;
    const rule = formatRule(gatewayKey(record.gateway), route, route.rule);
    for (const resource of this.#resources.get(rule) ?? []) {
      this.#minted.reject(resource, record.startUnixMs);
    }
  }

  /** Fakes that agents may be given. */
  placeholders(): readonly PlaceholderStatus[] {
    return listPlaceholders(this.#current);
  }

  /** Each minted credential for people. */
  mintedStatus(): readonly MintedCredentialStatus[] {
    return this.#minted.status();
  }

  /** Ends minting; resolves when nothing is open that must not be given up. */
  close(): Promise<void> {
    return this.#minted.close();
  }

  /** What cannot be tried leaves all agents with what the others have. */
  #compile(withheld: ReadonlyMap<string, string>): CompiledPolicy {
    const whole = this.#compileObjects(this.#objects, withheld);
    if (this.#trial === undefined) return whole;
    const { side, share, objects } = this.#trial;
    const refused = (message: string): CompiledPolicy => ({
      ...whole,
      trial: { kind: "refused", side, message },
    });
    if (typeof objects === "string") return refused(objects);
    const tried = this.#compileObjects(objects, withheld);
    const conflict = findSideConflict(whole, tried);
    if (conflict !== undefined) return refused(conflict);
    const { snapshot } = tried;
    return {
      ...whole,
      ...joinValues(whole, tried),
      trial: { kind: "served", side, share, snapshot },
    };
  }

  #compileObjects(
    objects: readonly ParsedObject[],
    withheld: ReadonlyMap<string, string>,
  ): CompileResult {
    const { ownAddresses, sharesLimits = false, placeholderKey } = this.#options;
    return compile({
      objects,
      revision: this.#revision,
      environment: {
        ownAddresses: ownAddresses(),
        sharesLimits,
        ...(placeholderKey !== undefined && { placeholderKey }),
      },
      withheld,
    });
  }

  #enqueue(): void {
    this.#queued++;
    const { clock } = this.#options;
    this.#unservedNs ??= clock.monotonicNs();
    this.#serving = this.#serving.then(async () => {
      await this.#minted.settled();
      this.#queued--;
      const waitedNs = clock.monotonicNs() - (this.#unservedNs ?? clock.monotonicNs());
      const isLate = waitedNs >= BigInt(longestDelayMs) * 1_000_000n;
      // While it waited there came another, which says all that this one would.
      if (this.#queued > 0 && this.#mints.size > 0 && !isLate) return;
      this.#unservedNs = undefined;
      await this.#serve();
    });
  }

  async #serve(): Promise<void> {
    // Without a pause between them: what counts as there when rules are compiled must be there when they are served.
    const withheld = this.#minted.withheld();
    const values = this.#minted.values();
    if (!isSameMap(withheld, this.#withheld)) {
      this.#withheld = withheld;
      this.#current = this.#compile(withheld);
    }
    const compiled = this.#current;
    if (compiled === undefined) return;
    this.#served = values;
    await this.#options.serve(compiled, new Map([...compiled.credentials, ...values]));
  }

  #onMinted(): void {
    // Whatever waits to be served looks at the newest values by itself.
    if (this.#queued > 0) return;
    const withheld = this.#minted.withheld();
    const isSameRules = isSameMap(withheld, this.#withheld);
    if (isSameRules && isSameMap(this.#minted.values(), this.#served)) return;
    if (!isSameRules) {
      const changes = this.#describe(withheld);
      this.#revision++;
      this.#withheld = withheld;
      this.#current = this.#compile(withheld);
      const startedNs = this.#options.clock.monotonicNs();
      this.#options.onCompiled(this.#current, { startedNs, changes });
    }
    this.#enqueue();
  }

  #describe(withheld: ReadonlyMap<string, string>): string[] {
    return [...this.#mints.values()].flatMap(({ resource, secret, recipe }) => {
      const name = `${recipe.kind} by Secret ${secret.namespace}/${secret.name}`;
      const message = withheld.get(resource);
      if (message === this.#withheld.get(resource)) return [];
      return [message === undefined ? `${name}: there is one` : `${name}: none, ${message}`];
    });
  }
}

/** All forms of all gateways that agents have. */
export function servedGateways({ snapshot, trial }: CompiledPolicy): readonly GatewaySnapshot[] {
  const tried = trial?.kind === "served" ? trial.snapshot.gateways : [];
  return [...snapshot.gateways, ...tried];
}

/** What is tried of a set of objects. */
export function trialOf({
  trial,
}: Pick<LoadedObjects, "trial">): PolicyTrial<readonly ParsedObject[] | string> | undefined {
  if (trial === undefined) return undefined;
  const { objects, ...rest } = trial;
  if (typeof objects === "string") return { ...rest, objects };
  return { ...rest, objects: objects.map(({ object }) => object) };
}
