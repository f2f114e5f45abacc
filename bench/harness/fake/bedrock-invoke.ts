/** InvokeModel with the bodies of Claude. https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html */
import { readMessages } from "./anthropic-conversation.ts";
import { anthropicFieldError } from "./anthropic-error.ts";
import type { AnthropicModel } from "./anthropic-model.ts";
import { contentBlocks, renderMessage, renderMessageEvents } from "./anthropic-output.ts";
import { findMeaningProblem } from "./anthropic-problem.ts";
import { messageRules, samplingRules } from "./anthropic-rules.ts";
import { eventFrame } from "./aws-event-frame.ts";
import { bedrockScriptedFailure, validationError } from "./bedrock-error.ts";
import { wordsOf } from "./bedrock-problem.ts";
import { eventStreamReply, streamFailure } from "./bedrock-stream.ts";
import { findFieldProblem } from "./json-fields.ts";
import type { FieldRules, JsonObject } from "./json-fields.ts";
import { answerOf } from "./model-answer.ts";
import { endingReply, jsonReply } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { SiteEnvironment } from "./site.ts";

/** The path names the model and says whether it is a stream. */
const { model: _model, stream: _stream, ...shared } = messageRules;

const invokeRules: FieldRules = {
  ...shared,
  ...samplingRules,
  anthropic_version: { type: "string", required: true, values: ["bedrock-2023-05-31"] },
  anthropic_beta: { type: "array" },
};

/** Answers a decoded body. */
export function answerInvoke(
  body: JsonObject,
  operation: "invoke" | "invoke-with-response-stream",
  { model, environment }: { readonly model: AnthropicModel; readonly environment: SiteEnvironment },
): Reply {
  const problem = findFieldProblem(body, invokeRules);
  const refusal =
    problem === undefined
      ? findMeaningProblem(body, model, { version: "2023-06-01", beta: false })
      : anthropicFieldError(problem);
  if (refusal !== undefined) return validationError(wordsOf(refusal));
  const answer = answerOf(readMessages(body));
  if (answer.fail !== undefined) return bedrockScriptedFailure(answer.fail);
  const message = {
    id: `msg_bdrk_01${environment.randomHex(22)}`,
    model: model.snapshot,
    answer,
    blocks: contentBlocks(answer, environment.randomHex),
  };
  if (operation === "invoke") return jsonReply(200, renderMessage(message));
  const frames = renderMessageEvents(message).map(({ data }) => {
    const bytes = Buffer.from(JSON.stringify(data)).toString("base64");
    return eventFrame("chunk", { bytes, p: "abcdefg" });
  });
  return eventStreamReply(endingReply(frames, answer.ending, streamFailure()));
}
