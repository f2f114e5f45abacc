/** The static part of Envoy's configuration: who it is, where our control server listens, and what it never does. */

import { maxRegexProgramSize } from "../../crds/regex.ts";
import { typedExtension } from "../any.ts";
import { duration, uint32 } from "../protobuf-values.ts";
import { envoy } from "../proto/gen/xds.js";
import { encodeStruct } from "./json-struct.ts";
import { RESOURCE } from "./resource-names.ts";

/** Facts of the process that Envoy runs for. */
export interface BootstrapOptions {
  /** `namespace/name` of the EgressGateway; becomes the node id */
  readonly gateway: string;
  /** Unix socket of our ADS and access log server */
  readonly controlSocket: string;
  /** Unix socket of Envoy's admin interface; its folder must be private to the user */
  readonly adminSocket: string;
  /** Downstream connections at once; more are refused, so that memory stays bounded */
  readonly maxConnections: number;
}

/** The bootstrap message. */
export function bootstrap(options: BootstrapOptions): envoy.config.bootstrap.v3.IBootstrap {
  const { InternalListener } = envoy.extensions.bootstrap.internal_listener.v3;
  const grpcServices = [{ envoyGrpc: { clusterName: RESOURCE.control } }];
  const overAds = { ads: {}, resourceApiVersion: envoy.config.core.v3.ApiVersion.V3 };
  return {
    // Without id and cluster, Envoy aborts at the first on-demand certificate.
    node: { id: options.gateway, cluster: "clrk" },
    staticResources: { clusters: [controlCluster(options.controlSocket)] },
    dynamicResources: {
      ldsConfig: overAds,
      cdsConfig: overAds,
      adsConfig: {
        apiType: envoy.config.core.v3.ApiConfigSource.ApiType.DELTA_GRPC,
        transportApiVersion: envoy.config.core.v3.ApiVersion.V3,
        grpcServices,
      },
    },
    admin: { address: { pipe: { path: options.adminSocket, mode: 0o600 } } },
    bootstrapExtensions: [
      typedExtension("envoy.bootstrap.internal_listener", InternalListener, {}),
    ],
    layeredRuntime: { layers: [{ name: "clrk", staticLayer: runtimeLayer() }] },
    statsConfig: statsConfig(),
    overloadManager: connectionLimit(options.maxConnections),
  };
}

/** Envoy's default of 100 instructions refuses a literal path of 100 characters; objects are held to the same limit. */
function runtimeLayer() {
  return encodeStruct({
    "re2.max_program_size.error_level": maxRegexProgramSize,
    "re2.max_program_size.warn_level": maxRegexProgramSize,
  });
}

function controlCluster(path: string): envoy.config.cluster.v3.ICluster {
  const { HttpProtocolOptions } = envoy.extensions.upstreams.http.v3;
  const key = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const options = { explicitHttpConfig: { http2ProtocolOptions: {} } };
  return {
    name: RESOURCE.control,
    connectTimeout: duration(5_000),
    typedExtensionProtocolOptions: {
      [key]: typedExtension(key, HttpProtocolOptions, options).typedConfig,
    },
    loadAssignment: {
      clusterName: RESOURCE.control,
      endpoints: [{ lbEndpoints: [{ endpoint: { address: { pipe: { path } } } }] }],
    },
    circuitBreakers: { thresholds: [{ maxRequests: uint32(100_000) }] },
  };
}

/**
 * Every certificate name makes a statistic of its own, and every host its own DNS ones: an agent could grow them
 * without end, so that only what we read is kept.
 */
function statsConfig(): envoy.config.metrics.v3.IStatsConfig {
  const patterns = [
    { contains: ".ssl.certificate." },
    { prefix: "tls_inspector." },
    { prefix: "vhost." },
  ];
  return { statsMatcher: { exclusionList: { patterns } } };
}

function connectionLimit(
  maxActiveDownstreamConnections: number,
): envoy.config.overload.v3.IOverloadManager {
  const { DownstreamConnectionsConfig } =
    envoy.extensions.resource_monitors.downstream_connections.v3;
  return {
    resourceMonitors: [
      typedExtension(
        "envoy.resource_monitors.global_downstream_max_connections",
        DownstreamConnectionsConfig,
        { maxActiveDownstreamConnections },
      ),
    ],
  };
}
