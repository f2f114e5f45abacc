/**
 * The intermediate representation (IR) of model calls: what every dialect is decoded into and encoded from when an agent
 * that speaks one is served by a provider that speaks another. Plain values, in terms of the OpenTelemetry gen_ai
 * conventions; what a dialect has beyond them is named in `unexpressed`, never dropped in silence.
 *
 * Numbers keep the digits that were sent: `json-text.ts` parses those that a double cannot hold into raw ones.
 */

import type { Feature } from "./features.ts";
import type { JsonNumber, JsonObject } from "./json-text.ts";

/** A conversation to be continued. */
export interface ChatRequest {
  /** As the target is to be asked for it; from the path where the dialect names it there */
  readonly model: string;
  /** Instructions that stand before the conversation */
  readonly system: readonly Part[];
  /** Turns in order. Roles may repeat: `turns.ts` joins them for dialects that need alternation */
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  /** Null: the provider's default, which is `auto` where there are tools */
  readonly toolChoice: ToolChoice | null;
  /** False: at most one call a turn; null: the provider's default */
  readonly parallelToolCalls: boolean | null;
  readonly maxOutputTokens: JsonNumber | null;
  readonly temperature: JsonNumber | null;
  readonly topP: JsonNumber | null;
  readonly topK: JsonNumber | null;
  readonly seed: JsonNumber | null;
  readonly frequencyPenalty: JsonNumber | null;
  readonly presencePenalty: JsonNumber | null;
  /** Texts before which the model stops */
  readonly stop: readonly string[];
  /** How many answers; null: one */
  readonly choices: JsonNumber | null;
  /** Null: none; `top`: alternatives for each token, 0 for the chosen one only */
  readonly logprobs: { readonly top: JsonNumber } | null;
  readonly output: OutputFormat;
  /** Null: the provider's default */
  readonly reasoning: ReasoningRequest | null;
  /** The answer is to come as a stream */
  readonly stream: boolean;
  /** The agent wants usage told at the end of a stream; dialects that always tell it say true */
  readonly streamUsage: boolean;
  /** Identifies the agent's end user to the provider */
  readonly endUser: string | null;
  /** What the dialect said beyond all this, each with where it stood (`tools[1].type`); duplicates are allowed */
  readonly unexpressed: readonly Unexpressed[];
  /** What the dialect's own codec needs again to encode the answer; opaque to everyone else */
  readonly variant: string;
}

/** Something that the IR has no place for. */
export interface Unexpressed {
  readonly feature: Feature;
  /** Where it stood, as a path into the body: names only, never values */
  readonly at: string;
}

/** One turn. Results of tools are parts of a user's turn; instructions in mid-conversation are turns of the system. */
export interface Message {
  readonly role: "user" | "assistant" | "system";
  readonly parts: readonly Part[];
}

/** A piece of a turn or of an answer. */
export type Part =
  | TextPart
  | ImagePart
  | DocumentPart
  | AudioPart
  | ToolCallPart
  | ToolResultPart
  | ReasoningPart
  | RefusalPart;

/** What was said or asked, to be shown as it is; of the model or of who asks it. */
export interface TextPart {
  readonly kind: "text";
  readonly text: string;
}

/** Where the bytes of an image, document or sound are. */
export type Source =
  | { readonly kind: "base64"; readonly mediaType: string; readonly data: string }
  /** http(s) or a scheme of the provider's such as `gs:`; `data:` URLs are decoded into base64 */
  | { readonly kind: "url"; readonly url: string; readonly mediaType: string | null }
  /** An upload to the provider, which no other one knows */
  | { readonly kind: "file"; readonly id: string };

/** A picture that the model is to look at. */
export interface ImagePart {
  readonly kind: "image";
  readonly source: Source;
  /** OpenAI's wish for resolution; null: none */
  readonly detail: string | null;
}

/** A document, such as a PDF; `text/plain` documents have base64 of their UTF-8 text. */
export interface DocumentPart {
  readonly kind: "document";
  readonly source: Source;
  /** File name or title; null: none */
  readonly name: string | null;
}

