/** gRPC status codes, and the header blocks in which a server says them (gRPC over HTTP/2, "Responses"). */

import { encodeFields } from "./hpack-encoder.ts";

/** The status codes that the server and its calls use (https://grpc.io/docs/guides/status-codes/). */
export const GRPC_STATUS = {
  ok: 0,
  invalidArgument: 3,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

/** Of a status message, in characters before encoding; it is for people, and a header list has limits. */
const maxMessageLength = 1_024;

const contentType = ["content-type", "application/grpc"] as const;

/** The first header block of an answer that has messages. */
export const RESPONSE_HEADERS: Buffer = encodeFields([[":status", "200"], contentType]);

const okTrailers = encodeFields([["grpc-status", "0"]]);

/** Trailers after messages. */
export function encodeTrailers(status: number, message = ""): Buffer {
  if (status === GRPC_STATUS.ok && message === "") return okTrailers;
  return encodeFields(statusFields(status, message));
}

/** The only header block of an answer without messages, "Trailers-Only". */
export function encodeTrailersOnly(status: number, message = ""): Buffer {
  return encodeFields([[":status", "200"], contentType, ...statusFields(status, message)]);
}

/** The only header block of an answer that is not gRPC, because the request was none. */
export function encodeHttpStatus(status: number): Buffer {
  return encodeFields([[":status", String(status)]]);
}

type Fields = readonly (readonly [name: string, value: string])[];

function statusFields(status: number, message: string): Fields {
  const code = ["grpc-status", String(status)] as const;
  return message === "" ? [code] : [code, ["grpc-message", encodeMessage(message)]];
}

/** Percent-encodes all but printable ASCII, and the percent sign ("Status-Message"). */
function encodeMessage(message: string): string {
  const bytes = Buffer.from(message.slice(0, maxMessageLength));
  let text = "";
  for (const byte of bytes) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    text += isPlain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  // A header value must not begin or end with a blank.
  return text.replace(/^ | $/g, "%20");
}
