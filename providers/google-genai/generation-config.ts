/**
 * How an answer is to be made: `GenerationConfig` (https://ai.google.dev/api/generate-content#v1beta.GenerationConfig),
 * read into the IR's fields.
 */

import type { ChatRequest, OutputFormat, ReasoningEffort, ReasoningRequest } from "../ir.ts";
import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { toJsonSchema } from "./openapi-schema.ts";
import { fieldsOf, listOf, numberOf, textOrNull } from "./proto-fields.ts";
import type { RequestNotes } from "./request-notes.ts";

const efforts: ReadonlyMap<string, ReasoningEffort> = new Map([
  ["MINIMAL", "minimal"],
  ["LOW", "low"],
  ["MEDIUM", "medium"],
  ["HIGH", "high"],
]);
const modalities: ReadonlyMap<string, "image-output" | "audio-output"> = new Map([
  ["IMAGE", "image-output"],
  ["AUDIO", "audio-output"],
]);
const known: ReadonlySet<string> = new Set([
  "temperature",
  "topP",
  "topK",
  "maxOutputTokens",
  "stopSequences",
  "candidateCount",
  "seed",
  "presencePenalty",
  "frequencyPenalty",
  "responseMimeType",
  "responseSchema",
  "responseJsonSchema",
  "ResponseJsonSchema",
  "responseFormat",
  "responseLogprobs",
  "logprobs",
  "thinkingConfig",
  "responseModalities",
  "speechConfig",
  "imageConfig",
]);

/** What of a request is in its `generationConfig`. */
export type Generation = Pick<
  ChatRequest,
  | "maxOutputTokens"
  | "temperature"
  | "topP"
  | "topK"
  | "seed"
  | "frequencyPenalty"
  | "presencePenalty"
  | "stop"
  | "choices"
  | "logprobs"
  | "output"
  | "reasoning"
>;

/** Reads a configuration; absent ones say nothing. What is wrong or has no place is noted. */
export function decodeGenerationConfig(
  value: JsonValue | undefined,
  notes: RequestNotes,
): Generation {
  const config = fieldsOf(value) ?? {};
  if (value !== undefined && value !== null && !isJsonObject(value)) {
    notes.fail("generationConfig is not an object");
  }
  const number = (key: string) => decodeNumber(config[key], `generationConfig.${key}`, notes);
  noteForms(config, notes);
  return {
    maxOutputTokens: number("maxOutputTokens"),
    temperature: number("temperature"),
    topP: number("topP"),
    topK: number("topK"),
    seed: number("seed"),
    frequencyPenalty: number("frequencyPenalty"),
    presencePenalty: number("presencePenalty"),
    stop: decodeStop(config["stopSequences"], notes),
    choices: number("candidateCount"),
    logprobs: config["responseLogprobs"] === true ? { top: number("logprobs") ?? 0 } : null,
    output: decodeOutput(config, notes),
    reasoning: decodeThinking(config["thinkingConfig"], notes),
  };
}

function decodeNumber(
  value: JsonValue | undefined,
  at: string,
  notes: RequestNotes,
): JsonNumber | null {
  const number = numberOf(value);
  if (number === undefined) notes.fail(`${at} is not a number`);
  return number ?? null;
}

function decodeStop(value: JsonValue | undefined, notes: RequestNotes): string[] {
  return listOf(value).flatMap((text, index) => {
    if (typeof text === "string") return [text];
    notes.fail(`generationConfig.stopSequences[${index}] is not a text`);
    return [];
  });
}

/** Notes what asks for more than text. */
function noteForms(config: JsonObject, notes: RequestNotes): void {
  const at = "generationConfig.";
  notes.leaveUnknown(config, known, { at, feature: "unknown-field" });
  for (const modality of listOf(config["responseModalities"])) {
    if (modality === "TEXT" || modality === "MODALITY_UNSPECIFIED") continue;
    const feature = typeof modality === "string" ? modalities.get(modality) : undefined;
    notes.leave(feature ?? "unknown-content", `${at}responseModalities`);
  }
  if (isJsonObject(config["speechConfig"])) notes.leave("audio-output", `${at}speechConfig`);
  if (isJsonObject(config["imageConfig"])) notes.leave("image-output", `${at}imageConfig`);
  if (isPresent(config["responseFormat"])) notes.leave("unknown-content", `${at}responseFormat`);
}

function decodeOutput(config: JsonObject, notes: RequestNotes): OutputFormat {
  const mediaType = textOrNull(config["responseMimeType"]);
  if (mediaType !== null && mediaType !== "text/plain" && mediaType !== "application/json") {
    // Such as `text/x.enum`: a form of text that no other provider has
    notes.leave("unknown-content", "generationConfig.responseMimeType");
    return { kind: "text" };
  }
  const { responseSchema, responseJsonSchema, ResponseJsonSchema } = config;
  const jsonSchema = responseJsonSchema ?? ResponseJsonSchema;
  if (isJsonObject(jsonSchema)) return schemaOutput(jsonSchema);
  if (isPresent(jsonSchema)) notes.fail("generationConfig.responseJsonSchema is not an object");
  if (isJsonObject(responseSchema)) return schemaOutput(toJsonSchema(responseSchema));
  if (isPresent(responseSchema)) notes.fail("generationConfig.responseSchema is not an object");
  return { kind: mediaType === "application/json" ? "json" : "text" };
}

function schemaOutput(schema: JsonObject): OutputFormat {
  return { kind: "schema", name: null, description: null, schema, strict: null };
}

function decodeThinking(
  value: JsonValue | undefined,
  notes: RequestNotes,
): ReasoningRequest | null {
  const config = fieldsOf(value);
  if (config === undefined) return null;
  const at = "generationConfig.thinkingConfig.";
  notes.leaveUnknown(config, thinkingFields, { at, feature: "unknown-field" });
  const { includeThoughts, thinkingBudget, thinkingLevel } = config;
  const level = textOrNull(thinkingLevel)?.toUpperCase() ?? "";
  const effort = efforts.get(level) ?? null;
  const budgetTokens = decodeNumber(thinkingBudget, `${at}thinkingBudget`, notes);
  const visible = typeof includeThoughts === "boolean" ? includeThoughts : null;
  if (effort === null && budgetTokens === null && visible === null) return null;
  return { effort, budgetTokens, visible };
}

const thinkingFields: ReadonlySet<string> = new Set([
  "includeThoughts",
  "thinkingBudget",
  "thinkingLevel",
]);

function isPresent(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null;
}
