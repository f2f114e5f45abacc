/**
 * The explicit proxy: checks the proxy credential, writes down what was dialled and by whom, and hands the tunnel
 * to the internal listener. Nothing about the destination is decided here, so that a refusal reaches the agent
 * inside TLS, where its SDK can show it.
 */

import { typedExtension } from "../any.ts";
import { agentKey } from "../canary-share.ts";
import { encodeDecisionKey } from "../decision-key.ts";
import { duration, uint32 } from "../protobuf-values.ts";
import { envoy } from "../proto/gen/xds.js";
import type { InvocationRoot } from "../invocation-event.ts";
import type { GatewaySnapshot, SocketEndpoint } from "../snapshot.ts";
import { httpAccessLog } from "./access-log.ts";
import { escapeFormat } from "./denial-route.ts";
import { ENVOY_FILTER_STATE, FILTER_STATE, setFilterState } from "./filter-state.ts";
import { strictHttp } from "./http-connection-manager.ts";
import { rawPorts } from "./listener.ts";
import { RESOURCE } from "./resource-names.ts";
import { addedByEnvoy } from "./route-configuration.ts";

/** A proxy credential of one run: what its user name says, and the SHA-1 of its token in htpasswd's form. */
export interface ProxyCredential {
  /** Also the caller in records; `[a-z0-9-]` */
  readonly runId: string;
  /** What its agent is called; `[a-z0-9.-]` */
  readonly agent: string;
  /** Root of the trace of its requests */
  readonly root: InvocationRoot;
  /** `{SHA}` and base64 of SHA-1; tokens are random, so that a fast hash gives nothing away */
  readonly passwordHash: string;
}

/** The user name of a run: Envoy itself reads from it who calls and to which trace that belongs. */
export function proxyUserName({
  runId,
  agent,
  root,
}: Omit<ProxyCredential, "passwordHash">): string {
  return `${runId}_${agent}-${root.traceId}-${root.spanId}`;
}

type LocalReplyMapper = envoy.extensions.filters.network.http_connection_manager.v3.IResponseMapper;

const basicAuthFilter = "envoy.filters.http.basic_auth";

/** Header between two filters of this listener; stripped from what agents send. */
const runHeader = "x-clrk-run";

/** New connections that one run may open: a burst, then a rate; a storm of one agent must not starve the others. */
const connectionBurst = 2_000;
const connectionsPerSecond = 500;

/** Runs whose rate is remembered; the least recently seen one is forgotten first. */
const maxRememberedRuns = 10_000;

const metadataNamespace = "clrk.proxy";

/** The listener that agents reach by HTTP_PROXY and HTTPS_PROXY. */
export function explicitProxyListener(
  bind: SocketEndpoint,
  { namespace }: Pick<GatewaySnapshot, "namespace">,
): envoy.config.listener.v3.IListener {
  const { HttpConnectionManager } = envoy.extensions.filters.network.http_connection_manager.v3;
  const manager = typedExtension(
    "envoy.filters.network.http_connection_manager",
    HttpConnectionManager,
    {
      ...strictHttp(),
      statPrefix: "proxy",
      // Paths of absolute-form requests are normalised behind the tunnel, where rules are asked.
      normalizePath: { value: false },
      rds: {
        routeConfigName: RESOURCE.explicitRoutes,
        configSource: { ads: {}, resourceApiVersion: envoy.config.core.v3.ApiVersion.V3 },
      },
      httpFilters: [
        authFilter(),
        limitFilter(),
        targetFilter(),
        stateFilter(namespace),
        routerFilter(),
      ],
      accessLog: [httpAccessLog("proxy", refusedOnly())],
      upgradeConfigs: [{ upgradeType: "CONNECT" }, { upgradeType: "websocket" }],
      localReplyConfig: { mappers: [proxyAuthenticationRequired(), connectionRefused()] },
      streamIdleTimeout: duration(0),
    },
  );
  return {
    name: RESOURCE.explicitListener,
    address: { socketAddress: { address: bind.address, portValue: bind.port } },
    // Or any process of this user could listen there too and be sent some of the credentials.
    enableReusePort: { value: false },
    filterChains: [{ filters: [manager] }],
    perConnectionBufferLimitBytes: uint32(1024 * 1024),
    trafficDirection: envoy.config.core.v3.TrafficDirection.OUTBOUND,
  };
}

