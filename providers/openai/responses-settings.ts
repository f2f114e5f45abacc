/**
 * Settings of a request that are objects or lists of their own: the form of the answer's text, reasoning, and what is to
 * be included (https://platform.openai.com/docs/api-reference/responses/create).
 */

import type { Feature } from "../features.ts";
import type { ChatRequest, OutputFormat, ReasoningEffort, ReasoningRequest } from "../ir.ts";
import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { effortOf } from "../reasoning.ts";
import type { FieldRule, RequestNotes } from "./responses-notes.ts";
import { note, noteFields, readNumber, reject } from "./responses-notes.ts";

const logprobsWord = "message.output_text.logprobs";
const encryptedWord = "reasoning.encrypted_content";

const textRule: FieldRule = {
  fields: new Map<string, Feature | null>([
    ["format", null],
    ["verbosity", "verbosity"],
  ]),
  others: "unknown-field",
};
const reasoningRule: FieldRule = {
  fields: new Map<string, Feature | null>([
    ["effort", null],
    ["summary", null],
    ["generate_summary", null],
  ]),
  others: "unknown-field",
};

const efforts: ReadonlySet<string> = new Set<ReasoningEffort>([
  "none",
  "minimal",
  "low",
  "medium",
  "high",
  "xhigh",
  "max",
]);

/** The form that `text` asks for. */
export function decodeText(text: JsonValue | undefined, notes: RequestNotes): OutputFormat {
  if (text === undefined || text === null) return { kind: "text" };
  if (!isJsonObject(text)) {
    reject(notes, "text is no object");
    return { kind: "text" };
  }
  noteFields(notes, text, { rule: textRule, at: "text" });
  const format = text["format"];
  if (format === undefined || format === null) return { kind: "text" };
  if (!isJsonObject(format)) {
    reject(notes, "text.format is no object");
    return { kind: "text" };
  }
  return decodeFormat(format, notes);
}

/** `text` with the form that a request asks for; undefined for plain text. */
export function encodeText({ output }: ChatRequest): JsonObject | undefined {
  const format = encodeFormat(output);
  return format === undefined ? undefined : { format };
}

/** The form itself; undefined for plain text. */
export function encodeFormat(output: OutputFormat): JsonObject | undefined {
  switch (output.kind) {
    case "text":
      return undefined;
    case "json":
      return { type: "json_object" };
    case "schema":
      return {
        type: "json_schema",
        name: output.name ?? "response",
        description: output.description ?? undefined,
        schema: output.schema,
        strict: output.strict ?? undefined,
      };
  }
}

/** What `reasoning` asks for. */
export function decodeReasoningRequest(
  reasoning: JsonValue | undefined,
  notes: RequestNotes,
): ReasoningRequest | null {
  if (reasoning === undefined || reasoning === null) return null;
  if (!isJsonObject(reasoning)) {
    reject(notes, "reasoning is no object");
    return null;
  }
  noteFields(notes, reasoning, { rule: reasoningRule, at: "reasoning" });
  const effort = reasoning["effort"] ?? null;
  if (effort !== null && !isEffort(effort)) note(notes, "unknown-field", "reasoning.effort");
  const summary = reasoning["summary"] ?? reasoning["generate_summary"] ?? null;
  const decoded: ReasoningRequest = {
    effort: isEffort(effort) ? effort : null,
    budgetTokens: null,
    visible: summary === null ? null : true,
  };
  return decoded.effort === null && decoded.visible === null ? null : decoded;
}

/** `reasoning` of a request; undefined where it says nothing. */
export function encodeReasoningRequest({ reasoning }: ChatRequest): JsonObject | undefined {
  if (reasoning === null) return undefined;
  const effort = effortOf(reasoning) ?? undefined;
  const summary = reasoning.visible === true ? "auto" : undefined;
  return effort === undefined && summary === undefined ? undefined : { effort, summary };
}

/** Probabilities of tokens that are asked for: by `include`, or by a count of alternatives. */
export function decodeLogprobs(
  body: JsonObject,
  notes: RequestNotes,
): { readonly top: JsonNumber } | null {
  const top = readNumber(notes, body, "top_logprobs");
  const isIncluded = decodeInclude(body["include"], notes);
  return isIncluded || (top !== null && top !== 0) ? { top: top ?? 0 } : null;
}

/** `include` of a request; undefined where there is nothing to be included. */
export function encodeInclude({ logprobs, reasoning }: ChatRequest): string[] | undefined {
  const words: string[] = [];
  if (logprobs !== null) words.push(logprobsWord);
  // Models that do not reason refuse it, so it is asked for only beside reasoning.
  if (reasoning !== null && reasoning.effort !== "none") words.push(encryptedWord);
  return words.length === 0 ? undefined : words;
}

/** Notes what else is to be included; whether probabilities of tokens are. */
function decodeInclude(include: JsonValue | undefined, notes: RequestNotes): boolean {
  if (include === undefined || include === null) return false;
  if (!Array.isArray(include)) {
    reject(notes, "include is no list");
    return false;
  }
  for (let index = 0; index < include.length; index++) {
    const word = include[index];
    // Reasoning of the answer carries what is encrypted whether or not it is asked for.
    if (word !== logprobsWord && word !== encryptedWord) {
      note(notes, "unknown-field", `include[${index}]`);
    }
  }
  return include.includes(logprobsWord);
}

function decodeFormat(format: JsonObject, notes: RequestNotes): OutputFormat {
  const { type, name, description, schema, strict } = format;
  switch (type) {
    case "text":
      return { kind: "text" };
    case "json_object":
      return { kind: "json" };
    case "json_schema":
      if (!isJsonObject(schema)) {
        reject(notes, "text.format.schema is no object");
        return { kind: "text" };
      }
      return {
        kind: "schema",
        name: typeof name === "string" ? name : null,
        description: typeof description === "string" ? description : null,
        schema,
        strict: typeof strict === "boolean" ? strict : null,
      };
    default:
      reject(notes, "text.format.type is none of text, json_object and json_schema");
      return { kind: "text" };
  }
}

function isEffort(value: JsonValue): value is ReasoningEffort {
  return typeof value === "string" && efforts.has(value);
}
