/**
 * How Envoy asks the engine: one HTTP filter that is off unless a route turns it on with its plan, and the same in the
 * upstream filters of clusters whose requests are signed. What a request is decided by, and who calls, goes as gRPC
 * metadata: it costs the engine a table look-up where attributes would be a message of their own.
 */

import { packAny, typedExtension } from "../any.ts";
import { CLRK_HEADERS, ENGINE_ROLE } from "../headers.ts";
import { maxConfirmationMs } from "../mcp-plan.ts";
import type { ShownParts } from "../processing-mode.ts";
import { shownParts, swappedParts } from "../processing-mode.ts";
import { duration, uint32 } from "../protobuf-values.ts";
import { envoy } from "../proto/gen/xds.js";
import type { AttemptPlan, EnginePlan, GatewaySnapshot, SwapPlan } from "../snapshot.ts";
import { gatewayKey } from "../snapshot.ts";
import { ENGINE_METADATA, FILTER_STATE, quotedFilterStateFormat } from "./filter-state.ts";
import { HTTP_FILTER } from "./http-filter-names.ts";
import { RESOURCE } from "./resource-names.ts";

type HttpFilter = envoy.extensions.filters.network.http_connection_manager.v3.IHttpFilter;
type ProcessingMode = envoy.extensions.filters.http.ext_proc.v3.IProcessingMode;
type GrpcService = envoy.config.core.v3.IGrpcService;
type HeaderValue = envoy.config.core.v3.IHeaderValue;

/** Time in `ms` after which Envoy gives up. The engine answers in microseconds; so late an answer means that it hangs. */
export const messageTimeoutMs = 5_000;

/** The engine asks for more where a call waits for its confirmation, and for a little beyond that. */
const maxMessageTimeoutMs = maxConfirmationMs + 30_000;

/** The downstream filter; off unless `engineRouteConfig` turns it on. */
export function engineFilter(): HttpFilter {
  // Or headers and body of a small request would be two round trips.
  return downstreamFilter(HTTP_FILTER.engine, { sendBodyWithoutWaitingForHeaderResponse: true });
}

/** The downstream filter of model calls for which the engine chooses; off unless `choiceRouteConfig` turns it on. */
export function choiceFilter(): HttpFilter {
  // The engine says by the headers of an answer whether it wants the body whole: before the first piece of it is sent.
  return downstreamFilter(HTTP_FILTER.choice, { mutationRules: { allowEnvoy: { value: true } } });
}

function downstreamFilter(
  name: string,
  more: envoy.extensions.filters.http.ext_proc.v3.IExternalProcessor,
): HttpFilter {
  const { ExternalProcessor } = envoy.extensions.filters.http.ext_proc.v3;
  return {
    ...typedExtension(name, ExternalProcessor, {
      ...common(),
      grpcService: engineService(ENGINE_ROLE.downstream),
      processingMode: processingMode({
        responseHeaders: false,
        requestBody: "none",
        responseBody: false,
      }),
      allowModeOverride: true,
      // Whoever changes a body says its new length.
      allowContentLengthHeader: true,
      ...more,
    }),
    disabled: true,
  };
}

/** The configuration of an entry that turns the filter of choices on. */
export function choiceRouteConfig(plan: EnginePlan) {
  return { [HTTP_FILTER.choice]: engineRouteConfig(plan, "any") };
}

/** Turns the filter on for requests of a plan; an upgraded connection has no bodies that could be shown. */
export function engineRouteConfig(plan: EnginePlan, protocol: "any" | "upgrade") {
  const { ExtProcPerRoute } = envoy.extensions.filters.http.ext_proc.v3;
  const shown = shownParts(plan);
  const parts =
    protocol === "upgrade"
      ? ({ ...shown, requestBody: "none", responseBody: false } as const)
      : shown;
  return packAny(ExtProcPerRoute, {
    overrides: {
      processingMode: processingMode(parts),
      grpcInitialMetadata: [{ key: CLRK_HEADERS.plan, value: plan.id }],
    },
  });
}

