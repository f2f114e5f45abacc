/** POST /v1/responses, plain and streamed. https://platform.openai.com/docs/api-reference/responses/create */
import { findFieldProblem, isJsonObject, jsonTypeOf } from "./json-fields.ts";
import type { FieldProblem, FieldRules, JsonObject } from "./json-fields.ts";
import { openAiFieldError } from "./openai-error.ts";
import { findOpenAiModel, unknownOpenAiModel } from "./openai-model.ts";
import { eventReply, jsonReply } from "./reply.ts";
import type { Reply, ServerSentEvent } from "./reply.ts";
import type { SiteEnvironment } from "./site.ts";
import { countTokens, toTokens } from "./tokens.ts";

const responseRules: FieldRules = {
  model: { type: "string", required: true },
  input: { type: ["string", "array"], required: true },
  background: { type: "boolean", nullable: true },
  conversation: { type: ["string", "object"], nullable: true },
  include: { type: "array", nullable: true },
  instructions: { type: ["string", "array"], nullable: true },
  max_output_tokens: { type: "integer", minimum: 16, nullable: true },
  max_tool_calls: { type: "integer", minimum: 1, nullable: true },
  metadata: { type: "object", nullable: true },
  parallel_tool_calls: { type: "boolean", nullable: true },
  previous_response_id: { type: "string", nullable: true },
  prompt: { type: "object", nullable: true },
  prompt_cache_key: { type: "string" },
  prompt_cache_retention: { type: "string", values: ["in_memory", "24h"], nullable: true },
  reasoning: { type: "object", nullable: true },
  safety_identifier: { type: "string" },
  service_tier: {
    type: "string",
    values: ["auto", "default", "flex", "scale", "priority"],
    nullable: true,
  },
  store: { type: "boolean", nullable: true },
  stream: { type: "boolean", nullable: true },
  stream_options: { type: "object", nullable: true },
  temperature: { type: "number", minimum: 0, maximum: 2, nullable: true },
  text: { type: "object" },
  tool_choice: { type: ["string", "object"] },
  tools: { type: "array" },
  top_logprobs: { type: "integer", minimum: 0, maximum: 20, nullable: true },
  top_p: { type: "number", minimum: 0, maximum: 1, nullable: true },
  truncation: { type: "string", values: ["auto", "disabled"], nullable: true },
  user: { type: "string" },
};

const messageRoles = ["user", "assistant", "system", "developer"];
const contentTypes = ["input_text", "input_image", "input_file", "output_text", "refusal"];
const tokensPerItem = 4;

interface Answer {
  readonly responseId: string;
  readonly itemId: string;
  readonly createdAt: number;
  readonly model: string;
  readonly tokens: readonly string[];
  readonly truncated: boolean;
  readonly inputTokens: number;
  readonly request: JsonObject;
}

/** Answers a decoded Responses request: the text repeats the last user text, usage is counted from the texts. */
export function answerResponse(body: JsonObject, environment: SiteEnvironment): Reply {
  const problem = findFieldProblem(body, responseRules) ?? findInputProblem(body["input"]);
  if (problem !== undefined) return openAiFieldError(problem);
  const name = String(body["model"]);
  const model = findOpenAiModel(name, "text");
  if (model === undefined) return unknownOpenAiModel(name);
  const answer = compose(body, model.snapshot, environment);
  return body["stream"] === true
    ? eventReply(renderEvents(answer))
    : jsonReply(200, renderResponse(answer, "final"));
}

