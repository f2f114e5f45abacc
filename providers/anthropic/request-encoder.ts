/** The object of a messages request, written from the IR (https://docs.anthropic.com/en/api/messages). */

import type { ChatRequest } from "../ir.ts";
import type { JsonNumber, JsonObject } from "../json-text.ts";
import { encodeMessages, encodeSystem } from "./content-encoder.ts";
import { encodeThinking } from "./reasoning-codec.ts";
import { encodeToolChoice, encodeTools } from "./tools-codec.ts";

/** Tokens of an answer where the agent named no limit: the API must be told one, and every model can write as many. */
const defaultMaxTokens = 4_096;

/** The object of a request, without `model` and `stream`, which some hosts of the API want elsewhere. */
export function encodeRequestObject(request: ChatRequest): JsonObject {
  const { thinking, budget } = encodeThinking(request.reasoning);
  const isThinking = thinking?.["type"] === "enabled";
  return {
    max_tokens: addTokens(request.maxOutputTokens ?? defaultMaxTokens, budget),
    ...encodeConversation(request),
    ...encodeSampling(request, isThinking),
    ...(thinking !== null && { thinking }),
    ...encodeOutput(request),
    ...(request.endUser !== null && { metadata: { user_id: request.endUser } }),
  };
}

/** The object of a request for a count of its tokens, without `model`. */
export function encodeCountObject(request: ChatRequest): JsonObject {
  const { thinking } = encodeThinking(request.reasoning);
  return {
    ...encodeConversation(request),
    ...(thinking !== null && { thinking }),
    ...encodeOutput(request),
  };
}

function encodeConversation(request: ChatRequest): JsonObject {
  const system = encodeSystem(request.system);
  const toolChoice = encodeToolChoice(request);
  return {
    ...(system !== undefined && { system }),
    messages: encodeMessages(request.messages),
    ...(request.tools.length > 0 && {
      tools: encodeTools(request.tools),
      ...(toolChoice !== undefined && { tool_choice: toolChoice }),
    }),
  };
}

function encodeSampling(request: ChatRequest, isThinking: boolean): JsonObject {
  const { temperature, topP, topK, stop } = request;
  return {
    ...(temperature !== null && !isThinking && { temperature: atMostOne(temperature) }),
    ...(topP !== null && !isThinking && { top_p: topP }),
    ...(topK !== null && !isThinking && { top_k: topK }),
    ...(stop.length > 0 && { stop_sequences: stop }),
  };
}

function encodeOutput({ output }: ChatRequest): JsonObject {
  if (output.kind !== "schema") return {};
  return { output_config: { format: { type: "json_schema", schema: output.schema } } };
}

function addTokens(asked: JsonNumber, budget: JsonNumber): JsonNumber {
  if (budget === 0) return asked;
  return numberOf(asked) + numberOf(budget);
}

function atMostOne(temperature: JsonNumber): JsonNumber {
  return numberOf(temperature) > 1 ? 1 : temperature;
}

function numberOf(value: JsonNumber): number {
  return typeof value === "number" ? value : Number(value.rawJSON);
}