/**
 * The filter that writes over placeholders and values; off unless `swapRouteConfig` or `swapEntryConfig` turns it on. By
 * itself it shows the engine nothing: after an entry a route may follow that swaps nothing.
 */
export function swapFilter(): HttpFilter {
  const { ExternalProcessor } = envoy.extensions.filters.http.ext_proc.v3;
  const { HeaderSendMode } = envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
  return {
    ...typedExtension(HTTP_FILTER.swap, ExternalProcessor, {
      ...common(),
      statPrefix: "swap",
      grpcService: engineService(ENGINE_ROLE.swap),
      processingMode: { ...processingMode(nothingShown), requestHeaderMode: HeaderSendMode.SKIP },
      allowContentLengthHeader: true,
    }),
    disabled: true,
  };
}

/**
 * The filter that counts the open requests of each agent; none without a ceiling. That trailers of the answer are asked
 * for is what keeps the stream until the request ends: Envoy closes it as soon as nothing more is to be shown.
 */
export function ceilingFilters(
  gateway: Pick<GatewaySnapshot, "namespace" | "name" | "maxConcurrentRequests">,
): HttpFilter[] {
  const { maxConcurrentRequests: most } = gateway;
  if (most === undefined) return [];
  const { ExternalProcessor } = envoy.extensions.filters.http.ext_proc.v3;
  const { HeaderSendMode } = envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
  return [
    typedExtension(HTTP_FILTER.ceiling, ExternalProcessor, {
      ...common(),
      statPrefix: "ceiling",
      grpcService: engineService(ENGINE_ROLE.ceiling, [
        { key: CLRK_HEADERS.plan, value: `${most} ${gatewayKey(gateway)}` },
      ]),
      processingMode: {
        ...processingMode(nothingShown),
        responseTrailerMode: HeaderSendMode.SEND,
      },
    }),
  ];
}

const nothingShown: ShownParts = {
  responseHeaders: false,
  requestBody: "none",
  responseBody: false,
};

/** Has the filter there for a route that the engine picks later: whether it is, is settled before. */
export function swapEntryConfig() {
  const { ExtProcPerRoute } = envoy.extensions.filters.http.ext_proc.v3;
  return { [HTTP_FILTER.swap]: packAny(ExtProcPerRoute, { overrides: {} }) };
}

/** Says by which plan requests of a route are written over; an upgraded connection has no bodies that could be shown. */
export function swapRouteConfig(plan: SwapPlan, protocol: "any" | "upgrade") {
  const { ExtProcPerRoute } = envoy.extensions.filters.http.ext_proc.v3;
  const { HeaderSendMode } = envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
  const parts = protocol === "upgrade" ? nothingShown : swappedParts(plan);
  // What is held of a body when trailers come is lost: the engine must know.
  const trailers = (isShown: boolean) => (isShown ? HeaderSendMode.SEND : HeaderSendMode.SKIP);
  return packAny(ExtProcPerRoute, {
    overrides: {
      processingMode: {
        ...processingMode(parts),
        requestTrailerMode: trailers(parts.requestBody !== "none"),
        responseTrailerMode: trailers(parts.responseBody),
      },
      grpcInitialMetadata: [{ key: CLRK_HEADERS.plan, value: plan.id }],
    },
  });
}

/** Upstream filter of a cluster whose requests are all signed; the route says by which plan. */
export function attemptFilters(): HttpFilter[] {
  const { UpstreamCodec } = envoy.extensions.filters.http.upstream_codec.v3;
  return [attemptFilter([]), typedExtension(HTTP_FILTER.upstreamCodec, UpstreamCodec, {})];
}

/**
 * Upstream filter of a cluster that is one candidate of several. Attempts share the headers of the request: what the
 * agent sent is told apart from what the attempt before made of it.
 */
