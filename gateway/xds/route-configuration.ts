/**
 * Route configurations: one virtual host for each host pattern, its rules in order, and a refusal at the end, so
 * that whatever is not allowed is answered with the reason.
 */

import { allProviders, findProviderByHost, findProviderByName } from "../../providers/registry.ts";
import type { Provider } from "../../providers/provider.ts";
import { encodeDecisionKey } from "../decision-key.ts";
import type { DenialFacts } from "../denial.ts";
import { maxMcpBytes } from "../mcp-plan.ts";
import type { envoy } from "../proto/gen/xds.js";
import type {
  GatewaySnapshot,
  HeaderMatch,
  HostPolicy,
  HttpAction,
  HttpMatch,
  HttpRule,
  PathMatch,
  Refusal,
} from "../snapshot.ts";
import { duration, uint32 } from "../protobuf-values.ts";
import { hostAgreementConfig } from "./agreement.ts";
import { pathRuleMetadata } from "./ambiguous-path.ts";
import { denialRoute, escapeFormat } from "./denial-route.ts";
import { entryRoute, letByMatch, pickedMatch, walkRoute } from "./choice-route.ts";
import { anyHost, auditRoutes, guardedHost, letByRoutes, openRoutes } from "./open-route.ts";
import { overrideHeaders } from "./override-headers.ts";
import {
  forwardRoutes,
  isBudgeted,
  isScrubbed,
  isSigned,
  judgedRoute,
  pickedRoute,
  upgradeMatch,
} from "./forward-route.ts";
import { swapsAnything, watchConfig } from "./placeholder-watch.ts";
import type { GatewaySide } from "./resource-names.ts";
import { routeConfigurationName } from "./resource-names.ts";

type Route = envoy.config.route.v3.IRoute;
type VirtualHost = envoy.config.route.v3.IVirtualHost;
type RouteConfiguration = envoy.config.route.v3.IRouteConfiguration;

/** What agents speak on the chains that use a configuration, and which listener they came through. */
export interface RouteScope {
  readonly scheme: "tls" | "plain";
  /** Listener name */
  readonly section: string;
  /** Absent: the gateway as all but a share of agents have it */
  readonly side?: GatewaySide | undefined;
}

/** Envoy adds these by itself; upstreams are to see what the agent sent. */
export const addedByEnvoy = ["x-forwarded-proto", "x-envoy-external-address", "x-envoy-internal"];

/** Envoy rejects all routes over one body that is longer, and by default 4 KiB are too long. */
const longestDenialBytes = 1024 * 1024;

const everything = { prefix: "/" };

/** The route configuration of one scope. */
export function routeConfiguration(
  gateway: GatewaySnapshot,
  scope: RouteScope,
): RouteConfiguration {
  const named = new Set<string>();
  const hosts = gateway.refusal ? [] : gateway.hosts;
  const virtualHosts = hosts
    .filter((policy) => isWorthOwnHost(policy, gateway))
    .map((policy) => {
      const domain = domainOf(policy);
      named.add(domain);
      return virtualHost(gateway, policy, { scope, domains: [domain] });
    });
  const rest = hosts.find(({ host }) => host.kind === "any") ?? anyHost;
  return {
    name: routeConfigurationName(scope.scheme, scope.section, scope.side),
    ignorePortInHostMatching: true,
    maxDirectResponseBodySizeBytes: uint32(longestDenialBytes),
    requestHeadersToRemove: [...addedByEnvoy, "proxy-authorization"],
    typedPerFilterConfig: watchConfig(gateway),
    virtualHosts: [
      ...virtualHosts,
      ...providerHosts(hosts, named).map(({ provider, policy, domains }) =>
        virtualHost(gateway, { ...(policy ?? rest), provider }, { scope, domains }),
      ),
      virtualHost(gateway, rest, { scope, domains: ["*"] }),
    ],
  };
}

