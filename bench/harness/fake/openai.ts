/**
 * Behaves as api.openai.com: routes, credential, media type and JSON are checked in that order, errors have the
 * documented shape and status, every response carries a request id.
 */
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { answerChat } from "./openai-chat.ts";
import { answerEmbeddings } from "./openai-embeddings.ts";
import { openAiError, openAiFailure } from "./openai-error.ts";
import { findOpenAiModel, openAiModels, unknownOpenAiModel } from "./openai-model.ts";
import type { OpenAiModel } from "./openai-model.ts";
import { answerInputTokens } from "./openai-input-tokens.ts";
import { answerResponse } from "./openai-responses.ts";
import type { ReceivedRequest } from "./received-request.ts";
import { jsonReply } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { Site, SiteEnvironment } from "./site.ts";

type Answer = (body: JsonObject, environment: SiteEnvironment) => Reply;

const postRoutes: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ["/v1/chat/completions", answerChat],
  ["/v1/responses", answerResponse],
  ["/v1/responses/input_tokens", answerInputTokens],
  ["/v1/embeddings", answerEmbeddings],
]);

/** The site; `apiKey` is the only bearer token it accepts. */
export function createOpenAiSite(apiKey: string, environment: SiteEnvironment): Site {
  const decorate = (reply: Reply): Reply => ({
    ...reply,
    headers: {
      ...reply.headers,
      "x-request-id": `req_${environment.randomHex(32)}`,
      "openai-version": "2020-10-01",
      "openai-organization": "clrk-harness",
      "openai-processing-ms": "7",
      "x-ratelimit-limit-requests": "10000",
      "x-ratelimit-remaining-requests": "9999",
    },
  });
  return {
    handle: (request) => decorate(route(request, apiKey, environment)),
    failure: (status) => decorate(openAiFailure(status)),
  };
}

function route(request: ReceivedRequest, apiKey: string, environment: SiteEnvironment): Reply {
  const { method, pathname } = request;
  const post = postRoutes.get(pathname);
  const isModels = pathname === "/v1/models" || pathname.startsWith("/v1/models/");
  if (post === undefined && !isModels) {
    return openAiError(`Invalid URL (${method} ${pathname})`, { status: 404 });
  }
  if (method !== (post === undefined ? "GET" : "POST")) {
    return openAiError(
      `Not allowed to ${method} on ${pathname}. (HINT: Perhaps you meant to use a different HTTP method?)`,
      { status: 405, code: "method_not_supported" },
    );
  }
  const refusal = findCredentialProblem(request, apiKey);
  if (refusal !== undefined) return refusal;
  if (post === undefined) return answerModels(pathname);
  const body = parseBody(request);
  return body.kind === "refused" ? body.reply : post(body.value, environment);
}

function findCredentialProblem(request: ReceivedRequest, apiKey: string): Reply | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) {
    const message =
      "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
    return openAiError(message, { status: 401 });
  }
  if (authorization === `Bearer ${apiKey}`) return undefined;
  const sent = authorization.replace(/^Bearer /i, "");
  const masked =
    sent.length <= 8 ? "*".repeat(sent.length) : `${sent.slice(0, 4)}****${sent.slice(-4)}`;
  return openAiError(
    `Incorrect API key provided: ${masked}. You can find your API key at https://platform.openai.com/account/api-keys.`,
    { status: 401, code: "invalid_api_key" },
  );
}

function parseBody(
  request: ReceivedRequest,
): { kind: "body"; value: JsonObject } | { kind: "refused"; reply: Reply } {
  const { "content-type": contentType = "" } = request.headers;
  if (!/^application\/json\s*(;|$)/i.test(contentType)) {
    const message = `Unsupported content type: '${contentType}'. This API method only accepts 'application/json' requests.`;
    return {
      kind: "refused",
      reply: openAiError(message, { status: 415, code: "unsupported_content_type" }),
    };
  }
  const value = tryParseJson(request.body);
  if (isJsonObject(value)) return { kind: "body", value };
  const message =
    "We could not parse the JSON body of your request. The API expects a JSON payload.";
  return { kind: "refused", reply: openAiError(message, { status: 400 }) };
}

function tryParseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined; // not JSON: told apart from every JSON object by the caller
  }
}

function answerModels(pathname: string): Reply {
  if (pathname === "/v1/models") {
    return jsonReply(200, { object: "list", data: openAiModels.map(renderModel) });
  }
  const name = decodeURIComponent(pathname.slice("/v1/models/".length));
  const model = findOpenAiModel(name);
  return model === undefined ? unknownOpenAiModel(name) : jsonReply(200, renderModel(model));
}

function renderModel(model: OpenAiModel): object {
  return { id: model.id, object: "model", created: model.created, owned_by: "system" };
}
