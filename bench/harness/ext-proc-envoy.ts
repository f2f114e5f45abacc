/** Configuration of an Envoy that asks an ext_proc server about one listener, for recordings of what the two say. */

/** Where the parts are. */
export interface ExtProcEnvoyOptions {
  readonly port: number;
  readonly upstreamPort: number;
  readonly extProcSocket: string;
  readonly accessLog: string;
  /** Which filter asks */
  readonly kind: "http" | "network";
  /** ProcessingMode of the HTTP filter, and what else it is configured with */
  readonly filter: Readonly<Record<string, unknown>>;
}

const typePrefix = "type.googleapis.com/envoy.extensions";

/** The bootstrap, as JSON. */
export function extProcBootstrap(options: ExtProcEnvoyOptions): string {
  const { port, upstreamPort, extProcSocket } = options;
  const networkFilters = options.kind === "network" ? [networkExtProc()] : [];
  return JSON.stringify({
    static_resources: {
      listeners: [
        {
          name: "listener",
          address: tcp(port),
          filter_chains: [{ filters: [...networkFilters, connectionManager(options)] }],
        },
      ],
      clusters: [
        cluster("upstream", tcp(upstreamPort), {
          explicit_http_config: { http_protocol_options: { enable_trailers: true } },
        }),
        cluster(
          "ext-proc",
          { pipe: { path: extProcSocket } },
          { explicit_http_config: { http2_protocol_options: {} } },
        ),
      ],
    },
  });
}

function tcp(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

function connectionManager({ accessLog, kind, filter }: ExtProcEnvoyOptions): object {
  const asking = kind === "http" ? [setMetadata(), httpExtProc(filter)] : [];
  return typed("http", "filters.network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: "http",
    http_protocol_options: { enable_trailers: true },
    access_log: [
      typed("file", "access_loggers.file.v3.FileAccessLog", {
        path: accessLog,
        log_format: {
          json_format: {
            id: "%DYNAMIC_METADATA(clrk:id)%",
            details: "%RESPONSE_CODE_DETAILS%",
          },
        },
      }),
    ],
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, route: { cluster: "upstream" } }],
        },
      ],
    },
    http_filters: [...asking, typed("router", "filters.http.router.v3.Router", {})],
  });
}

/** Something to forward to the server: metadata that messages may hold besides what is read of them. */
function setMetadata(): object {
  return typed("metadata", "filters.http.set_metadata.v3.Config", {
    metadata: [{ metadata_namespace: "recorded", value: { text: "grüße", list: [1, true, null] } }],
  });
}

function httpExtProc(filter: ExtProcEnvoyOptions["filter"]): object {
  return typed("ext-proc", "filters.http.ext_proc.v3.ExternalProcessor", {
    grpc_service: grpcService(),
    message_timeout: "5s",
    allow_mode_override: true,
    mutation_rules: { allow_all_routing: true },
    metadata_options: { receiving_namespaces: { untyped: ["clrk"] } },
    ...filter,
  });
}

function networkExtProc(): object {
  return typed("network-ext-proc", "filters.network.ext_proc.v3.NetworkExternalProcessor", {
    grpc_service: grpcService(),
    message_timeout: "5s",
    stat_prefix: "network",
  });
}

function grpcService(): object {
  return { envoy_grpc: { cluster_name: "ext-proc" }, timeout: "0s" };
}

function cluster(name: string, address: object, protocol: object): object {
  const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  return {
    name,
    connect_timeout: "1s",
    typed_extension_protocol_options: {
      [options]: { "@type": `type.googleapis.com/${options}`, ...protocol },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
    },
  };
}

function typed(name: string, type: string, config: object): object {
  return { name, typed_config: { "@type": `${typePrefix}.${type}`, ...config } };
}
