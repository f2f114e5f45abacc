/** Content blocks of a request's turns, read into parts (https://docs.anthropic.com/en/api/messages). */

import type { Part, ToolResultPart } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, writeJson } from "../json-text.ts";
import { decodeDocument, decodeImage } from "./media-codec.ts";
import { messagesDialect } from "./dialect.ts";
import type { RequestNotes } from "./request-notes.ts";
import { isSaid, memberOf, textOrNull } from "./json-members.ts";

/**
 * Reads content: text, or a list of blocks. What has no place in the IR is noted at its block; `at` is the path of the
 * content.
 */
export function decodeContent(
  content: JsonValue | undefined,
  at: string,
  notes: RequestNotes,
): Part[] {
  return decodeBlocks(content, { at, notes, isInResult: false });
}

interface Place {
  readonly at: string;
  readonly notes: RequestNotes;
  /** Within a tool's result, which holds no other */
  readonly isInResult: boolean;
}

function decodeBlocks(content: JsonValue | undefined, place: Place): Part[] {
  if (typeof content === "string") return content === "" ? [] : [{ kind: "text", text: content }];
  const { at, notes } = place;
  if (!Array.isArray(content)) {
    notes.fail(`${at} is neither a string nor a list`);
    return [];
  }
  const parts: Part[] = [];
  for (let index = 0; index < content.length; index++) {
    const inner = `${at}[${index}]`;
    const block: JsonValue = content[index];
    if (isJsonObject(block)) decodeBlock(parts, block, { ...place, at: inner });
    else notes.fail(`${inner} is not an object`);
  }
  return parts;
}

function decodeBlock(parts: Part[], block: JsonObject, { at, notes, isInResult }: Place): void {
  if (isSaid(memberOf(block, "cache_control"))) notes.miss("cache-hint", `${at}.cache_control`);
  switch (block["type"]) {
    case "text": {
      const citations = memberOf(block, "citations");
      if (Array.isArray(citations) && citations.length > 0)
        notes.miss("citations", `${at}.citations`);
      parts.push({ kind: "text", text: notes.text(block, "text", at) });
      return;
    }
    case "image":
      push(parts, decodeImage(block, at, notes));
      return;
    case "document":
      push(parts, decodeDocument(block, at, notes));
      return;
    case "tool_use":
      parts.push(decodeToolUse(block, at, notes));
      return;
    case "tool_result":
      if (isInResult) notes.miss("unknown-content", `${at}.type`);
      else parts.push(decodeToolResult(block, at, notes));
      return;
    case "thinking":
    case "redacted_thinking":
      parts.push(decodeThinking(block, at, notes));
      return;
    default:
      missBlock(block, at, notes);
  }
}

function decodeToolUse(block: JsonObject, at: string, notes: RequestNotes): Part {
  const caller = memberOf(block, "caller");
  if (isJsonObject(caller) && caller["type"] !== "direct")
    notes.miss("tool-metadata", `${at}.caller`);
  if (isSaid(memberOf(block, "toolset_name"))) notes.miss("server-tool", `${at}.toolset_name`);
  return {
    kind: "tool-call",
    id: notes.name(block, "id", at),
    name: notes.name(block, "name", at),
    arguments: writeJson(memberOf(block, "input") ?? {}),
    signature: null,
  };
}

function decodeToolResult(block: JsonObject, at: string, notes: RequestNotes): ToolResultPart {
  const content = memberOf(block, "content");
  return {
    kind: "tool-result",
    callId: notes.name(block, "tool_use_id", at),
    name: null,
    parts: isSaid(content)
      ? decodeBlocks(content, { at: `${at}.content`, notes, isInResult: true })
      : [],
    isError: memberOf(block, "is_error") === true,
  };
}

function decodeThinking(block: JsonObject, at: string, notes: RequestNotes): Part {
  const isRedacted = block["type"] === "redacted_thinking";
  const signature = textOrNull(memberOf(block, "signature"));
  return {
    kind: "reasoning",
    text: isRedacted ? "" : notes.text(block, "thinking", at),
    // Answers of other providers came back to the agent with an empty one.
    signature: signature === "" ? null : signature,
    encrypted: isRedacted ? notes.text(block, "data", at) : null,
    origin: messagesDialect,
  };
}

function missBlock(block: JsonObject, at: string, notes: RequestNotes): void {
  const type = textOrNull(memberOf(block, "type"));
  if (type === null) {
    notes.fail(`${at}.type is not a string`);
    return;
  }
  const isServerTool =
    type === "server_tool_use" ||
    type === "container_upload" ||
    type.startsWith("mcp_") ||
    type.endsWith("_tool_result") ||
    type === "tool_addition" ||
    type === "tool_removal";
  notes.miss(isServerTool ? "server-tool" : "unknown-content", `${at}.type`);
}

function push(parts: Part[], part: Part | null): void {
  if (part !== null) parts.push(part);
}
