/** Messages as Envoy puts them on the wire, encoded by protobufjs. */
import { envoy } from "../../gateway/proto/gen/extproc.js";
import type { NetworkMessage } from "../network-messages.ts";
import type { TransactionMessage } from "../transaction-message.ts";

/** Bytes of one message of the HTTP filter. */
export function envoyMessage(message: TransactionMessage): Buffer {
  const { ProcessingRequest } = envoy.service.ext_proc.v3;
  return Buffer.from(ProcessingRequest.encode(requestOf(message)).finish());
}

/** Bytes of one message of the network filter. */
export function envoyNetworkMessage({ direction, data, endOfStream }: NetworkMessage): Buffer {
  const { ProcessingRequest } = envoy.service.network_ext_proc.v3;
  const part = { data, endOfStream };
  const request = direction === "read" ? { readData: part } : { writeData: part };
  return Buffer.from(ProcessingRequest.encode(request).finish());
}

/** What Envoy reads in an answer for the network filter. */
export function readNetworkReply(bytes: Uint8Array) {
  return envoy.service.network_ext_proc.v3.ProcessingResponse.decode(bytes);
}

function requestOf({ phase, endOfStream, headers, body }: TransactionMessage) {
  const map = {
    headers: headers.entries().map(([key, value]) => ({ key, rawValue: Buffer.from(value) })),
  };
  switch (phase) {
    case "request-headers":
      return { requestHeaders: { headers: map, endOfStream } };
    case "response-headers":
      return { responseHeaders: { headers: map, endOfStream } };
    case "request-body":
      return { requestBody: { body, endOfStream } };
    case "response-body":
      return { responseBody: { body, endOfStream } };
    case "request-trailers":
      return { requestTrailers: { trailers: map } };
    case "response-trailers":
      return { responseTrailers: { trailers: map } };
  }
}
