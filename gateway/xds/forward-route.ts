/**
 * Routes that forward: which cluster, within which time, with which header changes and credentials. A header
 * credential is a format that Envoy fills from an SDS secret, so that no value stands in the configuration.
 */

import type { Provider } from "../../providers/provider.ts";
import { packAny } from "../any.ts";
import { duration, uint32, uint64 } from "../protobuf-values.ts";
import type { google } from "../proto/gen/xds.js";
import { envoy } from "../proto/gen/xds.js";
import type {
  AttemptPlan,
  BackendTarget,
  CredentialUse,
  EnginePlan,
  HostPolicy,
  HttpAction,
  SwapPlan,
} from "../snapshot.ts";
import { CLRK_HEADERS } from "../headers.ts";
import { maxMcpBytes } from "../mcp-plan.ts";
import { bodySizeRouteConfig } from "./body-size-filter.ts";
import { modelCallBytes } from "./model-call-body.ts";
import { overwriteHeader } from "./denial-route.ts";
import { mutationConfig } from "./header-injection.ts";
import { headerRewrites } from "./header-rewrites.ts";
import { attemptRouteConfig, engineRouteConfig, swapRouteConfig } from "./engine-filter.ts";
import { HTTP_FILTER } from "./http-filter-names.ts";
import { watchesItself, unwatchedConfig } from "./placeholder-watch.ts";
import { aliasCluster, backendAuthority, RESOURCE } from "./resource-names.ts";

type Route = envoy.config.route.v3.IRoute;
type Match = envoy.config.route.v3.IRouteMatch;
type PerFilter = Record<string, google.protobuf.IAny>;
type ForwardAction = Extract<HttpAction, { kind: "forward" }>;

/** What a signature writes. */
const signatureHeaders: ReadonlySet<string> = new Set([
  "authorization",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-security-token",
]);

/** What all forward routes of one gateway share. */
export interface ForwardOptions {
  readonly name: string;
  readonly match: Match;
  /** What the agent speaks to us */
  readonly scheme: "tls" | "plain";
  readonly host: Pick<HostPolicy, "host" | "alias">;
  readonly action: ForwardAction;
  /** Whose credential headers the agent may have sent */
  readonly provider: Provider | undefined;
  readonly requestTimeoutMs: number;
  /** What the engine does with the requests; absent: it is not asked */
  readonly engine?: EnginePlan | undefined;
  /** Credential headers that are the engine's own by now, and no longer what the agent sent */
  readonly written?: ReadonlySet<string>;
}

/**
 * The route of a way that the engine picked. What was to be signed it has signed already, and requests that become
 * upgrades never get here.
 */
export function pickedRoute(options: ForwardOptions): Route {
  const { attempt: _attempt, ...action } = options.action;
  const backends = action.backends.map(({ attempt: _signed, engine: _engine, ...it }) => it);
  const isSigning = allCredentials(action).some(({ kind }) => kind === "aws-sigv4");
  const picked = {
    ...options,
    action: { ...action, backends },
    engine: undefined,
    ...(isSigning && { written: signatureHeaders }),
  };
  return {
    ...forwardRoute(picked, "any"),
    responseHeadersToAdd: [servedHeader()],
    requestBodyBufferLimit: uint64(modelCallBytes),
  };
}

/** The route of a way that the engine picked for a request to an MCP server: whoever signs it does so after that. */
export function judgedRoute(options: ForwardOptions): Route {
  const route = forwardRoute({ ...options, engine: undefined }, "any");
  return { requestBodyBufferLimit: uint64(maxMcpBytes), ...route };
}

/** Tells the engine, and nobody else, which cluster answered; a reply of Envoy itself has no such header. */
export function servedHeader() {
  return overwriteHeader(CLRK_HEADERS.served, "%UPSTREAM_CLUSTER_RAW%");
}

/**
 * The routes of one rule: one for WebSocket upgrades where the upstream could choose HTTP/2 or the engine is asked, and
 * one for the rest. Where requests are signed or judged as MCP there is none for upgrades: the caller refuses them.
 */
