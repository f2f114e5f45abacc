/** POST /v1/messages, plain and streamed, and its token count. https://platform.claude.com/docs/en/api/messages */
import { countInput, readMessages } from "./anthropic-conversation.ts";
import {
  anthropicError,
  anthropicFieldError,
  anthropicScriptedFailure,
} from "./anthropic-error.ts";
import { findAnthropicModel } from "./anthropic-model.ts";
import { contentBlocks, renderMessage, renderMessageEvents } from "./anthropic-output.ts";
import { findMeaningProblem, isStrictVersion } from "./anthropic-problem.ts";
import type { AnthropicContract } from "./anthropic-problem.ts";
import { betaRules, countRules, messageRules, samplingRules } from "./anthropic-rules.ts";
import { findFieldProblem } from "./json-fields.ts";
import type { FieldRules, JsonObject } from "./json-fields.ts";
import { answerOf } from "./model-answer.ts";
import { encodeEvent, endingReply, eventReply, jsonReply } from "./reply.ts";
import type { Reply, ServerSentEvent } from "./reply.ts";
import type { SiteEnvironment } from "./site.ts";

const streamFailure: ServerSentEvent = {
  event: "error",
  data: { type: "error", error: { type: "overloaded_error", message: "Overloaded" } },
};

/** Answers a decoded Messages request; usage is counted from the texts. */
export function answerMessages(
  body: JsonObject,
  environment: SiteEnvironment,
  contract: AnthropicContract,
): Reply {
  const rules = {
    ...messageRules,
    ...(isStrictVersion(contract) ? {} : samplingRules),
    ...(contract.beta ? betaRules : {}),
  };
  const refusal = findProblem(body, rules, contract);
  if (refusal !== undefined) return refusal;
  const answer = answerOf(readMessages(body));
  if (answer.fail !== undefined) return anthropicScriptedFailure(answer.fail);
  const name = String(body["model"]);
  const message = {
    id: `msg_01${environment.randomHex(22)}`,
    model: findAnthropicModel(name)?.snapshot ?? name,
    answer,
    blocks: contentBlocks(answer, environment.randomHex),
  };
  if (body["stream"] !== true) return jsonReply(200, renderMessage(message));
  const events = renderMessageEvents(message).map(encodeEvent);
  return {
    ...eventReply([]),
    ...endingReply(events, answer.ending, encodeEvent(streamFailure)),
  };
}

/** Answers a decoded count_tokens request with the count that a message of the same content would be charged. */
export function answerCountTokens(body: JsonObject, contract: AnthropicContract): Reply {
  const refusal = findProblem(body, countRules, contract);
  return refusal ?? jsonReply(200, { input_tokens: countInput(body) });
}

function findProblem(
  body: JsonObject,
  rules: FieldRules,
  contract: AnthropicContract,
): Reply | undefined {
  const problem = findFieldProblem(body, rules);
  if (problem !== undefined) return anthropicFieldError(problem);
  const { messages } = body;
  if (!Array.isArray(messages) || messages.length === 0) {
    return anthropicError(400, "messages: at least one message is required");
  }
  const name = String(body["model"]);
  const model = findAnthropicModel(name);
  if (model === undefined) return anthropicError(404, `model: ${name}`);
  return findMeaningProblem(body, model, contract);
}