function findInputProblem(input: unknown): FieldProblem | undefined {
  if (!Array.isArray(input)) return undefined;
  for (const [index, item] of input.entries()) {
    const path = ["input", index];
    if (!isJsonObject(item))
      return { kind: "type", path, wanted: "object", received: jsonTypeOf(item) };
    const { type = "message" } = item;
    if (type !== "message") continue; // tool calls, reasoning and references are taken as they are
    const problem = findMessageProblem(item, path);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findMessageProblem(item: JsonObject, path: (string | number)[]): FieldProblem | undefined {
  const { role, content } = item;
  if (typeof role !== "string") return { kind: "missing", path: [...path, "role"] };
  if (!messageRoles.includes(role)) {
    return { kind: "value", path: [...path, "role"], received: role, allowed: messageRoles };
  }
  if (content === undefined) return { kind: "missing", path: [...path, "content"] };
  if (!Array.isArray(content)) {
    const received = jsonTypeOf(content);
    if (received === "string") return undefined;
    return { kind: "type", path: [...path, "content"], wanted: "string or array", received };
  }
  for (const [index, part] of content.entries()) {
    const { type = undefined } = isJsonObject(part) ? part : {};
    const at = [...path, "content", index, "type"];
    if (typeof type !== "string") return { kind: "missing", path: at };
    if (!contentTypes.includes(type))
      return { kind: "value", path: at, received: type, allowed: contentTypes };
  }
  return undefined;
}

function compose(request: JsonObject, model: string, environment: SiteEnvironment): Answer {
  const texts = inputTexts(request["input"]);
  const lastUser = texts.findLast(({ role }) => role === "user")?.text ?? "";
  const instructions = typeof request["instructions"] === "string" ? request["instructions"] : "";
  const full = toTokens(`You said: ${lastUser}`);
  const limit = Number(request["max_output_tokens"] ?? Number.POSITIVE_INFINITY);
  const inputTokens = texts.reduce((sum, { text }) => sum + countTokens(text) + tokensPerItem, 0);
  return {
    responseId: `resp_${environment.randomHex(48)}`,
    itemId: `msg_${environment.randomHex(48)}`,
    createdAt: Math.floor(environment.now() / 1_000),
    model,
    tokens: full.slice(0, limit),
    truncated: full.length > limit,
    inputTokens: inputTokens + countTokens(instructions),
    request,
  };
}

function inputTexts(input: unknown): { role: string; text: string }[] {
  if (typeof input === "string") return [{ role: "user", text: input }];
  if (!Array.isArray(input)) return [];
  return input.filter(isJsonObject).map((item) => {
    const { content, role } = item;
    const parts: readonly unknown[] = Array.isArray(content) ? content : [{ text: content }];
    const text = parts
      .map((part) => (isJsonObject(part) && typeof part["text"] === "string" ? part["text"] : ""))
      .join("");
    return { role: typeof role === "string" ? role : "", text };
  });
}

function renderResponse(answer: Answer, phase: "started" | "final"): object {
  const { request } = answer;
  const final = phase === "final";
  const incomplete = final && answer.truncated;
  const status = final ? (incomplete ? "incomplete" : "completed") : "in_progress";
  return {
    id: answer.responseId,
    object: "response",
    created_at: answer.createdAt,
    status,
    background: false,
    error: null,
    incomplete_details: incomplete ? { reason: "max_output_tokens" } : null,
    instructions: request["instructions"] ?? null,
    max_output_tokens: request["max_output_tokens"] ?? null,
    model: answer.model,
    output: final ? [renderItem(answer, incomplete ? "incomplete" : "completed")] : [],
    parallel_tool_calls: request["parallel_tool_calls"] ?? true,
    previous_response_id: request["previous_response_id"] ?? null,
    reasoning: { effort: null, summary: null },
    service_tier: "default",
    store: request["store"] ?? true,
    temperature: request["temperature"] ?? 1,
    text: { format: { type: "text" } },
    tool_choice: request["tool_choice"] ?? "auto",
    tools: request["tools"] ?? [],
    top_p: request["top_p"] ?? 1,
    truncation: request["truncation"] ?? "disabled",
    usage: final ? renderUsage(answer) : null,
    user: request["user"] ?? null,
    metadata: request["metadata"] ?? {},
  };
}

function renderUsage(answer: Answer): object {
  const outputTokens = answer.tokens.length;
  return {
    input_tokens: answer.inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: answer.inputTokens + outputTokens,
  };
}

function renderItem(answer: Answer, status: "in_progress" | "completed" | "incomplete"): object {
  const content = status === "in_progress" ? [] : [renderPart(answer.tokens.join(""))];
  return { id: answer.itemId, type: "message", status, role: "assistant", content };
}

function renderPart(text: string): object {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function renderEvents(answer: Answer): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const push = (type: string, fields: object): void => {
    events.push({ event: type, data: { type, sequence_number: events.length, ...fields } });
  };
  const part = { item_id: answer.itemId, output_index: 0, content_index: 0 };
  const text = answer.tokens.join("");
  const itemStatus = answer.truncated ? "incomplete" : "completed";
  push("response.created", { response: renderResponse(answer, "started") });
  push("response.in_progress", { response: renderResponse(answer, "started") });
  push("response.output_item.added", { output_index: 0, item: renderItem(answer, "in_progress") });
  push("response.content_part.added", { ...part, part: renderPart("") });
  for (const delta of answer.tokens)
    push("response.output_text.delta", { ...part, delta, logprobs: [] });
  push("response.output_text.done", { ...part, text, logprobs: [] });
  push("response.content_part.done", { ...part, part: renderPart(text) });
  push("response.output_item.done", { output_index: 0, item: renderItem(answer, itemStatus) });
  push(`response.${itemStatus}`, { response: renderResponse(answer, "final") });
  return events;
}
