/** Frames of AWS's event streams. https://smithy.io/2.0/aws/amazon-eventstream.html */
import { crc32 } from "node:zlib";

const STRING_HEADER = 7;
/** Two lengths and the checksum of both. */
const preludeBytes = 12;
const checksumBytes = 4;

/** One frame whose headers are all strings. */
export function encodeFrame(
  headers: Readonly<Record<string, string>>,
  payload: Uint8Array,
): Uint8Array {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)));
  const frame = Buffer.alloc(preludeBytes + head.length + payload.length + checksumBytes);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(head.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  head.copy(frame, preludeBytes);
  frame.set(payload, preludeBytes + head.length);
  const end = frame.length - checksumBytes;
  frame.writeUInt32BE(crc32(frame.subarray(0, end)), end);
  return frame;
}

/** A frame that carries one event as JSON. */
export function eventFrame(type: string, value: object): Uint8Array {
  return encodeFrame(
    { ":event-type": type, ":content-type": "application/json", ":message-type": "event" },
    Buffer.from(JSON.stringify(value)),
  );
}

/** A frame that carries a modelled exception. */
export function exceptionFrame(type: string, value: object): Uint8Array {
  return encodeFrame(
    { ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" },
    Buffer.from(JSON.stringify(value)),
  );
}

function header(name: string, value: string): Buffer {
  const bytes = Buffer.from(value);
  const head = Buffer.alloc(1 + Buffer.byteLength(name) + 3);
  head.writeUInt8(Buffer.byteLength(name), 0);
  head.write(name, 1);
  head.writeUInt8(STRING_HEADER, head.length - 3);
  head.writeUInt16BE(bytes.length, head.length - 2);
  return Buffer.concat([head, bytes]);
}
