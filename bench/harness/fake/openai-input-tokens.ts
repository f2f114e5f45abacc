/** POST /v1/responses/input_tokens. https://platform.openai.com/docs/api-reference/responses/input-tokens */
import type { JsonObject } from "./json-fields.ts";
import { answerOf } from "./model-answer.ts";
import { openAiError } from "./openai-error.ts";
import { findOpenAiModel, unknownOpenAiModel } from "./openai-model.ts";
import { readResponse } from "./openai-responses-conversation.ts";
import { findResponseModelProblem, findResponseProblem } from "./openai-responses-problem.ts";
import { jsonReply } from "./reply.ts";
import type { Reply } from "./reply.ts";

/** What a count takes of a request for a response: all that the model reads, nothing that only an answer needs. */
const fields: ReadonlySet<string> = new Set([
  ...["model", "input", "instructions", "conversation", "previous_response_id", "personality"],
  ...["tools", "tool_choice", "parallel_tool_calls", "reasoning", "text", "truncation"],
]);

/** Counts the tokens that the request would have, by the same rules as an answer's usage. */
export function answerInputTokens(body: JsonObject): Reply {
  const unknown = Object.keys(body).find((name) => !fields.has(name));
  if (unknown !== undefined) {
    return openAiError(`Unknown parameter: '${unknown}'.`, {
      status: 400,
      param: unknown,
      code: "unknown_parameter",
    });
  }
  const problem = findResponseProblem(body);
  if (problem !== undefined) return problem;
  const name = String(body["model"]);
  const model = findOpenAiModel(name, "text");
  if (model === undefined) return unknownOpenAiModel(name);
  const unsupported = findResponseModelProblem(body, model);
  if (unsupported !== undefined) return unsupported;
  const { usage } = answerOf(readResponse(body, model));
  return jsonReply(200, { object: "response.input_tokens", input_tokens: usage.input });
}
