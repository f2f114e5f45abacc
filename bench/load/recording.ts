/**
 * What Envoy sent to an ext_proc server on one connection, cut into steps that a replay can follow: each frame with the
 * number of answers that its stream had before Envoy sent it. The order of frames is kept, because the header tables of
 * HPACK depend on it.
 */
import { readFile, writeFile } from "node:fs/promises";
import {
  CLIENT_PREFACE,
  FLAG,
  flowBytes,
  FRAME,
  FrameCutter,
  MessageCounter,
} from "./http2-frames.ts";
import type { Frame } from "./http2-frames.ts";

/** A recording; step `i` is `bytes[ends[i - 1], ends[i])`. */
export interface Recording {
  /** Preface and frames, one after the other */
  readonly bytes: Buffer;
  readonly ends: readonly number[];
  /** Stream of the step's frame; 0 for one that concerns the connection */
  readonly streams: readonly number[];
  /** Answers of that stream that have to be there before the step is sent */
  readonly answers: readonly number[];
  /** Bytes that the step takes of the server's flow-control window */
  readonly flowBytes: readonly number[];
  /** Streams that were opened */
  readonly requests: number;
}

// What a server may have announced at least, so that a replay need not watch the windows of streams.
const leastStreamWindow = 65_535;

/** Listens to both directions of one connection in the order in which bytes pass. */
export class Recorder {
  readonly #parts: Buffer[] = [CLIENT_PREFACE];
  readonly #ends: number[] = [CLIENT_PREFACE.length];
  readonly #streams: number[] = [0];
  readonly #answers: number[] = [0];
  readonly #flowBytes: number[] = [0];
  readonly #counters = new Map<number, MessageCounter>();
  readonly #sentBytes = new Map<number, number>();
  #resets = 0;
  readonly #client = new FrameCutter("client", (frame) => this.#onClientFrame(frame));
  readonly #server = new FrameCutter("server", (frame) => this.#onServerFrame(frame));

  /** Bytes from Envoy. */
  onClientBytes(chunk: Buffer): void {
    this.#client.push(chunk);
  }

  /** Bytes to Envoy. */
  onServerBytes(chunk: Buffer): void {
    this.#server.push(chunk);
  }

  /**
   * What was recorded so far. Throws RangeError when a stream sent more than a replay could without its window, or
   * was not reset: Envoy resets each stream that it is done with, and a replay counts by that.
   */
  finish(): Recording {
    for (const bytes of this.#sentBytes.values()) {
      if (bytes > leastStreamWindow) {
        throw new RangeError(
          `Cannot replay a stream of ${bytes} bytes: the limit is a window of ${leastStreamWindow}`,
        );
      }
    }
    const requests = this.#counters.size;
    if (this.#resets !== requests) {
      throw new RangeError(
        `Cannot replay the recording: ${this.#resets} of ${requests} streams are finished`,
      );
    }
    return {
      bytes: Buffer.concat(this.#parts),
      ends: this.#ends,
      streams: this.#streams,
      answers: this.#answers,
      flowBytes: this.#flowBytes,
      requests,
    };
  }

  #onClientFrame(frame: Frame): void {
    const { bytes, flags, streamId, type } = frame;
    // Acknowledgements answer the server that is there: a replay makes its own.
    const isAnswer = type === FRAME.settings || type === FRAME.ping;
    if (isAnswer && (flags & FLAG.ack) !== 0) return;
    // Said at the end, when the steps before may still wait for their turn in a replay.
    if (type === FRAME.goAway) return;
    if (type === FRAME.headers) this.#counters.set(streamId, new MessageCounter());
    else if (type === FRAME.resetStream) this.#resets += 1;
    const taken = type === FRAME.data ? flowBytes(frame) : 0;
    this.#sentBytes.set(streamId, (this.#sentBytes.get(streamId) ?? 0) + taken);
    this.#parts.push(Buffer.from(bytes));
    this.#ends.push((this.#ends.at(-1) ?? 0) + bytes.length);
    this.#streams.push(streamId);
    this.#answers.push(this.#counters.get(streamId)?.messages ?? 0);
    this.#flowBytes.push(taken);
  }

  #onServerFrame(frame: Frame): void {
    if (frame.type === FRAME.data) this.#counters.get(frame.streamId)?.push(frame);
  }
}

/** Writes a recording as two files, `file` and `file.json`. */
export async function writeRecording(file: string, recording: Recording): Promise<void> {
  const { bytes, ...steps } = recording;
  await writeFile(file, bytes);
  await writeFile(`${file}.json`, JSON.stringify(steps));
}

/** Reads what `writeRecording` wrote. */
export async function readRecording(file: string): Promise<Recording> {
  const steps: Omit<Recording, "bytes"> = JSON.parse(await readFile(`${file}.json`, "utf8"));
  return { ...steps, bytes: await readFile(file) };
}
