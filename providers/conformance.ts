/**
 * The conformance kit: whether a provider keeps what its interface promises, whoever wrote it. Every codec is made to
 * write and read a corpus of conversations, answers, streams and errors, whole, in pieces, cut off and damaged.
 */

import type { ChatCodec, CountCodec, EmbeddingsCodec } from "./codec.ts";
import { checkAnswers } from "./conformance/answer-checks.ts";
import { checkBrokenStreams } from "./conformance/broken-stream-checks.ts";
import type { Findings } from "./conformance/check-book.ts";
import { CheckBook } from "./conformance/check-book.ts";
import type { CodecUse } from "./conformance/codec-use.ts";
import { codecUse, codecUses } from "./conformance/codec-use.ts";
import { checkCounts } from "./conformance/count-checks.ts";
import { checkEmbeddings } from "./conformance/embeddings-checks.ts";
import { checkErrors } from "./conformance/error-checks.ts";
import type { MalformedSamples } from "./conformance/malformed-checks.ts";
import { checkMalformed } from "./conformance/malformed-checks.ts";
import { chatSamples, countSamples, embeddingsSamples } from "./conformance/malformed-samples.ts";
import { checkObserved } from "./conformance/observer-checks.ts";
import type { ConversationUse } from "./conformance/request-checks.ts";
import { checkCases, checkRequests } from "./conformance/request-checks.ts";
import { sampleModels } from "./conformance/sample-models.ts";
import type { SplitOptions } from "./conformance/split-checks.ts";
import { checkSplits } from "./conformance/split-checks.ts";
import { checkStreams } from "./conformance/stream-checks.ts";
import { checkDeclaration } from "./declaration.ts";

/** What a check of one subject found. */
export type ConformanceFindings = Findings;

/** How a provider is checked. */
export interface ConformanceOptions {
  /** Random cuts of each codec's streams; 2,000 when absent. A codec that providers have in common is cut for one of them */
  readonly splits?: number;
  /** Of what is random; 1 when absent */
  readonly seed?: number;
  /** The model to ask for, where the provider has only some; absent: one that built-in codecs know, or `model-1` */
  readonly model?: string;
}

const defaults: SplitOptions = { splits: 2_000, seed: 1 };

/**
 * Checks a provider: its declaration first, then each of its codecs, one at a time as the caller asks for them. Takes
 * some tenths of a second for a codec of conversations, and 30 µs or so for each of `splits`. Never throws.
 */
export function* checkProvider(
  value: unknown,
  options: ConformanceOptions = {},
): Generator<ConformanceFindings, void, undefined> {
  const declaration = checkDeclaration(value);
  const book = new CheckBook("declaration");
  book.check("fields", () => (declaration.kind === "wrong" ? declaration.problems : []));
  yield book.findings();
  if (declaration.kind === "wrong") return;
  for (const use of codecUses(declaration.provider, options.model)) {
    yield checkCodec(use, { ...defaults, ...options });
  }
}

function checkCodec(use: CodecUse, options: SplitOptions): ConformanceFindings {
  const { codec } = use;
  const book = new CheckBook(codec.name);
  switch (codec.operation) {
    case "chat":
      checkChat({ ...use, codec }, book, options);
      break;
    case "count_tokens":
      checkCount({ ...use, codec }, book);
      break;
    case "embeddings":
      checkVectors({ ...use, codec }, book);
      break;
  }
  checkErrors(use, book);
  return book.findings();
}

function checkChat(use: CodecUse<ChatCodec>, book: CheckBook, options: SplitOptions): void {
  checkRequests(use, book);
  checkOtherModels(use, book);
  checkAnswers(use, book);
  checkObserved(use, book);
  checkDamaged(use, book, () => chatSamples(use));
  if (!use.codec.expresses.has("stream")) return;
  checkStreams(use, book);
  checkBrokenStreams(use, book, options.seed);
  checkSplits(use, book, options);
}

function checkCount(use: CodecUse<CountCodec>, book: CheckBook): void {
  checkRequests(use, book);
  checkOtherModels(use, book);
  checkCounts(use, book);
  checkDamaged(use, book, () => countSamples(use));
}

function checkVectors(use: CodecUse<EmbeddingsCodec>, book: CheckBook): void {
  checkEmbeddings(use, book);
  checkDamaged(use, book, () => embeddingsSamples(use));
}

/** What a codec sends may depend on the model; what it makes of answers does not. */
function checkOtherModels(use: ConversationUse, book: CheckBook): void {
  const { provider, codec } = use;
  for (const model of sampleModels(provider, codec)) {
    if (model === use.model) continue;
    const { api, operations } = codecUse(provider, codec, model);
    checkCases({ provider, codec, operations, model, api }, book);
  }
}

/** A codec that cannot write the samples is not asked about damaged ones: that it throws is said already. */
function checkDamaged(use: CodecUse, book: CheckBook, create: () => MalformedSamples): void {
  let samples: MalformedSamples | undefined;
  book.check("bodies to be damaged", () => {
    samples = create();
    return undefined;
  });
  if (samples !== undefined) checkMalformed(use, book, samples);
}