export function forwardRoutes(options: ForwardOptions): Route[] {
  const plain = forwardRoute(options, "any");
  const refusesUpgrades =
    isSigned(options.action) || isScrubbed(options.action) || options.engine?.mcp !== undefined;
  if (refusesUpgrades || !treatsUpgrades(options)) return [plain];
  return [forwardRoute(options, "upgrade"), plain];
}

/** The protocol of a plain upstream is the agent's own; what is shown to the engine differs in any case. */
function treatsUpgrades({ scheme, action, engine }: ForwardOptions): boolean {
  return scheme === "tls" || action.backends.length > 0 || engine !== undefined;
}

type Protocol = "any" | "upgrade";

function forwardRoute(options: ForwardOptions, protocol: Protocol): Route {
  const { match, requestTimeoutMs } = options;
  return {
    name: options.name,
    match: protocol === "upgrade" ? upgradeMatch(match) : match,
    route: {
      ...destination(options, protocol),
      // Zero turns the bound of the whole response off, so that a long event stream is never cut.
      timeout: duration(0),
      idleTimeout: duration(streamIdleMs(requestTimeoutMs)),
    },
    typedPerFilterConfig: perFilterConfig(options, protocol),
    ...heldBody(options),
    // What Envoy answers itself costs a budget other than what a provider does.
    ...(options.engine && isBudgeted(options.engine) && { responseHeadersToAdd: [servedHeader()] }),
  };
}

/** Whether calls of the plan are counted: nothing of it may go on unread. */
export function isBudgeted({ routing }: EnginePlan): boolean {
  return routing?.rules.some(({ budget }) => budget !== undefined) === true;
}

/** How much of a body is held, where the whole of it is there before the first byte goes out. */
function heldBody({ action, engine }: ForwardOptions) {
  if (engine?.mcp !== undefined) return { requestBodyBufferLimit: uint64(maxMcpBytes) };
  if (!isSigned(action) && engine?.routing === undefined) return undefined;
  return { requestBodyBufferLimit: uint64(modelCallBytes) };
}

/** Whether requests of the action are signed: then the whole body is held, and an upgrade would never end. */
export function isSigned({ attempt, backends }: ForwardAction): boolean {
  return attempt !== undefined || backends.some((target) => target.attempt !== undefined);
}

/** Whether answers are searched for values: an upgraded connection is not. */
export function isScrubbed(action: ForwardAction): boolean {
  return swapsOf(action).some(({ scrubs }) => scrubs.length > 0);
}

function swapsOf({ swap, backends }: ForwardAction): readonly SwapPlan[] {
  return [swap, ...backends.map((target) => target.swap)].filter((plan) => plan !== undefined);
}

/** The match for WebSocket upgrades. */
export function upgradeMatch(match: Match): Match {
  const upgrade = { name: "upgrade", stringMatch: { exact: "websocket", ignoreCase: true } };
  return { ...match, headers: [...(match.headers ?? []), upgrade] };
}

function allCredentials({ credentials, backends }: ForwardAction): readonly CredentialUse[] {
  return [...credentials, ...backends.flatMap((target) => target.credentials)];
}

/** Silence that a stream may keep: model calls are quiet for minutes, and the time to headers must fit in it. */
export function streamIdleMs(requestTimeoutMs: number): number {
  return Math.max(requestTimeoutMs + 60_000, 15 * 60_000);
}

function destination(
  options: ForwardOptions,
  protocol: Protocol,
): envoy.config.route.v3.IRouteAction {
  const { action, scheme, host } = options;
  if (action.backends.length > 0) return weightedBackends(options, protocol);
  if (scheme === "plain") {
    if (host.host.kind === "ip") return { cluster: RESOURCE.forwardNamedAddress };
    return { cluster: host.alias ? aliasCluster(host.alias, "plain") : RESOURCE.forwardPlain };
  }
  return { cluster: tlsCluster(host.alias, protocol, action.attempt) };
}

function backendCluster(target: BackendTarget, protocol: Protocol): string {
  const { alias, attempt, isPlain } = target;
  if (isPlain !== true) return tlsCluster(alias, protocol, attempt);
  return alias === undefined ? RESOURCE.forwardPlainHttp1 : aliasCluster(alias, "plain-http1");
}

