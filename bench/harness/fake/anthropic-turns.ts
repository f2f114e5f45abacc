/** The turns of an Anthropic conversation in one form, whichever of its notations the request used. */
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";

/** A turn with its content as blocks. */
export interface Turn {
  readonly role: string;
  readonly blocks: readonly JsonObject[];
}

/** The turns of a body whose fields are in order. */
export function turnsOf(body: JsonObject): readonly Turn[] {
  const messages: readonly unknown[] = Array.isArray(body["messages"]) ? body["messages"] : [];
  return messages.filter(isJsonObject).map(({ role, content }) => ({
    role: String(role),
    blocks: blocksOf(content),
  }));
}

/** Content as blocks; text becomes one. */
export function blocksOf(content: unknown): readonly JsonObject[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? content.filter(isJsonObject) : [];
}
