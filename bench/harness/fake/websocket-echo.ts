/**
 * WebSocket echo over any duplex (an upgraded HTTP/1.1 socket or an HTTP/2 extended CONNECT stream): sends each
 * frame back as it came, answers ping and close. https://www.rfc-editor.org/rfc/rfc6455
 */
import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";

const HANDSHAKE_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const payloadLimitBytes = 16_777_216;

interface Frame {
  readonly final: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
  /** Bytes of the frame on the wire */
  readonly size: number;
}

/** `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`. */
export function acceptKey(key: string): string {
  return createHash("sha1")
    .update(key + HANDSHAKE_SUFFIX)
    .digest("base64");
}

/** Echoes until either side closes. A frame that breaks the protocol closes with 1002, one over 16 MiB with 1009. */
export function echoWebSocket(duplex: Duplex, head: Buffer = Buffer.alloc(0)): void {
  let pending = head;
  duplex.on("error", () => {}); // reset by the peer; "close" ends it
  const consume = (chunk: Buffer): void => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      const frame = decodeFrame(pending);
      if (frame === undefined) return;
      if (typeof frame === "number") {
        duplex.end(encodeFrame(CLOSE, Buffer.from([frame >> 8, frame & 0xff])));
        return;
      }
      pending = pending.subarray(frame.size);
      answer(duplex, frame);
    }
  };
  duplex.on("data", consume);
  duplex.once("end", () => duplex.end());
  if (head.length > 0) consume(Buffer.alloc(0));
}

function answer(duplex: Duplex, frame: Frame): void {
  if (duplex.writableEnded || frame.opcode === PONG) return;
  if (frame.opcode === CLOSE) {
    duplex.end(encodeFrame(CLOSE, frame.payload));
    return;
  }
  const opcode = frame.opcode === PING ? PONG : frame.opcode;
  duplex.write(encodeFrame(opcode, frame.payload, frame.final));
}

/** The next whole frame, undefined when more bytes are needed, or the close code for a bad one. */
function decodeFrame(bytes: Buffer): Frame | undefined | 1002 | 1009 {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  if ((first & 0x70) !== 0 || (second & 0x80) === 0) return 1002; // no extension agreed; clients must mask
  let length = second & 0x7f;
  let at = 2;
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    if (bytes.readUInt32BE(2) !== 0) return 1009;
    length = bytes.readUInt32BE(6);
    at = 10;
  }
  if (length > payloadLimitBytes) return 1009;
  const size = at + 4 + length;
  if (bytes.length < size) return undefined;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, size));
  for (let index = 0; index < payload.length; index += 1) {
    payload[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  }
  return { final: (first & 0x80) !== 0, opcode: first & 0x0f, payload, size };
}

function encodeFrame(opcode: number, payload: Buffer, final: boolean = true): Buffer {
  const first = (final ? 0x80 : 0) | opcode;
  if (payload.length < 126) return Buffer.concat([Uint8Array.of(first, payload.length), payload]);
  const head = Buffer.alloc(payload.length < 65_536 ? 4 : 10);
  head[0] = first;
  if (head.length === 4) {
    head[1] = 126;
    head.writeUInt16BE(payload.length, 2);
  } else {
    head[1] = 127;
    head.writeUInt32BE(payload.length, 6);
  }
  return Buffer.concat([head, payload]);
}
