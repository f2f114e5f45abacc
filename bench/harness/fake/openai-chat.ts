/** POST /v1/chat/completions, plain and streamed. https://platform.openai.com/docs/api-reference/chat/create */
import { findFieldProblem, isJsonObject, jsonTypeOf } from "./json-fields.ts";
import type { FieldProblem, FieldRules, JsonObject } from "./json-fields.ts";
import { openAiError, openAiFieldError } from "./openai-error.ts";
import { findOpenAiModel, unknownOpenAiModel } from "./openai-model.ts";
import { eventReply, jsonReply } from "./reply.ts";
import type { Reply, ServerSentEvent } from "./reply.ts";
import type { SiteEnvironment } from "./site.ts";
import { countTokens, toTokens } from "./tokens.ts";

const chatRules: FieldRules = {
  model: { type: "string", required: true },
  messages: { type: "array", required: true },
  audio: { type: "object", nullable: true },
  frequency_penalty: { type: "number", minimum: -2, maximum: 2, nullable: true },
  function_call: { type: ["string", "object"] },
  functions: { type: "array" },
  logit_bias: { type: "object", nullable: true },
  logprobs: { type: "boolean", nullable: true },
  max_completion_tokens: { type: "integer", minimum: 1, nullable: true },
  max_tokens: { type: "integer", minimum: 1, nullable: true },
  metadata: { type: "object", nullable: true },
  modalities: { type: "array", nullable: true },
  n: { type: "integer", minimum: 1, maximum: 128, nullable: true },
  parallel_tool_calls: { type: "boolean" },
  prediction: { type: "object", nullable: true },
  presence_penalty: { type: "number", minimum: -2, maximum: 2, nullable: true },
  prompt_cache_key: { type: "string" },
  prompt_cache_retention: { type: "string", values: ["in_memory", "24h"], nullable: true },
  reasoning_effort: { type: "string", nullable: true },
  response_format: { type: "object" },
  safety_identifier: { type: "string" },
  seed: { type: "integer", nullable: true },
  service_tier: {
    type: "string",
    values: ["auto", "default", "flex", "scale", "priority"],
    nullable: true,
  },
  stop: { type: ["string", "array"], nullable: true },
  store: { type: "boolean", nullable: true },
  stream: { type: "boolean", nullable: true },
  stream_options: { type: "object", nullable: true },
  temperature: { type: "number", minimum: 0, maximum: 2, nullable: true },
  tool_choice: { type: ["string", "object"] },
  tools: { type: "array" },
  top_logprobs: { type: "integer", minimum: 0, maximum: 20, nullable: true },
  top_p: { type: "number", minimum: 0, maximum: 1, nullable: true },
  user: { type: "string" },
  verbosity: { type: "string", values: ["low", "medium", "high"], nullable: true },
  web_search_options: { type: "object" },
};

const streamOptionRules: FieldRules = {
  include_usage: { type: "boolean" },
  include_obfuscation: { type: "boolean" },
};

const messageRules: FieldRules = {
  role: {
    type: "string",
    required: true,
    values: ["system", "assistant", "user", "function", "tool", "developer"],
  },
  content: { type: ["string", "array"], nullable: true },
  name: { type: "string" },
  tool_calls: { type: "array" },
  tool_call_id: { type: "string" },
  function_call: { type: "object", nullable: true },
  refusal: { type: "string", nullable: true },
  audio: { type: "object", nullable: true },
  annotations: { type: "array" },
};

const partTypes = ["text", "image_url", "input_audio", "refusal", "file"];

// Overheads of the chat format, from OpenAI's published way to count tokens.
const tokensPerMessage = 4;
const tokensPerReply = 3;

interface Completion {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly choices: number;
  readonly tokens: readonly string[];
  readonly finishReason: "stop" | "length";
  readonly promptTokens: number;
}

/** Answers a decoded chat request: the text repeats the last user message, usage is counted from the texts. */
export function answerChat(body: JsonObject, environment: SiteEnvironment): Reply {
  if (body["model"] === undefined)
    return openAiError("you must provide a model parameter", { status: 400 });
  const problem = findChatProblem(body);
  if (problem !== undefined) return problem;
  const name = String(body["model"]);
  const model = findOpenAiModel(name, "text");
  if (model === undefined) return unknownOpenAiModel(name);
  if (model.reasoning && typeof body["max_tokens"] === "number") {
    return openAiError(
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      { status: 400, code: "unsupported_parameter", param: "max_tokens" },
    );
  }
  const completion = complete(body, model.snapshot, environment);
  if (body["stream"] !== true) return jsonReply(200, renderCompletion(completion));
  const options = body["stream_options"];
  return eventReply(
    renderStream(completion, isJsonObject(options) && options["include_usage"] === true),
  );
}

function findChatProblem(body: JsonObject): Reply | undefined {
  const problem = findFieldProblem(body, chatRules);
  if (problem?.kind === "unknown") {
    // The chat endpoint words this differently from the newer ones.
    return openAiError(`Unrecognized request argument supplied: ${problem.path.join(".")}`, {
      status: 400,
    });
  }
  if (problem !== undefined) return openAiFieldError(problem);
  const options = body["stream_options"];
  if (isJsonObject(options)) {
    if (body["stream"] !== true) {
      return openAiError(
        "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        {
          status: 400,
          param: "stream_options",
        },
      );
    }
    const optionProblem = findFieldProblem(options, streamOptionRules, ["stream_options"]);
    if (optionProblem !== undefined) return openAiFieldError(optionProblem);
  }
  return findMessagesProblem(body["messages"]);
}

