/**
 * The plans and credentials that one thread decides by. Plans are found by an id that says what they hold, so that
 * Envoy may still ask by those of the revisions before; credentials are always the newest.
 */

import type { Policy } from "../gateway/pipeline.ts";
import { policiesFor } from "../gateway/pipeline.ts";
import type { ShownParts } from "../gateway/processing-mode.ts";
import { shownParts } from "../gateway/processing-mode.ts";
import { SecretValue } from "../gateway/secret-value.ts";
import type { Signer } from "../gateway/sigv4.ts";
import type { AttemptPlan, EnginePlan } from "../gateway/snapshot.ts";
import type { ValueRedactor } from "../gateway/value-redactor.ts";
import { createValueRedactor } from "../gateway/value-redactor.ts";
import type { Provider } from "../providers/provider.ts";
import { findProviderByName } from "../providers/registry.ts";
import { createAttemptSigner } from "./attempt-signer.ts";

/** What a thread is told of one revision; plain data, so that it can be posted. */
export interface PlanUpdate {
  readonly revision: number;
  readonly plans: readonly EnginePlan[];
  readonly attempts: readonly AttemptPlan[];
  /** Values by `SecretUse.resource`; revealed, because a `SecretValue` does not cross threads */
  readonly credentials: readonly (readonly [resource: string, value: string])[];
}

/** A plan with what follows from it. */
export interface PlanEntry {
  readonly plan: EnginePlan;
  readonly policies: readonly Policy[];
  readonly shown: ShownParts;
  /** Whose API is spoken, where that is known */
  readonly provider: Provider | undefined;
}

/** A plan for attempts with its signer; none when the credential has not arrived. */
export interface AttemptEntry {
  readonly plan: AttemptPlan;
  readonly signer: Signer | undefined;
}

/** Revisions whose plans are kept: Envoy takes a new configuration within a second, streams ask at their start only. */
const keptRevisions = 4;

/** Plans of a thread. */
export class PlanBook {
  readonly #list: readonly Policy[] | undefined;
  /** Newest last */
  #updates: PlanUpdate[] = [];
  #plans: ReadonlyMap<string, PlanEntry> = new Map();
  #attempts: ReadonlyMap<string, AttemptEntry> = new Map();
  #credentials: ReadonlyMap<string, SecretValue> = new Map();
  #redactor: ValueRedactor = createValueRedactor([]);
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

  /** Removes every credential that is injected anywhere from what is kept of a transaction. */
  get redactor(): ValueRedactor {
    return this.#redactor;
  }

  /** Takes a revision; from now on everything is decided by it. */
  publish(update: PlanUpdate): void {
    this.#updates = [...this.#updates, update].slice(-keptRevisions);
    this.#credentials = new Map(
      update.credentials.map(([resource, value]) => [resource, new SecretValue(value)]),
    );
    const known = this.#plans;
    this.#plans = new Map(
      this.#updates
        .flatMap(({ plans }) => plans)
        .map((plan) => [plan.id, known.get(plan.id) ?? this.#entry(plan)]),
    );
    this.#attempts = new Map(
      this.#updates
        .flatMap(({ attempts }) => attempts)
        .map((plan) => [plan.id, { plan, signer: createAttemptSigner(plan, this.credential) }]),
    );
    const captures = [...this.#plans.values()].some(({ plan }) => plan.capture !== undefined);
    this.#redactor = createValueRedactor(captures ? this.#credentials.values() : []);
  }

  /** The plan of an id. */
  find(id: string): PlanEntry | undefined {
    return this.#plans.get(id);
  }

  /** The plan for attempts of an id. */
  findAttempt(id: string): AttemptEntry | undefined {
    return this.#attempts.get(id);
  }

  #entry(plan: EnginePlan): PlanEntry {
    return {
      plan,
      policies: policiesFor(plan, this.#list),
      shown: shownParts(plan),
      provider: plan.provider === undefined ? undefined : findProviderByName(plan.provider),
    };
  }
}
