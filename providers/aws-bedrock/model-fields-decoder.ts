/**
 * Fields that Converse passes on to a model unread, as far as other providers have them too: thinking and top-k of
 * Claude (https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html), effort
 * of Nova (https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html) and of OpenAI's open models.
 */

import type { ReasoningEffort, ReasoningRequest } from "../ir.ts";
import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import type { RequestReader } from "./request-reader.ts";

/** What the fields say, in terms of the IR. */
export interface ModelFields {
  readonly topK: JsonNumber | null;
  readonly reasoning: ReasoningRequest | null;
}

interface GrowingFields {
  topK: JsonNumber | null;
  effort: ReasoningEffort | null;
  budgetTokens: JsonNumber | null;
  visible: boolean | null;
}

interface Field {
  readonly value: JsonValue | undefined;
  readonly at: string;
}

type FieldReader = (reader: RequestReader, found: GrowingFields, field: Field) => void;

const fieldReaders: ReadonlyMap<string, FieldReader> = new Map<string, FieldReader>([
  ["top_k", readTopK],
  ["thinking", readThinking],
  // Its name in the first documentation of Converse
  ["reasoning_config", readThinking],
  ["reasoningConfig", readNovaReasoning],
  ["reasoning_effort", readEffort],
  ["output_config", readOutputConfig],
  ["inferenceConfig", readNovaInference],
  ["anthropic_beta", noteBeta],
]);

const efforts: ReadonlyMap<JsonValue | undefined, ReasoningEffort> = new Map(
  (["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const).map((one) => [one, one]),
);

/** Reads the fields, and `outputConfig.effort`, which stands beside them and says the same. */
export function readModelFields(
  reader: RequestReader,
  value: JsonValue | undefined,
  effort: JsonValue | undefined,
): ModelFields {
  const found: GrowingFields = { topK: null, effort: null, budgetTokens: null, visible: null };
  const root = "additionalModelRequestFields";
  readFields(reader, found, { value, at: root });
  readEffort(reader, found, { value: effort, at: "outputConfig.effort" });
  const { topK, ...reasoning } = found;
  const isSilent = Object.values(reasoning).every((one) => one === null);
  return { topK, reasoning: isSilent ? null : reasoning };
}

function readFields(reader: RequestReader, found: GrowingFields, { value, at }: Field): void {
  for (const [name, field] of Object.entries(reader.optionalObject(value, at) ?? {})) {
    const read = fieldReaders.get(name);
    if (read === undefined) reader.note("unknown-field", `${at}.${name}`);
    else read(reader, found, { value: field, at: `${at}.${name}` });
  }
}

function readTopK(reader: RequestReader, found: GrowingFields, { value, at }: Field): void {
  found.topK = reader.optionalNumber(value, at) ?? found.topK;
}

function readThinking(reader: RequestReader, found: GrowingFields, { value, at }: Field): void {
  const thinking = reader.optionalObject(value, at) ?? {};
  switch (thinking["type"]) {
    case "enabled":
      found.budgetTokens = reader.optionalNumber(thinking["budget_tokens"], `${at}.budget_tokens`);
      break;
    case "adaptive":
      found.budgetTokens = -1;
      break;
    case "disabled":
      found.effort = "none";
      break;
    default:
      reader.note("unknown-field", `${at}.type`);
  }
  if (thinking["display"] === "summarized") found.visible = true;
  if (thinking["display"] === "omitted") found.visible = false;
}

function readNovaReasoning(
  reader: RequestReader,
  found: GrowingFields,
  { value, at }: Field,
): void {
  const config = reader.optionalObject(value, at) ?? {};
  if (config["type"] === "disabled") found.effort = "none";
  else {
    const effort = config["maxReasoningEffort"];
    readEffort(reader, found, { value: effort, at: `${at}.maxReasoningEffort` });
  }
}

function readOutputConfig(reader: RequestReader, found: GrowingFields, { value, at }: Field): void {
  readMembers(reader, value, {
    at,
    name: "effort",
    read: (field) => readEffort(reader, found, field),
  });
}

function readNovaInference(
  reader: RequestReader,
  found: GrowingFields,
  { value, at }: Field,
): void {
  readMembers(reader, value, {
    at,
    name: "topK",
    read: (field) => readTopK(reader, found, field),
  });
}

/** Reads the one member that is known; the others are noted. */
function readMembers(
  reader: RequestReader,
  value: JsonValue | undefined,
  known: { readonly at: string; readonly name: string; readonly read: (field: Field) => void },
): void {
  const object: JsonObject = reader.optionalObject(value, known.at) ?? {};
  for (const [name, member] of Object.entries(object)) {
    const at = `${known.at}.${name}`;
    if (name === known.name) known.read({ value: member, at });
    else reader.note("unknown-field", at);
  }
}

function readEffort(reader: RequestReader, found: GrowingFields, { value, at }: Field): void {
  if (value === undefined || value === null) return;
  const effort = efforts.get(value);
  if (effort === undefined) reader.note("unknown-field", at);
  else found.effort = effort;
}

function noteBeta(reader: RequestReader, _found: GrowingFields, { at }: Field): void {
  reader.note("beta-header", at);
}
