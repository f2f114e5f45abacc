/** The object of a messages request, written from the IR (https://docs.anthropic.com/en/api/messages). */

import type { ChatRequest, ReasoningEffort } from "../ir.ts";
import type { JsonNumber, JsonObject } from "../json-text.ts";
import type { ClaudeGeneration } from "./claude-generation.ts";
import { generationOf } from "./claude-generation.ts";
import { encodeTurns } from "./content-encoder.ts";
import { messagesDialect } from "./dialect.ts";
import { numberOf } from "./json-members.ts";
import { limitOutput } from "./output-limit.ts";
import { toStrictSchema } from "./strict-schema.ts";
import type { ThinkingChoice } from "./thinking-encoder.ts";
import { chooseThinking, encodeThinking } from "./thinking-encoder.ts";
import { encodeToolSettings } from "./tools-encoder.ts";

/**
 * The object of a request, without `model` and `stream`, which some hosts of the API want elsewhere. What the model is
 * known to refuse, and may be dropped, is left out.
 */
export function encodeRequestObject(request: ChatRequest): JsonObject {
  const generation = generationOf(request.model);
  const choice = chooseThinking(request, generation.thinking);
  const { maxTokens, budget } = limitOutput(request, choice, generation.mostTokens);
  return {
    max_tokens: maxTokens,
    ...encodeConversation(request, generation),
    ...encodeSampling(request, choice, generation),
    ...(request.stop.length > 0 && { stop_sequences: request.stop }),
    thinking: encodeThinking(choice, budget),
    output_config: encodeOutputConfig(request, choice.effort, generation),
    ...(request.endUser !== null && { metadata: { user_id: request.endUser } }),
  };
}

/** The object of a request for a count of its tokens, without `model`. */
export function encodeCountObject(request: ChatRequest): JsonObject {
  const generation = generationOf(request.model);
  const choice = chooseThinking(request, generation.thinking);
  return {
    ...encodeConversation(request, generation),
    thinking: encodeThinking(choice, choice.budget),
    output_config: encodeOutputConfig(request, choice.effort, generation),
  };
}

function encodeConversation(request: ChatRequest, generation: ClaudeGeneration): JsonObject {
  const { system, messages } = encodeTurns(request);
  return { system, messages, ...encodeToolSettings(request, generation) };
}

/** Where the model thinks, the API takes none of these but a `top_p` of 0.95 and more. */
function encodeSampling(
  { temperature, topP, topK }: ChatRequest,
  { type }: ThinkingChoice,
  { sampling }: ClaudeGeneration,
): JsonObject {
  if (sampling === "none") return {};
  if (type === "enabled" || type === "adaptive") {
    return topP !== null && numberOf(topP) >= 0.95 ? { top_p: topP } : {};
  }
  // Of the two the temperature says more: others send a top_p of 1 along.
  const hasTopP = topP !== null && (sampling === "both" || temperature === null);
  return {
    ...(temperature !== null && { temperature: atMostOne(temperature) }),
    ...(hasTopP && { top_p: topP }),
    ...(topK !== null && { top_k: topK }),
  };
}

function encodeOutputConfig(
  { output, variant }: ChatRequest,
  effort: ReasoningEffort | null,
  { lacks }: ClaudeGeneration,
): JsonObject | undefined {
  const isSchema = output.kind === "schema" && !lacks.has("schema-output");
  if (!isSchema && effort === null) return undefined;
  return {
    ...(effort !== null && { effort }),
    ...(isSchema && {
      format: {
        type: "json_schema",
        schema: variant === messagesDialect ? output.schema : toStrictSchema(output.schema),
      },
    }),
  };
}

function atMostOne(temperature: JsonNumber): JsonNumber {
  return numberOf(temperature) > 1 ? 1 : temperature;
}
