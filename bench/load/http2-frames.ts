/** Cuts an HTTP/2 byte stream into frames (RFC 9113, section 4.1), for recording and replaying; nothing is decoded. */

/** Frame types that a replay looks at. */
export const FRAME = {
  data: 0x0,
  headers: 0x1,
  resetStream: 0x3,
  settings: 0x4,
  ping: 0x6,
  goAway: 0x7,
  windowUpdate: 0x8,
} as const;

/** Flags that a replay looks at. */
export const FLAG = { ack: 0x1, padded: 0x8 } as const;

/** What a client sends first. */
export const CLIENT_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** One frame, borrowed until the callback returns. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** The whole frame with its head of 9 bytes */
  readonly bytes: Buffer;
}

const headBytes = 9;

/** Incremental cutter of one direction of one connection. */
export class FrameCutter {
  readonly #onFrame: (frame: Frame) => void;
  #pending: Buffer | undefined;
  #prefaceBytes: number;

  /** `side` is who sends the bytes: a client's begin with the preface. */
  constructor(side: "client" | "server", onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
    this.#prefaceBytes = side === "client" ? CLIENT_PREFACE.length : 0;
  }

  /** Takes the next bytes, which are not kept past the call but for an incomplete frame; calls back for each frame. */
  push(chunk: Buffer): void {
    let bytes = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = undefined;
    if (this.#prefaceBytes > 0) {
      const skipped = Math.min(this.#prefaceBytes, bytes.length);
      this.#prefaceBytes -= skipped;
      bytes = bytes.subarray(skipped);
    }
    while (bytes.length >= headBytes) {
      const end = headBytes + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      this.#onFrame({
        type: bytes[3] ?? 0,
        flags: bytes[4] ?? 0,
        streamId: bytes.readUInt32BE(5) & 0x7fffffff,
        bytes: bytes.subarray(0, end),
      });
      bytes = bytes.subarray(end);
    }
    if (bytes.length > 0) this.#pending = Buffer.from(bytes);
  }
}

/** Counts the whole gRPC messages in the DATA frames of one stream: prefix of 5 bytes, then so many of the message. */
export class MessageCounter {
  #messages = 0;
  #prefix = 0;
  #prefixBytes = 0;
  #left = 0;

  /** Messages that are complete. */
  get messages(): number {
    return this.#messages;
  }

  /** Takes a DATA frame. Throws RangeError for a padded one, which no gRPC server sends. */
  push({ bytes, flags }: Frame): void {
    if ((flags & FLAG.padded) !== 0) throw new RangeError("Cannot count messages: DATA is padded");
    let at = headBytes;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, bytes.length - at);
        this.#left -= taken;
        at += taken;
      } else {
        // Only the length counts: the first byte says whether the message is compressed.
        if (this.#prefixBytes > 0) this.#prefix = this.#prefix * 256 + (bytes[at] ?? 0);
        this.#prefixBytes += 1;
        at += 1;
        if (this.#prefixBytes < 5) continue;
        this.#left = this.#prefix;
        this.#prefix = 0;
        this.#prefixBytes = 0;
      }
      if (this.#left === 0 && this.#prefixBytes === 0) this.#messages += 1;
    }
  }
}

/** Size of the body of a DATA frame in `bytes`, as flow control counts it. */
export function flowBytes({ bytes }: Frame): number {
  return bytes.length - headBytes;
}

/** The acknowledgement of a SETTINGS or PING frame. */
export function acknowledge({ bytes, type }: Frame): Buffer {
  const answer =
    type === FRAME.ping ? Buffer.from(bytes) : Buffer.from(bytes.subarray(0, headBytes));
  if (type === FRAME.settings) answer.writeUIntBE(0, 0, 3);
  answer[4] = FLAG.ack;
  return answer;
}
