/**
 * Parts of the IR into content blocks of Converse
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html). Text blocks may not be blank,
 * and what has to be there and is not is said by a placeholder.
 */

import { encodeToolInput } from "../anthropic/tool-input.ts";
import type { Part, ReasoningPart, Source, ToolCallPart, ToolResultPart } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { converseName } from "./converse-content-decoder.ts";
import { audioFormatOf, documentFormatOf, imageFormatOf } from "./media-formats.ts";
import { toolUseId } from "./tool-use-id.ts";

/** Text where Converse wants some and there is none. */
export const placeholder = "(empty)";

/** What one request's or answer's blocks are written with. */
export interface BlockWriting {
  /** Makes the name of a document */
  readonly documentName: (name: string | null) => string;
  /** Signed reasoning of the dialect's own goes back to the model */
  readonly reasoning: "signed" | "none" | "any";
}

/** The blocks of a turn's parts; what cannot be a block is left out. */
export function writeBlocks(parts: readonly Part[], writing: BlockWriting): JsonObject[] {
  const blocks: JsonObject[] = [];
  for (const part of parts) {
    const block = writeBlock(part, writing);
    if (block !== null) blocks.push(block);
  }
  return blocks;
}

function writeBlock(part: Part, writing: BlockWriting): JsonObject | null {
  switch (part.kind) {
    case "text":
    case "refusal":
      return isBlank(part.text) ? null : { text: part.text };
    case "image":
      return { image: writeMedia(part.source, imageFormatOf) };
    case "audio":
      return { audio: writeMedia(part.source, audioFormatOf) };
    case "document": {
      const name = writing.documentName(part.name);
      return { document: { ...writeMedia(part.source, documentFormatOf), name } };
    }
    case "tool-call":
      return { toolUse: writeToolUse(part) };
    case "tool-result":
      return { toolResult: writeToolResult(part, writing) };
    case "reasoning":
      return writeReasoning(part, writing);
  }
}

/** Whether there is nothing but white space. */
export function isBlank(text: string): boolean {
  return text.trim() === "";
}

function writeMedia(source: Source, formatOf: (mediaType: string) => string): JsonObject {
  if (source.kind !== "base64") {
    throw new TypeError(`Cannot write block: Converse takes no ${source.kind} in place of bytes`);
  }
  return { format: formatOf(source.mediaType), source: { bytes: source.data } };
}

function writeToolUse({ id, name, arguments: text }: ToolCallPart): JsonObject {
  return { toolUseId: toolUseId(id), name, input: encodeToolInput(text) };
}

/** Errors without content are refused. */
function writeToolResult(result: ToolResultPart, writing: BlockWriting): JsonObject {
  const content = writeBlocks(result.parts, writing);
  if (content.length === 0 && result.isError) content.push({ text: placeholder });
  const toolUse = toolUseId(result.callId);
  return { toolUseId: toolUse, content, status: result.isError ? "error" : undefined };
}

function writeReasoning(part: ReasoningPart, { reasoning }: BlockWriting): JsonObject | null {
  const isOwn = part.origin === converseName;
  if (reasoning === "none" || (reasoning === "signed" && !isOwn)) return null;
  if (part.encrypted !== null) {
    return isOwn ? { reasoningContent: { redactedContent: part.encrypted } } : null;
  }
  // Another's proof would come back as if it were the dialect's own.
  const signature = isOwn ? (part.signature ?? undefined) : undefined;
  if (reasoning === "signed" && signature === undefined) return null;
  if (part.text === "" && signature === undefined) return null;
  return { reasoningContent: { reasoningText: { text: part.text, signature } } };
}
