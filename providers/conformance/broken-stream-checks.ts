/** Checks what a codec makes of streams that end early, are damaged, or never were of its dialect. */

import type { ChatCodec } from "../codec.ts";
import type { StreamEvent } from "../ir.ts";
import type { CheckBook } from "./check-book.ts";
import type { CodecUse } from "./codec-use.ts";
import { answerOf, collectStream } from "./collected-stream.ts";
import { nonsenseBodies } from "./nonsense.ts";
import { answerProblems } from "./plain-answer.ts";
import { createRandom, randomBelow } from "./random-numbers.ts";
import { readStream, streamsFor, writeStream } from "./stream-checks.ts";
import { streamOrderProblem } from "./stream-order.ts";

/** Ends of a stream that are tried at most. */
const mostEnds = 2_000;

/** Damaged copies of each stream. */
const damages = 100;

/** Makes every check of streams that are not whole. */
export function checkBrokenStreams(use: CodecUse<ChatCodec>, book: CheckBook, seed: number): void {
  for (const [index, one] of streamsFor(use).entries()) {
    const write = () => writeStream(use, one);
    book.check(`stream "${one.name}" that ends early`, () => truncationProblem(use, write()));
    book.check(`stream "${one.name}" that is damaged`, () =>
      damageProblem(use, write(), seed + index),
    );
  }
  for (const [name, bytes] of nonsenseBodies()) {
    book.check(`stream of ${name}`, () => {
      const events = read(use, bytes);
      const isFailed = events.at(-1)?.kind === "failed";
      return streamOrderProblem(events) ?? (isFailed ? undefined : "it is not said to have failed");
    });
  }
}

/**
 * What is not whole is failed: an early end must not pass for a shorter answer. Usage that comes after the finish may be
 * lost with it: there are servers that never tell it.
 */
function truncationProblem(use: CodecUse<ChatCodec>, bytes: Buffer): string | undefined {
  const whole = { ...answerOf(collectStream(read(use, bytes))), usage: null };
  const hasLogprobs = use.codec.expresses.has("logprobs");
  const step = Math.max(1, Math.ceil(bytes.length / mostEnds));
  for (let end = 0; end < bytes.length; end += step) {
    const events = read(use, bytes.subarray(0, end));
    const order = streamOrderProblem(events);
    if (order !== undefined) return `after ${end} of ${bytes.length} bytes: ${order}`;
    if (events.at(-1)?.kind === "failed") continue;
    const found = { ...answerOf(collectStream(events)), usage: null };
    const [lost] = answerProblems(found, whole, hasLogprobs);
    if (lost !== undefined) {
      return `after ${end} of ${bytes.length} bytes it passes for a whole answer: ${lost}`;
    }
  }
  return undefined;
}

function damageProblem(use: CodecUse<ChatCodec>, bytes: Buffer, seed: number): string | undefined {
  const random = createRandom(seed);
  for (let damage = 0; damage < damages; damage++) {
    const broken = breakBytes(bytes, random);
    const order = streamOrderProblem(read(use, broken));
    if (order !== undefined) return `damage ${damage} of seed ${seed}: ${order}`;
  }
  return undefined;
}

/** Changes bytes, or leaves out, repeats or swaps slices. */
function breakBytes(bytes: Buffer, random: () => number): Buffer {
  const broken = Buffer.from(bytes);
  const at = randomBelow(random, broken.length);
  const end = Math.min(broken.length, at + 1 + randomBelow(random, 80));
  switch (randomBelow(random, 4)) {
    case 0:
      for (let change = 0; change < 3; change++) {
        broken[randomBelow(random, broken.length)] = randomBelow(random, 256);
      }
      return broken;
    case 1:
      return Buffer.concat([broken.subarray(0, at), broken.subarray(end)]);
    case 2:
      return Buffer.concat([broken.subarray(0, end), broken.subarray(at)]);
    default:
      return Buffer.concat([
        broken.subarray(at, end),
        broken.subarray(0, at),
        broken.subarray(end),
      ]);
  }
}

function read(use: CodecUse<ChatCodec>, bytes: Buffer): StreamEvent[] {
  return readStream(
    use.codec.createStreamDecoder(),
    bytes.length === 0 ? [] : [Buffer.from(bytes)],
  );
}
