/**
 * Turns of a conversation as `Content` messages (https://ai.google.dev/api/caching#Content): alternating roles, results
 * of tools by name and id, and the signatures that Gemini 3 checks.
 */

import type { Message, Part, ReasoningPart, ToolCallPart, ToolResultPart } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { createToolNames, joinTurns, textOf } from "../turns.ts";
import { CallSigner, dialectName } from "./thought-signatures.ts";
import { parseObject, toResponse } from "./function-responses.ts";
import { isMedia, toMedia } from "./media.ts";
import { isThirdGeneration } from "./model-traits.ts";

/** What turns are encoded with. */
interface Turns {
  readonly nameOf: (result: ToolResultPart) => string | null;
  readonly isThirdGeneration: boolean;
}

/** `contents` of a request for a model. */
export function encodeContents(messages: readonly Message[], model: string): JsonObject[] {
  const turns = {
    nameOf: createToolNames(messages),
    isThirdGeneration: isThirdGeneration(model),
  };
  return joinTurns(messages).map(({ role, parts }) => ({
    role: role === "assistant" ? "model" : "user",
    parts: role === "assistant" ? encodeModelParts(parts, turns) : encodeUserParts(parts, turns),
  }));
}

/** `systemInstruction` of a request; undefined when it has none. */
export function encodeInstruction(system: readonly Part[]): JsonObject | undefined {
  if (system.length === 0) return undefined;
  return { parts: system.map(encodePlain).filter((part) => part !== undefined) };
}

/** Text that is no object stands under one key, so that nothing of it is lost. */
function encodeArguments(text: string): JsonObject {
  return parseObject(text) ?? (text.trim() === "" ? {} : { arguments: text });
}

function encodeUserParts(parts: readonly Part[], turns: Turns): JsonObject[] {
  const encoded: JsonObject[] = [];
  for (const part of parts) {
    if (part.kind === "tool-result") encodeResult(part, turns, encoded);
    else {
      const plain = encodePlain(part);
      if (plain !== undefined) encoded.push(plain);
    }
  }
  return encoded;
}

function encodeModelParts(parts: readonly Part[], turns: Turns): JsonObject[] {
  const encoded: JsonObject[] = [];
  const signer = new CallSigner(turns.isThirdGeneration ? "required" : "optional");
  let held: string | null = null;
  for (const part of parts) {
    if (held !== null && part.kind === "text") {
      encoded.push({ text: part.text, thoughtSignature: held });
      held = null;
      continue;
    }
    if (held !== null) encoded.push({ text: "", thoughtSignature: held });
    held = part.kind === "reasoning" ? encodeReasoning(part, encoded) : null;
    if (part.kind === "tool-call") {
      encoded.push(encodeCall(part, signer.sign(part.signature)));
    } else {
      const plain = encodePlain(part);
      if (plain !== undefined) encoded.push(plain);
    }
  }
  if (held !== null) encoded.push({ text: "", thoughtSignature: held });
  return encoded;
}

/** Gives back the signature of reasoning that nobody sees: it belongs to the text that follows. */
function encodeReasoning(part: ReasoningPart, into: JsonObject[]): string | null {
  if (part.origin !== dialectName) return null;
  const { text, signature } = part;
  if (text === "") return signature;
  into.push({ thought: true, text, thoughtSignature: signature ?? undefined });
  return null;
}

/** A part that calls a function, with its signature where it has one. */
export function encodeCall(
  { id, name, arguments: text }: Omit<ToolCallPart, "kind" | "signature">,
  thoughtSignature: string | undefined,
): JsonObject {
  return { functionCall: { id, name, args: encodeArguments(text) }, thoughtSignature };
}

/** Gemini 3 takes media within a response; models before it have them beside it. */
function encodeResult(result: ToolResultPart, turns: Turns, into: JsonObject[]): void {
  const { callId, parts, isError } = result;
  const media = parts
    .filter(isMedia)
    .map(toMedia)
    .filter((part) => part !== undefined);
  const isWithin = turns.isThirdGeneration && media.length > 0;
  const hasText = parts.some(({ kind }) => kind === "text");
  into.push({
    functionResponse: {
      id: callId,
      name: turns.nameOf(result) ?? callId,
      response: hasText || isError ? toResponse({ text: textOf(parts), isError }) : {},
      parts: isWithin ? media : undefined,
    },
  });
  if (!isWithin) into.push(...media);
}

function encodePlain(part: Part): JsonObject | undefined {
  if (part.kind === "text" || part.kind === "refusal") return { text: part.text };
  return isMedia(part) ? toMedia(part) : undefined;
}
