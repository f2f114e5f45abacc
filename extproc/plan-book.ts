/**
 * The plans and credentials that one thread decides by. Plans are found by an id that says what they hold, so that
 * Envoy may still ask by those of the revisions before, with their credentials; of each credential the newest value is
 * given.
 */

import { BlockList } from "node:net";
import { valueNamesOf } from "../gateway/gateway-credentials.ts";
import { McpJudge } from "../gateway/mcp-judge.ts";
import type { McpDestination } from "../gateway/mcp-plan.ts";
import type { Policy } from "../gateway/pipeline.ts";
import { policiesFor } from "../gateway/pipeline.ts";
import type { ShownParts } from "../gateway/processing-mode.ts";
import { shownParts } from "../gateway/processing-mode.ts";
import type { RoutedRule } from "../gateway/routing-plan.ts";
import { SecretValue } from "../gateway/secret-value.ts";
import type { CreateSignerOutcome } from "../gateway/sigv4.ts";
import type { AttemptPlan, ConnectionPlan, EnginePlan } from "../gateway/snapshot.ts";
import type { GrowingRedactor, ValueRedactor } from "../gateway/value-redactor.ts";
import { createValueRedactor } from "../gateway/value-redactor.ts";
import type { PlanUpdate } from "./plan-update.ts";
import { keepsParts } from "./plan-update.ts";
import type { SwapEntry } from "./swap-entry.ts";
import { createSwapEntry } from "./swap-entry.ts";
import { WordRedactor } from "./word-redactor.ts";
import type { Provider } from "../providers/provider.ts";
import { findProviderByName } from "../providers/registry.ts";
import { createAttemptSigner } from "./attempt-signer.ts";

type Signing = NonNullable<AttemptPlan["signing"]>;

/** A plan with what follows from it. */
export interface PlanEntry {
  readonly plan: EnginePlan;
  readonly policies: readonly Policy[];
  readonly shown: ShownParts;
  /** Whose API is spoken, where that is known */
  readonly provider: Provider | undefined;
  /** Judges messages, where they are for an MCP server */
  readonly mcp: McpJudge | undefined;
}

/** A plan for attempts with its signer, or why there is none. */
export interface AttemptEntry {
  readonly plan: AttemptPlan;
  /** Of a plan that signs and is not one of several */
  readonly signer: CreateSignerOutcome | undefined;
  /** Addresses that its host's name must not resolve to */
  readonly guard: BlockList | undefined;
}

/** Revisions whose plans are kept: Envoy takes a new configuration within a second, streams ask at their start only. */
const keptRevisions = 4;

/**
 * Length of the values that are injected no more and still removed from records: streams that began with them may be
 * open for hours. Some 600 keys or 40 session tokens; searching takes memory of some 500 times that.
 */
const keptRetiredLength = 32 * 1024;

/** Characters of values that the redactor may know, for each that it is to know: beyond, it is made anew and forgets the rest. */
const mostPerSeen = 2;

/** Plans of a thread. */
export class PlanBook {
  readonly #list: readonly Policy[] | undefined;
  /** Newest last */
  #updates: PlanUpdate[] = [];
  #plans: ReadonlyMap<string, PlanEntry> = new Map();
  #attempts: ReadonlyMap<string, AttemptEntry> = new Map();
  #connections: ReadonlyMap<string, ConnectionPlan> = new Map();
  #swaps: ReadonlyMap<string, SwapEntry> = new Map();
  #credentials: ReadonlyMap<string, SecretValue> = new Map();
  /** Every value by its text, longest unused first */
  readonly #seen = new Map<string, SecretValue>();
  #redactor: GrowingRedactor = createValueRedactor([]);
  /** Values that it knows, those that were forgotten since included */
  #redacted: ReadonlySet<string> = new Set();
  #words = new WordRedactor(this.#redactor);
  /** Some plan did, by which streams may still be open */
  #keeps = false;
  readonly #signers = new Map<string, CreateSignerOutcome>();
  readonly credential = (resource: string): SecretValue | undefined =>
    this.#credentials.get(resource);

  /** `list` stands in for the pipeline's own policies. */
  constructor(list?: readonly Policy[]) {
    this.#list = list;
  }

  /** Newest revision; 0 before the first. */
  get revision(): number {
    return this.#updates.at(-1)?.revision ?? 0;
  }

  /** Removes every credential that is or was injected anywhere from what is kept of a transaction. */
  get redactor(): ValueRedactor {
    return this.#redactor;
  }

  /** The same for words that come again and again. */
  get words(): WordRedactor {
    return this.#words;
  }

