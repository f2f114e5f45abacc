/**
 * Two compiled policies that one Envoy serves at one time, each to its share of agents: whether that is possible, and the
 * values that both need. Asks what Envoy would be told, so that it loads all that configuration of Envoy is made of.
 */

import { isDeepStrictEqual } from "node:util";
import type { CompileResult } from "./compile.ts";
import type { MintPlan } from "./mint-plan.ts";
import type { SecretValue } from "./secret-value.ts";
import type { GatewaySnapshot, LimitPlan } from "./snapshot.ts";
import { gatewayKey } from "./snapshot.ts";
import { sharedClusterConflict } from "./xds.ts";

/** Parts of a gateway that its agents may have in two forms. All others are one for an Envoy, or count in one place. */
const sided: ReadonlySet<string> = new Set([
  "hosts",
  "l4Rules",
  "defaultPolicy",
  "audits",
  "auditedRoutes",
  "refusal",
  "requestTimeoutMs",
  "requestSize",
]);

/** Why two compiled policies cannot be served by one Envoy at one time; undefined where they can. */
export function findSideConflict(old: CompileResult, tried: CompileResult): string | undefined {
  const others = new Map(tried.snapshot.gateways.map((it) => [gatewayKey(it), it]));
  for (const gateway of old.snapshot.gateways) {
    const other = others.get(gatewayKey(gateway));
    others.delete(gatewayKey(gateway));
    const conflict = other === undefined ? "is missing" : findDifference(gateway, other);
    if (conflict !== undefined) return `EgressGateway ${gatewayKey(gateway)} ${conflict}`;
  }
  const [added] = others.keys();
  if (added !== undefined) return `EgressGateway ${added} is new`;
  return findLimitConflict(old, tried) ?? findValueConflict(old, tried);
}

/** Requests of both sides are counted in one place, whose meaning must be the same. */
function findLimitConflict(old: CompileResult, tried: CompileResult): string | undefined {
  const rates = new Map<string, string>();
  for (const limit of limitsIn(old.snapshot.gateways)) rates.set(nameOfLimit(limit), rateOf(limit));
  for (const limit of limitsIn(tried.snapshot.gateways)) {
    const { namespace, name } = limit.policy;
    const known = rates.get(nameOfLimit(limit));
    if (known !== undefined && known !== rateOf(limit)) {
      return `RateLimitPolicy ${namespace}/${name} allows another number, and all agents share what is counted`;
    }
  }
  return undefined;
}

/** Limits of rules, tools and whole gateways, wherever a plan has them. */
function* limitsIn(value: unknown): Generator<LimitPlan> {
  if (typeof value !== "object" || value === null) return;
  if (isLimit(value)) yield value;
  else for (const member of Object.values(value)) yield* limitsIn(member);
}

function isLimit(value: object): value is LimitPlan {
  return "policy" in value && "scope" in value && "requests" in value && "windowMs" in value;
}

function nameOfLimit({ policy, scope }: LimitPlan): string {
  return JSON.stringify([policy.namespace, policy.name, scope]);
}

function rateOf({ requests, windowMs, isTotal }: LimitPlan): string {
  return JSON.stringify([requests, windowMs, isTotal ?? false]);
}

function findDifference(gateway: GatewaySnapshot, other: GatewaySnapshot): string | undefined {
  const [left, right] = [new Map(Object.entries(gateway)), new Map(Object.entries(other))];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    if (sided.has(name) || isDeepStrictEqual(left.get(name), right.get(name))) continue;
    return `differs in ${name}, which all of its agents share`;
  }
  const cluster = sharedClusterConflict(gateway, other);
  return (
    cluster && `differs in how upstream "${cluster}" is reached, which all of its agents share`
  );
}

function findValueConflict(old: CompileResult, tried: CompileResult): string | undefined {
  for (const [name, value] of tried.credentials) {
    const known = old.credentials.get(name);
    if (known?.equals(value) === false) return `credential "${name}" has another value`;
  }
  for (const [name, plan] of tried.mints) {
    const known = old.mints.get(name);
    if (known !== undefined && !isSamePlan(known, plan)) {
      return `credential "${name}" is minted in another way`;
    }
  }
  return undefined;
}

/** Private values are not compared by structure: those of one Secret are the same on both sides. */
function isSamePlan(left: MintPlan, right: MintPlan): boolean {
  return isDeepStrictEqual(left, right);
}

/** Values and mints of both; of the same name they are the same. */
export function joinValues(
  old: CompileResult,
  tried: CompileResult,
): {
  readonly credentials: ReadonlyMap<string, SecretValue>;
  readonly mints: ReadonlyMap<string, MintPlan>;
} {
  return {
    credentials: new Map([...old.credentials, ...tried.credentials]),
    mints: new Map([...old.mints, ...tried.mints]),
  };
}
