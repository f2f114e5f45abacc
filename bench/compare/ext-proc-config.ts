/**
 * Bootstrap of the Envoy that the contenders of `extproc` are measured behind: plain HTTP on both sides, one listener
 * for each set of phases that is exchanged. Contenders differ in their sockets and in nothing else.
 */
import { CLRK_HEADERS, ENGINE_ROLE } from "../../gateway/headers.ts";
import { FILTER_STATE, filterStateFormat } from "../../gateway/xds/filter-state.ts";
import { oneEndpoint, socketAddress, typeUrl, unlimited } from "./none-config.ts";

/**
 * Which phases Envoy sends besides the request's headers; also the name of the listener that does so. Bodies of `bodies`
 * are streamed; `whole-bodies`: both are sent whole, before anything of them goes on; `whole-request`: only the request's.
 */
export type Exchange = "headers" | "response-headers" | "bodies" | "whole-bodies" | "whole-request";

/** All exchanges. */
export const exchanges: readonly Exchange[] = [
  "headers",
  "response-headers",
  "bodies",
  "whole-bodies",
  "whole-request",
];

/** A route of the bench; there are as many as the gateway has rules. */
export interface BenchRoute {
  /** Route name inside Envoy */
  readonly name: string;
  /** Prefix of the path, with the slash that ends it */
  readonly prefix: string;
  /** Sent as gRPC initial metadata */
  readonly planId: string;
  /** Set in requests to the upstream and in its answers, as formats of Envoy by name */
  readonly requestHeaders?: Readonly<Record<string, string>>;
  readonly responseHeaders?: Readonly<Record<string, string>>;
}

/** What the bootstrap depends on. */
export interface ExtProcConfigOptions {
  readonly upstream: { readonly host: string; readonly port: number };
  readonly routes: readonly BenchRoute[];
  /** Unix sockets of the contender; empty for an Envoy without the filter */
  readonly sockets: readonly string[];
  /** Access log of a contender that reads one */
  readonly accessLog?: { readonly path: string; readonly format: string };
}

/** Caller of every request, in the filter state as the gateway's listeners set it. */
export const benchCaller = "run:bench";

// Under load the default of 200 ms would fail requests that only wait for a CPU.
const messageTimeout = "5s";
const streamWindowBytes = 1024 * 1024;
const connectionWindowBytes = 16 * 1024 * 1024;

/** The bootstrap as a plain object; listeners and the admin endpoint take any free loopback port. */
export function extProcBootstrap(options: ExtProcConfigOptions): object {
  const { host, port } = options.upstream;
  const hasFilter = options.sockets.length > 0;
  return {
    node: { id: "bench-ext-proc", cluster: "bench" },
    admin: { address: socketAddress("127.0.0.1", 0) },
    static_resources: {
      listeners: exchanges.map((exchange) => listener(exchange, options)),
      clusters: [
        {
          name: "upstream",
          type: "STATIC",
          connect_timeout: "5s",
          circuit_breakers: unlimited,
          load_assignment: oneEndpoint("upstream", socketAddress(host, port)),
        },
        ...(hasFilter ? [processorCluster(options.sockets)] : []),
      ],
    },
  };
}

