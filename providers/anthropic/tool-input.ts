/** Arguments of a tool call as the object that Anthropic's dialect has for them. */

import type { JsonObject } from "../json-text.ts";
import { isJsonObject, parseJsonText } from "../json-text.ts";

/**
 * The object of JSON text, digits and all; empty text is an empty object. Text that is no object, such as that of a call
 * which was cut off, is the member `_raw`: the dialect has objects only, and nothing may be lost or look whole.
 */
export function encodeToolInput(text: string): JsonObject {
  if (text === "") return {};
  const parsed = parseJsonText(text);
  if (parsed.kind === "value" && isJsonObject(parsed.value)) return parsed.value;
  return { _raw: text };
}