/** Sound. */
export interface AudioPart {
  readonly kind: "audio";
  readonly source: Source;
}

/** The model's wish to have a tool called. */
export interface ToolCallPart {
  readonly kind: "tool-call";
  /** Never empty: decoders make one up where the dialect has none, the same for a call and its result */
  readonly id: string;
  readonly name: string;
  /** JSON text of an object, digits and all; `{}` where there are none. Text that is no object is kept as it is */
  readonly arguments: string;
  /** Proof of the reasoning that led to it, which only its provider can read (Gemini); null: none */
  readonly signature: string | null;
}

/** What a tool said. */
export interface ToolResultPart {
  readonly kind: "tool-result";
  /** `ToolCallPart.id` */
  readonly callId: string;
  /** Name of the tool; null where the dialect does not say: `turns.ts` finds it by the id */
  readonly name: string | null;
  /** Text, images and documents */
  readonly parts: readonly Part[];
  readonly isError: boolean;
}

/** The model's reasoning, or a summary of it. */
export interface ReasoningPart {
  readonly kind: "reasoning";
  /** Empty where the provider hides it */
  readonly text: string;
  /** Proof that its provider wants back unchanged; null: none */
  readonly signature: string | null;
  /** Reasoning that only its provider can read (`redacted_thinking`, `encrypted_content`); null: none */
  readonly encrypted: string | null;
  /** Name of the codec whose dialect gave it: signatures go back to no other */
  readonly origin: string;
}

/** The model's refusal in words of its own. */
export interface RefusalPart {
  readonly kind: "refusal";
  readonly text: string;
}

/** A function that the model may call. */
export interface Tool {
  readonly name: string;
  readonly description: string | null;
  /** JSON Schema of its arguments; null: takes none */
  readonly parameters: JsonObject | null;
  /** Arguments are guaranteed to match; null: the provider's default */
  readonly strict: boolean | null;
}

/** Whether tools must be called. */
export type ToolChoice =
  | { readonly kind: "auto" }
  | { readonly kind: "none" }
  | { readonly kind: "required" }
  | { readonly kind: "tool"; readonly name: string };

/** The form of the answer's text. */
export type OutputFormat =
  | { readonly kind: "text" }
  /** Any JSON object */
  | { readonly kind: "json" }
  | {
      readonly kind: "schema";
      /** Null where the dialect has no names for schemas */
      readonly name: string | null;
      readonly description: string | null;
      readonly schema: JsonObject;
      readonly strict: boolean | null;
    };

/** How much the model is to reason; a dialect has words or tokens for it, `reasoning.ts` converts. */
export interface ReasoningRequest {
  readonly effort: ReasoningEffort | null;
  /** -1: as many as the model likes */
  readonly budgetTokens: JsonNumber | null;
  /** The agent wants to see it, or a summary; null: the provider's default */
  readonly visible: boolean | null;
}

/** Words for effort, least first. */
export type ReasoningEffort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max";

/** A whole answer. */
export interface ChatResponse {
  readonly id: string;
  readonly model: string;
  /** Unix seconds; null where the dialect does not say */
  readonly created: number | null;
  /** At least one; in order of their index */
  readonly choices: readonly Choice[];
  readonly usage: Usage | null;
}

/** One of the answers. */
export interface Choice {
  readonly parts: readonly Part[];
  readonly finish: FinishReason;
  /** The text of `ChatRequest.stop` that was met; null: none, or not said */
  readonly stopText: string | null;
  readonly logprobs: readonly TokenLogprob[] | null;
}

/** Why the model stopped. `paused`: it wants the same conversation again to go on. */
export type FinishReason =
  | "stop"
  | "stop-text"
  | "length"
  | "tool-calls"
  | "content-filter"
  | "refusal"
  | "paused"
  | "error";