function listener(exchange: Exchange, options: ExtProcConfigOptions): object {
  const { accessLog, routes, sockets } = options;
  return {
    name: exchange,
    address: socketAddress("127.0.0.1", 0),
    filter_chains: [
      {
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            typed_config: {
              "@type": typeUrl(
                "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
              ),
              stat_prefix: exchange,
              ...(accessLog !== undefined && { access_log: [fileAccessLog(accessLog)] }),
              route_config: {
                name: exchange,
                virtual_hosts: [
                  {
                    name: exchange,
                    domains: ["*"],
                    routes: routes.map((one) => route(one, sockets.length > 0)),
                  },
                ],
              },
              http_filters: [
                callerFilter(),
                ...(sockets.length > 0 ? [processorFilter(exchange)] : []),
                {
                  name: "envoy.filters.http.router",
                  typed_config: { "@type": typeUrl("extensions.filters.http.router.v3.Router") },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

function route(
  { name, planId, prefix, requestHeaders, responseHeaders }: BenchRoute,
  hasFilter: boolean,
): object {
  return {
    name,
    match: { prefix },
    // An answer that streams for minutes is no failure.
    route: { cluster: "upstream", timeout: "0s" },
    ...(requestHeaders !== undefined && { request_headers_to_add: headersToSet(requestHeaders) }),
    ...(responseHeaders !== undefined && {
      response_headers_to_add: headersToSet(responseHeaders),
    }),
    ...(hasFilter && {
      typed_per_filter_config: {
        ext_proc: {
          "@type": typeUrl("extensions.filters.http.ext_proc.v3.ExtProcPerRoute"),
          overrides: {
            grpc_initial_metadata: [{ key: CLRK_HEADERS.plan, value: planId }],
          },
        },
      },
    }),
  };
}

function headersToSet(headers: Readonly<Record<string, string>>): object[] {
  return Object.entries(headers).map(([key, value]) => ({
    header: { key, value },
    append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
  }));
}

/** As the gateway makes it (`gateway/xds/engine-filter.ts`), with the phases of the exchange. */
function processorFilter(exchange: Exchange): object {
  const [requestBody, responseBody] = bodyModes[exchange];
  return {
    name: "ext_proc",
    typed_config: {
      "@type": typeUrl("extensions.filters.http.ext_proc.v3.ExternalProcessor"),
      stat_prefix: "bench",
      grpc_service: {
        envoy_grpc: { cluster_name: "processor", skip_envoy_headers: true },
        timeout: "0s",
        initial_metadata: [
          { key: CLRK_HEADERS.extprocRole, value: ENGINE_ROLE.downstream },
          { key: CLRK_HEADERS.caller, value: filterStateFormat(FILTER_STATE.caller) },
        ],
      },
      processing_mode: {
        request_header_mode: "SEND",
        response_header_mode: exchange === "headers" ? "SKIP" : "SEND",
        request_body_mode: requestBody,
        response_body_mode: responseBody,
        request_trailer_mode: "SKIP",
        response_trailer_mode: "SKIP",
      },
      message_timeout: messageTimeout,
      failure_mode_allow: false,
      allow_mode_override: true,
      // Who chooses by the request says by an answer's headers how its body is wanted.
      send_body_without_waiting_for_header_response: requestBody !== "BUFFERED",
      allow_content_length_header: true,
      metadata_options: { receiving_namespaces: { untyped: ["clrk"] } },
    },
  };
}

const bodyModes: Readonly<Record<Exchange, readonly [request: string, response: string]>> = {
  headers: ["NONE", "NONE"],
  "response-headers": ["NONE", "NONE"],
  bodies: ["STREAMED", "STREAMED"],
  "whole-bodies": ["BUFFERED", "BUFFERED"],
  "whole-request": ["BUFFERED", "STREAMED"],
};

/** Where the gateway's listeners put who calls. */
function callerFilter(): object {
  return {
    name: "envoy.filters.http.set_filter_state",
    typed_config: {
      "@type": typeUrl("extensions.filters.http.set_filter_state.v3.Config"),
      on_request_headers: [
        {
          object_key: FILTER_STATE.caller,
          factory_key: "envoy.string",
          format_string: { text_format_source: { inline_string: benchCaller } },
        },
      ],
    },
  };
}

function fileAccessLog({ path, format }: { path: string; format: string }): object {
  return {
    name: "envoy.access_loggers.file",
    typed_config: {
      "@type": typeUrl("extensions.access_loggers.file.v3.FileAccessLog"),
      path,
      log_format: { text_format_source: { inline_string: format }, omit_empty_values: true },
    },
  };
}

function processorCluster(sockets: readonly string[]): object {
  return {
    name: "processor",
    type: "STATIC",
    connect_timeout: "5s",
    circuit_breakers: unlimited,
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": typeUrl("extensions.upstreams.http.v3.HttpProtocolOptions"),
        explicit_http_config: {
          http2_protocol_options: {
            initial_stream_window_size: streamWindowBytes,
            initial_connection_window_size: connectionWindowBytes,
          },
        },
      },
    },
    load_assignment: {
      cluster_name: "processor",
      endpoints: [
        { lb_endpoints: sockets.map((path) => ({ endpoint: { address: { pipe: { path } } } })) },
      ],
    },
  };
}
