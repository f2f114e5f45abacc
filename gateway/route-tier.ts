/**
 * Which routes Envoy decides by itself, which need the engine and which are refused, and why: read from what gateways
 * really enforce.
 */

import { formatReference } from "../crds/meta.ts";
import type { GatewaySnapshot, HttpRule, L4Rule, ObjectName } from "./snapshot.ts";

/** What becomes of the traffic of a route on the gateways that it attaches to. */
export interface RouteTier {
  /** `engine` when any of its requests passes the engine, `refused` when none is let through */
  readonly name: "native" | "engine" | "refused";
  readonly why: string;
}

/** All tiers in the order in which they are shown. */
export const tierNames = ["native", "engine", "refused"] as const satisfies RouteTier["name"][];

/** How many routes of a gateway are of each tier. */
export type TierCounts = Readonly<Record<RouteTier["name"], number>>;

/** Tiers by reference (`Kind namespace/name`); a route that attaches to none of the gateways has none. */
export function routeTiers(gateways: readonly GatewaySnapshot[]): ReadonlyMap<string, RouteTier> {
  const routes = new Map<string, Map<number, RuleOutcome>>();
  for (const gateway of gateways) {
    const note = (route: ObjectName, ruleIndex: number, found: RuleOutcome | string) => {
      const rules = routes.get(formatReference(route)) ?? new Map<number, RuleOutcome>();
      routes.set(formatReference(route), rules);
      const outcome = typeof found === "string" ? { needs: undefined, refusal: found } : found;
      rules.set(ruleIndex, joinOutcomes(rules.get(ruleIndex), outcome));
    };
    const whole = gateway.refusal?.message;
    // A rule for many hosts is one object in each of them.
    for (const rule of new Set(gateway.hosts.flatMap(({ rules }) => rules))) {
      note(rule.route, rule.ruleIndex, whole ?? requestOutcome(rule));
    }
    for (const rule of gateway.l4Rules) {
      note(rule.route, rule.ruleIndex, whole ?? connectionOutcome(rule));
    }
  }
  return new Map([...routes].map(([key, rules]) => [key, tierOf([...rules.values()])]));
}

/** How many routes of one gateway Envoy decides alone or with the engine, and how many are refused as a whole. */
export function tierCounts(gateway: GatewaySnapshot): TierCounts {
  const counts = { native: 0, engine: 0, refused: 0 };
  for (const { name } of routeTiers([gateway]).values()) counts[name]++;
  return counts;
}

/** `2 native, 1 engine`: those that there are; empty when there is no route. */
export function formatTierCounts(counts: TierCounts): string {
  return tierNames
    .filter((name) => counts[name] > 0)
    .map((name) => `${counts[name]} ${name}`)
    .join(", ");
}

interface RuleOutcome {
  /** What the engine does for it, on any host or gateway; undefined when nothing of it is forwarded */
  readonly needs: readonly string[] | undefined;
  readonly refusal: string | undefined;
}

function joinOutcomes(known: RuleOutcome | undefined, next: RuleOutcome): RuleOutcome {
  if (known === undefined) return next;
  const isForwarded = known.needs !== undefined || next.needs !== undefined;
  return {
    needs: isForwarded ? [...(known.needs ?? []), ...(next.needs ?? [])] : undefined,
    refusal: known.refusal ?? next.refusal,
  };
}

function tierOf(rules: readonly RuleOutcome[]): RouteTier {
  const refusals = [...new Set(rules.flatMap(({ refusal }) => refusal ?? []))];
  const why = refusals.join("; ");
  if (rules.every(({ needs }) => needs === undefined)) return { name: "refused", why };
  const needs = [...new Set(rules.flatMap((rule) => rule.needs ?? []))];
  const tier: RouteTier =
    needs.length === 0
      ? { name: "native", why: "Envoy's own filters decide everything that the route asks for" }
      : { name: "engine", why: `The engine ${needs.join(", ")}` };
  if (refusals.length === 0) return tier;
  const count = rules.filter(({ refusal }) => refusal !== undefined).length;
  const noun = rules.length === 1 ? "rule" : "rules";
  return { ...tier, why: `${tier.why}; ${count} of ${rules.length} ${noun} refuses: ${why}` };
}

/** What the rule needs, or the sentence with which it refuses. */
function requestOutcome({ action, engine }: HttpRule): RuleOutcome | string {
  if (action.kind === "forward") {
    const plans = [engine, ...action.backends.map((backend) => backend.engine)];
    const attempts = [action.attempt, ...action.backends.map(({ attempt }) => attempt)];
    const signs = attempts.some((attempt) => attempt !== undefined);
    const needs = [
      ...plans.flatMap((plan) => plan?.why ?? []),
      ...(signs ? ["signs requests for AWS"] : []),
    ];
    return { needs, refusal: undefined };
  }
  if (action.kind === "choose") return { needs: engine?.why ?? [], refusal: undefined };
  const { policy, message } = action;
  const label = policy === undefined ? "" : formatReference(policy);
  // The words of a policy are for agents and need not name it.
  return message.includes(label) ? message : `${label}: ${message}`;
}

function connectionOutcome({
  verdict,
  engine,
  reason = "deny-policy",
  audits,
}: L4Rule): RuleOutcome | string {
  if (verdict === "deny" && audits !== true) return `its connections are refused (${reason})`;
  const limits = engine?.limits ?? [];
  const needs = limits.map(({ policy }) => `counts connections for ${formatReference(policy)}`);
  return { needs, refusal: undefined };
}
