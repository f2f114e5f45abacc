/**
 * What an SDK is to do and what it handed out, in no provider's words: the common language of the drivers, one for each
 * SDK, which run as child processes and read tasks as lines of JSON.
 */
import type { ClientError } from "./child-client.ts";

/** A task: one call of a model, or two where tools answer. */
export interface SdkTask {
  readonly kind: "chat";
  readonly model: string;
  readonly prompt: string;
  readonly system?: string;
  readonly stream?: boolean;
  readonly tools?: readonly SdkTool[];
  /** What each call of a tool is answered with, in order of the calls; with it there is a second turn */
  readonly results?: readonly SdkToolResult[];
  readonly image?: { readonly mediaType: string; readonly base64: string };
  /** Reason a little, and show it where the API can */
  readonly reason?: true;
  /** The text is to be JSON of this schema */
  readonly schema?: SdkSchema;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly stop?: readonly string[];
}

/** A function that the model may call. */
export interface SdkTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of an object */
  readonly schema: SdkSchema;
}

/** A JSON Schema. */
export type SdkSchema = Readonly<Record<string, unknown>>;

/** What a tool said. */
export interface SdkToolResult {
  readonly text: string;
  readonly failed?: true;
}

/** Vectors for texts. */
export interface SdkEmbedTask {
  readonly kind: "embed";
  readonly model: string;
  readonly texts: readonly string[];
}

/** Tokens of a prompt. */
export interface SdkCountTask {
  readonly kind: "count";
  readonly model: string;
  readonly prompt: string;
}

/** Anything that a driver can be asked for. */
export type SdkJob = SdkTask | SdkEmbedTask | SdkCountTask;

/** One answer of a model, as the SDK's user sees it. */
export interface SdkTurn {
  readonly text: string;
  /** Shown reasoning; empty: none */
  readonly reasoning: string;
  readonly calls: readonly SdkCall[];
  readonly finish: "stop" | "length" | "tool-calls" | "other";
  readonly usage: SdkUsage;
  /** Events of a stream; 1 otherwise */
  readonly parts: number;
}

/** A call of a tool. */
export interface SdkCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
}

/** Tokens; undefined where the SDK has no number. */
export interface SdkUsage {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly reasoning: number | undefined;
}

/** What became of a job. */
export type SdkReport =
  | {
      readonly kind: "answered";
      readonly turns: readonly SdkTurn[];
      /** Lengths of vectors */
      readonly vectors?: readonly number[];
      /** Counted tokens */
      readonly tokens?: number;
      /** What is missing or wrong in the SDK's own objects */
      readonly problems: readonly string[];
    }
  | {
      readonly kind: "failed";
      readonly error: SdkError;
      /** Text that came before */
      readonly text: string;
    };

/** What the SDK raised. */
export interface SdkError extends ClientError {
  /** Header of the answer, where the SDK shows it */
  readonly retryAfter?: string;
}
