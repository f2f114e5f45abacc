/**
 * Requests of the IR into Converse
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). The model and whether the answer
 * is to be a stream are in the path, so they are not in the body.
 */

import { toStrictSchema } from "../anthropic/strict-schema.ts";
import { orderTurns } from "../anthropic/turn-order.ts";
import type { ChatRequest, Message, OutputFormat, Part } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { writeJson } from "../json-text.ts";
import type { BlockWriting } from "./converse-content-encoder.ts";
import { isBlank, placeholder, writeBlocks } from "./converse-content-encoder.ts";
import { writeToolConfig } from "./converse-tools-encoder.ts";
import { createDocumentNames } from "./document-names.ts";
import type { ModelSettings } from "./model-settings.ts";
import { settingsOf } from "./model-settings.ts";

/** Writes the body of a request. What its model is known to refuse, and may be dropped, is left out. */
export function encodeConverseRequest(request: ChatRequest): string {
  return writeJson(encodeConverseBody(request));
}

/** The members of the body; those that are undefined say nothing. */
export function encodeConverseBody(request: ChatRequest): JsonObject {
  const settings = settingsOf(request);
  const writing: BlockWriting = {
    documentName: createDocumentNames(),
    reasoning: settings.takesReasoning ? "signed" : "none",
  };
  const { leading, turns } = orderTurns(writtenTurns(request.messages, writing));
  const system = writeBlocks([...request.system, ...leading], writing);
  return {
    messages: writeTurns(turns, writing),
    system: system.length > 0 ? system : undefined,
    inferenceConfig: writeInference(request, settings),
    toolConfig: writeToolConfig(request, settings),
    outputConfig: writeOutputConfig(request.output, settings),
    additionalModelRequestFields: settings.fields ?? undefined,
    // The text at which a model stopped is a field of its own.
    additionalModelResponseFieldPaths: request.stop.length > 0 ? ["/stop_sequence"] : undefined,
  };
}

/** Turns with the parts that become blocks; those without any are left out later. */
function writtenTurns(messages: readonly Message[], writing: BlockWriting): Message[] {
  return messages.map(({ role, parts }) => ({
    role,
    parts: parts.filter((part) => isWritten(part, writing)),
  }));
}

/** Turns that alternate, of which the first must be the user's. */
function writeTurns(turns: readonly Message[], writing: BlockWriting): JsonObject[] {
  const last = turns.at(-1);
  const written = turns.map((turn) => {
    const parts = turn === last && turn.role === "assistant" ? trimEnd(turn.parts) : turn.parts;
    return { role: turn.role, content: writeTurn(resultsFirst(parts), writing) };
  });
  if (turns[0]?.role === "user") return written;
  return [{ role: "user", content: [{ text: placeholder }] }, ...written];
}

/** Whether a part becomes a block; a turn without blocks is none. */
function isWritten(part: Part, writing: BlockWriting): boolean {
  switch (part.kind) {
    case "text":
    case "refusal":
      return !isBlank(part.text);
    case "reasoning":
      return writeBlocks([part], writing).length > 0;
    default:
      return true;
  }
}

/** Claude takes no white space at the end of what it is to go on from. */
function trimEnd(parts: readonly Part[]): readonly Part[] {
  const last = parts.at(-1);
  if (last?.kind !== "text") return parts;
  return [...parts.slice(0, -1), { ...last, text: last.text.trimEnd() }];
}

/** Claude wants results before all else in the turn that follows its calls. */
function resultsFirst(parts: readonly Part[]): readonly Part[] {
  const results = parts.filter(isResult);
  if (results.length === 0) return parts;
  return [...results, ...parts.filter((part) => !isResult(part))];
}

function isResult({ kind }: Part): boolean {
  return kind === "tool-result";
}

/** A document must have text beside it. */
function writeTurn(parts: readonly Part[], writing: BlockWriting): JsonObject[] {
  const blocks = writeBlocks(parts, writing);
  const hasDocument = parts.some(({ kind }) => kind === "document");
  const hasText = parts.some(({ kind }) => kind === "text");
  if (hasDocument && !hasText) blocks.push({ text: placeholder });
  return blocks;
}

function writeInference(
  { stop }: ChatRequest,
  { maxTokens, temperature, topP }: ModelSettings,
): JsonObject | undefined {
  if (maxTokens === null && temperature === null && topP === null && stop.length === 0) {
    return undefined;
  }
  return {
    maxTokens: maxTokens ?? undefined,
    temperature: temperature ?? undefined,
    topP: topP ?? undefined,
    stopSequences: stop.length > 0 ? stop : undefined,
  };
}

function writeOutputConfig(
  output: OutputFormat,
  { effort, takesStrict }: ModelSettings,
): JsonObject | undefined {
  if (output.kind !== "schema") return effort === null ? undefined : { effort };
  const { schema, name, description } = output;
  const jsonSchema = {
    schema: writeJson(takesStrict ? toStrictSchema(schema) : schema),
    name: name ?? undefined,
    description: description ?? undefined,
  };
  return {
    textFormat: { type: "json_schema", structure: { jsonSchema } },
    effort: effort ?? undefined,
  };
}
