/**
 * Behaves as generativelanguage.googleapis.com, and as the model endpoints of Vertex AI: routes, credential, JSON and
 * fields are checked in that order. https://ai.google.dev/api https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest
 */
import { answerEmbed } from "./google-embeddings.ts";
import {
  googleError,
  googleErrorBody,
  googleFailure,
  googleFieldError,
  googleScriptedFailure,
} from "./google-error.ts";
import { countInput, readGenerate } from "./google-conversation.ts";
import { findGoogleModel } from "./google-model.ts";
import type { GoogleModel } from "./google-model.ts";
import { renderGenerate, renderGenerateStream } from "./google-output.ts";
import { findContentsProblem, findMeaningProblem, objectsOf } from "./google-problem.ts";
import { countRules, generateRules } from "./google-rules.ts";
import { isJsonRequest, tryParseObject } from "./json-body.ts";
import { findFieldProblem, isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { answerOf } from "./model-answer.ts";
import type { ReceivedRequest } from "./received-request.ts";
import { endingReply, eventReply, jsonReply } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { Site, SiteEnvironment } from "./site.ts";

const geminiPath = /^\/(v1|v1beta)\/models\/([\w.-]+):(\w+)$/;
const vertexPath =
  /^\/(v1|v1beta1)\/(?:projects\/[\w-]+\/locations\/[\w-]+\/)?publishers\/google\/models\/([\w.-]+):(\w+)$/;

/** What each credential of Google's is. */
export interface GoogleCredentials {
  /** `x-goog-api-key` of the Gemini API */
  readonly apiKey: string;
  /** Bearer token of Vertex AI */
  readonly vertexToken: string;
}

interface Call {
  readonly isVertex: boolean;
  readonly version: string;
  readonly model: string;
  readonly method: string;
  /** Answer a stream as server-sent events; else as one array */
  readonly events: boolean;
}

/** The site of both hosts. */
export function createGoogleSite(
  credentials: GoogleCredentials,
  environment: SiteEnvironment,
): Site {
  const decorate = (reply: Reply): Reply => ({
    ...reply,
    headers: { ...reply.headers, "x-gemini-service-tier": "standard", vary: "Origin" },
  });
  return {
    handle: (request) => decorate(route(request, credentials, environment)),
    failure: (status) => decorate(googleFailure(status)),
  };
}

function route(
  request: ReceivedRequest,
  credentials: GoogleCredentials,
  environment: SiteEnvironment,
): Reply {
  const query = new URLSearchParams(request.path.split("?", 2)[1] ?? "");
  const call = findCall(request, query);
  if (call === undefined || request.method !== "POST") return notFound();
  const refusal = call.isVertex
    ? findTokenProblem(request, credentials)
    : findKeyProblem(request, query, credentials);
  if (refusal !== undefined) return refusal;
  const body = isJsonRequest(request) ? tryParseObject(request.body) : undefined;
  if (body === undefined) {
    return googleError(400, "Invalid JSON payload received. Unexpected end of string.");
  }
  return answer(call, body, environment);
}

function notFound(): Reply {
  return {
    status: 404,
    headers: { "content-type": "text/html; charset=UTF-8" },
    body: "Not Found",
  };
}

function findCall(request: ReceivedRequest, query: URLSearchParams): Call | undefined {
  const isVertex = request.host.endsWith("aiplatform.googleapis.com");
  const found = (isVertex ? vertexPath : geminiPath).exec(request.pathname);
  const [, version, model, method] = found ?? [];
  if (version === undefined || model === undefined || method === undefined) return undefined;
  return { isVertex, version, model, method, events: query.get("alt") === "sse" };
}

function findKeyProblem(
  { headers }: ReceivedRequest,
  query: URLSearchParams,
  { apiKey }: GoogleCredentials,
): Reply | undefined {
  const keys = [headers["x-goog-api-key"], query.get("key")].filter(
    (key) => key !== undefined && key !== null,
  );
  if (keys.length === 0) {
    return googleError(
      403,
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    );
  }
  if (keys.every((key) => key === apiKey) && headers["authorization"] === undefined) {
    return undefined;
  }
  return googleError(400, "API key not valid. Please pass a valid API key.", [
    {
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      reason: "API_KEY_INVALID",
      domain: "googleapis.com",
    },
  ]);
}

function findTokenProblem(
  { headers }: ReceivedRequest,
  { vertexToken }: GoogleCredentials,
): Reply | undefined {
  if (headers["authorization"] === `Bearer ${vertexToken}`) return undefined;
  return googleError(
    401,
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
  );
}

function answer(call: Call, body: JsonObject, environment: SiteEnvironment): Reply {
  if (call.method === "embedContent" || call.method === "batchEmbedContents") {
    const model = findGoogleModel(call.model, "embedding");
    return model === undefined ? unknownModel(call) : answerEmbed(call.method, body, model);
  }
  const model = findGoogleModel(call.model, "text");
  if (model === undefined) return unknownModel(call);
  switch (call.method) {
    case "generateContent":
    case "streamGenerateContent":
      return answerGenerate(call, body, { model, environment });
    case "countTokens":
      return answerCount(call, body, model);
    default:
      return notFound();
  }
}

function unknownModel({ model, version, method }: Call): Reply {
  return googleError(
    404,
    `models/${model} is not found for API version ${version}, or is not supported for ${method}. Call ListModels to see the list of available models and their supported methods.`,
  );
}

function answerGenerate(
  call: Call,
  body: JsonObject,
  { model, environment }: { readonly model: GoogleModel; readonly environment: SiteEnvironment },
): Reply {
  const problem = findFieldProblem(body, generateRules);
  if (problem !== undefined) return googleFieldError(problem);
  const refusal = findMeaningProblem(body, model);
  if (refusal !== undefined) return refusal;
  const found = answerOf(readGenerate(body, model));
  if (found.fail !== undefined) return googleScriptedFailure(found.fail);
  const { randomHex } = environment;
  const whole = { answer: found, model, responseId: randomHex(22), randomHex };
  if (call.method === "generateContent") return jsonReply(200, renderGenerate(whole));
  const responses = renderGenerateStream(whole).map((one) => JSON.stringify(one));
  const failure = JSON.stringify(
    googleErrorBody(503, "The model is overloaded. Please try again later."),
  );
  return call.events
    ? { ...eventReply([]), ...endingReply(responses.map(toEvent), found.ending, toEvent(failure)) }
    : arrayReply(endingReply(responses, found.ending, failure));
}

function toEvent(text: string): string {
  return `data: ${text}\r\n\r\n`;
}

/** A stream without `alt=sse`: one JSON array that grows. */
function arrayReply({
  chunks = [],
  cutAfterChunks,
}: Pick<Reply, "chunks" | "cutAfterChunks">): Reply {
  const parts = [...chunks].map((chunk, index) => `${index === 0 ? "[" : ",\r\n"}${String(chunk)}`);
  return {
    status: 200,
    headers: { "content-type": "application/json; charset=UTF-8" },
    chunks: cutAfterChunks === undefined ? [...parts, "]"] : parts,
    ...(cutAfterChunks !== undefined && { cutAfterChunks }),
  };
}

function answerCount(call: Call, body: JsonObject, model: GoogleModel): Reply {
  const problem = findFieldProblem(body, call.isVertex ? generateRules : countRules);
  if (problem !== undefined) return googleFieldError(problem);
  const { generateContentRequest: request, contents } = body;
  const whole = isJsonObject(request) ? request : body;
  if (isJsonObject(request) && contents !== undefined) {
    return googleError(400, "Only one of contents and generate_content_request may be set.");
  }
  const refusal = isJsonObject(request)
    ? findMeaningProblem(request, model)
    : findContentsProblem(objectsOf(contents));
  if (refusal !== undefined) return refusal;
  const totalTokens = countInput(whole);
  return jsonReply(200, {
    totalTokens,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: totalTokens }],
  });
}
