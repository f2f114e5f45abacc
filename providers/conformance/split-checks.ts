/** Checks that a stream says the same however its bytes are cut: at every place, byte by byte, and at random. */

import type { ChatCodec } from "../codec.ts";
import type { StreamEvent } from "../ir.ts";
import type { CheckBook } from "./check-book.ts";
import type { CodecUse } from "./codec-use.ts";
import { createRandom, randomEnds } from "./random-numbers.ts";
import type { StreamCase } from "./stream-cases.ts";
import { readStream, streamsFor, writeStream } from "./stream-checks.ts";

/** How much is cut. */
export interface SplitOptions {
  /** Random cuts of the codec in all, spread over its streams: each cuts one stream once, into up to 12 pieces */
  readonly splits: number;
  readonly seed: number;
}

/** Places at which a stream is cut in two; one that is longer is cut at some of its bytes. */
const mostPlaces = 1_000;

/**
 * What was found of streams that were cut already, by what was cut and how. Several providers have codecs in common, and
 * the same bytes cut at the same places say the same again.
 */
const found = new WeakMap<ChatCodec, Map<string, string | undefined>>();

/** Cuts every stream of the codec: in two, at every byte, and at random; none twice, whichever provider has the codec. */
export function checkSplits(
  use: CodecUse<ChatCodec>,
  book: CheckBook,
  { splits, seed }: SplitOptions,
): void {
  const streams = streamsFor(use);
  const share = Math.ceil(splits / Math.max(1, streams.length));
  for (const [index, one] of streams.entries()) {
    book.check(`stream "${one.name}" in pieces`, () =>
      splitProblems(use, one, { splits: share, seed: seed + index }),
    );
  }
}

function splitProblems(
  use: CodecUse<ChatCodec>,
  one: StreamCase,
  { splits, seed }: SplitOptions,
): string | undefined {
  const bytes = writeStream(use, one);
  const known = found.get(use.codec) ?? new Map<string, string | undefined>();
  found.set(use.codec, known);
  const key = `${splits} ${seed} ${bytes.toString("latin1")}`;
  if (!known.has(key)) known.set(key, cutProblem(use.codec, bytes, { splits, seed }));
  return known.get(key);
}

function cutProblem(
  codec: ChatCodec,
  bytes: Buffer,
  { splits, seed }: SplitOptions,
): string | undefined {
  const reader = new CutReader(codec, bytes);
  const step = Math.max(1, Math.ceil(bytes.length / mostPlaces));
  for (let at = 1; at < bytes.length; at += step) {
    if (reader.differs([at, bytes.length])) return reader.describe(`cut at byte ${at}`);
  }
  const everywhere = Array.from(bytes, (_, index) => index + 1);
  if (reader.differs(everywhere)) return reader.describe("cut at every byte");
  const random = createRandom(seed);
  for (let split = 0; split < splits; split++) {
    const ends = randomEnds(bytes.length, random);
    if (reader.differs(ends))
      return reader.describe(`cut at bytes ${ends.slice(0, -1).join(", ")}`);
  }
  return undefined;
}

/** Reads the same bytes in pieces, in a buffer that is used for each piece again: pieces are borrowed. */
class CutReader {
  readonly #codec: ChatCodec;
  readonly #bytes: Buffer;
  readonly #scratch: Buffer;
  readonly #whole: string;
  #found = "";

  constructor(codec: ChatCodec, bytes: Buffer) {
    this.#codec = codec;
    this.#bytes = bytes;
    this.#scratch = Buffer.alloc(bytes.length);
    this.#whole = textOf(readStream(codec.createStreamDecoder(), [Buffer.from(bytes)]));
  }

  differs(ends: readonly number[]): boolean {
    const decoder = this.#codec.createStreamDecoder();
    const events: StreamEvent[] = [];
    let start = 0;
    for (const end of ends) {
      const piece = this.#scratch.subarray(0, end - start);
      this.#bytes.copy(piece, 0, start, end);
      events.push(...decoder.write(piece));
      piece.fill(0x21);
      start = end;
    }
    events.push(...decoder.end());
    this.#found = textOf(events);
    return this.#found !== this.#whole;
  }

  describe(cut: string): string {
    const at = [...this.#whole].findIndex((character, index) => character !== this.#found[index]);
    const from = Math.max(0, at - 40);
    const found = JSON.stringify(this.#found.slice(from, from + 80));
    return `${cut} it says something else: …${found}, wanted …${JSON.stringify(this.#whole.slice(from, from + 80))}`;
  }
}

function textOf(events: readonly StreamEvent[]): string {
  return JSON.stringify(events);
}
