/** POST /v1/chat/completions, plain and streamed. https://platform.openai.com/docs/api-reference/chat/create */
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { answerOf } from "./model-answer.ts";
import type { ModelAnswer } from "./model-answer.ts";
import { readChat } from "./openai-chat-conversation.ts";
import { findChatProblem, findModelProblem } from "./openai-chat-problem.ts";
import { openAiError, openAiScriptedFailure } from "./openai-error.ts";
import { findOpenAiModel, unknownOpenAiModel } from "./openai-model.ts";
import { encodeEvent, endingReply, eventReply, jsonReply } from "./reply.ts";
import type { Reply, ServerSentEvent } from "./reply.ts";
import type { SiteEnvironment } from "./site.ts";
import { toTokens } from "./tokens.ts";

const streamFailure: ServerSentEvent = {
  data: {
    error: {
      message: "The server had an error while processing your request. Sorry about that!",
      type: "server_error",
      param: null,
      code: null,
    },
  },
};

const finishReasons = {
  stop: "stop",
  "stop-text": "stop",
  length: "length",
  "tool-calls": "tool_calls",
} as const;

/** Answers a decoded chat request; usage is counted from the texts. */
export function answerChat(body: JsonObject, environment: SiteEnvironment): Reply {
  if (body["model"] === undefined)
    return openAiError("you must provide a model parameter", { status: 400 });
  const problem = findChatProblem(body);
  if (problem !== undefined) return problem;
  const name = String(body["model"]);
  const model = findOpenAiModel(name, "text");
  if (model === undefined) return unknownOpenAiModel(name);
  const unsupported = findModelProblem(body, model);
  if (unsupported !== undefined) return unsupported;
  const answer = answerOf(readChat(body, model));
  return renderChat(body, { answer, model: model.snapshot, environment });
}

/** A chat answer and who gives it. */
export interface ChatRendering {
  readonly answer: ModelAnswer;
  /** Name that the answer carries */
  readonly model: string;
  readonly environment: SiteEnvironment;
  /** Of every object; OpenAI's when absent */
  readonly frame?: object;
  /** More of each choice and streamed choice, such as Azure's filter results */
  readonly choiceFields?: object;
  /** Where shown reasoning stands; OpenAI shows none */
  readonly reasoningField?: string;
}

/** The reply in the form that the body asks for. */
export function renderChat(body: JsonObject, rendering: ChatRendering): Reply {
  const { fail } = rendering.answer;
  if (fail !== undefined) return openAiScriptedFailure(fail);
  const completion = complete(body, rendering);
  if (body["stream"] !== true) return jsonReply(200, renderCompletion(completion));
  const options = body["stream_options"];
  const events = renderStream(
    completion,
    isJsonObject(options) && options["include_usage"] === true,
  );
  return {
    ...eventReply([]),
    ...endingReply(events.map(encodeEvent), rendering.answer.ending, encodeEvent(streamFailure)),
  };
}

interface Completion {
  readonly answer: ModelAnswer;
  readonly choices: number;
  readonly frame: object;
  readonly choiceFields: object;
  readonly reasoningField: string | undefined;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly text: string }[];
}

function complete(body: JsonObject, rendering: ChatRendering): Completion {
  const { answer, model, environment } = rendering;
  return {
    answer,
    choices: Number(body["n"] ?? 1),
    frame: {
      id: `chatcmpl-${environment.randomHex(29)}`,
      created: Math.floor(environment.now() / 1_000),
      model,
      ...(rendering.frame ?? {
        service_tier: "default",
        system_fingerprint: "fp_b0a4f1c2de",
      }),
    },
    choiceFields: rendering.choiceFields ?? {},
    reasoningField: rendering.reasoningField,
    calls: answer.calls.map((call, index) => ({
      id: `call_${environment.randomHex(22)}${String(index).padStart(2, "0")}`,
      name: call.name,
      text: JSON.stringify(call.arguments),
    })),
  };
}

function renderUsage({ answer, choices }: Completion): object {
  const output = answer.usage.output * choices;
  return {
    prompt_tokens: answer.usage.input,
    completion_tokens: output,
    total_tokens: answer.usage.input + output,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: answer.usage.reasoning * choices,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function renderCompletion(completion: Completion): object {
  const { answer, calls } = completion;
  const text = answer.tokens.join("");
  const message = {
    role: "assistant",
    content: calls.length > 0 && text === "" ? null : text,
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ id, name, text: argumentText }) => ({
        id,
        type: "function",
        function: { name, arguments: argumentText },
      })),
    }),
    ...reasoningOf(completion, answer.thought),
    refusal: null,
    annotations: [],
  };
  const choices = Array.from({ length: completion.choices }, (_, index) => ({
    index,
    message,
    logprobs: null,
    finish_reason: finishReasons[answer.finish],
    ...completion.choiceFields,
  }));
  return {
    object: "chat.completion",
    ...completion.frame,
    choices,
    usage: renderUsage(completion),
  };
}

function renderStream(completion: Completion, includeUsage: boolean): ServerSentEvent[] {
  const { answer } = completion;
  const frame = {
    object: "chat.completion.chunk",
    ...completion.frame,
    ...(includeUsage ? { usage: null } : {}),
  };
  const events: ServerSentEvent[] = [];
  const push = (index: number, delta: object, finishReason: string | null): void => {
    const choice = { index, delta, logprobs: null, finish_reason: finishReason };
    events.push({ data: { ...frame, choices: [{ ...choice, ...completion.choiceFields }] } });
  };
  for (let index = 0; index < completion.choices; index += 1) {
    const content = completion.calls.length > 0 ? null : "";
    push(index, { role: "assistant", content, refusal: null }, null);
    for (const token of toTokens(answer.thought ?? "")) {
      push(index, reasoningOf(completion, token), null);
    }
    for (const token of answer.tokens) push(index, { content: token }, null);
    for (const delta of callDeltas(completion)) push(index, { tool_calls: [delta] }, null);
    push(index, {}, finishReasons[answer.finish]);
  }
  if (includeUsage)
    events.push({ data: { ...frame, choices: [], usage: renderUsage(completion) } });
  events.push({ data: "[DONE]" });
  return events;
}

function reasoningOf({ reasoningField }: Completion, text: string | undefined): object {
  return reasoningField === undefined || text === undefined ? {} : { [reasoningField]: text };
}

function callDeltas({ calls }: Completion): object[] {
  return calls.flatMap(({ id, name, text }, index) => [
    { index, id, type: "function", function: { name, arguments: "" } },
    ...piecesOf(text).map((piece) => ({ index, function: { arguments: piece } })),
  ]);
}

/** Text in pieces of a few characters, as arguments of tools come. */
export function piecesOf(text: string): string[] {
  return text.match(/.{1,7}/gsu) ?? [];
}
