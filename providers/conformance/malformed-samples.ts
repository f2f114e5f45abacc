/** Bodies that a codec wrote itself, of which copies are damaged: those with the most different places. */

import type { ChatCodec, CountCodec, EmbeddingsCodec } from "../codec.ts";
import { chatFeatures, embeddingsFeatures } from "../request-features.ts";
import { answerCases } from "./answer-cases.ts";
import type { CodecUse } from "./codec-use.ts";
import { judgeUses } from "./codec-use.ts";
import { embeddingsAnswerCases, embeddingsRequestCases } from "./embeddings-cases.ts";
import { carryEmbeddings } from "./embeddings-checks.ts";
import {
  chatRequestShape,
  chatResponseShape,
  embeddingsRequestShape,
  embeddingsResponseShape,
  tokenCountShape,
} from "./ir-shape.ts";
import type { MalformedSamples } from "./malformed-checks.ts";
import { plainConversation } from "./request-cases.ts";
import { carryRequest, casesFor } from "./request-checks.ts";
import type { ConversationUse } from "./request-checks.ts";

const requestNames: readonly string[] = [
  ...["instructions", "one call of a named tool", "several tools", "JSON of a schema"],
  ...["several calls and their results", "a result with an image", "two images between texts"],
  ...["a document", "sound", "log probabilities", "several stop texts", "temperature"],
  ...["reasoning to be seen", "an end user", "a stream"],
];

const answerNames: readonly string[] = [
  ...["a text and a call", "details of usage", "log probabilities", "two answers", "a refusal"],
];

/** Samples of a codec of conversations. Throws when the codec cannot write them, which other checks say better. */
export function chatSamples(use: CodecUse<ChatCodec>): MalformedSamples {
  return {
    requests: conversationBodies(use),
    requestShape: chatRequestShape,
    answers: answerCases().flatMap(({ name, request, response }) => {
      if (!answerNames.includes(name)) return [];
      if (judgeUses(use, chatFeatures(request, use.codec.name)).isRefused) return [];
      const asked = carryRequest(use, request);
      return typeof asked === "string" ? [] : [use.codec.encodeResponse(response, asked).body];
    }),
    answerShape: chatResponseShape,
  };
}

/** Samples of a codec of counts; throws like those of conversations. */
export function countSamples(use: CodecUse<CountCodec>): MalformedSamples {
  const asked = carryRequest(use, plainConversation);
  const counts =
    typeof asked === "string" ? [] : [use.codec.encodeResponse({ inputTokens: 7 }, asked)];
  return {
    requests: conversationBodies(use),
    requestShape: chatRequestShape,
    answers: counts.map(({ body }) => body),
    answerShape: tokenCountShape,
  };
}

/** Samples of a codec of embeddings; throws like those of conversations. */
export function embeddingsSamples(use: CodecUse<EmbeddingsCodec>): MalformedSamples {
  const isSent = ({ request }: ReturnType<typeof embeddingsRequestCases>[number]) =>
    !judgeUses(use, embeddingsFeatures(request)).isRefused;
  return {
    requests: embeddingsRequestCases()
      .filter(isSent)
      .map(({ request }) => use.codec.encodeRequest(request)),
    requestShape: embeddingsRequestShape,
    answers: embeddingsAnswerCases()
      .filter(isSent)
      .flatMap(({ request, response }) => {
        const asked = carryEmbeddings(use, request);
        return typeof asked === "string" ? [] : [use.codec.encodeResponse(response, asked).body];
      }),
    answerShape: embeddingsResponseShape,
  };
}

function conversationBodies(use: ConversationUse): (string | Buffer)[] {
  return casesFor(use)
    .filter(({ name }) => requestNames.includes(name))
    .map(({ request }) => use.codec.encodeRequest({ ...request, model: use.model }));
}