/** A host without rules, known only by its alias, is refused like all others: by the virtual host for the rest. */
function isWorthOwnHost({ host, rules }: HostPolicy, gateway: GatewaySnapshot): boolean {
  return host.kind !== "any" && (rules.length > 0 || isOpen(gateway));
}

/** Whether what no rule is about is let by. */
function isOpen({ defaultPolicy, audits }: GatewaySnapshot): boolean {
  return defaultPolicy === "allow-all" || audits === true;
}

interface VirtualHostOptions {
  readonly scope: RouteScope;
  readonly domains: string[];
}

function virtualHost(
  gateway: GatewaySnapshot,
  policy: HostPolicy & { readonly provider?: Provider },
  { scope, domains }: VirtualHostOptions,
): VirtualHost {
  const provider = policy.provider ?? providerOf(policy);
  const rules = policy.rules.filter((rule) => isInSection(rule, scope.section));
  const hasEntry = rules.some(({ action }) => action.kind === "choose");
  const context = { gateway, policy, provider, scope, hasEntry };
  const hasPathRule = rules.some(decidesByPath);
  const routes = [
    ...auditRoutes(rules, hasPathRule, context),
    ...rules.flatMap((rule) => ruleRoutes(rule, context)),
    ...defaultRoutes(rules, context),
  ];
  return {
    name: domains[0] ?? "*",
    domains,
    // The time to headers: Envoy ignores this bound once response headers were sent downstream.
    retryPolicy: { perTryTimeout: duration(gateway.requestTimeoutMs), numRetries: uint32(0) },
    requestHeadersToRemove: overrideHeaders({
      method: rules.some(({ match }) => match.method !== undefined),
      path: hasPathRule,
    }),
    ...(isModelHost(policy, provider) && {
      typedPerFilterConfig: hostAgreementConfig(scope.scheme, policy.host.value),
    }),
    routes:
      hasPathRule && gateway.audits !== true
        ? routes.map((route) => ({ ...route, metadata: pathRuleMetadata() }))
        : routes,
  };
}

/** Where most requests go. Each expression costs Envoy 180 µs to read: thousands of other hosts share one. */
function isModelHost({ host, rules }: HostPolicy, provider: Provider | undefined): boolean {
  if (host.kind !== "exact") return false;
  return provider !== undefined || rules.some((rule) => rule.provider !== undefined);
}

/** Where the engine only changes the body on its way, all other requests of the rule are decided in the same way. */
function decidesByPath(rule: HttpRule): boolean {
  const { match, action, engine } = rule;
  const isSame = action.kind === "forward" && engine?.routing !== undefined && !isBudgeted(engine);
  return match.path !== undefined && !isSame;
}

interface RouteContext {
  readonly gateway: GatewaySnapshot;
  readonly policy: HostPolicy;
  readonly provider: Provider | undefined;
  readonly scope: RouteScope;
  /** Some requests of the host are read by the engine, which then reads them no more */
  readonly hasEntry: boolean;
}