/** How likely a token was. */
export interface TokenLogprob {
  readonly token: string;
  readonly logprob: JsonNumber;
  /** UTF-8 bytes; null where the dialect does not say */
  readonly bytes: readonly number[] | null;
  readonly top: readonly Omit<TokenLogprob, "top">[];
}

/** Tokens of a call; null where the provider did not say. */
export interface Usage {
  /** All input, cached tokens included */
  readonly inputTokens: number | null;
  /** All output, reasoning included */
  readonly outputTokens: number | null;
  /** Of the input, read from the provider's cache */
  readonly cachedInputTokens: number | null;
  /** Of the input, written to the provider's cache */
  readonly cacheWriteTokens: number | null;
  /** Of the output, reasoning */
  readonly reasoningTokens: number | null;
  /** Of the input, sound */
  readonly audioInputTokens: number | null;
  /** Of the output, sound */
  readonly audioOutputTokens: number | null;
}

/**
 * One event of a streamed answer, of its only choice. Decoders keep this order: `start`, then parts one after another
 * or interleaved by `index` (dense, from 0), each begun before it is added to and ended; `finish`, then `end`. `usage`
 * may come anywhere and counts the stream so far. After `failed` nothing follows.
 */
export type StreamEvent =
  | {
      readonly kind: "start";
      readonly id: string;
      readonly model: string;
      readonly created: number | null;
    }
  | { readonly kind: "part-start"; readonly index: number; readonly part: PartStart }
  /** Text of a text or refusal part, reasoning, or JSON text of a tool call's arguments, by what part it is */
  | { readonly kind: "delta"; readonly index: number; readonly text: string }
  /** Of a reasoning part or tool call; replaces the one before */
  | { readonly kind: "signature"; readonly index: number; readonly signature: string }
  | {
      readonly kind: "logprobs";
      readonly index: number;
      readonly logprobs: readonly TokenLogprob[];
    }
  | { readonly kind: "part-end"; readonly index: number }
  | { readonly kind: "usage"; readonly usage: Usage }
  | {
      readonly kind: "finish";
      readonly finish: FinishReason;
      readonly stopText: string | null;
    }
  | { readonly kind: "failed"; readonly error: ModelError }
  | { readonly kind: "end" };

/** What is known of a part when it begins; its text follows in deltas. */
export type PartStart =
  | { readonly kind: "text" }
  | { readonly kind: "refusal" }
  | { readonly kind: "reasoning"; readonly encrypted: string | null; readonly origin: string }
  | { readonly kind: "tool-call"; readonly id: string; readonly name: string };

/** A provider's failure, in terms that every dialect has words for. */
export interface ModelError {
  /** HTTP status that the provider answered with; for failures in mid-stream the one that fits */
  readonly status: number;
  readonly kind: ErrorKind;
  /** The provider's own sentence */
  readonly message: string;
  /** The provider's own word, such as `context_length_exceeded`; null: none */
  readonly code: string | null;
}

/** Sorts of failures. */
export type ErrorKind =
  | "invalid-request"
  | "authentication"
  | "permission"
  | "not-found"
  | "too-large"
  | "rate-limit"
  | "overloaded"
  | "timeout"
  | "server";

/** Texts to be embedded. */
export interface EmbeddingsRequest {
  readonly model: string;
  /** At least one text, or its tokens */
  readonly inputs: readonly (string | readonly JsonNumber[])[];
  readonly dimensions: JsonNumber | null;
  /** How vectors are to be written */
  readonly encoding: "float" | "base64";
  readonly endUser: string | null;
  readonly unexpressed: readonly Unexpressed[];
  readonly variant: string;
}

/** Vectors, one for each input, in their order. */
export interface EmbeddingsResponse {
  readonly model: string;
  /** Numbers, or base64 of little-endian 32-bit floats */
  readonly vectors: readonly (readonly JsonNumber[] | string)[];
  readonly usage: Usage | null;
}

/** How many tokens a request would have. */
export interface TokenCount {
  readonly inputTokens: number;
}
