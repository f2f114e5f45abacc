/** Requests written as chat completions (https://platform.openai.com/docs/api-reference/chat/create). */

import type { ChatRequest, OutputFormat, Tool, ToolChoice } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { writeJson } from "../json-text.ts";
import { effortOf } from "../reasoning.ts";
import type { MessageSpelling } from "./chat-messages-encoder.ts";
import { encodeMessages } from "./chat-messages-encoder.ts";
import { shortToolId } from "./tool-ids.ts";

/** How a server of the dialect wants requests to be spelled. */
export interface ChatSpelling extends MessageSpelling {
  /** Where the limit of output tokens goes: OpenAI has renamed it, other servers know the old name */
  readonly maxTokensField: "max_completion_tokens" | "max_tokens";
  readonly seedField: "seed" | "random_seed";
  /** Asks streams for their usage, which is counted whether the agent wants to see it or not */
  readonly asksStreamUsage: boolean;
}

/** OpenAI's own spelling. */
export const openaiSpelling: ChatSpelling = {
  maxTokensField: "max_completion_tokens",
  seedField: "seed",
  asksStreamUsage: true,
  joinsTexts: false,
  toolId: shortToolId,
};

/** The name of a schema that has none; the API wants one. */
const schemaName = "response";

/** Writes a request in OpenAI's spelling. */
export function encodeChatRequest(request: ChatRequest): string {
  return encodeSpelledRequest(request, openaiSpelling);
}

/** Writes a request in the spelling of a server. */
export function encodeSpelledRequest(request: ChatRequest, spelling: ChatSpelling): string {
  const { reasoning, logprobs, stream, tools, toolChoice } = request;
  return writeJson({
    model: request.model,
    messages: encodeMessages(request, spelling),
    tools: tools.length > 0 ? tools.map(encodeTool) : undefined,
    tool_choice: toolChoice === null ? undefined : encodeToolChoice(toolChoice),
    parallel_tool_calls: request.parallelToolCalls ?? undefined,
    [spelling.maxTokensField]: request.maxOutputTokens ?? undefined,
    temperature: request.temperature ?? undefined,
    top_p: request.topP ?? undefined,
    [spelling.seedField]: request.seed ?? undefined,
    frequency_penalty: request.frequencyPenalty ?? undefined,
    presence_penalty: request.presencePenalty ?? undefined,
    stop: request.stop.length > 0 ? request.stop : undefined,
    n: request.choices ?? undefined,
    logprobs: logprobs === null ? undefined : true,
    top_logprobs: logprobs === null || logprobs.top === 0 ? undefined : logprobs.top,
    response_format: encodeOutput(request.output),
    reasoning_effort: reasoning === null ? undefined : (effortOf(reasoning) ?? undefined),
    user: request.endUser ?? undefined,
    stream: stream ? true : undefined,
    stream_options: stream && spelling.asksStreamUsage ? { include_usage: true } : undefined,
  });
}

function encodeTool({ name, description, parameters, strict }: Tool): JsonObject {
  return {
    type: "function",
    function: {
      name,
      description: description ?? undefined,
      parameters: parameters ?? undefined,
      strict: strict ?? undefined,
    },
  };
}

function encodeToolChoice(choice: ToolChoice): JsonValue {
  if (choice.kind !== "tool") return choice.kind;
  return { type: "function", function: { name: choice.name } };
}

function encodeOutput(output: OutputFormat): JsonObject | undefined {
  switch (output.kind) {
    case "text":
      return undefined;
    case "json":
      return { type: "json_object" };
    case "schema": {
      const { name, description, schema, strict } = output;
      return {
        type: "json_schema",
        json_schema: {
          name: name ?? schemaName,
          description: description ?? undefined,
          schema,
          strict: strict ?? undefined,
        },
      };
    }
  }
}