function ruleRoutes(rule: HttpRule, context: RouteContext): Route[] {
  const { action, route, ruleIndex } = rule;
  const { scope, gateway, policy } = context;
  if (action.kind === "choose") {
    return isMcp(rule) ? judgementRoutes(rule, context) : choiceRoutes(rule, action, context);
  }
  const match = rule.pick === undefined ? routeMatch(rule.match) : pickedMatch(rule.pick);
  const provider = rule.provider ? findProviderByName(rule.provider) : context.provider;
  const label = `${route.kind} ${route.namespace}/${route.name}`;
  if (action.kind === "deny") {
    const { reason, status, message } = action;
    const name = encodeDecisionKey({ verdict: "deny", reason, route, ruleIndex });
    return [denialRoute({ name, match, provider, status, reason, message })];
  }
  const exposed = [...action.credentials, ...action.backends.flatMap((b) => b.credentials)];
  if (scope.scheme === "plain" && exposed.length > 0) {
    const reason = "credential-needs-tls";
    const name = encodeDecisionKey({ verdict: "deny", reason, route, ruleIndex });
    const message = `${label} injects a credential, which never travels from plain HTTP: use https`;
    return [denialRoute({ name, match, provider, status: 403, reason, message })];
  }
  const { requestTimeoutMs } = gateway;
  const { wouldDeny } = rule;
  const name = encodeDecisionKey({
    verdict: "allow",
    ...(wouldDeny !== undefined && { wouldDeny: wouldDeny.reason }),
    route,
    ruleIndex,
  });
  if (action.fallback !== undefined) {
    const { pick = "", action: walk } = {
      ...rule,
      action: { ...action, fallback: action.fallback },
    };
    return [walkRoute({ name, pick, action: walk, provider, requestTimeoutMs })];
  }
  const options = {
    name,
    match,
    scheme: scope.scheme,
    // An address that would be refused is not named on purpose.
    host: wouldDeny === undefined ? policy : guardedHost(policy),
    action,
    provider,
    requestTimeoutMs,
    engine: rule.engine,
  };
  if (rule.isJudged) return [judgedRoute(options)];
  if (rule.pick !== undefined) return [pickedRoute(options)];
  const forward = forwardRoutes(options);
  return [
    ...(exposed.length === 0 ? [] : [traceRoute(rule, provider)]),
    ...(isSigned(action) || isScrubbed(action) || isMcp(rule)
      ? upgradeRoutes(rule, { ...context, provider })
      : []),
    ...(context.hasEntry && needsReading(rule) ? unreadRoutes(rule, { ...context, provider }) : []),
    ...forward,
  ];
}

function needsReading(rule: HttpRule): boolean {
  return isLimited(rule) || isMcp(rule) || (rule.engine !== undefined && isBudgeted(rule.engine));
}

function isLimited({ action, engine }: HttpRule): boolean {
  const plans = [
    engine,
    ...(action.kind === "forward" ? action.backends : []).map((it) => it.engine),
  ];
  return plans.some((plan) => (plan?.limits ?? []).length > 0);
}

function isMcp({ engine }: HttpRule): boolean {
  return engine?.mcp !== undefined;
}

/** Nobody would count or judge a request that an entry has let by. */
function unreadRoutes(rule: HttpRule, context: RouteContext): Route[] {
  const { route } = rule;
  const match = letByMatch(routeMatch(rule.match));
  const label = `${route.kind} ${route.namespace}/${route.name}`;
  const clause = isMcp(rule)
    ? "judges MCP messages, and this one was read for a rule before it: give its server another host"
    : isLimited(rule)
      ? "limits requests, and this one was read for a rule before it: put the limit on a rule that names its model"
      : "keeps calls within a budget, and this one was read for a rule before it: put the budget on a rule that names its model";
  return unjudgedRoutes(
    rule,
    { match, reason: "not-enforced", message: `${label} ${clause}` },
    context,
  );
}

/** Of requests that the rule is about, and that have a form by which it cannot judge them. */
function unjudgedRoutes(
  rule: HttpRule,
  { match, reason, message }: Refusal & { readonly match: envoy.config.route.v3.IRouteMatch },
  context: RouteContext,
): Route[] {
  const { route, ruleIndex } = rule;
  const { provider } = context;
  const name = encodeDecisionKey({ verdict: "deny", reason, route, ruleIndex });
  return (
    letByRoutes(rule, { match, reason }, context) ?? [
      denialRoute({ name, match, provider, status: 403, reason, message }),
    ]
  );
}

