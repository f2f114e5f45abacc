/** Requests to generate content (https://ai.google.dev/api/generate-content#request-body), written from the IR. */

import type { ChatRequest, OutputFormat, ReasoningRequest } from "../ir.ts";
import type { JsonNumber, JsonObject } from "../json-text.ts";
import { budgetOf, effortOf } from "../reasoning.ts";
import { encodeContents, encodeInstruction } from "./content-encoder.ts";
import type { Thinking } from "./model-traits.ts";
import { thinkingOf } from "./model-traits.ts";
import { encodeToolChoice, encodeTools } from "./tool-declarations.ts";

/** The message of a request; members that it says nothing of are undefined. */
export function encodeGenerateContent(request: ChatRequest): JsonObject {
  const generationConfig = encodeGeneration(request);
  const isPlain = Object.values(generationConfig).every((value) => value === undefined);
  return {
    contents: encodeContents(request.messages, request.model),
    systemInstruction: encodeInstruction(request.system),
    tools: encodeTools(request.tools),
    toolConfig: encodeToolChoice(request),
    generationConfig: isPlain ? undefined : generationConfig,
  };
}

function encodeGeneration(request: ChatRequest): JsonObject {
  const { logprobs, stop, reasoning } = request;
  return {
    temperature: request.temperature ?? undefined,
    topP: request.topP ?? undefined,
    topK: request.topK ?? undefined,
    maxOutputTokens: request.maxOutputTokens ?? undefined,
    stopSequences: stop.length === 0 ? undefined : stop,
    candidateCount: request.choices ?? undefined,
    seed: request.seed === null ? undefined : encodeSeed(request.seed),
    presencePenalty: request.presencePenalty ?? undefined,
    frequencyPenalty: request.frequencyPenalty ?? undefined,
    ...encodeOutput(request.output),
    responseLogprobs: logprobs === null ? undefined : true,
    logprobs: logprobs === null || logprobs.top === 0 ? undefined : logprobs.top,
    thinkingConfig: reasoning === null ? undefined : encodeThinking(reasoning, request.model),
  };
}

function encodeOutput(output: OutputFormat): JsonObject {
  switch (output.kind) {
    case "text":
      return {};
    case "json":
      return { responseMimeType: "application/json" };
    case "schema":
      return { responseMimeType: "application/json", responseJsonSchema: output.schema };
  }
}

/** Seeds are 32-bit integers here; one that is longer stands for itself by its lowest bits, which are always the same. */
function encodeSeed(seed: JsonNumber): JsonNumber {
  const digits = typeof seed === "number" ? String(seed) : seed.rawJSON;
  if (!/^-?\d+$/.test(digits)) return seed;
  const whole = BigInt(digits);
  return BigInt.asIntN(32, whole) === whole ? seed : Number(BigInt.asUintN(31, whole));
}

/** A level and a budget at once are refused, and so is any of them by models that do not think. */
function encodeThinking(reasoning: ReasoningRequest, model: string): JsonObject | undefined {
  const thinking = thinkingOf(model);
  const includeThoughts = reasoning.visible ?? undefined;
  switch (thinking.kind) {
    case "none":
      return undefined;
    case "level": {
      const { effort, budgetTokens } = reasoning;
      if (effort === null && budgetTokens !== null) {
        // Accepted for the sake of requests to older models
        return { includeThoughts, thinkingBudget: budgetTokens };
      }
      return { includeThoughts, thinkingLevel: encodeLevel(reasoning, thinking) };
    }
    case "budget":
      return { includeThoughts, thinkingBudget: encodeBudget(reasoning, thinking) };
  }
}

function encodeLevel(
  reasoning: ReasoningRequest,
  { least, medium }: Extract<Thinking, { readonly kind: "level" }>,
): string | undefined {
  switch (effortOf(reasoning)) {
    case null:
      return undefined;
    case "none":
    case "minimal":
      return least;
    case "low":
      return "LOW";
    case "medium":
      return medium;
    default:
      return "HIGH";
  }
}

function encodeBudget(
  reasoning: ReasoningRequest,
  { least, most, canBeOff }: Extract<Thinking, { readonly kind: "budget" }>,
): JsonNumber | undefined {
  const budget = budgetOf(reasoning);
  if (budget === null) return undefined;
  const tokens = typeof budget === "number" ? budget : Number(budget.rawJSON);
  if (tokens < 0) return -1;
  if (tokens === 0 && canBeOff) return 0;
  return Math.min(Math.max(tokens, least), most);
}
