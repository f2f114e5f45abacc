/**
 * How a model on Bedrock is told to sample and to think. Claude's own rules are those of Anthropic's dialect: Converse
 * passes `additionalModelRequestFields` on to it
 * (https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html); of other models nothing
 * is known that all of them take.
 */

import { generationOf } from "../anthropic/claude-generation.ts";
import type { ClaudeGeneration } from "../anthropic/claude-generation.ts";
import { messagesDialect } from "../anthropic/dialect.ts";
import { limitOutput } from "../anthropic/output-limit.ts";
import type { ThinkingChoice } from "../anthropic/thinking-encoder.ts";
import { chooseThinking, encodeThinking } from "../anthropic/thinking-encoder.ts";
import type { ChatRequest, Message, Part } from "../ir.ts";
import type { JsonNumber, JsonObject } from "../json-text.ts";
import { isClaude } from "./bedrock-model.ts";
import { converseName } from "./converse-content-decoder.ts";

/** What a request sets, as Converse has it; null: nothing is said. */
export interface ModelSettings {
  readonly maxTokens: JsonNumber | null;
  readonly temperature: JsonNumber | null;
  readonly topP: JsonNumber | null;
  /** `outputConfig.effort` */
  readonly effort: string | null;
  /** `additionalModelRequestFields` */
  readonly fields: JsonObject | null;
  /** Whether the model takes its own reasoning back */
  readonly takesReasoning: boolean;
  /** Whether the model takes `strict` of tools and JSON Schemas in the form of Anthropic's */
  readonly takesStrict: boolean;
}

/** Least top-p beside thinking. */
const leastTopP = 0.95;

/** The settings of a request for its model. */
export function settingsOf(request: ChatRequest): ModelSettings {
  const { maxOutputTokens, temperature, topP, model } = request;
  if (isClaude(model)) return claudeSettings(request, generationOf(model));
  return {
    maxTokens: maxOutputTokens,
    temperature: atMostOne(temperature),
    topP: atMostOne(topP),
    effort: null,
    fields: null,
    takesReasoning: false,
    takesStrict: false,
  };
}

function claudeSettings(request: ChatRequest, generation: ClaudeGeneration): ModelSettings {
  const { maxOutputTokens } = request;
  const { mostTokens, thinking: rules } = generation;
  const messages = asAnthropic(request.messages);
  const choice = chooseThinking({ ...request, messages }, rules);
  const isBudgeted = choice.type === "enabled";
  // A budget must be less than the answer may have, so it is not left to the model how much that is.
  const asked = maxOutputTokens ?? (isBudgeted ? mostTokens : null);
  const limit = limitOutput({ ...request, maxOutputTokens: asked }, choice, mostTokens);
  const thinking = encodeThinking(choice, limit.budget);
  const { topK, ...sampling } = samplingOf(request, choice, generation);
  const fields = { thinking, top_k: topK ?? undefined };
  return {
    ...sampling,
    maxTokens: maxOutputTokens === null && !isBudgeted ? null : limit.maxTokens,
    effort: choice.effort,
    fields: thinking === undefined && topK === null ? null : fields,
    takesReasoning: true,
    takesStrict: !generation.lacks.has("tool-strict"),
  };
}

/** Claude's reasoning is the same through Converse as in Anthropic's own dialect, whose rules ask for that one's. */
function asAnthropic(messages: readonly Message[]): readonly Message[] {
  return messages.map((message) => {
    if (!message.parts.some(isOwnReasoning)) return message;
    const parts = message.parts.map((part) =>
      isOwnReasoning(part) ? { ...part, origin: messagesDialect } : part,
    );
    return { ...message, parts };
  });
}

function isOwnReasoning(part: Part): boolean {
  return part.kind === "reasoning" && part.origin === converseName;
}

/** Beside thinking Claude takes a high top-p only; newer generations take one of two, or none. */
function samplingOf(
  { temperature, topP, topK }: ChatRequest,
  { type }: ThinkingChoice,
  { sampling }: ClaudeGeneration,
): Pick<ModelSettings, "temperature" | "topP"> & { readonly topK: JsonNumber | null } {
  if (sampling === "none") return { temperature: null, topP: null, topK: null };
  if (type === "enabled" || type === "adaptive") {
    const isHigh = topP !== null && asDouble(topP) >= leastTopP;
    return { temperature: null, topP: isHigh ? atMostOne(topP) : null, topK: null };
  }
  const hasTopP = sampling === "both" || temperature === null;
  return {
    temperature: atMostOne(temperature),
    topP: hasTopP ? atMostOne(topP) : null,
    topK,
  };
}

function atMostOne(number: JsonNumber | null): JsonNumber | null {
  return number !== null && asDouble(number) > 1 ? 1 : number;
}

function asDouble(number: JsonNumber): number {
  return typeof number === "number" ? number : Number(number.rawJSON);
}