function tlsCluster(
  alias: HostPolicy["alias"],
  protocol: Protocol,
  attempt: AttemptPlan | undefined,
): string {
  const kind = attempt !== undefined ? "tls-signed" : protocol === "upgrade" ? "tls-http1" : "tls";
  return alias === undefined ? forwardClusters[kind] : aliasCluster(alias, kind);
}

const forwardClusters = {
  tls: RESOURCE.forwardTls,
  "tls-http1": RESOURCE.forwardTlsHttp1,
  "tls-signed": RESOURCE.forwardTlsSigned,
} as const;

function weightedBackends(
  { action }: ForwardOptions,
  protocol: Protocol,
): envoy.config.route.v3.IRouteAction {
  return {
    weightedClusters: {
      clusters: action.backends.map((target) => ({
        name: backendCluster(target, protocol),
        weight: uint32(target.weight),
        hostRewriteLiteral: backendAuthority(target),
        typedPerFilterConfig: backendFilterConfig(target, protocol),
      })),
    },
  };
}

function backendFilterConfig(target: BackendTarget, protocol: Protocol): PerFilter {
  const { PerRouteConfig } = envoy.extensions.filters.http.dynamic_forward_proxy.v3;
  return {
    [HTTP_FILTER.forwardProxy]: packAny(PerRouteConfig, {
      hostRewriteLiteral: `${target.host.includes(":") ? `[${target.host}]` : target.host}:${target.port}`,
    }),
    ...mutationConfig([], [], target.credentials),
    ...engineConfig(target, protocol),
  };
}

/** Where both a route and its backend have one, Envoy takes the backend's. */
function engineConfig(
  plans: {
    readonly engine?: EnginePlan | undefined;
    readonly attempt?: AttemptPlan;
    readonly swap?: SwapPlan;
  },
  protocol: Protocol,
): PerFilter {
  const { engine, attempt, swap } = plans;
  return {
    ...(swap && { [HTTP_FILTER.swap]: swapRouteConfig(swap, protocol) }),
    ...(engine && { [HTTP_FILTER.engine]: engineRouteConfig(engine, protocol) }),
    ...(attempt && { [HTTP_FILTER.attempt]: attemptRouteConfig(attempt) }),
  };
}

function perFilterConfig(options: ForwardOptions, protocol: Protocol): PerFilter {
  const { action, scheme, host, provider, engine, written } = options;
  // A placeholder stays where the agent put it.
  const credentials = allCredentials(action).filter(({ kind }) => kind !== "placeholder");
  const known = credentials.length === 0 ? [] : credentialHeaders(provider);
  const removed = known.filter((name) => written?.has(name) !== true);
  const requestMutations = [
    ...removed.map((remove) => ({ remove })),
    ...headerRewrites(action.requestHeaders),
  ];
  const responseMutations = headerRewrites(action.responseHeaders);
  const named = scheme === "plain" && host.host.kind === "ip" && action.backends.length === 0;
  return {
    ...mutationConfig(requestMutations, responseMutations, action.credentials),
    ...engineConfig({ ...action, engine }, protocol),
    ...(swapsOf(action).some(watchesItself) && unwatchedConfig()),
    ...(named && namedAddressConfig()),
    ...(action.maxRequestBytes !== undefined && bodySizeRouteConfig(action.maxRequestBytes)),
  };
}

/** What an agent might have sent to be recognised; removed wherever the gateway injects the real credential. */
function credentialHeaders(provider: Provider | undefined): string[] {
  const usual = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];
  return [...new Set([...usual, ...(provider?.credentialHeaders ?? [])])];
}

function namedAddressConfig(): PerFilter {
  const { FilterConfig } = envoy.config.route.v3;
  const { PerRouteConfig } = envoy.extensions.filters.http.dynamic_forward_proxy.v3;
  return {
    [HTTP_FILTER.forwardProxy]: packAny(FilterConfig, { disabled: true }),
    [HTTP_FILTER.namedAddressForwardProxy]: packAny(FilterConfig, {
      config: packAny(PerRouteConfig, {}),
    }),
  };
}
