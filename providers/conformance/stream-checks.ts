/** Checks that streamed answers survive being written and read by a codec, event by event. */

import type { ChatCodec, StreamDecoder, StreamEncoder } from "../codec.ts";
import type { ChatRequest, ModelError, StreamEvent } from "../ir.ts";
import { chatFeatures } from "../request-features.ts";
import type { CheckBook } from "./check-book.ts";
import type { CodecUse } from "./codec-use.ts";
import { frozen, judgeUses } from "./codec-use.ts";
import { answerOf, collectStream } from "./collected-stream.ts";
import { streamEventShape } from "./ir-shape.ts";
import { answerProblems } from "./plain-answer.ts";
import { carryRequest } from "./request-checks.ts";
import type { StreamCase } from "./stream-cases.ts";
import { failingStreams, streamCases } from "./stream-cases.ts";
import { streamOrderProblem } from "./stream-order.ts";

const failure = "The model is busy, try again";

/** Makes every check of streams that are whole. */
export function checkStreams(use: CodecUse<ChatCodec>, book: CheckBook): void {
  for (const one of streamsFor(use)) {
    book.check(`stream "${one.name}"`, () => roundTripProblems(use, one));
  }
  for (const one of failingStreams(failure).filter((each) => isSent(use, each))) {
    book.check(`stream "${one.name}"`, () => failureProblems(use, one));
  }
}

/** The streams that could answer conversations which the gateway would send to the dialect. */
export function streamsFor(use: CodecUse<ChatCodec>): readonly StreamCase[] {
  return streamCases().filter((one) => isSent(use, one));
}

/** The bytes of a stream as the codec writes them, one event at a time. Throws when its request cannot be carried. */
export function writeStream(use: CodecUse<ChatCodec>, one: StreamCase): Buffer {
  const encoder = createEncoder(use, one.request);
  return Buffer.concat(one.events.map((event) => bytesOf(encoder, [event])));
}

/** Everything that a decoder tells of these pieces and the end; throws for what is no event. */
export function readStream(decoder: StreamDecoder, pieces: Iterable<Buffer>): StreamEvent[] {
  const events: StreamEvent[] = [];
  for (const piece of pieces) events.push(...decoder.write(piece));
  events.push(...decoder.end());
  for (const [index, event] of events.entries()) {
    const [problem] = streamEventShape(event, `event ${index}`);
    if (problem !== undefined) throw new TypeError(problem);
  }
  return events;
}

function isSent(use: CodecUse<ChatCodec>, { request }: StreamCase): boolean {
  return !judgeUses(use, chatFeatures(request, use.codec.name)).isRefused;
}

function createEncoder(use: CodecUse<ChatCodec>, request: ChatRequest): StreamEncoder {
  const asked = carryRequest(use, request);
  if (typeof asked === "string") throw new TypeError(`Cannot carry its request: ${asked}`);
  return use.codec.createStreamEncoder(frozen(asked));
}

function bytesOf(encoder: StreamEncoder, events: readonly StreamEvent[]): Buffer {
  return Buffer.from(encoder.write(frozen(events)));
}

function roundTripProblems(use: CodecUse<ChatCodec>, one: StreamCase): readonly string[] {
  const { codec } = use;
  const bytes = writeStream(use, one);
  const found = readStream(codec.createStreamDecoder(), [bytes]);
  const order = streamOrderProblem(found);
  if (order !== undefined) return [`what is read is out of order: ${order}`];
  const { failed } = collectStream(found);
  if (failed !== null && !isErrorTold(failed, one)) {
    return [`its own writing is read as a failure: ${failed.message}`];
  }
  return [
    ...readProblems(use, found, one),
    ...batchProblems(use, one),
    ...delayProblems(use, one),
    ...endProblems(use, one),
  ];
}

/** An answer that ends as an error is a failure in dialects that have no other word for it. */
function isErrorTold({ kind }: ModelError, { events }: StreamCase): boolean {
  return kind === "server" && collectStream(events).finish === "error";
}

/** What was lost or made up; no counts come with a failure. */
function readProblems(
  { codec }: CodecUse<ChatCodec>,
  found: readonly StreamEvent[],
  one: StreamCase,
): string[] {
  const stream = collectStream(found);
  const wanted = answerOf(collectStream(one.events));
  const isCounted = stream.failed === null || !isErrorTold(stream.failed, one);
  const answer = answerOf(stream);
  return answerProblems(
    isCounted ? answer : { ...answer, usage: wanted.usage },
    wanted,
    codec.expresses.has("logprobs"),
  );
}

/** Events that come at once must say the same as one after another. */
function batchProblems(use: CodecUse<ChatCodec>, one: StreamCase): string[] {
  const encoder = createEncoder(use, one.request);
  if (encoder.contentType === "") return ["it is written without a media type"];
  const found = readStream(use.codec.createStreamDecoder(), [bytesOf(encoder, one.events)]);
  return readProblems(use, found, one).map(
    (problem) => `events that come at once say something else: ${problem}`,
  );
}

/** Text must pass as it comes, not at the end. */
function delayProblems(use: CodecUse<ChatCodec>, one: StreamCase): string[] {
  const encoder = createEncoder(use, one.request);
  const decoder = use.codec.createStreamDecoder();
  const texts = new Set<number>();
  let written = "";
  let read = "";
  const readTexts = new Set<number>();
  for (const event of one.events) {
    if (event.kind === "part-start" && event.part.kind === "text") texts.add(event.index);
    if (event.kind === "delta" && texts.has(event.index)) written += event.text;
    const bytes = bytesOf(encoder, [event]);
    for (const back of bytes.length === 0 ? [] : decoder.write(bytes)) {
      if (back.kind === "part-start" && back.part.kind === "text") readTexts.add(back.index);
      if (back.kind === "delta" && readTexts.has(back.index)) read += back.text;
    }
    if (read.length < written.length) {
      return [`text is kept back: ${read.length} of ${written.length} characters have passed`];
    }
  }
  return [];
}

/** After the end nothing is written or told. */
function endProblems(use: CodecUse<ChatCodec>, one: StreamCase): string[] {
  const encoder = createEncoder(use, one.request);
  const decoder = use.codec.createStreamDecoder();
  const bytes = bytesOf(encoder, one.events);
  readStream(decoder, [bytes]);
  return [
    ...(bytesOf(encoder, one.events).length > 0 ? ["it writes after the end"] : []),
    ...(decoder.write(Buffer.from(bytes)).length > 0 ? ["it reads on after the end"] : []),
    ...(decoder.end().length > 0 ? ["it ends twice"] : []),
  ];
}

function failureProblems(use: CodecUse<ChatCodec>, one: StreamCase): readonly string[] {
  const encoder = createEncoder(use, one.request);
  const bytes = Buffer.concat(one.events.map((event) => bytesOf(encoder, [event])));
  const found = readStream(use.codec.createStreamDecoder(), [bytes]);
  const { failed } = collectStream(found);
  const order = streamOrderProblem(found);
  const more = bytesOf(encoder, [{ kind: "end" }]);
  return [
    ...(order === undefined ? [] : [`what is read is out of order: ${order}`]),
    ...(failed === null ? ["the failure is lost"] : []),
    ...(failed === null || failed.message === failure
      ? []
      : [`its message is "${failed.message}", wanted "${failure}"`]),
    ...(failed === null || failed.kind === "overloaded" || failed.kind === "server"
      ? []
      : [`its kind is "${failed.kind}", wanted "overloaded" or "server"`]),
    ...(more.length > 0 ? ["it writes after the failure"] : []),
  ];
}
