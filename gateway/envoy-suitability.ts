/**
 * Whether an Envoy binary that we did not install fits: right minor release, and every extension we configure.
 * Envoy is asked itself, by validating a small bootstrap that names the extensions (about 50 ms);
 * that also works for wrapper scripts, which a search for names in the file would not.
 */
import { envoyMinorVersion } from "./envoy-release.ts";
import type { RunProgram } from "./run-program.ts";

/** An answer about one binary; `message` says in a clause what is wrong. */
export type EnvoySuitability =
  | { readonly kind: "suitable"; readonly version: string }
  | { readonly kind: "unsuitable"; readonly message: string };

/** Long enough for a first start from a cold disk. */
const questionTimeoutMs = 15_000;

/** Asks the Envoy at `path` for its version and validates that it has our extensions. Never rejects. */
export async function assessEnvoy(path: string, run: RunProgram): Promise<EnvoySuitability> {
  // As it is run later: what our environment holds, such as a Secret, is none of its matters.
  const options = { env: {}, timeoutMs: questionTimeoutMs };
  const asked = await run(path, ["--version"], options);
  if (asked.kind !== "exited") return unsuitable(`does not run: ${asked.message}`);
  const version = parseEnvoyVersion(asked.stdout);
  if (version === undefined) {
    return unsuitable(`does not answer --version like an Envoy (exit code ${asked.code})`);
  }
  if (!version.startsWith(`${envoyMinorVersion}.`)) {
    return unsuitable(`is version ${version}, wanted ${envoyMinorVersion}.x`);
  }
  const words = ["--mode", "validate", "--log-level", "critical", "--config-yaml"];
  const validated = await run(path, [...words, probeBootstrap()], options);
  if (validated.kind !== "exited") return unsuitable(`does not run: ${validated.message}`);
  if (validated.code === 0) return { kind: "suitable", version };
  return unsuitable(`is version ${version} but ${describeRejection(validated.stderr)}`);
}

/** The release number in the output of `envoy --version`, or undefined for any other text. */
export function parseEnvoyVersion(output: string): string | undefined {
  return /\bversion: [\da-f]+\/(\d+\.\d+\.\d+)(?:-[\w.]+)?\//.exec(output)?.[1];
}

function unsuitable(message: string): EnvoySuitability {
  return { kind: "unsuitable", message };
}

/** Envoy puts the whole bootstrap into its complaint; only the name of what it lacks is of use. */
function describeRejection(stderr: string): string {
  const type =
    /could not find @type '(?:[\w.]+\/)?([\w.]+)'/.exec(stderr)?.[1] ??
    /Didn't find a registered implementation for .* with type URL: '(?:[\w.]+\/)?([\w.]+)'/.exec(
      stderr,
    )?.[1];
  return type === undefined ? "rejects a bootstrap with our extensions" : `lacks ${type}`;
}

/** A bootstrap that serves nothing and names one of each extension that the native tier cannot do without. */
function probeBootstrap(): string {
  return JSON.stringify({
    node: { id: "probe", cluster: "probe" },
    bootstrap_extensions: [extension("bootstrap.internal_listener.v3.InternalListener")],
    static_resources: { clusters: probeClusters(), listeners: [probeListener()] },
  });
}

function probeClusters(): object[] {
  const socket = extension("transport_sockets.raw_buffer.v3.RawBuffer");
  return [
    {
      name: "inner",
      transport_socket: extension(
        "transport_sockets.internal_upstream.v3.InternalUpstreamTransport",
        { transport_socket: socket },
      ),
    },
    {
      name: "dynamic",
      lb_policy: "CLUSTER_PROVIDED",
      cluster_type: extension("clusters.dynamic_forward_proxy.v3.ClusterConfig", {
        dns_cache_config: { name: "dns" },
      }),
    },
  ];
}

function probeListener(): object {
  const manager = extension("filters.network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: "probe",
    route_config: {},
    http_filters: probeHttpFilters(),
    access_log: [
      extension("access_loggers.grpc.v3.HttpGrpcAccessLogConfig", {
        common_config: {
          log_name: "probe",
          transport_api_version: "V3",
          grpc_service: { envoy_grpc: { cluster_name: "inner" } },
        },
      }),
    ],
  });
  return {
    name: "probe",
    internal_listener: {},
    listener_filters: [extension("filters.listener.tls_inspector.v3.TlsInspector")],
    filter_chains: [{ transport_socket: probeTls(), filters: [manager] }],
  };
}

function probeHttpFilters(): object[] {
  const secret = { name: "probe", sds_config: { ads: {} } };
  const formatter = extension("formatter.generic_secret.v3.GenericSecret", {
    secret_configs: { probe: secret },
  });
  return [
    extension("filters.http.rbac.v3.RBAC"),
    extension("filters.http.set_filter_state.v3.Config"),
    extension("filters.http.local_ratelimit.v3.LocalRateLimit", { stat_prefix: "probe" }),
    extension("filters.http.header_mutation.v3.HeaderMutation", {
      mutations: { formatters: [formatter] },
    }),
    extension("filters.http.dynamic_forward_proxy.v3.FilterConfig", {
      dns_cache_config: { name: "dns" },
    }),
    extension("filters.http.router.v3.Router"),
  ];
}

function probeTls(): object {
  const selector = extension("transport_sockets.tls.cert_selectors.on_demand_secret.v3.Config", {
    config_source: { ads: {} },
    certificate_mapper: extension("transport_sockets.tls.cert_mappers.sni.v3.SNI", {
      default_value: "probe",
    }),
  });
  return extension("transport_sockets.tls.v3.DownstreamTlsContext", {
    disable_stateless_session_resumption: true,
    disable_stateful_session_resumption: true,
    common_tls_context: { custom_tls_certificate_selector: selector },
  });
}

function extension(name: string, config: object = {}): object {
  const type = `type.googleapis.com/envoy.extensions.${name}`;
  return { name, typed_config: { "@type": type, ...config } };
}