function findMessagesProblem(messages: unknown): Reply | undefined {
  if (!Array.isArray(messages) || messages.length === 0) {
    return openAiError(
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      { status: 400, param: "messages", code: "empty_array" },
    );
  }
  for (const [index, message] of messages.entries()) {
    const problem = findMessageProblem(message, index);
    if (problem !== undefined) return openAiFieldError(problem);
  }
  return undefined;
}

function findMessageProblem(message: unknown, index: number): FieldProblem | undefined {
  const path = ["messages", index];
  if (!isJsonObject(message))
    return { kind: "type", path, wanted: "object", received: jsonTypeOf(message) };
  const problem = findFieldProblem(message, messageRules, path);
  if (problem !== undefined) return problem;
  const { role, content, tool_calls: toolCalls, tool_call_id: toolCallId } = message;
  const mayBeEmpty =
    role === "assistant" && (Array.isArray(toolCalls) || message["refusal"] !== undefined);
  if ((content === undefined || content === null) && !mayBeEmpty) {
    return content === null
      ? { kind: "type", path: [...path, "content"], wanted: "string or array", received: "null" }
      : { kind: "missing", path: [...path, "content"] };
  }
  if (role === "tool" && toolCallId === undefined)
    return { kind: "missing", path: [...path, "tool_call_id"] };
  return Array.isArray(content) ? findPartProblem(content, [...path, "content"]) : undefined;
}

function findPartProblem(
  parts: readonly unknown[],
  path: (string | number)[],
): FieldProblem | undefined {
  for (const [index, part] of parts.entries()) {
    const at = [...path, index];
    if (!isJsonObject(part))
      return { kind: "type", path: at, wanted: "object", received: jsonTypeOf(part) };
    const { type } = part;
    if (typeof type !== "string") return { kind: "missing", path: [...at, "type"] };
    if (!partTypes.includes(type)) {
      return { kind: "value", path: [...at, "type"], received: type, allowed: partTypes };
    }
    if (part[type] === undefined) return { kind: "missing", path: [...at, type] };
  }
  return undefined;
}

function complete(body: JsonObject, model: string, environment: SiteEnvironment): Completion {
  const messages: readonly unknown[] = Array.isArray(body["messages"]) ? body["messages"] : [];
  const texts = messages.map((message) =>
    isJsonObject(message) ? textOf(message["content"]) : "",
  );
  const lastUser = messages.findLastIndex(
    (message) => isJsonObject(message) && message["role"] === "user",
  );
  const full = toTokens(`You said: ${texts[lastUser] ?? ""}`);
  const limit = Number(
    body["max_completion_tokens"] ?? body["max_tokens"] ?? Number.POSITIVE_INFINITY,
  );
  return {
    id: `chatcmpl-${environment.randomHex(29)}`,
    created: Math.floor(environment.now() / 1_000),
    model,
    choices: Number(body["n"] ?? 1),
    tokens: full.slice(0, limit),
    finishReason: full.length > limit ? "length" : "stop",
    promptTokens: texts.reduce(
      (sum, text) => sum + countTokens(text) + tokensPerMessage,
      tokensPerReply,
    ),
  };
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part) => (isJsonObject(part) && typeof part["text"] === "string" ? part["text"] : ""))
    .join("");
}

function renderUsage(completion: Completion): object {
  const completionTokens = completion.tokens.length * completion.choices;
  return {
    prompt_tokens: completion.promptTokens,
    completion_tokens: completionTokens,
    total_tokens: completion.promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function renderCompletion(completion: Completion): object {
  const choices = Array.from({ length: completion.choices }, (_, index) => ({
    index,
    message: {
      role: "assistant",
      content: completion.tokens.join(""),
      refusal: null,
      annotations: [],
    },
    logprobs: null,
    finish_reason: completion.finishReason,
  }));
  return { ...renderFrame(completion, "chat.completion"), choices, usage: renderUsage(completion) };
}

function renderStream(completion: Completion, includeUsage: boolean): ServerSentEvent[] {
  const frame = {
    ...renderFrame(completion, "chat.completion.chunk"),
    ...(includeUsage ? { usage: null } : {}),
  };
  const events: ServerSentEvent[] = [];
  const push = (index: number, delta: object, finishReason: string | null): void => {
    const choices = [{ index, delta, logprobs: null, finish_reason: finishReason }];
    events.push({ data: { ...frame, choices } });
  };
  for (let index = 0; index < completion.choices; index += 1) {
    push(index, { role: "assistant", content: "", refusal: null }, null);
    for (const token of completion.tokens) push(index, { content: token }, null);
    push(index, {}, completion.finishReason);
  }
  if (includeUsage)
    events.push({ data: { ...frame, choices: [], usage: renderUsage(completion) } });
  events.push({ data: "[DONE]" });
  return events;
}

function renderFrame(completion: Completion, object: string): object {
  return {
    id: completion.id,
    object,
    created: completion.created,
    model: completion.model,
    service_tier: "default",
    system_fingerprint: "fp_b0a4f1c2de",
  };
}
