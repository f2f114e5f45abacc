/** Answers written as chat completions (https://platform.openai.com/docs/api-reference/chat/object). */

import type { WireBody } from "../codec.ts";
import type { ChatResponse, Choice, Part, ToolCallPart } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { writeJson } from "../json-text.ts";
import { textOf } from "../turns.ts";
import { encodeFinish } from "./chat-finish-reasons.ts";
import { encodeChatLogprobs } from "./chat-logprobs.ts";
import { encodeChatUsage } from "./chat-usage.ts";

const idPrefix = "chatcmpl-";
const idRest = /^[\w-]{1,128}$/;
const noIdCharacters = /[^A-Za-z0-9]/g;
const longestRest = 64;

/** Writes a whole answer. */
export function encodeChatResponse(response: ChatResponse): WireBody {
  const { id, model, created, choices, usage } = response;
  const body = writeJson({
    id: completionId(id),
    object: "chat.completion",
    created: created ?? 0,
    model,
    choices: choices.map(encodeChoice),
    usage: usage === null ? undefined : encodeChatUsage(usage),
  });
  return { contentType: "application/json", body };
}

/** An id in the form of chat completions: the upstream's own if it has it, else made of its letters and digits. */
export function completionId(id: string): string {
  if (id.startsWith(idPrefix) && idRest.test(id.slice(idPrefix.length))) return id;
  return idPrefix + id.replace(noIdCharacters, "").slice(0, longestRest);
}

/** Gemini's proof of reasoning where its own chat completions have it; undefined: there is none. */
export function extraContent(signature: string | null): JsonObject | undefined {
  return signature === null ? undefined : { google: { thought_signature: signature } };
}

function encodeChoice({ parts, finish, logprobs }: Choice, index: number): JsonObject {
  const kinds = new Set(parts.map(({ kind }) => kind));
  return {
    index,
    message: encodeMessage(parts, kinds),
    logprobs: logprobs === null ? null : encodeChatLogprobs(logprobs),
    finish_reason: encodeFinish(finish, kinds),
  };
}

function encodeMessage(parts: readonly Part[], kinds: ReadonlySet<Part["kind"]>): JsonObject {
  const calls = parts.filter((part) => part.kind === "tool-call");
  const saysMore = calls.length > 0 || kinds.has("refusal");
  return {
    role: "assistant",
    content: kinds.has("text") || !saysMore ? textOf(parts) : null,
    refusal: kinds.has("refusal") ? joined(parts, "refusal") : null,
    reasoning_content: joined(parts, "reasoning") || undefined,
    tool_calls: calls.length > 0 ? calls.map(encodeCall) : undefined,
  };
}

function encodeCall({ id, name, arguments: text, signature }: ToolCallPart): JsonObject {
  return {
    id,
    type: "function",
    function: { name, arguments: text },
    extra_content: extraContent(signature),
  };
}

function joined(parts: readonly Part[], kind: "refusal" | "reasoning"): string {
  let text = "";
  for (const part of parts) if (part.kind === kind) text += part.text;
  return text;
}
