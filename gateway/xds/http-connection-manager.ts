/**
 * The HTTP side of intercepted connections: filters in their order, what is stripped and normalised before any
 * decision, and the shape of replies that Envoy makes by itself.
 */

import { allProviders } from "../../providers/registry.ts";
import { typedExtension } from "../any.ts";
import type { Denial, DenialFacts } from "../denial.ts";
import { createDenial } from "../denial.ts";
import { CLRK_HEADER_PREFIX } from "../headers.ts";
import { duration, uint32 } from "../protobuf-values.ts";
import { envoy } from "../proto/gen/xds.js";
import type { GatewaySnapshot } from "../snapshot.ts";
import type { AccessLogSink } from "./access-log.ts";
import { attemptAccessLog, interceptedAccessLog } from "./access-log.ts";
import { agreementFilter } from "./agreement.ts";
import { bodySizeFilters } from "./body-size-filter.ts";
import { ambiguousPathFilter, ambiguousPathPolicy } from "./ambiguous-path.ts";
import { dnsCache, unguardedDnsCache } from "./cluster.ts";
import { denialFormat } from "./denial-route.ts";
import { choiceFilter, engineFilter, swapFilter, ceilingFilters } from "./engine-filter.ts";
import { FILTER_STATE, filterStateFormat } from "./filter-state.ts";
import { streamIdleMs } from "./forward-route.ts";
import { HTTP_FILTER } from "./http-filter-names.ts";
import { misdirectedReply, placeholderWatch } from "./placeholder-watch.ts";
import type { RouteScope } from "./route-configuration.ts";
import { noRuleReply } from "./route-configuration.ts";
import { routeConfigurationName } from "./resource-names.ts";
import {
  bodyTooLargeReply,
  engineReply,
  guardedReply,
  unreachableReply,
  unsentReply,
} from "./upstream-failure.ts";

type HttpFilter = envoy.extensions.filters.network.http_connection_manager.v3.IHttpFilter;

/** Time for a request's headers to arrive, against slow senders. */
const requestHeadersTimeoutMs = 30_000;

/** Grace after which an idle connection without streams is closed. */
const connectionIdleMs = 60 * 60_000;

/** The connection manager of one chain. */
export function interceptingConnectionManager(
  gateway: GatewaySnapshot,
  scope: RouteScope,
  log: AccessLogSink,
) {
  const { HttpConnectionManager } = envoy.extensions.filters.network.http_connection_manager.v3;
  return typedExtension("envoy.filters.network.http_connection_manager", HttpConnectionManager, {
    ...strictHttp(),
    earlyHeaderMutationExtensions: [earlyMutation([...internalHeaders(), traceOfInvocation()])],
    statPrefix: scope.scheme,
    rds: {
      routeConfigName: routeConfigurationName(scope.scheme, scope.section, scope.side),
      configSource: { ads: {}, resourceApiVersion: envoy.config.core.v3.ApiVersion.V3 },
    },
    httpFilters: httpFilters(gateway, scope, log),
    accessLog: [interceptedAccessLog(log, scope.scheme === "tls" ? "https" : "http")],
    upgradeConfigs: [{ upgradeType: "websocket" }],
    localReplyConfig: localReplies(gateway),
    streamIdleTimeout: duration(streamIdleMs(gateway.requestTimeoutMs)),
    ...headerBound(gateway),
  });
}

function headerBound({ requestSize }: GatewaySnapshot) {
  const bytes = requestSize?.headerBytes;
  return bytes === undefined ? {} : { maxRequestHeadersKb: uint32(bytes / 1_024) };
}

/** Settings that every connection manager of ours shares: nothing an agent sends steers Envoy itself. */
export function strictHttp() {
  const manager = envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
  return {
    codecType: manager.CodecType.AUTO,
    normalizePath: { value: true },
    stripTrailingHostDot: true,
    // The address in records is that of the connection, never one that an agent writes into X-Forwarded-For.
    useRemoteAddress: { value: true },
    skipXffAppend: true,
    generateRequestId: { value: false },
    // The upstream's own headers pass as they are.
    serverHeaderTransformation: manager.ServerHeaderTransformation.PASS_THROUGH,
    requestHeadersTimeout: duration(requestHeadersTimeoutMs),
    commonHttpProtocolOptions: { idleTimeout: duration(connectionIdleMs) },
    httpProtocolOptions: { acceptHttp_10: true },
    http2ProtocolOptions: {
      maxConcurrentStreams: uint32(1024),
      initialStreamWindowSize: uint32(1024 * 1024),
      initialConnectionWindowSize: uint32(4 * 1024 * 1024),
      allowConnect: false,
    },
    earlyHeaderMutationExtensions: [earlyMutation(internalHeaders())],
  };
}

type Mutation = envoy.config.common.mutation_rules.v3.IHeaderMutation;

function earlyMutation(mutations: Mutation[]) {
  const { HeaderMutation } = envoy.extensions.http.early_header_mutation.header_mutation.v3;
  return typedExtension("envoy.http.early_header_mutation.header_mutation", HeaderMutation, {
    mutations,
  });
}

/** `x-envoy-*` from an agent could change timeouts, retries and destinations; `x-clrk-*` could pose as ours. */
function internalHeaders(): Mutation[] {
  return [CLRK_HEADER_PREFIX, "x-envoy-"].map((prefix) => ({
    removeOnMatch: { keyMatcher: { prefix, ignoreCase: true } },
  }));
}

