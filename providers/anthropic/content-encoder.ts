/** Parts of a request's turns, written as Anthropic's content blocks (https://docs.anthropic.com/en/api/messages). */

import type { Message, Part, ReasoningPart, ToolResultPart } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { joinTurns } from "../turns.ts";
import { messagesDialect } from "./dialect.ts";
import { encodeDocument, encodeImage } from "./media-codec.ts";
import { encodeToolInput } from "./tool-input.ts";

/**
 * The `messages` of a request: neighbours of one role joined, results of tools first in a turn, no block of empty text,
 * no white space at the end of what the model is to go on from, as the API demands. The first turn is left as it is: one
 * of the assistant's is refused by the API itself, and no turn is made up.
 */
export function encodeMessages(messages: readonly Message[]): JsonObject[] {
  const turns = joinTurns(
    messages.map(({ role, parts }) => ({ role, parts: parts.filter(isExpressed) })),
  );
  const last = turns.at(-1);
  return turns.map((turn) => ({
    role: turn.role,
    content: encodeTurn(turn, turn === last && turn.role === "assistant"),
  }));
}

/** The `system` of a request; undefined where there is none. */
export function encodeSystem(parts: readonly Part[]): JsonValue | undefined {
  const texts = parts.filter(isExpressed);
  const [first] = texts;
  if (first === undefined) return undefined;
  if (texts.length === 1 && first.kind === "text") return first.text;
  return blocksOf(texts);
}

function encodeTurn({ parts }: Message, isPrefill: boolean): JsonValue {
  const ordered = parts.some(({ kind }) => kind === "tool-result") ? resultsFirst(parts) : parts;
  const blocks = blocksOf(ordered);
  const last = blocks.at(-1);
  if (isPrefill && last?.["type"] === "text" && typeof last["text"] === "string") {
    blocks[blocks.length - 1] = { ...last, text: last["text"].trimEnd() };
  }
  const [only] = blocks;
  return blocks.length === 1 && only?.["type"] === "text" ? (only["text"] ?? "") : blocks;
}

function blocksOf(parts: readonly Part[]): JsonObject[] {
  const blocks: JsonObject[] = [];
  for (const part of parts) {
    const block = encodePart(part);
    if (block !== null) blocks.push(block);
  }
  return blocks;
}

function resultsFirst(parts: readonly Part[]): Part[] {
  return [
    ...parts.filter(({ kind }) => kind === "tool-result"),
    ...parts.filter(({ kind }) => kind !== "tool-result"),
  ];
}

function isExpressed(part: Part): boolean {
  switch (part.kind) {
    case "text":
    case "refusal":
      return /\S/.test(part.text);
    case "reasoning":
      return part.origin === messagesDialect && (part.signature ?? part.encrypted) !== null;
    case "audio":
      return false;
    default:
      return true;
  }
}

function encodePart(part: Part): JsonObject | null {
  switch (part.kind) {
    case "text":
    case "refusal":
      return { type: "text", text: part.text };
    case "image":
      return encodeImage(part);
    case "document":
      return encodeDocument(part);
    case "tool-call":
      return {
        type: "tool_use",
        id: encodeToolId(part.id),
        name: part.name,
        input: encodeToolInput(part.arguments),
      };
    case "tool-result":
      return encodeToolResult(part);
    case "reasoning":
      return encodeReasoning(part);
    case "audio":
      return null;
  }
}

function encodeToolResult({ callId, parts, isError }: ToolResultPart): JsonObject {
  const expressed = parts.filter(isExpressed);
  const [only] = expressed;
  const content = expressed.length === 1 && only?.kind === "text" ? only.text : blocksOf(expressed);
  return {
    type: "tool_result",
    tool_use_id: encodeToolId(callId),
    ...(expressed.length > 0 && { content }),
    ...(isError && { is_error: true }),
  };
}

function encodeReasoning({ text, signature, encrypted }: ReasoningPart): JsonObject {
  if (encrypted !== null) return { type: "redacted_thinking", data: encrypted };
  return { type: "thinking", thinking: text, signature: signature ?? "" };
}

/** The API takes letters, digits, `_` and `-`; other ids get a form that depends on nothing but themselves. */
function encodeToolId(id: string): string {
  if (/^[\w-]+$/.test(id)) return id;
  return `toolu_${Buffer.from(id, "utf8").toString("hex")}`;
}