export function candidateAttemptFilters({ id }: AttemptPlan): HttpFilter[] {
  const { namespace, call } = ENGINE_METADATA;
  return [
    attemptFilter([
      { key: CLRK_HEADERS.plan, value: id },
      { key: CLRK_HEADERS.call, value: `%DYNAMIC_METADATA(${namespace}:${call})%` },
      { key: CLRK_HEADERS.upstreamAddress, value: "%UPSTREAM_HOST%" },
    ]),
  ];
}

function attemptFilter(metadata: readonly HeaderValue[]): HttpFilter {
  const { ExternalProcessor } = envoy.extensions.filters.http.ext_proc.v3;
  const { ProcessingMode } = envoy.extensions.filters.http.ext_proc.v3;
  const { HeaderSendMode, BodySendMode } = ProcessingMode;
  return typedExtension(HTTP_FILTER.attempt, ExternalProcessor, {
    ...common(),
    grpcService: engineService(ENGINE_ROLE.upstream, metadata),
    processingMode: {
      requestHeaderMode: HeaderSendMode.SEND,
      responseHeaderMode: HeaderSendMode.SKIP,
      requestBodyMode: BodySendMode.BUFFERED,
      responseBodyMode: BodySendMode.NONE,
      requestTrailerMode: HeaderSendMode.SKIP,
      responseTrailerMode: HeaderSendMode.SKIP,
    },
    mutationRules: { allowAllRouting: { value: true } },
  });
}

/** Says by which plan attempts of a route are signed. */
export function attemptRouteConfig(plan: AttemptPlan) {
  const { ExtProcPerRoute } = envoy.extensions.filters.http.ext_proc.v3;
  return packAny(ExtProcPerRoute, {
    overrides: { grpcInitialMetadata: [{ key: CLRK_HEADERS.plan, value: plan.id }] },
  });
}

function common() {
  return {
    statPrefix: "engine",
    messageTimeout: duration(messageTimeoutMs),
    maxMessageTimeout: duration(maxMessageTimeoutMs),
    failureModeAllow: false,
    metadataOptions: {
      receivingNamespaces: { untyped: [ENGINE_METADATA.namespace, ENGINE_METADATA.order] },
    },
    statusOnError: { code: envoy.type.v3.StatusCode.ServiceUnavailable },
    emitClientSpan: { value: false },
  };
}

/**
 * The engine's threads, asked in that role, of which network filters tell no caller. A thread that is gone costs nothing: a stream that got nowhere is opened again, in turn at another one. To look for one
 * that was not asked before would cost Envoy 10 µs a request.
 */
export function engineService(role: string, metadata: readonly HeaderValue[] = []): GrpcService {
  return {
    envoyGrpc: { clusterName: RESOURCE.engine, skipEnvoyHeaders: true },
    timeout: duration(0),
    initialMetadata: [
      { key: CLRK_HEADERS.extprocRole, value: role },
      { key: CLRK_HEADERS.caller, value: quotedFilterStateFormat(FILTER_STATE.caller) },
      ...metadata,
    ],
    retryPolicy: {
      numRetries: uint32(3),
      retryOn: "connect-failure,refused-stream,reset-before-request",
      retryBackOff: { baseInterval: duration(1), maxInterval: duration(20) },
    },
  };
}

function processingMode(parts: ShownParts): ProcessingMode {
  const { HeaderSendMode, BodySendMode } = envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
  return {
    requestHeaderMode: HeaderSendMode.SEND,
    responseHeaderMode: parts.responseHeaders ? HeaderSendMode.SEND : HeaderSendMode.SKIP,
    requestBodyMode: {
      none: BodySendMode.NONE,
      streamed: BodySendMode.STREAMED,
      buffered: BodySendMode.BUFFERED,
    }[parts.requestBody],
    responseBodyMode: parts.responseBody ? BodySendMode.STREAMED : BodySendMode.NONE,
    requestTrailerMode: HeaderSendMode.SKIP,
    responseTrailerMode: HeaderSendMode.SKIP,
  };
}
