/** Writes a request of the Responses API. */

import type { ChatRequest, Part } from "../ir.ts";
import type { JsonNumber, JsonObject } from "../json-text.ts";
import { writeJson } from "../json-text.ts";
import { addInputItems, encodeMessages } from "./responses-input-encoder.ts";
import { encodeInclude, encodeReasoningRequest, encodeText } from "./responses-settings.ts";
import { encodeToolChoice, encodeTools } from "./responses-tools.ts";

/** The least of output tokens that the API takes. */
const leastOutputTokens = 16;

/**
 * The body. Nothing of it is stored by the provider. Reasoning of other providers, and what of this one's is not encrypted,
 * is left out; tokens of the answer are at least 16.
 */
export function encodeRequest(request: ChatRequest): string {
  const { logprobs } = request;
  return writeJson({
    ...encodeConversation(request),
    max_output_tokens: encodeMaximum(request.maxOutputTokens),
    temperature: request.temperature ?? undefined,
    top_p: request.topP ?? undefined,
    top_logprobs: logprobs?.top,
    include: encodeInclude(request),
    user: request.endUser ?? undefined,
    store: false,
    stream: request.stream ? true : undefined,
  });
}

/** The members of a body that the model reads, which are also those that can be counted without an answer. */
export function encodeConversation(request: ChatRequest): JsonObject {
  const { instructions, others } = divideSystem(request.system);
  const input: JsonObject[] = [];
  addInputItems(input, "system", others);
  for (const item of encodeMessages(request.messages)) input.push(item);
  return {
    model: request.model,
    instructions,
    input,
    tools: request.tools.length === 0 ? undefined : encodeTools(request),
    tool_choice: encodeToolChoice(request),
    parallel_tool_calls: request.parallelToolCalls ?? undefined,
    text: encodeText(request),
    reasoning: encodeReasoningRequest(request),
  };
}

/** The first text, which the API takes apart from the conversation, and what follows it. */
function divideSystem(system: readonly Part[]): {
  readonly instructions: string | undefined;
  readonly others: readonly Part[];
} {
  const [first] = system;
  if (first?.kind !== "text") return { instructions: undefined, others: system };
  return { instructions: first.text, others: system.slice(1) };
}

function encodeMaximum(tokens: JsonNumber | null): JsonNumber | undefined {
  if (tokens === null) return undefined;
  return typeof tokens === "number" ? Math.max(tokens, leastOutputTokens) : tokens;
}
