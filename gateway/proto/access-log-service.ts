/**
 * Envoy's AccessLogService for grpc-js: the stream on which Envoy reports every request and connection to us.
 */
import type { MethodDefinition } from "@grpc/grpc-js";
import { envoy } from "./gen/accesslog.js";
import { toBuffer } from "./grpc-buffer.ts";

type Message = envoy.service.accesslog.v3.StreamAccessLogsMessage;
type Response = envoy.service.accesslog.v3.IStreamAccessLogsResponse;

const { StreamAccessLogsMessage, StreamAccessLogsResponse } = envoy.service.accesslog.v3;

/**
 * Service definition for `Server.addService()`: Envoy streams StreamAccessLogsMessage (only the first has the
 * identifier) and never reads a response. A message that does not decode ends the stream.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/accesslog/v3/als.proto
 */
export const accessLogService: {
  readonly streamAccessLogs: MethodDefinition<Message, Response>;
} = {
  streamAccessLogs: {
    path: "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs",
    requestStream: true,
    responseStream: false,
    requestSerialize: (message) => toBuffer(StreamAccessLogsMessage.encode(message).finish()),
    requestDeserialize: (bytes) => StreamAccessLogsMessage.decode(bytes),
    responseSerialize: (message) => toBuffer(StreamAccessLogsResponse.encode(message).finish()),
    responseDeserialize: (bytes) => StreamAccessLogsResponse.decode(bytes),
  },
};