/** Requests wait at the entry for the engine's choice; upgraded connections, which have no end, are refused. */
function choiceRoutes(
  rule: HttpRule,
  { isLate }: Extract<HttpAction, { readonly kind: "choose" }>,
  context: RouteContext,
): Route[] {
  const { route, ruleIndex, engine } = rule;
  const provider = rule.provider ? findProviderByName(rule.provider) : context.provider;
  const label = `${route.kind} ${route.namespace}/${route.name}`;
  const match = routeMatch(rule.match);
  const known = { ...context, provider };
  const late = `${label} cannot be enforced for this request: another rule stands between it and one that had the request read before`;
  const refusals = [
    ...unjudgedRoutes(
      rule,
      {
        match: upgradeMatch(match),
        reason: "not-translatable",
        message: `${label} chooses who serves model calls by what they say, which a WebSocket does not tell before it is open: send plain requests`,
      },
      known,
    ),
    ...(isLate
      ? unjudgedRoutes(
          rule,
          { match: letByMatch(match), reason: "not-enforced", message: late },
          known,
        )
      : []),
  ];
  if (engine === undefined) return refusals;
  const name = encodeDecisionKey({ verdict: "allow", route, ruleIndex });
  const { requestTimeoutMs } = context.gateway;
  const swaps = swapsAnything(context.gateway);
  return [...refusals, entryRoute({ name, match, engine, requestTimeoutMs, swaps })];
}

/** Requests wait until they are judged, for one of the ways that the engine picks. */
function judgementRoutes(rule: HttpRule, context: RouteContext): Route[] {
  const { route, ruleIndex, engine } = rule;
  const refusals = [...upgradeRoutes(rule, context), ...unreadRoutes(rule, context)];
  if (engine === undefined) return refusals;
  const entry = entryRoute({
    name: encodeDecisionKey({ verdict: "allow", route, ruleIndex }),
    match: routeMatch(rule.match),
    engine,
    requestTimeoutMs: context.gateway.requestTimeoutMs,
    heldBytes: maxMcpBytes,
    swaps: swapsAnything(context.gateway),
  });
  return [...refusals, entry];
}

/** A server answers TRACE with the request as it got it (RFC 9110 section 9.3.8), injected credential included. */
function traceRoute({ match, route, ruleIndex }: HttpRule, provider: Provider | undefined): Route {
  const reason = "trace-method";
  return denialRoute({
    name: encodeDecisionKey({ verdict: "deny", reason, route, ruleIndex }),
    match: routeMatch({ ...match, method: "TRACE" }),
    provider,
    status: 403,
    reason,
    message: `${route.kind} ${route.namespace}/${route.name} injects a credential, which TRACE would show: use another method`,
  });
}

/** A signature covers the whole body, as judgement does; an upgraded connection never ends, and is not searched. */
function upgradeRoutes(rule: HttpRule, context: RouteContext): Route[] {
  const { route } = rule;
  const match = upgradeMatch(routeMatch(rule.match));
  const isScrub = rule.action.kind === "forward" && isScrubbed(rule.action);
  const signs = isScrub ? "takes credentials out of answers" : "signs requests";
  const what = isMcp(rule) ? "judges MCP messages" : signs;
  const label = `${route.kind} ${route.namespace}/${route.name}`;
  const message = `${label} ${what}, which an upgraded connection cannot be: send plain requests`;
  return unjudgedRoutes(rule, { match, reason: "not-enforced", message }, context);
}

/** What happens to requests that no rule of the host matches. */
function defaultRoutes(rules: readonly HttpRule[], context: RouteContext): Route[] {
  const { gateway, provider } = context;
  if (gateway.refusal) return [refusalRoute(gateway.refusal, provider)];
  if (isOpen(gateway)) {
    if (gateway.defaultPolicy === "allow-all") {
      return openRoutes(everything, { verdict: "allow" }, context);
    }
    const wouldDeny = rules.length > 0 ? "no-rule" : "default-policy";
    return openRoutes(everything, { verdict: "allow", wouldDeny }, context);
  }
  // No route at all is Envoy's cheapest refusal; the connection manager gives it our words (`noRuleReply`).
  if (rules.length > 0) return [];
  const reason = "default-policy";
  const label = escapeFormat(`EgressGateway ${gateway.namespace}/${gateway.name}`);
  const message = `No route of ${label} allows host %REQ(:AUTHORITY)% (defaultPolicy deny-all)`;
  const name = encodeDecisionKey({ verdict: "deny", reason });
  const status = 403;
  return [
    denialRoute({ name, match: everything, provider, status, reason, message, isFormat: true }),
  ];
}

