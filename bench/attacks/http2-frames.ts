/** The first frames of an HTTP/2 connection with headers that no library would send: preface, SETTINGS, HEADERS on stream 1. */
import { lastHeaders, opening } from "../../extproc/http2/testdata/client-frames.ts";

/** Name and value of one header, as they go out. */
export type HeaderField = readonly [name: string, value: string];

/** Bytes that open a connection and send one request without a body; nothing about the fields is checked. */
export function plainHeadersFrame(fields: readonly HeaderField[]): Buffer {
  return Buffer.concat([opening, lastHeaders(1, fields)]);
}