/** A request whose agent sent no trace is part of its invocation: so the upstream and the record are told. */
function traceOfInvocation(): Mutation {
  const { HeaderAppendAction } = envoy.config.core.v3.HeaderValueOption;
  return {
    append: {
      header: { key: "traceparent", value: filterStateFormat(FILTER_STATE.trace) },
      appendAction: HeaderAppendAction.ADD_IF_ABSENT,
    },
  };
}

function httpFilters(
  gateway: GatewaySnapshot,
  { scheme }: RouteScope,
  log: AccessLogSink,
): HttpFilter[] {
  const mutation = envoy.extensions.filters.http.header_mutation.v3.HeaderMutation;
  const { FilterConfig } = envoy.extensions.filters.http.dynamic_forward_proxy.v3;
  const { Router } = envoy.extensions.filters.http.router.v3;
  return [
    agreementFilter(scheme),
    ambiguousPathFilter(),
    ...bodySizeFilters(gateway),
    ...ceilingFilters(gateway),
    // Before credentials are written, so that the engine sees what the agent sent.
    engineFilter(),
    choiceFilter(),
    // After the engine's choice, so that the route decides about placeholders that the request takes in the end.
    placeholderWatch(),
    typedExtension(HTTP_FILTER.headerMutation, mutation, {
      mutations: {},
      // What the agent sent is removed by the route: the credential of a backend must come after that.
      mostSpecificHeaderMutationsWins: true,
    }),
    swapFilter(),
    typedExtension(HTTP_FILTER.forwardProxy, FilterConfig, {
      dnsCacheConfig: dnsCache(gateway.upstream),
    }),
    ...(scheme === "plain" ? [namedAddressFilter(gateway)] : []),
    typedExtension(HTTP_FILTER.router, Router, {
      suppressEnvoyHeaders: true,
      ...(fallsBack(gateway) && { upstreamLog: attemptAccessLog(log) }),
    }),
  ];
}

/** Each logger costs every request something: there is one of attempts only where some rule makes several. */
function fallsBack({ hosts }: GatewaySnapshot): boolean {
  return hosts.some(({ rules }) =>
    rules.some(({ action }) => action.kind === "forward" && action.fallback !== undefined),
  );
}

function namedAddressFilter({ upstream }: GatewaySnapshot): HttpFilter {
  const { FilterConfig } = envoy.extensions.filters.http.dynamic_forward_proxy.v3;
  return {
    ...typedExtension(HTTP_FILTER.namedAddressForwardProxy, FilterConfig, {
      dnsCacheConfig: unguardedDnsCache(upstream),
    }),
    disabled: true,
  };
}

const ambiguousPathMessage =
  "The path holds an encoded slash, backslash or NUL, two slashes in a row, a semicolon or a doubled escape, and a path rule applies to this host: send the path without them";

/** Replies of Envoy itself, in the caller's shape: the disagreement of authority, and failures to reach the upstream. */
function localReplies(
  gateway: GatewaySnapshot,
): envoy.extensions.filters.network.http_connection_manager.v3.ILocalReplyConfig {
  const disagreement =
    `Host %REQ(:AUTHORITY)% is not what this connection dialled ` +
    `(${filterStateFormat(FILTER_STATE.hostPort)}): send requests only to the host that was dialled`;
  return {
    mappers: [
      ...mappersFor(`response.code_details.contains('[${ambiguousPathPolicy}]')`, {
        status: 403,
        reason: "ambiguous-path",
        message: ambiguousPathMessage,
      }),
      ...mappersFor("response.code_details.startsWith('rbac_access_denied')", {
        status: 403,
        reason: "authority-mismatch",
        message: disagreement,
      }),
      ...mappersFor("response.code_details == 'route_not_found'", noRuleReply(gateway)),
      ...mappersFor(misdirectedReply.when, misdirectedReply.facts),
      ...[guardedReply, engineReply, bodyTooLargeReply, unsentReply, unreachableReply].flatMap(
        ({ when, facts, headers }) => mappersFor(when, facts, headers),
      ),
    ],
  };
}

function mappersFor(expression: string, facts: DenialFacts, headers: Denial["headers"] = []) {
  const named = allProviders().filter(({ hosts }) => hosts.length > 0);
  const shaped = named.map((provider) => {
    const hosts = provider.hosts.map(hostExpression).join(" || ");
    return { expression: `${expression} && (${hosts})`, denial: createDenial(provider, facts) };
  });
  const rest = { expression, denial: createDenial(undefined, facts) };
  return [...shaped, rest].map(({ expression: text, denial }) => ({
    filter: { extensionFilter: celFilter(text) },
    ...(facts.status < 500 && { statusCode: uint32(facts.status) }),
    headersToAdd: [...denial.headers, ...headers].map(({ name: key, value }) => ({
      header: { key, value },
    })),
    bodyFormatOverride: denialFormat(denial),
  }));
}

function hostExpression(pattern: string): string {
  if (!pattern.startsWith("*.")) {
    return `request.host == '${pattern}' || request.host.startsWith('${pattern}:')`;
  }
  return `request.host.contains('${pattern.slice(1)}')`;
}

function celFilter(expression: string) {
  const { ExpressionFilter } = envoy.extensions.access_loggers.filters.cel.v3;
  return typedExtension("envoy.access_loggers.extension_filters.cel", ExpressionFilter, {
    expression,
  });
}