/** Routes of the explicit proxy, with the credentials of the runs that may use it now; plain requests go to that cluster. */
export function explicitProxyRoutes(
  gateway: GatewaySnapshot,
  runs: readonly ProxyCredential[],
  plainTunnel: string = RESOURCE.tunnelCluster,
): envoy.config.route.v3.IRouteConfiguration {
  const raw = rawPorts(gateway).map((port) => ({
    ...connectRoute(RESOURCE.rawTunnelCluster),
    match: {
      connectMatcher: {},
      headers: [{ name: ":authority", stringMatch: { suffix: `:${port}` } }],
    },
  }));
  const absolute = {
    name: "absolute-form",
    match: { prefix: "/" },
    route: {
      cluster: plainTunnel,
      timeout: duration(0),
      idleTimeout: duration(0),
      upgradeConfigs: [{ upgradeType: "websocket" }],
    },
    requestHeadersToRemove: ["proxy-authorization", "proxy-connection", ...addedByEnvoy],
  };
  return {
    name: RESOURCE.explicitRoutes,
    ignorePortInHostMatching: true,
    requestHeadersToRemove: [runHeader],
    typedPerFilterConfig: { [basicAuthFilter]: runUsers(runs) },
    virtualHosts: [
      {
        name: "proxy",
        domains: ["*"],
        routes: [...raw, connectRoute(RESOURCE.tunnelCluster), absoluteTlsRoute(), absolute],
      },
    ],
  };
}

function connectRoute(cluster: string): envoy.config.route.v3.IRoute {
  return {
    name: "connect",
    match: { connectMatcher: {} },
    route: {
      cluster,
      timeout: duration(0),
      idleTimeout: duration(0),
      upgradeConfigs: [{ upgradeType: "CONNECT", connectConfig: {} }],
    },
  };
}

/**
 * `GET https://…` to the proxy: the agent wants TLS towards the origin and has none towards us. Forwarding it would
 * either send it on in plain text or hide that its first leg was.
 */
function absoluteTlsRoute(): envoy.config.route.v3.IRoute {
  return {
    name: encodeDecisionKey({ verdict: "deny", reason: "needs-connect" }),
    match: { prefix: "/", headers: [{ name: ":scheme", stringMatch: { exact: "https" } }] },
    directResponse: {
      status: 403,
      body: { inlineString: "An https URL was sent to the proxy in plain text: use CONNECT\n" },
    },
  };
}

/** A user list must not be empty: this one has a hash that no password has. */
const nobody = "nobody:{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=";

function runUsers(runs: readonly ProxyCredential[]) {
  const { BasicAuthPerRoute } = envoy.extensions.filters.http.basic_auth.v3;
  const lines = [nobody, ...runs.map((run) => `${proxyUserName(run)}:${run.passwordHash}`)];
  return typedExtension(basicAuthFilter, BasicAuthPerRoute, {
    users: { inlineString: lines.join("\n") },
  }).typedConfig;
}

function authFilter() {
  const { BasicAuth } = envoy.extensions.filters.http.basic_auth.v3;
  return typedExtension(basicAuthFilter, BasicAuth, {
    users: { inlineString: nobody },
    authenticationHeader: "proxy-authorization",
    forwardUsernameHeader: runHeader,
  });
}

function limitFilter() {
  const { LocalRateLimit } = envoy.extensions.filters.http.local_ratelimit.v3;
  const bucket = (tokens: number, perSecond: number) => ({
    maxTokens: tokens,
    tokensPerFill: uint32(perSecond),
    fillInterval: duration(1_000),
  });
  const always = { defaultValue: { numerator: 100 } };
  return typedExtension("envoy.filters.http.local_ratelimit", LocalRateLimit, {
    statPrefix: "connections",
    tokenBucket: bucket(1_000_000, 1_000_000),
    filterEnabled: always,
    filterEnforced: always,
    maxDynamicDescriptors: uint32(maxRememberedRuns),
    // An empty value stands for every value: one bucket a run.
    descriptors: [
      { entries: [{ key: "run" }], tokenBucket: bucket(connectionBurst, connectionsPerSecond) },
    ],
    rateLimits: [
      { actions: [{ requestHeaders: { headerName: runHeader, descriptorKey: "run" } }] },
    ],
  });
}

/**
 * Splits the target: `host:port`, `[v6]:port`, or a host alone, which means port 80 (absolute form); and the user name
 * as `proxyUserName()` puts it together, which the filter before has checked.
 */
