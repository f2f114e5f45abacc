/**
 * Cuts the body of a gRPC call into its messages ("Length-Prefixed-Message"), however the frames cut them. Messages
 * that lie whole in one frame are not copied.
 */

import type { BufferPool } from "./buffer-pool.ts";
import type { ByteBudget } from "./byte-budget.ts";

/** Before each message: one byte of flags and its length. */
export const MESSAGE_PREFIX_BYTES = 5;

/** Takes messages, or the news that there will be none any more. */
export interface MessageSink {
  /** One message, `bytes[start, end)`, borrowed until this returns */
  onMessage(bytes: Buffer, start: number, end: number): void;
  /** The peer sent what is not taken; the reader has stopped */
  onRefused(refusal: MessageRefusal): void;
}

/** Why a message is not taken. */
export type MessageRefusal =
  /** Compressed, though no compression was agreed on */
  | "compressed"
  /** Larger than allowed */
  | "too-large"
  /** More incomplete messages on the connection than may be held */
  | "out-of-memory";

/** Limits of a reader. */
export interface MessageLimits {
  readonly maxMessageBytes: number;
  /** Shared by all readers of a connection */
  readonly budget: ByteBudget;
  /** Shared like the budget */
  readonly buffers: BufferPool;
}

/** The first piece of a message is small when the peer is slow, and then so is what we hold for it. */
const leastHeldBytes = 1_024;

/** Reads the messages of one call. */
export class MessageReader {
  readonly #sink: MessageSink;
  readonly #limits: MessageLimits;
  /** An incomplete message with its prefix, up to `#heldLength` */
  #held: Buffer | undefined = undefined;
  #heldLength = 0;
  #isStopped = false;

  constructor(sink: MessageSink, limits: MessageLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Whether a message has begun and not ended. */
  get isMidMessage(): boolean {
    return this.#held !== undefined;
  }

  /** Takes the next bytes of the body, `bytes[start, end)`, and tells the sink of all messages that end in them. */
  read(bytes: Buffer, start: number, end: number): void {
    let at = this.#held === undefined ? start : this.#finishHeld(bytes, start, end);
    while (!this.#isStopped && end - at >= MESSAGE_PREFIX_BYTES) {
      const next = at + this.#wholeLength(bytes, at);
      if (this.#isStopped || next > end) break;
      this.#sink.onMessage(bytes, at + MESSAGE_PREFIX_BYTES, next);
      at = next;
    }
    if (!this.#isStopped && at < end) this.#hold(bytes, at, end);
  }

  /** Reads no further, and forgets what is incomplete. */
  stop(): void {
    this.#isStopped = true;
    this.#release();
  }

  /** Length of the message with its prefix; stops where it is refused. */
  #wholeLength(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at + 1);
    if (bytes[at] !== 0) this.#refuse("compressed");
    else if (length > this.#limits.maxMessageBytes) this.#refuse("too-large");
    return MESSAGE_PREFIX_BYTES + length;
  }

  #refuse(refusal: MessageRefusal): void {
    this.stop();
    this.#sink.onRefused(refusal);
  }

  /** Adds to the incomplete message what belongs to it; where the rest begins. */
  #finishHeld(bytes: Buffer, start: number, end: number): number {
    let at = start;
    if (this.#heldLength < MESSAGE_PREFIX_BYTES) {
      at = this.#copy(bytes, at, Math.min(end, at + MESSAGE_PREFIX_BYTES - this.#heldLength));
      if (this.#heldLength < MESSAGE_PREFIX_BYTES) return at;
    }
    const held = this.#held;
    if (held === undefined) return at;
    const length = this.#wholeLength(held, 0);
    if (this.#isStopped) return at;
    at = this.#copy(bytes, at, Math.min(end, at + length - this.#heldLength));
    if (this.#heldLength === length) this.#deliverHeld(length);
    return at;
  }

  #deliverHeld(length: number): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#limits.budget.give(held.length);
    this.#held = undefined;
    this.#heldLength = 0;
    this.#sink.onMessage(held, MESSAGE_PREFIX_BYTES, length);
    this.#limits.buffers.give(held);
  }

  /** Keeps a copy of the beginning of a message. */
  #hold(bytes: Buffer, start: number, end: number): void {
    const held = this.#take(Math.max(end - start, leastHeldBytes));
    if (held === undefined) return;
    this.#held = held;
    this.#heldLength = 0;
    this.#copy(bytes, start, end);
  }

  /** Appends a copy of `bytes[start, end)`; its end. */
  #copy(bytes: Buffer, start: number, end: number): number {
    const length = this.#heldLength + end - start;
    const held = this.#reserve(length);
    if (held === undefined) return end;
    bytes.copy(held, this.#heldLength, start, end);
    this.#heldLength = length;
    return end;
  }

  /** Doubles what is held until it has room: memory follows what came, not what a prefix announces. */
  #reserve(length: number): Buffer | undefined {
    const held = this.#held;
    if (held === undefined || length <= held.length) return held;
    const size = Math.max(length, Math.min(held.length * 2, this.#expectedLength(held)));
    const grown = this.#take(size);
    if (grown === undefined) return undefined;
    held.copy(grown, 0, 0, this.#heldLength);
    this.#held = grown;
    this.#giveBack(held);
    return grown;
  }

  /** A buffer of at least that size; stops where all of the connection's messages together would hold too much. */
  #take(size: number): Buffer | undefined {
    const { budget, buffers } = this.#limits;
    const buffer = buffers.take(size);
    if (budget.take(buffer.length)) return buffer;
    buffers.give(buffer);
    this.#refuse("out-of-memory");
    return undefined;
  }

  #giveBack(buffer: Buffer): void {
    this.#limits.budget.give(buffer.length);
    this.#limits.buffers.give(buffer);
  }

  #expectedLength(held: Buffer): number {
    if (this.#heldLength < MESSAGE_PREFIX_BYTES) return 0;
    return MESSAGE_PREFIX_BYTES + held.readUInt32BE(1);
  }

  #release(): void {
    if (this.#held !== undefined) this.#giveBack(this.#held);
    this.#held = undefined;
    this.#heldLength = 0;
  }
}
