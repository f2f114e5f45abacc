/** Frames as a client writes them, right or wrong, for tests. */

import { encodeFields } from "../hpack-encoder.ts";
import { CLIENT_PREFACE, FLAG, FRAME } from "../protocol.ts";

/** What a client says first: preface and empty SETTINGS. */
export const opening: Buffer = Buffer.concat([
  Buffer.from(CLIENT_PREFACE, "latin1"),
  frame(FRAME.settings, 0, 0),
]);

/** What Envoy calls. */
export const callPath = "/test.Echo/Stream";

/** Pseudo-header fields and content type of a call. */
export const callFields: readonly (readonly [string, string])[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", callPath],
  [":authority", "engine"],
  ["te", "trailers"],
  ["content-type", "application/grpc"],
];

/** A whole frame. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** HEADERS with the whole block; `flags` beside END_HEADERS. */
export function headers(id: number, fields = callFields, flags = 0): Buffer {
  return frame(FRAME.headers, FLAG.endHeaders | flags, id, encodeFields(fields));
}

/** HEADERS of a request without a body. */
export function lastHeaders(id: number, fields = callFields): Buffer {
  return headers(id, fields, FLAG.endStream);
}

/** DATA; `flags` may end the stream. */
export function data(id: number, payload: Uint8Array | string, flags = 0): Buffer {
  return frame(FRAME.data, flags, id, Buffer.from(payload));
}

/** DATA that ends the stream. */
export function lastData(id: number, payload: Uint8Array | string = ""): Buffer {
  return data(id, payload, FLAG.endStream);
}

/** RST_STREAM. */
export function reset(id: number, code: number): Buffer {
  return frame(FRAME.rstStream, 0, id, uint32(code));
}

/** WINDOW_UPDATE. */
export function windowUpdate(id: number, increment: number): Buffer {
  return frame(FRAME.windowUpdate, 0, id, uint32(increment));
}

/** SETTINGS with one or more values. */
export function settings(...pairs: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.concat(
    pairs.map(([setting, value]) => {
      const pair = Buffer.alloc(6);
      pair.writeUInt16BE(setting, 0);
      pair.writeUInt32BE(value, 2);
      return pair;
    }),
  );
  return frame(FRAME.settings, 0, 0, payload);
}

/** PING, or the answer to one. */
export function ping(payload: string, flags = 0): Buffer {
  return frame(FRAME.ping, flags, 0, Buffer.from(payload, "latin1"));
}

/** A gRPC message with its prefix. */
export function message(body: Uint8Array | string): Buffer {
  const bytes = Buffer.from(body);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** Four bytes, most significant first. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