function targetFilter() {
  const { Config } = envoy.extensions.filters.http.header_to_metadata.v3;
  const part = (key: string, substitution: string, regex: string, header = ":authority") => ({
    header,
    onHeaderPresent: {
      metadataNamespace,
      key,
      regexValueRewrite: { pattern: { regex, googleRe2: {} }, substitution },
    },
  });
  return typedExtension("envoy.filters.http.header_to_metadata", Config, {
    requestRules: [
      part("host", "\\1", "^\\[?([^\\]]*?)\\]?(?::\\d+)?$"),
      { header: ":authority", onHeaderPresent: { metadataNamespace, key: "port", value: "80" } },
      part("port", "\\1", "^(?:.*[^:]:(\\d+)|.*)$"),
      part("run", "\\1", "^([^_]*)_.*-[0-9a-f]{32}-[0-9a-f]{16}$", runHeader),
      part("agent", "\\1", "^[^_]*_(.*)-[0-9a-f]{32}-[0-9a-f]{16}$", runHeader),
      part("trace", "00-\\1-01", "^.*-([0-9a-f]{32}-[0-9a-f]{16})$", runHeader),
    ],
  });
}

function stateFilter(namespace: string) {
  const { Config } = envoy.extensions.filters.http.set_filter_state.v3;
  const target = (key: string) => `%DYNAMIC_METADATA(${metadataNamespace}:${key})%`;
  const shared = (key: string, format: string) => setFilterState(key, format, "transitive");
  return typedExtension("envoy.filters.http.set_filter_state", Config, {
    onRequestHeaders: [
      shared(FILTER_STATE.caller, `run:${target("run")}`),
      shared(
        FILTER_STATE.agent,
        agentKey({ kind: "Process", namespace: escapeFormat(namespace), name: target("agent") }),
      ),
      shared(FILTER_STATE.trace, target("trace")),
      shared(FILTER_STATE.dialledHost, target("host")),
      shared(FILTER_STATE.port, target("port")),
      shared(ENVOY_FILTER_STATE.dynamicHost, target("host")),
      shared(ENVOY_FILTER_STATE.dynamicPort, target("port")),
      shared(ENVOY_FILTER_STATE.originalDestination, "%REQ(:AUTHORITY)%"),
    ],
  });
}

function routerFilter() {
  const { Router } = envoy.extensions.filters.http.router.v3;
  return typedExtension("envoy.filters.http.router", Router, { suppressEnvoyHeaders: true });
}

/** Tunnels and absolute-form requests are recorded by what happens inside them; here only what never got in. */
function refusedOnly(): envoy.config.accesslog.v3.IAccessLogFilter {
  return celFilter(
    `response.code >= 400 && !response.code_details.startsWith('via_upstream') && !${resetByTunnel}`,
  );
}

/** The tunnel closed a connection before it began; why is in the record that the tunnel itself makes. */
const resetByTunnel = "response.code_details.startsWith('upstream_reset_before_response_started')";

/** On ports where no first bytes are waited for, the tunnel refuses so early that CONNECT can still say so. */
function connectionRefused(): LocalReplyMapper {
  const lines = [
    "No raw connection to %REQ(:AUTHORITY)%: no route allows it, or it leads to an address that is never dialled",
    "The reason is in the record of the connection: see it with `clrk logs`\n",
  ];
  return {
    filter: celFilter(`request.method == 'CONNECT' && ${resetByTunnel}`),
    statusCode: uint32(403),
    bodyFormatOverride: { textFormatSource: { inlineString: lines.join("\n") } },
  };
}

function celFilter(expression: string): envoy.config.accesslog.v3.IAccessLogFilter {
  const { ExpressionFilter } = envoy.extensions.access_loggers.filters.cel.v3;
  return {
    extensionFilter: typedExtension(
      "envoy.access_loggers.extension_filters.cel",
      ExpressionFilter,
      { expression },
    ),
  };
}

/** Envoy's filter answers 401; clients of a proxy expect 407 (RFC 9110 section 15.5.8). */
function proxyAuthenticationRequired(): LocalReplyMapper {
  const { Op } = envoy.config.accesslog.v3.ComparisonFilter;
  return {
    filter: {
      statusCodeFilter: {
        comparison: { op: Op.EQ, value: { defaultValue: 401, runtimeKey: "clrk.unauthorized" } },
      },
    },
    statusCode: uint32(407),
    headersToAdd: [{ header: { key: "proxy-authenticate", value: 'Basic realm="clrk"' } }],
    bodyFormatOverride: {
      textFormatSource: {
        inlineString:
          "Proxy credential missing or wrong: start the command with `clrk run -- COMMAND`\n",
      },
    },
  };
}
