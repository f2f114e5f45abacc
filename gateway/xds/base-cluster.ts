/** What all clusters have in common. */

import { duration, uint32 } from "../protobuf-values.ts";
import type { envoy } from "../proto/gen/xds.js";

/** Envoy's default of 1,024 would fail the 1,025th concurrent stream; limits belong to policy. */
export const unlimitedRequests = 1_000_000;

const connectTimeoutMs = 5_000;

/** The cluster, its connections bounded over all threads of Envoy; what wants more waits. */
export function withConnectionBound(
  cluster: envoy.config.cluster.v3.ICluster,
  maxConnections: number | undefined,
): envoy.config.cluster.v3.ICluster {
  const [thresholds] = cluster.circuitBreakers?.thresholds ?? [];
  if (maxConnections === undefined || thresholds === undefined) return cluster;
  const bounded = { ...thresholds, maxConnections: uint32(maxConnections) };
  return { ...cluster, circuitBreakers: { thresholds: [bounded] } };
}

/** A cluster without endpoints, with bounds that only stop a flood. */
export function baseCluster(name: string): envoy.config.cluster.v3.ICluster {
  const thresholds = {
    maxConnections: uint32(unlimitedRequests),
    maxPendingRequests: uint32(unlimitedRequests),
    maxRequests: uint32(unlimitedRequests),
    maxRetries: uint32(unlimitedRequests),
  };
  return {
    name,
    connectTimeout: duration(connectTimeoutMs),
    circuitBreakers: { thresholds: [thresholds] },
    perConnectionBufferLimitBytes: uint32(1024 * 1024),
  };
}
