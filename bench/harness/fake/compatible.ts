/**
 * Behaves as a server of open models with OpenAI's chat API, such as vLLM: its own model, fields and errors, and
 * reasoning that is shown. https://docs.vllm.ai/en/stable/serving/openai_compatible_server/
 */
import { compatibleRules } from "./compatible-rules.ts";
import { isJsonRequest, tryParseObject } from "./json-body.ts";
import { findFieldProblem } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { answerOf } from "./model-answer.ts";
import { renderChat } from "./openai-chat.ts";
import { readChat } from "./openai-chat-conversation.ts";
import { findMessagesProblem } from "./openai-chat-problem.ts";
import { renderEmbeddings } from "./openai-embeddings.ts";
import { openAiFieldError } from "./openai-error.ts";
import type { ReceivedRequest } from "./received-request.ts";
import { jsonReply, withRetryAfter } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { Site, SiteEnvironment } from "./site.ts";

/** A model that answers at once. */
export const compatibleModel = "Qwen/Qwen3.5-32B";

/** A model that reasons, as much as it is told. */
export const compatibleReasoningModel = "openai/gpt-oss-120b";

/** The one model that makes vectors. */
export const compatibleEmbeddingModel = "BAAI/bge-m3";

const types: ReadonlyMap<number, string> = new Map([
  [400, "BadRequestError"],
  [401, "Unauthorized"],
  [404, "NotFoundError"],
  [429, "TooManyRequestsError"],
]);

/** The site; `apiKey` is the only bearer token it accepts. */
export function createCompatibleSite(apiKey: string, environment: SiteEnvironment): Site {
  return {
    handle: (request) => route(request, apiKey, environment),
    failure,
  };
}

function route(request: ReceivedRequest, apiKey: string, environment: SiteEnvironment): Reply {
  const { method, pathname, headers } = request;
  const isChat = pathname === "/v1/chat/completions";
  if (!isChat && pathname !== "/v1/embeddings") return jsonReply(404, { detail: "Not Found" });
  if (method !== "POST") return jsonReply(405, { detail: "Method Not Allowed" });
  if (headers["authorization"] !== `Bearer ${apiKey}`)
    return jsonReply(401, { error: "Unauthorized" });
  const body = isJsonRequest(request) ? tryParseObject(request.body) : undefined;
  if (body === undefined)
    return refuse(400, "Unsupported Media Type: Only 'application/json' is allowed");
  return isChat ? answer(body, environment) : embed(body);
}

function embed(body: JsonObject): Reply {
  const { model } = body;
  if (model !== compatibleEmbeddingModel) return unknownModel(model);
  const found = renderEmbeddings(body, { snapshot: compatibleEmbeddingModel, dimensions: 1_024 });
  return found.status === 200 ? found : refuse(400, messageOf(found));
}

function answer(body: JsonObject, environment: SiteEnvironment): Reply {
  const problem = findFieldProblem(body, compatibleRules);
  // One sentence of OpenAI's is as good as any; only the shape around it differs.
  const reply = problem === undefined ? findMessagesProblem(body) : openAiFieldError(problem);
  if (reply !== undefined) return refuse(400, messageOf(reply));
  const { model, reasoning_effort: effort } = body;
  const reasons = model === compatibleReasoningModel;
  if (!reasons && model !== compatibleModel) return unknownModel(model);
  if (!reasons && typeof effort === "string") {
    return refuse(400, "`reasoning_effort` is not supported with this model");
  }
  const conversation = readChat(body, { reasoning: reasons });
  const thinks = reasons && effort !== "none" ? "shown" : "no";
  const found = answerOf({ ...conversation, thinks });
  if (found.fail !== undefined) {
    return withRetryAfter(failure(found.fail.status), found.fail.retryAfterSeconds);
  }
  return renderChat(body, {
    answer: found,
    model: String(model),
    environment,
    frame: {},
    choiceFields: { stop_reason: null, token_ids: null },
    reasoningField: "reasoning",
  });
}

function messageOf({ body }: Reply): string {
  const parsed: unknown = JSON.parse(typeof body === "string" ? body : "null");
  return String(Object(Object(parsed).error).message);
}

function unknownModel(model: unknown): Reply {
  return refuse(404, `The model \`${String(model)}\` does not exist.`);
}

function refuse(status: number, message: string): Reply {
  const type = types.get(status) ?? "InternalServerError";
  return jsonReply(status, { error: { message, type, param: null, code: status } });
}

function failure(status: number): Reply {
  const message =
    status === 400
      ? "This model's maximum context length is 32768 tokens. However, you requested 40000 tokens in the messages."
      : `The server answers ${status}`;
  return refuse(status, message);
}
