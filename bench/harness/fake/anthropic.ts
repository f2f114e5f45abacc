/**
 * Behaves as api.anthropic.com: routes, credential, API version, media type and JSON are checked in that order,
 * errors have the documented shape and status, every response carries `request-id`.
 */
import { anthropicError, anthropicFailure, withRequestId } from "./anthropic-error.ts";
import { answerCountTokens, answerMessages } from "./anthropic-messages.ts";
import { anthropicModels } from "./anthropic-model.ts";
import { isJsonObject } from "./json-fields.ts";
import type { ReceivedRequest } from "./received-request.ts";
import { jsonReply } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { Site, SiteEnvironment } from "./site.ts";

const routes: ReadonlyMap<string, "GET" | "POST"> = new Map<string, "GET" | "POST">([
  ["/v1/messages", "POST"],
  ["/v1/messages/count_tokens", "POST"],
  ["/v1/models", "GET"],
]);
const versions = ["2026-10-21", "2023-06-01", "2023-01-01"];
const requestLimitBytes = 32_000_000;

/** The site; `apiKey` is accepted as `x-api-key` or as bearer token, which is how the 1.x npm SDK sends it. */
export function createAnthropicSite(apiKey: string, environment: SiteEnvironment): Site {
  const decorate = (reply: Reply): Reply => {
    const headers = {
      ...reply.headers,
      "anthropic-organization-id": "00000000-0000-4000-8000-00000000c1c0",
      "anthropic-ratelimit-requests-limit": "4000",
      "anthropic-ratelimit-requests-remaining": "3999",
    };
    return withRequestId({ ...reply, headers }, `req_011C${environment.randomHex(20)}`);
  };
  return {
    handle: (request) => decorate(route(request, apiKey, environment)),
    failure: (status) => decorate(anthropicFailure(status)),
  };
}

function route(request: ReceivedRequest, apiKey: string, environment: SiteEnvironment): Reply {
  const method = routes.get(request.pathname);
  if (method === undefined) return anthropicError(404, "Not Found");
  if (request.method !== method) return anthropicError(405, "Method Not Allowed");
  const refusal = findHeaderProblem(request, apiKey);
  if (refusal !== undefined) return refusal;
  if (method === "GET") return answerModels();
  if (request.bodyBytes > requestLimitBytes) {
    return anthropicError(413, "Request exceeds the maximum size");
  }
  const body = tryParseJson(request.body);
  if (body === undefined) return anthropicError(400, "The request body is not valid JSON");
  if (!isJsonObject(body)) return anthropicError(400, "Input should be a valid dictionary");
  const { "anthropic-version": version = "", "anthropic-beta": beta } = request.headers;
  const contract = { version, beta: beta !== undefined };
  return request.pathname === "/v1/messages/count_tokens"
    ? answerCountTokens(body, contract)
    : answerMessages(body, environment, contract);
}

function findHeaderProblem(request: ReceivedRequest, apiKey: string): Reply | undefined {
  const {
    "x-api-key": key,
    authorization,
    "anthropic-version": version,
    "content-type": contentType = "",
  } = request.headers;
  if (key === undefined && authorization === undefined) {
    return anthropicError(401, "x-api-key header is required");
  }
  // Stricter than needed where both come: a placeholder left beside the injected credential must not go unseen.
  if (key !== undefined && key !== apiKey) return anthropicError(401, "invalid x-api-key");
  if (authorization !== undefined && authorization !== `Bearer ${apiKey}`) {
    return anthropicError(401, "invalid bearer token");
  }
  if (version === undefined) return anthropicError(400, "anthropic-version: header is required");
  if (!versions.includes(version)) {
    return anthropicError(400, `anthropic-version: "${version}" is not a valid version`);
  }
  if (request.method === "POST" && !/^application\/json\s*(;|$)/i.test(contentType)) {
    return anthropicError(400, "Content-Type must be application/json");
  }
  return undefined;
}

function tryParseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined; // no JSON text decodes to undefined
  }
}

function answerModels(): Reply {
  const data = [...anthropicModels].map(([alias, { snapshot: id }]) => ({
    type: "model",
    id,
    display_name: alias,
    created_at: "2026-01-01T00:00:00Z",
  }));
  const page = { has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
  return jsonReply(200, { data, ...page });
}
