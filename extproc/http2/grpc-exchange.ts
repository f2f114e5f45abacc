/** One gRPC call on one HTTP/2 stream: messages in and out, and how it ends, whatever its handler does. */

import type { CallEnd, GrpcCall, GrpcStream, OpenCall } from "./call.ts";
import {
  encodeTrailers,
  encodeTrailersOnly,
  GRPC_STATUS,
  RESPONSE_HEADERS,
} from "./grpc-status.ts";
import { MESSAGE_PREFIX_BYTES, MessageReader } from "./message-reader.ts";
import type { MessageLimits, MessageRefusal, MessageSink } from "./message-reader.ts";
import type { RequestHead } from "./request-head.ts";
import type { Http2Stream, StreamHandler } from "./stream.ts";

/** What calls need. */
export interface ExchangeOptions {
  readonly limits: MessageLimits;
  /** Takes what handlers threw; must not throw */
  readonly onError: (error: unknown) => void;
}

/** Filled for each message that is sent; the stream copies it. */
const prefix = Buffer.alloc(MESSAGE_PREFIX_BYTES);

const refusals: Readonly<Record<MessageRefusal, { status: number; message: string }>> = {
  compressed: {
    status: GRPC_STATUS.unimplemented,
    message: "Compressed messages are not supported",
  },
  "too-large": { status: GRPC_STATUS.resourceExhausted, message: "The message is too large" },
  "out-of-memory": {
    status: GRPC_STATUS.resourceExhausted,
    message: "Too many messages are incomplete",
  },
};

/** Between a stream and the handler of its call. */
export class GrpcExchange implements GrpcStream, StreamHandler, MessageSink {
  readonly #stream: Http2Stream;
  readonly #head: RequestHead;
  readonly #options: ExchangeOptions;
  readonly #reader: MessageReader;
  #call: GrpcCall | undefined = undefined;
  #hasAnswered = false;
  #isFinished = false;

  /** Calls nobody yet; `open()` does. */
  constructor(stream: Http2Stream, head: RequestHead, options: ExchangeOptions) {
    this.#stream = stream;
    this.#head = head;
    this.#options = options;
    this.#reader = new MessageReader(this, options.limits);
  }

  /** Opens the handler. */
  open(openCall: OpenCall): void {
    try {
      this.#call = openCall(this);
    } catch (error) {
      this.#failCall(error);
    }
  }

  header(name: string): string | undefined {
    for (const field of this.#head.fields) if (field.name === name) return field.value;
    return undefined;
  }

  send(message: Uint8Array): void {
    if (this.#isFinished) return;
    if (!this.#hasAnswered) {
      this.#hasAnswered = true;
      this.#stream.sendHeaders(RESPONSE_HEADERS);
    }
    prefix.writeUInt32BE(message.length, 1);
    this.#stream.sendBody(prefix, message);
  }

  finish(status: number, message?: string): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#reader.stop();
    const encode = this.#hasAnswered ? encodeTrailers : encodeTrailersOnly;
    this.#stream.end(encode(status, message));
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.#reader.read(bytes, start, end);
  }

  onMessage(bytes: Buffer, start: number, end: number): void {
    try {
      this.#call?.onMessage(bytes, start, end);
    } catch (error) {
      this.#failCall(error);
    }
  }

  onRefused(refusal: MessageRefusal): void {
    const { status, message } = refusals[refusal];
    this.finish(status, message);
  }

  onEnd(): void {
    if (this.#isFinished) return;
    if (this.#reader.isMidMessage) {
      this.finish(GRPC_STATUS.internal, "The last message is cut off");
      return;
    }
    try {
      this.#call?.onHalfClose();
    } catch (error) {
      this.#failCall(error);
    }
  }

  onClose(end: CallEnd): void {
    this.#isFinished = true;
    this.#reader.stop();
    try {
      this.#call?.onClose(end);
    } catch (error) {
      this.#options.onError(error);
    }
  }

  #failCall(error: unknown): void {
    this.#options.onError(error);
    this.finish(GRPC_STATUS.internal, "The gateway failed");
  }
}
