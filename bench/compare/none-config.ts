/**
 * Bootstrap of the contender `none`: the same Envoy, the same TLS on both sides and the same
 * transport as the gateway, with nothing decided, injected, minted or recorded. It is the floor.
 */
import type { ProxyMode } from "../load/workload.ts";

const internalListenerName = "mitm";

/** Type URL of an Envoy message without its leading `envoy.`. */
export function typeUrl(name: string): string {
  return `type.googleapis.com/envoy.${name}`;
}
/** What the bootstrap depends on. */
export interface NoneConfigOptions {
  readonly mode: ProxyMode;
  readonly upstream: { readonly host: string; readonly port: number };
  /** PEM files: the certificate shown to every client, and the authority of the upstream */
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly upstreamCaFile: string;
}

/** The bootstrap as a plain object; its listener `proxy` and the admin endpoint take any free loopback port. */
export function noneBootstrap(options: NoneConfigOptions): object {
  const connect = options.mode === "connect";
  return {
    node: { id: "bench-none", cluster: "bench" },
    admin: { address: socketAddress("127.0.0.1", 0) },
    ...(connect && {
      bootstrap_extensions: [
        {
          name: "envoy.bootstrap.internal_listener",
          typed_config: {
            "@type": typeUrl("extensions.bootstrap.internal_listener.v3.InternalListener"),
          },
        },
      ],
    }),
    static_resources: {
      listeners: connect ? [connectListener(), mitmListener(options)] : [mitmListener(options)],
      clusters: [upstreamCluster(options), ...(connect ? [tunnelCluster()] : [])],
    },
  };
}

function mitmListener(options: NoneConfigOptions): object {
  const tlsInspector = {
    name: "envoy.filters.listener.tls_inspector",
    typed_config: {
      "@type": typeUrl("extensions.filters.listener.tls_inspector.v3.TlsInspector"),
    },
  };
  const proxyProtocol = {
    name: "envoy.filters.listener.proxy_protocol",
    typed_config: {
      "@type": typeUrl("extensions.filters.listener.proxy_protocol.v3.ProxyProtocol"),
    },
  };
  const route = { match: { prefix: "/" }, route: { cluster: "upstream", timeout: "15s" } };
  const place =
    options.mode === "connect"
      ? { name: internalListenerName, internal_listener: {}, listener_filters: [tlsInspector] }
      : {
          name: "proxy",
          address: socketAddress("127.0.0.1", 0),
          // The PROXY header precedes the ClientHello.
          listener_filters: [proxyProtocol, tlsInspector],
        };
  return {
    ...place,
    filter_chains: [
      {
        transport_socket: {
          name: "envoy.transport_sockets.tls",
          typed_config: {
            "@type": typeUrl("extensions.transport_sockets.tls.v3.DownstreamTlsContext"),
            common_tls_context: {
              alpn_protocols: ["h2", "http/1.1"],
              tls_certificates: [
                {
                  certificate_chain: { filename: options.certificateFile },
                  private_key: { filename: options.keyFile },
                },
              ],
            },
          },
        },
        filters: [connectionManager("mitm", { routes: [route] })],
      },
    ],
  };
}

function connectListener(): object {
  const route = {
    match: { connect_matcher: {} },
    route: {
      cluster: "tunnel",
      upgrade_configs: [{ upgrade_type: "CONNECT", connect_config: {} }],
    },
  };
  return {
    name: "proxy",
    address: socketAddress("127.0.0.1", 0),
    filter_chains: [
      {
        filters: [
          connectionManager("connect", {
            routes: [route],
            extra: { upgrade_configs: [{ upgrade_type: "CONNECT" }] },
          }),
        ],
      },
    ],
  };
}

function connectionManager(
  name: string,
  { routes, extra }: { routes: readonly object[]; extra?: object },
): object {
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": typeUrl(
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
      ),
      stat_prefix: name,
      route_config: { name, virtual_hosts: [{ name, domains: ["*"], routes }] },
      http_filters: [
        {
          name: "envoy.filters.http.router",
          typed_config: { "@type": typeUrl("extensions.filters.http.router.v3.Router") },
        },
      ],
      ...extra,
    },
  };
}

function upstreamCluster(options: NoneConfigOptions): object {
  const { host, port } = options.upstream;
  return {
    name: "upstream",
    type: "STATIC",
    connect_timeout: "5s",
    circuit_breakers: unlimited,
    load_assignment: oneEndpoint("upstream", socketAddress(host, port)),
    transport_socket: {
      name: "envoy.transport_sockets.tls",
      typed_config: {
        "@type": typeUrl("extensions.transport_sockets.tls.v3.UpstreamTlsContext"),
        common_tls_context: {
          alpn_protocols: ["http/1.1"],
          validation_context: { trusted_ca: { filename: options.upstreamCaFile } },
        },
      },
    },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": typeUrl("extensions.upstreams.http.v3.HttpProtocolOptions"),
        // The gateway's own upstream rules: SNI is the request's host, and the certificate must fit it.
        upstream_http_protocol_options: { auto_sni: true, auto_san_validation: true },
        explicit_http_config: { http_protocol_options: {} },
      },
    },
  };
}

function tunnelCluster(): object {
  const address = { envoy_internal_address: { server_listener_name: internalListenerName } };
  return {
    name: "tunnel",
    type: "STATIC",
    connect_timeout: "5s",
    circuit_breakers: unlimited,
    load_assignment: oneEndpoint("tunnel", address),
    transport_socket: {
      name: "envoy.transport_sockets.internal_upstream",
      typed_config: {
        "@type": typeUrl(
          "extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport",
        ),
        transport_socket: {
          name: "envoy.transport_sockets.raw_buffer",
          typed_config: {
            "@type": typeUrl("extensions.transport_sockets.raw_buffer.v3.RawBuffer"),
          },
        },
      },
    },
  };
}

/** `load_assignment` of a cluster with one endpoint. */
export function oneEndpoint(clusterName: string, address: object): object {
  return {
    cluster_name: clusterName,
    endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
  };
}

/** `address` of a TCP endpoint or listener. */
export function socketAddress(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}

const manyThousands = 1_000_000;
/** `circuit_breakers` that never break: the defaults (1024) would fail a burst of tunnels or streams with 503. */
export const unlimited = {
  thresholds: [
    {
      max_connections: manyThousands,
      max_pending_requests: manyThousands,
      max_requests: manyThousands,
      max_retries: manyThousands,
    },
  ],
};
