/** What a model is asked, in no provider's words: each fake reads its requests into this and renders the answer to it. */
import type { JsonObject } from "./json-fields.ts";
import { countTokens } from "./tokens.ts";

/** One request. */
export interface Conversation {
  /** Instructions before and in the conversation */
  readonly system: string;
  /** Text of the last turn of the user */
  readonly said: string;
  /** What that turn attached, in words */
  readonly attached: readonly string[];
  /** Results of tools that came after the model's last turn, in order */
  readonly results: readonly ToolOutcome[];
  readonly tools: readonly OfferedTool[];
  readonly choice: "auto" | "none" | "required" | { readonly name: string };
  /** More than one call at once is allowed */
  readonly parallel: boolean;
  /** Form of the text; a schema makes it JSON that fits */
  readonly form: "text" | "json" | { readonly schema: JsonObject };
  /** Reasoning before the answer; `hidden` shows in usage alone */
  readonly thinks: "no" | "hidden" | "shown";
  readonly stops: readonly string[];
  /** Most tokens of text */
  readonly limit: number;
  readonly inputTokens: number;
}

/** A tool that the model may call. */
export interface OfferedTool {
  readonly name: string;
  /** Schema of its arguments; undefined: it takes none */
  readonly parameters: unknown;
}

/** What a tool said. */
export interface ToolOutcome {
  readonly text: string;
  readonly failed: boolean;
}

/** Tokens of all texts with the overhead of a format for each turn and for the request. */
export function countTurns(
  texts: readonly string[],
  overhead: { readonly turn: number; readonly request: number },
): number {
  return texts.reduce((sum, text) => sum + countTokens(text) + overhead.turn, overhead.request);
}
