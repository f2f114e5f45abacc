/** Parts of a request's turns, written as Anthropic's content blocks (https://docs.anthropic.com/en/api/messages). */

import type { ChatRequest, Message, Part, ReasoningPart, ToolResultPart } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { messagesDialect } from "./dialect.ts";
import { encodeDocument, encodeImage } from "./media-codec.ts";
import { encodeToolId } from "./tool-id.ts";
import { encodeToolInput } from "./tool-input.ts";
import { orderTurns } from "./turn-order.ts";

/** What a request says of the conversation. */
export interface EncodedTurns {
  /** Undefined: there are no instructions before the conversation */
  readonly system: JsonValue | undefined;
  readonly messages: readonly JsonObject[];
}

/**
 * The `system` and `messages` of a request: neighbours of one role joined, results of tools first in a turn, no block of
 * blank text, no white space at the end of what the model is to go on from, as the API demands. A first turn of the
 * assistant's is left as it is: the API refuses it, and no turn is made up.
 */
export function encodeTurns({ system, messages }: ChatRequest): EncodedTurns {
  const expressed = messages.map(({ role, parts }) => ({ role, parts: parts.filter(isExpressed) }));
  const { leading, turns } = orderTurns(expressed);
  const last = turns.at(-1);
  return {
    system: encodeSystem([...system, ...leading]),
    messages: turns.map((turn) => ({
      role: turn.role,
      content: encodeTurn(turn, turn === last && turn.role === "assistant" ? "prefill" : "turn"),
    })),
  };
}

function encodeSystem(parts: readonly Part[]): JsonValue | undefined {
  const texts = parts.filter((part) => part.kind === "text" && isExpressed(part));
  return texts.length === 0 ? undefined : encodeContent(texts);
}

function encodeTurn({ parts }: Message, place: "prefill" | "turn"): JsonValue {
  const last = parts.at(-1);
  if (place === "prefill" && last?.kind === "text") {
    return encodeContent([...parts.slice(0, -1), { ...last, text: last.text.trimEnd() }]);
  }
  return encodeContent(parts.some(isResult) ? resultsFirst(parts) : parts);
}

function resultsFirst(parts: readonly Part[]): Part[] {
  return [...parts.filter(isResult), ...parts.filter((part) => !isResult(part))];
}

function isResult({ kind }: Part): boolean {
  return kind === "tool-result";
}

/** A single text as it is, anything else as blocks. */
function encodeContent(parts: readonly Part[]): JsonValue {
  const [first] = parts;
  if (parts.length === 1 && first?.kind === "text") return first.text;
  const blocks: JsonObject[] = [];
  for (const part of parts) {
    const block = encodePart(part);
    if (block !== null) blocks.push(block);
  }
  return blocks;
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
  return {
    type: "tool_result",
    tool_use_id: encodeToolId(callId),
    ...(expressed.length > 0 && { content: encodeContent(expressed) }),
    ...(isError && { is_error: true }),
  };
}

function encodeReasoning({ text, signature, encrypted }: ReasoningPart): JsonObject {
  if (encrypted !== null) return { type: "redacted_thinking", data: encrypted };
  return { type: "thinking", thinking: text, signature: signature ?? "" };
}
