/**
 * What an answer of the Responses API repeats of its request: the settings that clients read there
 * (https://platform.openai.com/docs/api-reference/responses/object). What the IR has no place for is kept in its variant.
 */

import type { ChatRequest } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber, isJsonObject, parseJsonText, writeJson } from "../json-text.ts";
import { isJsonList } from "./body-reader.ts";
import { encodeFormat } from "./responses-settings.ts";
import { encodeToolChoice, encodeTools } from "./responses-tools.ts";

/** Fields of a request that are only repeated, by what they must be. */
const repeated: ReadonlyMap<string, (value: JsonValue) => boolean> = new Map([
  ["max_tool_calls", isJsonNumber],
  ["metadata", isJsonObject],
  ["prompt_cache_key", isText],
  ["safety_identifier", isText],
  ["truncation", isText],
]);

/** What of a request its answer repeats beyond the IR, as the IR's variant: JSON, or empty for nothing. */
export function encodeVariant(body: JsonObject): string {
  const kept: { [key: string]: JsonValue } = {};
  for (const [name, fits] of repeated) keep(kept, name, { value: body[name], fits });
  const { reasoning, text } = body;
  if (isJsonObject(reasoning)) {
    const value = reasoning["summary"];
    if (value !== "auto") keep(kept, "summary", { value, fits: isText });
  }
  if (isJsonObject(text)) keep(kept, "verbosity", { value: text["verbosity"], fits: isText });
  if (kept["safety_identifier"] !== undefined) {
    keep(kept, "user", { value: body["user"], fits: isText });
  }
  if (!hasInstructions(body) && beginsWithSystem(body)) kept["instructions"] = null;
  return Object.keys(kept).length === 0 ? "" : writeJson(kept);
}

/** The members that every state of an answer has alike: JSON text `"name":value,…`, without braces. */
export function encodeEcho(request: ChatRequest): string {
  const kept = decodeVariant(request.variant);
  const { reasoning, output } = request;
  const echo: JsonObject = {
    background: false,
    instructions: Object.hasOwn(kept, "instructions") ? null : instructionsOf(request),
    max_output_tokens: request.maxOutputTokens,
    max_tool_calls: kept["max_tool_calls"] ?? null,
    metadata: kept["metadata"] ?? {},
    parallel_tool_calls: request.parallelToolCalls ?? true,
    previous_response_id: null,
    prompt_cache_key: kept["prompt_cache_key"] ?? null,
    reasoning: {
      effort: reasoning?.effort ?? null,
      summary: kept["summary"] ?? (reasoning?.visible === true ? "auto" : null),
    },
    safety_identifier: kept["safety_identifier"] ?? null,
    service_tier: "default",
    // Whoever serves it keeps nothing that could be asked for again.
    store: false,
    temperature: request.temperature ?? 1,
    text: {
      format: encodeFormat(output) ?? { type: "text" },
      verbosity: kept["verbosity"] ?? "medium",
    },
    tool_choice: encodeToolChoice(request) ?? "auto",
    tools: encodeTools(request),
    top_logprobs: request.logprobs?.top ?? 0,
    top_p: request.topP ?? 1,
    truncation: kept["truncation"] ?? "disabled",
    user: kept["user"] ?? (kept["safety_identifier"] === undefined ? request.endUser : null),
  };
  return writeJson(echo).slice(1, -1);
}

function keep(
  kept: { [key: string]: JsonValue },
  name: string,
  { value, fits }: { readonly value: JsonValue | undefined; fits(value: JsonValue): boolean },
): void {
  if (value !== undefined && fits(value)) kept[name] = value;
}

function hasInstructions({ instructions }: JsonObject): boolean {
  return typeof instructions === "string" && instructions !== "";
}

/** Without instructions an answer would repeat the first text of the system instead. */
function beginsWithSystem({ input }: JsonObject): boolean {
  const first = isJsonList(input) ? input[0] : undefined;
  const role = isJsonObject(first) ? first["role"] : undefined;
  return role === "system" || role === "developer";
}

function decodeVariant(variant: string): JsonObject {
  if (variant === "") return {};
  const parsed = parseJsonText(variant);
  return parsed.kind === "value" && isJsonObject(parsed.value) ? parsed.value : {};
}

function instructionsOf({ system }: ChatRequest): string | null {
  const [first] = system;
  return first?.kind === "text" ? first.text : null;
}

function isText(value: JsonValue): boolean {
  return typeof value === "string";
}
