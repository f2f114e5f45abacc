/** POST /v1/responses, plain and streamed. https://platform.openai.com/docs/api-reference/responses/create */
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { answerOf } from "./model-answer.ts";
import type { ModelAnswer } from "./model-answer.ts";
import { openAiScriptedFailure } from "./openai-error.ts";
import { findOpenAiModel, unknownOpenAiModel } from "./openai-model.ts";
import { readResponse } from "./openai-responses-conversation.ts";
import { outputEvents, outputItems } from "./openai-responses-output.ts";
import type { OutputItem } from "./openai-responses-output.ts";
import { findResponseModelProblem, findResponseProblem } from "./openai-responses-problem.ts";
import { encodeEvent, endingReply, eventReply, jsonReply } from "./reply.ts";
import type { Reply, ServerSentEvent } from "./reply.ts";
import type { SiteEnvironment } from "./site.ts";

interface Answer {
  readonly responseId: string;
  readonly createdAt: number;
  readonly model: string;
  readonly answer: ModelAnswer;
  readonly items: readonly OutputItem[];
  readonly request: JsonObject;
}

/** Answers a decoded Responses request; usage is counted from the texts. */
export function answerResponse(body: JsonObject, environment: SiteEnvironment): Reply {
  const problem = findResponseProblem(body);
  if (problem !== undefined) return problem;
  const name = String(body["model"]);
  const model = findOpenAiModel(name, "text");
  if (model === undefined) return unknownOpenAiModel(name);
  const unsupported = findResponseModelProblem(body, model);
  if (unsupported !== undefined) return unsupported;
  return renderAnswer(body, {
    answer: answerOf(readResponse(body, model)),
    model: model.snapshot,
    environment,
  });
}

/** The reply in the form that the body asks for. */
export function renderAnswer(
  body: JsonObject,
  facts: {
    readonly answer: ModelAnswer;
    readonly model: string;
    readonly environment: SiteEnvironment;
  },
): Reply {
  const { answer, model, environment } = facts;
  if (answer.fail !== undefined) return openAiScriptedFailure(answer.fail);
  const { include } = body;
  const sealed = Array.isArray(include) && include.includes("reasoning.encrypted_content");
  const whole: Answer = {
    responseId: `resp_${environment.randomHex(48)}`,
    createdAt: Math.floor(environment.now() / 1_000),
    model,
    answer,
    items: outputItems(answer, { sealed, randomHex: environment.randomHex }),
    request: body,
  };
  if (body["stream"] !== true) return jsonReply(200, renderResponse(whole, "final"));
  const events = renderEvents(whole);
  const half = Math.ceil(events.length / 2);
  return {
    ...eventReply([]),
    ...endingReply(events.map(encodeEvent), answer.ending, encodeEvent(streamFailure(half))),
  };
}

function streamFailure(sequenceNumber: number): ServerSentEvent {
  const message = "The server had an error while processing your request. Sorry about that!";
  const fields = { code: "server_error", message, param: null };
  return {
    event: "error",
    data: { type: "error", sequence_number: sequenceNumber, ...fields },
  };
}

function renderResponse(whole: Answer, phase: "started" | "final"): object {
  const { request, answer } = whole;
  const final = phase === "final";
  const incomplete = final && answer.finish === "length";
  const status = final ? (incomplete ? "incomplete" : "completed") : "in_progress";
  const { text, reasoning } = request;
  const wanted: JsonObject = isJsonObject(reasoning) ? reasoning : {};
  return {
    id: whole.responseId,
    object: "response",
    created_at: whole.createdAt,
    status,
    background: false,
    error: null,
    incomplete_details: incomplete ? { reason: "max_output_tokens" } : null,
    instructions: request["instructions"] ?? null,
    max_output_tokens: request["max_output_tokens"] ?? null,
    model: whole.model,
    output: final ? whole.items.map(({ whole: item }) => item) : [],
    parallel_tool_calls: request["parallel_tool_calls"] ?? true,
    previous_response_id: null,
    reasoning: { effort: wanted["effort"] ?? null, summary: wanted["summary"] ?? null },
    service_tier: "default",
    store: request["store"] ?? true,
    temperature: request["temperature"] ?? 1,
    text: isJsonObject(text) ? text : { format: { type: "text" } },
    tool_choice: request["tool_choice"] ?? "auto",
    tools: request["tools"] ?? [],
    top_p: request["top_p"] ?? 1,
    truncation: request["truncation"] ?? "disabled",
    usage: final ? renderUsage(answer) : null,
    user: request["user"] ?? null,
    metadata: request["metadata"] ?? {},
  };
}

function renderUsage({ usage }: ModelAnswer): object {
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: usage.input + usage.output,
  };
}

function renderEvents(whole: Answer): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const push = (type: string, fields: object): void => {
    events.push({ event: type, data: { type, sequence_number: events.length, ...fields } });
  };
  push("response.created", { response: renderResponse(whole, "started") });
  push("response.in_progress", { response: renderResponse(whole, "started") });
  for (const [index, item] of whole.items.entries()) {
    for (const { type, fields } of outputEvents(item, index)) push(type, fields);
  }
  const status = whole.answer.finish === "length" ? "incomplete" : "completed";
  push(`response.${status}`, { response: renderResponse(whole, "final") });
  return events;
}