/** What the agent is told when its host has rules and none of them matches: in the words of a refusal, for all hosts. */
export function noRuleReply(gateway: GatewaySnapshot): DenialFacts {
  const label = escapeFormat(`EgressGateway ${gateway.namespace}/${gateway.name}`);
  const message = `No rule for host %REQ(:AUTHORITY)% allows %REQ(:METHOD)% %PATH(NQ)% (${label}, defaultPolicy deny-all)`;
  return { status: 403, reason: "no-rule", message };
}

function refusalRoute({ reason, message }: Refusal, provider: Provider | undefined): Route {
  return denialRoute({
    name: encodeDecisionKey({ verdict: "deny", reason }),
    match: everything,
    provider,
    status: 403,
    reason,
    message,
  });
}

function isInSection(rule: HttpRule, section: string): boolean {
  return rule.sections === undefined || rule.sections.includes(section);
}

function routeMatch(match: HttpMatch): envoy.config.route.v3.IRouteMatch {
  const headers = [
    ...(match.method === undefined ? [] : [methodMatch(match.method)]),
    ...(match.headers ?? []).map(headerMatch),
  ];
  return { ...pathMatch(match.path), ...(headers.length > 0 && { headers }) };
}

function pathMatch(path: PathMatch | undefined): envoy.config.route.v3.IRouteMatch {
  switch (path?.kind) {
    case undefined:
      return everything;
    case "exact":
      return { path: path.value };
    case "regex":
      return { safeRegex: { regex: path.value } };
    case "prefix": {
      const value = path.value.replace(/\/+$/, "");
      return value === "" ? everything : { pathSeparatedPrefix: value };
    }
  }
}

function methodMatch(method: string) {
  return { name: ":method", stringMatch: { exact: method } };
}

function headerMatch({ kind, name, value }: HeaderMatch) {
  if (kind === "exact") return { name, stringMatch: { exact: value } };
  return { name, stringMatch: { safeRegex: { regex: value } } };
}

function domainOf({ host }: HostPolicy): string {
  if (host.kind === "wildcard") return `*.${host.value}`;
  return host.value.includes(":") ? `[${host.value}]` : host.value;
}

function providerOf(policy: HostPolicy): Provider | undefined {
  if (policy.host.kind === "exact") return findProviderByHost(policy.host.value);
  const domain = domainOf(policy);
  return allProviders().find(({ hosts }) => hosts.includes(domain));
}

/**
 * Hosts of known providers that no rule names: decided as all others are, by the wildcard that covers them or by
 * none, but refused in the shape of their SDK.
 */
function providerHosts(hosts: readonly HostPolicy[], named: ReadonlySet<string>) {
  return allProviders().flatMap((provider) => {
    const unnamed = provider.hosts.filter((host) => !named.has(host));
    const groups = Map.groupBy(unnamed, (host) => coveringPolicy(host, hosts));
    return [...groups].map(([policy, domains]) => ({ provider, policy, domains }));
  });
}

/** The longest wildcard that covers a host or wildcard of a provider. */
function coveringPolicy(domain: string, hosts: readonly HostPolicy[]): HostPolicy | undefined {
  return hosts
    .filter(({ host }) => host.kind === "wildcard" && domain.endsWith(`.${host.value}`))
    .reduce<HostPolicy | undefined>(
      (best, policy) =>
        best === undefined || policy.host.value.length > best.host.value.length ? policy : best,
      undefined,
    );
}
