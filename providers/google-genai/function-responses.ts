/**
 * What a tool said, as Gemini's `FunctionResponse.response` and as parts of the IR. A response is an object: the
 * reference reserves `output` for what a function gave and `error` for why it failed; any other object is its output.
 */

import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, parseJsonText, writeJson } from "../json-text.ts";

/** What a tool said, in words. */
export interface ToolOutput {
  /** JSON text where it was an object */
  readonly text: string;
  readonly isError: boolean;
}

/** The text of a response, the inverse of `toResponse`. */
export function fromResponse(response: JsonObject): ToolOutput {
  const [key, ...others] = Object.keys(response);
  if (others.length === 0) {
    if (key === "output") return { text: textOf(response["output"]), isError: false };
    if (key === "error") return { text: textOf(response["error"]), isError: true };
  }
  return { text: writeJson(response), isError: false };
}

/** A response that says a text: JSON text of an object as that object, else the text as output or error. */
export function toResponse({ text, isError }: ToolOutput): JsonObject {
  if (isError) return { error: text };
  const object = parseObject(text);
  if (object === undefined) return { output: text };
  const isReserved = Object.hasOwn(object, "output") || Object.hasOwn(object, "error");
  return isReserved ? { output: object } : object;
}

/** The object that a text is JSON of; undefined when it is none. */
export function parseObject(text: string): JsonObject | undefined {
  // Most texts are none, and a parser's failure is costly
  const first = text.trimStart()[0];
  if (first !== "{") return undefined;
  const parsed = parseJsonText(text);
  return parsed.kind === "value" && isJsonObject(parsed.value) ? parsed.value : undefined;
}

function textOf(value: JsonValue | undefined): string {
  if (typeof value === "string") return value;
  return value === undefined ? "" : writeJson(value);
}
