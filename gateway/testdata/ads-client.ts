/** Envoy's side of a Delta ADS stream over a Unix socket: asks, keeps what comes, and acknowledges by itself. */
import { credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import type { ClientDuplexStream } from "@grpc/grpc-js";
import type { Test } from "tap";
import type { envoy } from "../proto/gen/discovery.js";
import { envoy as discovery } from "../proto/gen/discovery.js";
import { aggregatedDiscoveryService } from "../proto/discovery-service.ts";
import { eventually } from "./envoy-rig.ts";

type Response = envoy.service.discovery.v3.IDeltaDiscoveryResponse;
type Request = envoy.service.discovery.v3.DeltaDiscoveryRequest;
type RequestFields = envoy.service.discovery.v3.IDeltaDiscoveryRequest;

/** One stream. */
export interface AdsClient {
  readonly responses: Response[];
  readonly isEnded: () => boolean;
  /** The first request names the node */
  send(typeUrl: string, fields?: RequestFields): void;
  /** Acknowledges, or rejects with a message */
  answer(response: Response, rejection?: string): void;
  /** The response at that place, when it has come; it is not acknowledged by this */
  received(index: number): Promise<Response>;
  end(): void;
}

/** Opens a stream for the node id. */
export function openAdsClient(t: Test, socketPath: string, nodeId: string): AdsClient {
  const Client = makeGenericClientConstructor(aggregatedDiscoveryService, "Ads");
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } =
    aggregatedDiscoveryService.deltaAggregatedResources;
  const stream: ClientDuplexStream<Request, Response> = client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
  );
  const responses: Response[] = [];
  let isEnded = false;
  let isFirst = true;
  stream.on("data", (response: Response) => responses.push(response));
  stream.on("end", () => {
    isEnded = true;
  });
  stream.on("error", () => {
    isEnded = true;
  });
  t.teardown(() => {
    stream.cancel();
    client.close();
  });
  const send = (typeUrl: string, fields: RequestFields = {}) => {
    const node = isFirst ? { node: { id: nodeId } } : {};
    isFirst = false;
    const { DeltaDiscoveryRequest } = discovery.service.discovery.v3;
    stream.write(DeltaDiscoveryRequest.create({ typeUrl, ...node, ...fields }));
  };
  return {
    responses,
    isEnded: () => isEnded,
    send,
    answer: (response, rejection) =>
      send(response.typeUrl ?? "", {
        responseNonce: response.nonce ?? "",
        ...(rejection !== undefined && { errorDetail: { code: 3, message: rejection } }),
      }),
    received: (index) => eventually(() => responses[index]),
    end: () => stream.end(),
  };
}
