/** The first frames of an HTTP/2 connection with headers that no library would send: preface, SETTINGS, HEADERS on stream 1. */
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS = 0x04;
const HEADERS = 0x01;
const END_STREAM_AND_HEADERS = 0x05;

/** Name and value of one header, as they go out. */
export type HeaderField = readonly [name: string, value: string];

/**
 * Bytes that open a connection and send one request without a body. Headers are literals without Huffman coding and
 * without indexing (RFC 7541 section 6.2.2); names and values of at most 16,000 bytes, as Latin-1.
 */
export function plainHeadersFrame(fields: readonly HeaderField[]): Buffer {
  const block = Buffer.concat(
    fields.flatMap(([name, value]) => [Uint8Array.of(0), literal(name), literal(value)]),
  );
  return Buffer.concat([
    Buffer.from(PREFACE, "latin1"),
    frame(SETTINGS, 0, 0, Buffer.alloc(0)),
    frame(HEADERS, END_STREAM_AND_HEADERS, 1, block),
  ]);
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const start = Buffer.alloc(9);
  start.writeUIntBE(payload.length, 0, 3);
  start[3] = type;
  start[4] = flags;
  start.writeUInt32BE(stream, 5);
  return Buffer.concat([start, payload]);
}

/** An integer with a prefix of 7 bits (RFC 7541 section 5.1), then the bytes. */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length > 16_000) {
    throw new RangeError(`Cannot encode header: ${bytes.length} bytes, at most 16000 fit`);
  }
  const length = bytes.length;
  if (length < 127) return Buffer.concat([Uint8Array.of(length), bytes]);
  const rest = length - 127;
  const digits = rest < 128 ? [rest] : [(rest & 0x7f) | 0x80, rest >> 7];
  return Buffer.concat([Uint8Array.of(127, ...digits), bytes]);
}
