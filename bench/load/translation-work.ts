/** Prepared work of one pair of dialects: what an agent sends and a provider answers, and functions that translate it. */
import type { WireRequest, WireResponse } from "../../providers/codec.ts";
import type { ChatRequest, StreamEvent } from "../../providers/ir.ts";
import {
  createStreamTranslator,
  decodeCall,
  encodeCall,
  judgeCall,
  translateAnswer,
} from "../../providers/translation.ts";
import type { DecodedCall } from "../../providers/translation.ts";
import { requestIn, responseIn } from "./translation-dialects.ts";
import type { Dialect } from "./translation-dialects.ts";
import {
  sampleBytes,
  sampleEvents,
  sampleRequest,
  sampleResponse,
  variedEvents,
} from "./translation-samples.ts";

/** One direction: agents speak `source`, a provider serves in `served`. */
export interface Pair {
  readonly source: Dialect;
  readonly served: Dialect;
}

/** Everything measured of a pair; each function does it once and gives the bytes that came out. */
export interface PairWork {
  /** A call of 2 KB and its answer of 2 KB: read, judged, written, and the answer back */
  readonly smallCall: () => number;
  /** A request of 1 MB alone */
  readonly largeRequest: () => number;
  /** An answer of 1 MB alone */
  readonly largeAnswer: () => number;
  /** A whole streamed answer */
  readonly stream: () => number;
  /** Pieces of the streamed answer as the provider sends them */
  readonly chunks: readonly Buffer[];
  /** A short streamed answer with a part of every sort */
  readonly varied: Buffer;
  /** A stream from pieces of its bytes, in the agent's dialect */
  readonly translateStream: (chunks: readonly Buffer[]) => Buffer;
}

/** Prepares the work of a pair. Throws with a clause when one of the codecs does not take what the other or itself wrote. */
export function preparePair({ served, source }: Pair): PairWork {
  const small = requestOf(source, sampleBytes.small);
  const large = requestOf(source, sampleBytes.large);
  const smallAnswer = answerOf(served, sampleBytes.small);
  const largeAnswer = answerOf(served, sampleBytes.large);
  const smallCall = decode(source, small);
  const streamed = decode(source, requestOf(source, sampleBytes.small, true));
  const chunks = streamOf(served, sampleEvents(served.model));
  const translateStream = (pieces: readonly Buffer[]) => {
    const translator = createStreamTranslator(source.codec, served.codec, chatRequest(streamed));
    const out = pieces.map((piece) => translator.write(piece));
    return Buffer.concat([...out, translator.end()].map((piece) => Buffer.from(piece)));
  };
  const work: PairWork = {
    smallCall() {
      const call = decode(source, small);
      return translateRequest(call, served) + answer(call, served, smallAnswer);
    },
    largeRequest: () => translateRequest(decode(source, large), served),
    largeAnswer: () => answer(smallCall, served, largeAnswer),
    stream() {
      const translator = createStreamTranslator(source.codec, served.codec, chatRequest(streamed));
      let bytes = 0;
      for (const chunk of chunks) bytes += translator.write(chunk).length;
      return bytes + translator.end().length;
    },
    chunks,
    varied: Buffer.concat(streamOf(served, variedEvents(served.model, served.codec.name))),
    translateStream,
  };
  if (work.stream() === 0) throw new Error("Cannot translate stream: nothing was written");
  return work;
}

function translateRequest(call: DecodedCall, served: Dialect): number {
  const judgement = judgeCall(call, served.api);
  const [refused] = judgement.refused;
  if (refused !== undefined) {
    throw new Error(`Cannot translate request to ${served.name}: ${refused.feature} is refused`);
  }
  return encodeCall(call, served.api, served.model).length;
}

function decode({ codec }: Dialect, wire: WireRequest): DecodedCall {
  const outcome = decodeCall(codec, wire);
  if (outcome.kind === "ok") return outcome.call;
  throw new Error(`Cannot read request in ${codec.name}: ${outcome.reason}`);
}

function answer(call: DecodedCall, served: Dialect, response: WireResponse): number {
  const outcome = translateAnswer(call, served.codec, response);
  if (outcome.kind === "ok") return outcome.answer.body.length;
  throw new Error(`Cannot read answer in ${served.name}: ${outcome.reason}`);
}

function chatRequest(call: DecodedCall): ChatRequest {
  if (call.operation !== "embeddings") return call.request;
  throw new TypeError("Cannot use call: it is no conversation");
}

/** A request of about `bytes` in a dialect: the texts fill what names and marks leave. */
function requestOf(dialect: Dialect, bytes: number, stream = false): WireRequest {
  const write = (textBytes: number) =>
    dialect.codec.encodeRequest(sampleRequest(dialect.model, { textBytes, stream }));
  const first = Buffer.byteLength(write(bytes));
  // Marks and escapes are a share of the texts, and something stays whatever the texts are.
  const fixed = Buffer.byteLength(write(0));
  const share = (first - fixed) / bytes;
  const textBytes = Math.max(0, Math.floor((bytes - fixed) / share));
  return requestIn(dialect, write(textBytes), stream);
}

function answerOf(dialect: Dialect, bytes: number): WireResponse {
  const request = chatRequest(decode(dialect, requestOf(dialect, sampleBytes.small)));
  const write = (textBytes: number) =>
    dialect.codec.encodeResponse(sampleResponse(dialect.model, textBytes), request);
  const fixed = Buffer.byteLength(write(0).body);
  const share = (Buffer.byteLength(write(bytes).body) - fixed) / bytes;
  return responseIn(write(Math.max(0, Math.floor((bytes - fixed) / share))));
}

function streamOf(dialect: Dialect, events: readonly StreamEvent[]): Buffer[] {
  const request = chatRequest(decode(dialect, requestOf(dialect, sampleBytes.small, true)));
  const encoder = dialect.codec.createStreamEncoder(request);
  return events
    .map((event) => Buffer.from(encoder.write([event])))
    .filter(({ length }) => length > 0);
}
