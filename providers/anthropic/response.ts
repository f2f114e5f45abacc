/** The object of a whole answer between Anthropic's dialect and the IR (https://docs.anthropic.com/en/api/messages). */

import type { Decoded } from "../codec.ts";
import type { ChatResponse, Part } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, writeJson } from "../json-text.ts";
import { messagesDialect } from "./dialect.ts";
import { messageId } from "./message-id.ts";
import { memberOf, textOrEmpty, textOrNull } from "./json-members.ts";
import { finishOf, stopReasonOf } from "./stop-reasons.ts";
import { madeUpId } from "./tool-id.ts";
import { encodeToolInput } from "./tool-input.ts";
import { encodeUsage, nothingTold, readCounts, usageOf } from "./usage-counts.ts";

/** Reads the object of an answer; blocks of tools that Anthropic ran are left out, they are for no one to act on. */
export function decodeResponseObject(body: JsonValue): Decoded<ChatResponse> {
  if (!isJsonObject(body)) return { kind: "malformed", reason: "the answer is not an object" };
  const content = memberOf(body, "content");
  if (!Array.isArray(content)) return { kind: "malformed", reason: "content is not a list" };
  const usage = memberOf(body, "usage");
  return {
    kind: "ok",
    value: {
      id: textOrEmpty(memberOf(body, "id")),
      model: textOrEmpty(memberOf(body, "model")),
      created: null,
      choices: [
        {
          parts: content.flatMap((block: JsonValue, index) => decodeBlock(block, index) ?? []),
          finish: finishOf(memberOf(body, "stop_reason")),
          stopText: textOrNull(memberOf(body, "stop_sequence")),
          logprobs: null,
        },
      ],
      usage: isJsonObject(usage) ? usageOf(readCounts(usage, nothingTold)) : null,
    },
  };
}

/**
 * The object of an answer. Reasoning has a signature only if it came from this dialect; a refusal is text, its reason
 * says what it is. Of several choices the first one counts: the dialect has one.
 */
export function encodeResponseObject({ id, model, choices, usage }: ChatResponse): JsonObject {
  const [choice] = choices;
  const parts = choice?.parts ?? [];
  const isRefusal = parts.some(({ kind }) => kind === "refusal") && choice?.finish === "stop";
  const hasToolCalls = parts.some(({ kind }) => kind === "tool-call");
  return {
    id: messageId(id),
    type: "message",
    role: "assistant",
    model,
    content: encodeBlocks(parts),
    stop_reason: isRefusal ? "refusal" : stopReasonOf(choice?.finish ?? "stop", hasToolCalls),
    stop_sequence: choice?.stopText ?? null,
    usage: encodeUsage(usage),
  };
}

function decodeBlock(block: JsonValue, index: number): Part | null {
  if (!isJsonObject(block)) return null;
  const text = (key: string) => textOrEmpty(memberOf(block, key));
  switch (block["type"]) {
    case "text":
      return { kind: "text", text: text("text") };
    case "thinking":
      return {
        kind: "reasoning",
        text: text("thinking"),
        signature: text("signature") || null,
        encrypted: null,
        origin: messagesDialect,
      };
    case "redacted_thinking":
      return {
        kind: "reasoning",
        text: "",
        signature: null,
        encrypted: text("data"),
        origin: messagesDialect,
      };
    case "tool_use":
      return {
        kind: "tool-call",
        id: text("id") || madeUpId(index),
        name: text("name"),
        arguments: writeJson(memberOf(block, "input") ?? {}),
        signature: null,
      };
    default:
      return null;
  }
}

function encodeBlocks(parts: readonly Part[]): JsonObject[] {
  const blocks: JsonObject[] = [];
  for (const part of parts) {
    const block = encodeBlock(part);
    if (block !== null) blocks.push(block);
  }
  return blocks;
}

function encodeBlock(part: Part): JsonObject | null {
  switch (part.kind) {
    case "text":
    case "refusal":
      return part.text === "" ? null : { type: "text", text: part.text };
    case "tool-call":
      return {
        type: "tool_use",
        id: part.id,
        name: part.name,
        input: encodeToolInput(part.arguments),
      };
    case "reasoning": {
      const isOwn = part.origin === messagesDialect;
      if (isOwn && part.encrypted !== null) {
        return { type: "redacted_thinking", data: part.encrypted };
      }
      if (!isOwn && part.text === "") return null;
      const signature = isOwn ? (part.signature ?? "") : "";
      return { type: "thinking", thinking: part.text, signature };
    }
    default:
      return null;
  }
}
