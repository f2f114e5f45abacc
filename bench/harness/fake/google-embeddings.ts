/** embedContent and batchEmbedContents. https://ai.google.dev/api/embeddings */
import { googleError, googleFieldError } from "./google-error.ts";
import { textOf } from "./google-conversation.ts";
import type { GoogleModel } from "./google-model.ts";
import { objectsOf } from "./google-problem.ts";
import { batchEmbedRules, embedRules } from "./google-rules.ts";
import { findFieldProblem } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { unitVector } from "./openai-embeddings.ts";
import { jsonReply } from "./reply.ts";
import type { Reply } from "./reply.ts";

/** Answers with unit vectors that depend on the text only. */
export function answerEmbed(
  method: "embedContent" | "batchEmbedContents",
  body: JsonObject,
  model: GoogleModel,
): Reply {
  const isBatch = method === "batchEmbedContents";
  const problem = findFieldProblem(body, isBatch ? batchEmbedRules : embedRules);
  if (problem !== undefined) return googleFieldError(problem);
  const requests = isBatch ? objectsOf(body["requests"]) : [body];
  for (const request of requests) {
    const refusal = findProblem(request, model);
    if (refusal !== undefined) return refusal;
  }
  const embeddings = requests.map(({ content, outputDimensionality: length }) => ({
    values: Array.from(unitVector(textOf(content), Number(length ?? model.dimensions))),
  }));
  return jsonReply(200, isBatch ? { embeddings } : { embedding: embeddings[0] });
}

function findProblem(request: JsonObject, model: GoogleModel): Reply | undefined {
  const { model: named, outputDimensionality: length } = request;
  if (named !== undefined && named !== `models/${model.name}`) {
    return googleError(400, `* EmbedContentRequest.model: model is not models/${model.name}\n`);
  }
  if (textOf(request["content"]) === "") {
    return googleError(400, "* EmbedContentRequest.content: content is empty\n");
  }
  return typeof length === "number" && length > model.dimensions
    ? googleError(400, `The output dimensionality must be at most ${model.dimensions}.`)
    : undefined;
}
