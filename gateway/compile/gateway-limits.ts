/**
 * Ceilings of a whole EgressGateway: what every rule and connection takes one of beside its own limits, and how large
 * requests may be.
 */

import type { EgressGateway } from "../../crds/egress-gateway.ts";
import { parseDuration } from "../../crds/duration.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import type { Path } from "../../crds/problem.ts";
import { formatPath } from "../../crds/problem.ts";
import type { RateLimitPolicy } from "../../crds/rate-limit-policy.ts";
import type {
  ConnectionPlan,
  L4Rule,
  LimitPlan,
  ObjectName,
  RequestSizeLimits,
} from "../snapshot.ts";
import type { ObjectIndex } from "./object-index.ts";
import { planId } from "./plan-id.ts";
import { notEnforced } from "./refusal.ts";
import type { RouteDraft } from "./route-draft.ts";
import type { Finding } from "./status-book.ts";

/** The limits of a gateway, and what stands in their way. */
export interface GatewayLimits {
  readonly limits: readonly LimitPlan[];
  readonly obstacles: readonly Finding<"Accepted">[];
  readonly missing: readonly Finding<"ResolvedRefs">[];
}

/** Judges `spec.limits.rateLimitPolicies`. */
export function gatewayLimits(gateway: EgressGateway, index: ObjectIndex): GatewayLimits {
  const { limits, defaultPolicy } = gateway.spec;
  const names = limits?.rateLimitPolicies ?? [];
  const path: Path = ["spec", "limits", "rateLimitPolicies"];
  const found: LimitPlan[] = [];
  const missing: Finding<"ResolvedRefs">[] = [];
  const obstacles: Finding<"Accepted">[] = [];
  for (const [position, name] of names.entries()) {
    const policy = index.find("RateLimitPolicy", gateway.metadata.namespace, name);
    if (policy === undefined) {
      const label = `RateLimitPolicy ${gateway.metadata.namespace}/${name}`;
      const message = `${formatPath([...path, position])}: ${label} does not exist`;
      missing.push({ reason: "ExtensionNotFound", message });
      continue;
    }
    found.push(limitPlan(policy));
    const [field] = unenforcedLimit(policy, index);
    if (field === undefined) continue;
    const label = formatReference(referenceOf(policy));
    const why = `${label} with ${formatPath(field)}, for which the gateway needs --nats`;
    obstacles.push(notEnforced([...path, position], why));
  }
  // What no rule matches has no plan by which the engine could count it.
  if (names.length > 0 && defaultPolicy === "allow-all") {
    obstacles.push(notEnforced(path, "with defaultPolicy allow-all"));
  }
  return { limits: found, obstacles, missing };
}

/** How large requests may be. */
export function requestSizeLimits({ spec }: EgressGateway): RequestSizeLimits | undefined {
  const { maxRequestBytes, maxRequestHeaderBytes } = spec.limits ?? {};
  if (maxRequestBytes === undefined && maxRequestHeaderBytes === undefined) return undefined;
  return {
    ...(maxRequestBytes !== undefined && { bodyBytes: maxRequestBytes }),
    ...(maxRequestHeaderBytes !== undefined && { headerBytes: maxRequestHeaderBytes }),
  };
}

/** The draft of a route on a gateway that has limits of its own, which come first. */
export function limitRoute(draft: RouteDraft, limits: readonly LimitPlan[]): RouteDraft {
  if (limits.length === 0) return draft;
  return {
    ...draft,
    rules: draft.rules.map((rule) => ({
      ...rule,
      limits: withoutRepeats([...limits, ...rule.limits]),
    })),
    l4Rules: draft.l4Rules.map((rule) => limitConnections(rule, limits)),
  };
}

/** A rule for raw connections that takes one of each limit as well; a refusal stays as it is. */
export function limitConnections(rule: L4Rule, limits: readonly LimitPlan[]): L4Rule {
  if (rule.verdict === "deny" || limits.length === 0) return rule;
  const all = withoutRepeats([...limits, ...(rule.engine?.limits ?? [])]);
  return { ...rule, engine: connectionPlan(rule.route, rule.ruleIndex, all) };
}

/** The limit of a policy. */
export function limitPlan(policy: RateLimitPolicy): LimitPlan {
  const { requests, window, scope, shared } = policy.spec;
  return {
    policy: referenceOf(policy),
    requests,
    windowMs: parseDuration(window),
    scope,
    ...(shared !== undefined && { shared }),
  };
}

/** The fields of a RateLimitPolicy that ask for what this process does not do. */
export function unenforcedLimit(
  { spec }: RateLimitPolicy,
  { sharesLimits }: Pick<ObjectIndex, "sharesLimits">,
): Path[] {
  return spec.shared === undefined || sharesLimits ? [] : [["spec", "shared"]];
}

/** Named twice, a policy still counts a request once. */
export function withoutRepeats(limits: readonly LimitPlan[]): LimitPlan[] {
  const byName = new Map(limits.map((limit) => [formatReference(limit.policy), limit]));
  return [...byName.values()];
}

function connectionPlan(
  route: ObjectName,
  ruleIndex: number,
  limits: readonly LimitPlan[],
): ConnectionPlan {
  const plan = { route, ruleIndex, limits };
  return { id: planId(plan), ...plan };
}
