/**
 * Envoy's AggregatedDiscoveryService for grpc-js, its delta method only: the one way our configuration reaches Envoy.
 */
import type { MethodDefinition } from "@grpc/grpc-js";
import { envoy } from "./gen/discovery.js";
import { toBuffer } from "./grpc-buffer.ts";

type Request = envoy.service.discovery.v3.DeltaDiscoveryRequest;
type Response = envoy.service.discovery.v3.IDeltaDiscoveryResponse;

const { DeltaDiscoveryRequest, DeltaDiscoveryResponse } = envoy.service.discovery.v3;

/**
 * Service definition for `Server.addService()`: a bidirectional stream of DeltaDiscoveryRequest and
 * DeltaDiscoveryResponse. Responses may be plain objects; a request that does not decode ends the stream.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#incremental-xds
 */
export const aggregatedDiscoveryService: {
  readonly deltaAggregatedResources: MethodDefinition<Request, Response>;
} = {
  deltaAggregatedResources: {
    path: "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
    requestStream: true,
    responseStream: true,
    requestSerialize: (message) => toBuffer(DeltaDiscoveryRequest.encode(message).finish()),
    requestDeserialize: (bytes) => DeltaDiscoveryRequest.decode(bytes),
    responseSerialize: (message) => toBuffer(DeltaDiscoveryResponse.encode(message).finish()),
    responseDeserialize: (bytes) => DeltaDiscoveryResponse.decode(bytes),
  },
};
