/**
 * Reasoning items. What another provider signed or encrypted travels through agents of this dialect inside
 * `encrypted_content`, with the name of its codec, so that it can go back to where it came from.
 */

import type { ReasoningPart } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, parseJsonText, writeJson } from "../json-text.ts";

/** Name of the codec: what is written as it is. */
export const responsesName = "openai-responses";

/** Begins what another codec's reasoning is wrapped in; the provider's own is base64 without an underscore in front. */
const wrapper = "clrk_";

/** Joins the texts of one item. */
export const summaryJoint = "\n\n";

/**
 * The part of a reasoning item in an answer. `encrypted_content` is a signature beside a text and the reasoning itself
 * where there is none; the item's id is of use only to the provider's store, so it is not kept.
 */
export function decodeReasoning(item: JsonObject): ReasoningPart {
  const text = reasoningText(item);
  const content = item["encrypted_content"];
  const proof = typeof content === "string" && content !== "" ? content : null;
  return text === ""
    ? { kind: "reasoning", text, signature: null, encrypted: proof, origin: responsesName }
    : { kind: "reasoning", text, signature: proof, encrypted: null, origin: responsesName };
}

/** The part of a reasoning item in a request: of the codec whose provider gave it. */
export function decodeReasoningInput(item: JsonObject): ReasoningPart {
  const own = decodeReasoning(item);
  const foreign = unwrap(own.signature ?? own.encrypted ?? "");
  return foreign === null ? own : { kind: "reasoning", text: own.text, ...foreign };
}

/** What `encrypted_content` says of a part; null where there is nothing to be kept. */
export function encryptedContent({
  signature,
  encrypted,
  origin,
}: Omit<ReasoningPart, "kind" | "text">): string | null {
  if (origin === responsesName) return signature ?? encrypted;
  if (signature === null && encrypted === null) return null;
  const content = writeJson([origin, signature, encrypted]);
  return wrapper + Buffer.from(content, "utf8").toString("base64url");
}

function reasoningText(item: JsonObject): string {
  const texts = [...textsOf(item["summary"]), ...textsOf(item["content"])];
  return texts.join(summaryJoint);
}

function unwrap(content: string): Omit<ReasoningPart, "kind" | "text"> | null {
  if (!content.startsWith(wrapper)) return null;
  const bytes = Buffer.from(content.slice(wrapper.length), "base64url");
  const parsed = parseJsonText(bytes.toString("utf8"));
  if (parsed.kind === "malformed" || !Array.isArray(parsed.value)) return null;
  const [origin, signature, encrypted] = parsed.value;
  if (typeof origin !== "string" || !isTextOrNull(signature) || !isTextOrNull(encrypted)) {
    return null;
  }
  return { signature, encrypted, origin };
}

function isTextOrNull(value: JsonValue | undefined): value is string | null {
  return value === null || typeof value === "string";
}

function textsOf(list: JsonValue | undefined): string[] {
  if (!Array.isArray(list)) return [];
  const texts: string[] = [];
  for (const entry of list) {
    const text = isJsonObject(entry) ? entry["text"] : undefined;
    if (typeof text === "string" && text !== "") texts.push(text);
  }
  return texts;
}
