/**
 * Settings of a request that are objects or lists of their own: the form of the answer's text, reasoning, and what is to
 * be included (https://platform.openai.com/docs/api-reference/responses/create).
 */

import type { Feature } from "../features.ts";
import type { ChatRequest, OutputFormat, ReasoningEffort, ReasoningRequest } from "../ir.ts";
import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { effortOf } from "../reasoning.ts";
import type { BodyReader } from "./body-reader.ts";
import type { FieldRule } from "./responses-fields.ts";
import { noteFields } from "./responses-fields.ts";

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
export function decodeText(body: JsonObject, reader: BodyReader): OutputFormat {
  const text = reader.object(body, "text", "");
  if (text === null) return { kind: "text" };
  noteFields(text, textRule, { reader, at: "text" });
  const format = reader.object(text, "format", "text");
  return format === null ? { kind: "text" } : decodeFormat(format, reader);
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
  body: JsonObject,
  reader: BodyReader,
): ReasoningRequest | null {
  const reasoning = reader.object(body, "reasoning", "");
  if (reasoning === null) return null;
  noteFields(reasoning, reasoningRule, { reader, at: "reasoning" });
  const effort = reasoning["effort"] ?? null;
  if (effort !== null && !isEffort(effort)) reader.note("unknown-field", "reasoning.effort");
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
  reader: BodyReader,
): { readonly top: JsonNumber } | null {
  const top = reader.number(body, "top_logprobs", "");
  const isIncluded = decodeInclude(body, reader);
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
function decodeInclude(body: JsonObject, reader: BodyReader): boolean {
  const include = reader.list(body, "include", "");
  for (let index = 0; index < include.length; index++) {
    const word = include[index];
    // Reasoning of the answer carries what is encrypted whether or not it is asked for.
    if (word !== logprobsWord && word !== encryptedWord) {
      reader.note("unknown-field", `include[${index}]`);
    }
  }
  return include.includes(logprobsWord);
}

function decodeFormat(format: JsonObject, reader: BodyReader): OutputFormat {
  const { type, name, description, schema, strict } = format;
  switch (type) {
    case "text":
      return { kind: "text" };
    case "json_object":
      return { kind: "json" };
    case "json_schema":
      if (!isJsonObject(schema)) {
        reader.fail("text.format.schema is not an object");
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
      reader.fail("text.format.type is none of text, json_object and json_schema");
      return { kind: "text" };
  }
}

function isEffort(value: JsonValue): value is ReasoningEffort {
  return typeof value === "string" && efforts.has(value);
}
