/** What generated code makes of a message, in the words of `TransactionMessage`. */
import { isUtf8 } from "node:buffer";
import { envoy } from "../../gateway/proto/gen/extproc.js";
import type { Phase, TransactionMessage } from "../transaction-message.ts";

const { ProcessingRequest } = envoy.service.ext_proc.v3;

/** A message as plain data, so that two can be compared. */
export interface PlainMessage {
  readonly phase: Phase;
  readonly endOfStream: boolean;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** The decoded message as plain data. */
export function plainMessage({ phase, endOfStream, headers, body }: TransactionMessage) {
  return { phase, endOfStream, headers: headers.entries(), body: body.toString("hex") };
}

/** What the oracle reads; undefined for a message without a phase. Throws for one that it cannot read. */
export function oracleMessage(bytes: Uint8Array): PlainMessage | undefined {
  const { requestHeaders, responseHeaders, requestBody, responseBody, ...rest } =
    ProcessingRequest.decode(bytes);
  const { requestTrailers, responseTrailers } = rest;
  if (requestHeaders) return headersMessage("request-headers", requestHeaders);
  if (responseHeaders) return headersMessage("response-headers", responseHeaders);
  if (requestBody) return bodyMessage("request-body", requestBody);
  if (responseBody) return bodyMessage("response-body", responseBody);
  if (requestTrailers) return trailersMessage("request-trailers", requestTrailers);
  if (responseTrailers) return trailersMessage("response-trailers", responseTrailers);
  return undefined;
}

type Decoded<Name extends keyof typeof envoy.service.ext_proc.v3> = InstanceType<
  (typeof envoy.service.ext_proc.v3)[Name]
>;
type DecodedMap = Decoded<"HttpHeaders">["headers"];

function headersMessage(phase: Phase, { headers, endOfStream }: Decoded<"HttpHeaders">) {
  return { phase, endOfStream, headers: entriesOf(headers), body: "" };
}

function trailersMessage(phase: Phase, { trailers }: Decoded<"HttpTrailers">): PlainMessage {
  return { phase, endOfStream: true, headers: entriesOf(trailers), body: "" };
}

function bodyMessage(phase: Phase, message: Decoded<"HttpBody">): PlainMessage {
  const { body, endOfStream, endOfStreamWithoutMessage } = message;
  const isLast = endOfStream || endOfStreamWithoutMessage;
  return { phase, endOfStream: isLast, headers: [], body: Buffer.from(body).toString("hex") };
}

function entriesOf(map: DecodedMap): [string, string][] {
  return (map?.headers ?? []).map(({ key, value, rawValue }) => {
    const encoding = isUtf8(rawValue) ? "utf8" : "latin1";
    return [key, value || Buffer.from(rawValue).toString(encoding)];
  });
}
