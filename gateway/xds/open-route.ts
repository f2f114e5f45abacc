/**
 * Routes of requests that no rule is about: to the host that was asked for, as they are, without credentials and without
 * the engine. In audit mode also of requests that would be refused.
 */

import type { KeyedDecision } from "../decision-key.ts";
import { encodeDecisionKey } from "../decision-key.ts";
import type { Provider } from "../../providers/provider.ts";
import { uint64 } from "../protobuf-values.ts";
import type { envoy } from "../proto/gen/xds.js";
import { letByPick, letByReasons } from "../routing-plan.ts";
import type { DenyReason, GatewaySnapshot, HostPolicy, HttpRule } from "../snapshot.ts";
import { ambiguousPathMatch } from "./ambiguous-path.ts";
import { pickedMatch, unreadMatch } from "./choice-route.ts";
import { forwardRoutes } from "./forward-route.ts";
import { modelCallBytes } from "./model-call-body.ts";

type Route = envoy.config.route.v3.IRoute;
type Match = envoy.config.route.v3.IRouteMatch;

/** Where the requests came. */
export interface OpenScope {
  readonly gateway: GatewaySnapshot;
  readonly policy: HostPolicy;
  readonly provider: Provider | undefined;
  readonly scope: { readonly scheme: "tls" | "plain" };
}

/** Every host: where an address is not named on purpose, the guard stands in front of it. */
export const anyHost: HostPolicy = { host: { kind: "any", value: "" }, rules: [] };

/** The host of a request, but for an address, which only a rule that allows it may name. */
export function guardedHost(policy: HostPolicy): HostPolicy {
  return policy.host.kind === "ip" ? anyHost : policy;
}

/** Lets by what matches, for this decision. */
export function openRoutes(
  match: Match,
  decision: KeyedDecision,
  { gateway, policy, provider, scope }: OpenScope,
): Route[] {
  return forwardRoutes({
    name: encodeDecisionKey(decision),
    match,
    scheme: scope.scheme,
    host: guardedHost(policy),
    action: passThrough,
    provider,
    requestTimeoutMs: gateway.requestTimeoutMs,
  });
}

/** Lets by what a rule would refuse for this reason; none where the rule is enforced. */
export function letByRoutes(
  rule: HttpRule,
  would: { readonly match: Match; readonly reason: DenyReason },
  scope: OpenScope,
): Route[] | undefined {
  if (rule.audits !== true) return undefined;
  const { route, ruleIndex } = rule;
  return openRoutes(
    would.match,
    { verdict: "allow", wouldDeny: would.reason, route, ruleIndex },
    scope,
  );
}

/**
 * Routes that come before those of all rules of a host: for what the engine has read and would refuse, and, where the
 * whole gateway audits, for paths that would be refused because a path rule might misread them.
 */
export function auditRoutes(rules: readonly HttpRule[], hasPathRule: boolean, scope: OpenScope) {
  const isRead = rules.some(
    ({ audits, action, engine }) =>
      audits && (action.kind === "choose" || engine?.mcp !== undefined),
  );
  const reread = letByReasons.flatMap((wouldDeny) =>
    openRoutes(pickedMatch(letByPick(wouldDeny)), { verdict: "allow", wouldDeny }, scope).map(
      // The engine holds the whole body, as long as its own bound lets it.
      (route) => ({ ...route, requestBodyBufferLimit: uint64(modelCallBytes) }),
    ),
  );
  const ambiguous = unreadMatch({ prefix: "/", headers: [ambiguousPathMatch()] });
  return [
    ...(isRead ? reread : []),
    ...(hasPathRule && scope.gateway.audits
      ? openRoutes(ambiguous, { verdict: "allow", wouldDeny: "ambiguous-path" }, scope)
      : []),
  ];
}

const passThrough = {
  kind: "forward",
  requestHeaders: { set: [], add: [], remove: [] },
  responseHeaders: { set: [], add: [], remove: [] },
  credentials: [],
  backends: [],
} as const;