  /** Takes a revision; from now on everything is decided by it. */
  publish(update: PlanUpdate): void {
    // A revision comes again where only values of credentials changed: those before must not be forgotten for it.
    const before = this.#updates.filter(({ revision }) => revision !== update.revision);
    this.#updates = [...before, update].slice(-keptRevisions);
    const values = valuesOf(this.#updates);
    this.#credentials = new Map(
      [...values].map(([resource, value]) => [resource, new SecretValue(value)]),
    );
    const known = this.#plans;
    const knownAttempts = this.#attempts;
    this.#signers.clear();
    this.#plans = new Map(
      this.#updates
        .flatMap(({ plans }) => plans)
        .map((plan) => [plan.id, known.get(plan.id) ?? this.#entry(plan)]),
    );
    this.#attempts = new Map(
      this.#updates
        .flatMap(({ attempts }) => attempts)
        .map((plan) => [plan.id, this.#attempt(plan, knownAttempts.get(plan.id))]),
    );
    this.#connections = new Map(
      this.#updates.flatMap(({ connections }) => connections).map((plan) => [plan.id, plan]),
    );
    const every = everyValue(this.#updates);
    const swaps = new Map(
      this.#updates.flatMap((one) => one.swaps).map((plan) => [plan.id, plan] as const),
    );
    const knownSwaps = this.#swaps;
    const swapValues = { newest: values, every: (name: string) => every.get(name) ?? [] };
    this.#swaps = new Map(
      [...swaps].map(([id, plan]) => [id, createSwapEntry(plan, swapValues, knownSwaps.get(id))]),
    );
    this.#remember(new Set(values.values()), update);
  }

  /** The plan of an id. */
  find(id: string): PlanEntry | undefined {
    return this.#plans.get(id);
  }

  /** The plan for attempts of an id. */
  findAttempt(id: string): AttemptEntry | undefined {
    return this.#attempts.get(id);
  }

  /** The plan for raw connections of an id. */
  readonly findConnection = (id: string): ConnectionPlan | undefined => this.#connections.get(id);
  /** What is written over by the plan of an id. */
  findSwap(id: string): SwapEntry | undefined {
    return this.#swaps.get(id);
  }

  /** The signer of a credential, made once a revision. */
  readonly signer = (signing: Signing): CreateSignerOutcome => {
    const { secret, region, service } = signing;
    const key = `${secret.resource} ${region} ${service}`;
    const known = this.#signers.get(key);
    if (known !== undefined) return known;
    const made = createAttemptSigner(signing, this.credential);
    this.#signers.set(key, made);
    return made;
  };

  #attempt(plan: AttemptPlan, known: AttemptEntry | undefined): AttemptEntry {
    const { signing, fallback } = plan;
    const ranges = fallback?.guardedRanges ?? [];
    return {
      plan,
      signer: signing === undefined ? undefined : this.signer(signing),
      guard: known?.guard ?? (ranges.length === 0 ? undefined : createGuard(ranges)),
    };
  }

  #remember(values: ReadonlySet<string>, { plans }: PlanUpdate): void {
    this.#keeps ||= plans.some(keepsParts);
    for (const value of values) {
      const secret = this.#seen.get(value) ?? new SecretValue(value);
      this.#seen.delete(value);
      this.#seen.set(value, secret);
    }
    const retired = [...this.#seen.keys()].slice(0, this.#seen.size - values.size);
    let excess = retired.reduce((sum, { length }) => sum + length, 0) - keptRetiredLength;
    for (const value of retired) {
      if (excess <= 0) break;
      this.#seen.delete(value);
      excess -= value.length;
    }
    if (this.#keeps) this.#growRedactor();
  }

  /** Thousands of values take a second to take in, and one of them may be another every few: only what is new is added. */
  #growRedactor(): void {
    const fresh = [...this.#seen].filter(([value]) => !this.#redacted.has(value));
    if (fresh.length === 0) return;
    const grown = new Set([...this.#redacted, ...fresh.map(([value]) => value)]);
    const isTooMuch = lengthOf(grown) > mostPerSeen * lengthOf(this.#seen.keys());
    this.#redacted = isTooMuch ? new Set(this.#seen.keys()) : grown;
    this.#redactor = isTooMuch
      ? createValueRedactor(this.#seen.values())
      : this.#redactor.with(fresh.map(([, secret]) => secret));
    this.#words = new WordRedactor(this.#redactor);
  }

  #entry(plan: EnginePlan): PlanEntry {
    return {
      plan,
      policies: policiesFor(plan, this.#list),
      shown: shownParts(plan),
      provider: plan.provider === undefined ? undefined : findProviderByName(plan.provider),
      mcp: plan.mcp === undefined ? undefined : new McpJudge(plan.mcp, plan.route),
    };
  }
}

function candidateUses({ candidates }: RoutedRule) {
  return candidates.flatMap(({ queryCredentials, signing }) => [
    ...queryCredentials,
    ...(signing === undefined ? [] : [signing]),
  ]);
}

function wayUses({ ways }: McpDestination) {
  return ways.flatMap(({ queryCredentials }) => queryCredentials);
}

function lengthOf(values: Iterable<string>): number {
  let sum = 0;
  for (const { length } of values) sum += length;
  return sum;
}

function createGuard(ranges: readonly string[]): BlockList {
  const guard = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    guard.addSubnet(address, Number(bits), address.includes(":") ? "ipv6" : "ipv4");
  }
  return guard;
}

/**
 * The newest value of each credential. One that a revision names and gives no value for is gone; one that it does not
 * name may still be asked for by plans of the revisions before.
 */
function valuesOf(updates: readonly PlanUpdate[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const { plans, attempts, swaps, credentials } of updates) {
    const uses = [
      ...swaps.flatMap(({ placeholders, scrubs }) => [...placeholders, ...scrubs]),
      ...plans.flatMap(({ queryCredentials }) => queryCredentials),
      ...plans.flatMap(({ mcp }) => mcp?.destinations ?? []).flatMap(wayUses),
      ...attempts.flatMap(({ signing }) => signing ?? []),
      ...plans.flatMap(({ routing }) => routing?.rules ?? []).flatMap(candidateUses),
      ...attempts.flatMap(({ fallback }) => fallback?.rule ?? []).flatMap(candidateUses),
    ];
    for (const name of uses.flatMap(valueNamesOf)) values.delete(name);
    for (const [resource, value] of credentials) values.set(resource, value);
  }
  return values;
}

/** All values of each name in these revisions, the newest first: requests of the one before may still be open. */
function everyValue(updates: readonly PlanUpdate[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const { credentials } of updates.toReversed()) {
    for (const [name, value] of credentials) {
      const known = values.get(name) ?? [];
      if (!known.includes(value)) values.set(name, [...known, value]);
    }
  }
  return values;
}
