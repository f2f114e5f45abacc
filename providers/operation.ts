/**
 * What a provider declares of its API so that model calls can be read as they pass: which requests are which operation,
 * and where their bodies say what. Plain values; how they are read is not the provider's business.
 */

import type { Codec } from "./codec.ts";
import type { OutputPlace } from "./output-place.ts";

/** Everything that is read of an answer. */
export const answerFacts = [
  "id",
  "model",
  "content",
  "choice",
  "finishReason",
  "status",
  "inputTokens",
  "outputTokens",
  "cachedInputTokens",
  "cacheWriteTokens",
  "reasoningTokens",
] as const;

/** One fact of an answer. */
export type AnswerFact = (typeof answerFacts)[number];

/**
 * Where a JSON body says what: paths such as `usage.prompt_tokens` or `choices[].finish_reason`, see `json-shape.ts`.
 * Several for one fact are alternatives of which a body has one. `content` is there when any of its strings is not
 * empty; `choice` is the index of the choice that `finishReason` is of.
 */
export type AnswerPaths = Readonly<Partial<Record<AnswerFact, readonly string[]>>>;

/** One operation of a provider's API, called by POST. */
export interface Operation {
  /** `gen_ai.operation.name` of the OpenTelemetry conventions, or a word of our own where they have none */
  readonly name: string;
  /** Exact paths; `{model}` stands for one segment, or its part, that names the model, `{any}` for one of which nothing is asked */
  readonly paths: readonly string[];
  /** Where a plain answer says what */
  readonly answer: AnswerPaths;
  /** Where each event of a streamed answer does; counts are of the stream so far, not of the event */
  readonly event: AnswerPaths;
  /** Values of `status` that are a finish reason unless another is given */
  readonly finalStatuses: readonly string[];
  /** Its dialect; without: such calls are served by their own provider only */
  readonly codec?: Codec;
  /**
   * A stream tells its usage only where the request has `stream_options.include_usage`; absent: such a member must not
   * be put into requests that do not have it
   */
  readonly streamUsage?: "on-request";
  /** Members of a request's object that name models to be taken instead of `model`; where a rule judges models it refuses them */
  readonly otherModels?: readonly string[];
  /** Whether `inputTokens` counts those that the cache was read and written for; the record's number always does */
  readonly inputTokens: "with-cache" | "without-cache";
  /** Whether `outputTokens` counts reasoning, which it does unless said otherwise; the record's number always does */
  readonly outputTokens?: "with-reasoning" | "without-reasoning";
  /**
   * Where requests bound the output of their answers; `none`: answers have no output that is counted. Absent: nobody
   * can bound it, and rules with a budget refuse such calls
   */
  readonly output?: "none" | OutputPlace;
  /** Its paths ask for a stream; without: a request's body says whether it does */
  readonly isStream?: true;
  /** Its answers that are no event streams are arrays, whose elements are the events */
  readonly streamsArrays?: true;
}
