/**
 * Behaves as a resource of Azure OpenAI, `NAME.openai.azure.com`: deployments with `api-version`, and the v1 paths.
 * Deployments are named as the models that they hold. https://learn.microsoft.com/azure/ai-foundry/openai/reference
 */
import { azureError, azureFailure, azureScriptedFailure } from "./azure-error.ts";
import { isJsonRequest, tryParseObject } from "./json-body.ts";
import type { JsonObject } from "./json-fields.ts";
import { answerOf } from "./model-answer.ts";
import type { ModelAnswer } from "./model-answer.ts";
import { renderChat } from "./openai-chat.ts";
import { readChat } from "./openai-chat-conversation.ts";
import { findChatProblem, findModelProblem } from "./openai-chat-problem.ts";
import { answerEmbeddings } from "./openai-embeddings.ts";
import { openAiError } from "./openai-error.ts";
import { answerInputTokens } from "./openai-input-tokens.ts";
import { findOpenAiModel } from "./openai-model.ts";
import type { OpenAiModel } from "./openai-model.ts";
import { renderAnswer } from "./openai-responses.ts";
import { readResponse } from "./openai-responses-conversation.ts";
import { findResponseModelProblem, findResponseProblem } from "./openai-responses-problem.ts";
import type { ReceivedRequest } from "./received-request.ts";
import { encodeEvent } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { Site, SiteEnvironment } from "./site.ts";

const apiVersion = /^\d{4}-\d{2}-\d{2}(?:-preview)?$/;
const deploymentPath = /^\/openai\/deployments\/([^/]+)\/(chat\/completions|embeddings)$/;
const newPath = /^\/openai\/v1\/(chat\/completions|responses(?:\/input_tokens)?|embeddings)$/;

const filtered = { filtered: false, severity: "safe" };
const filterResults = {
  hate: filtered,
  self_harm: filtered,
  sexual: filtered,
  violence: filtered,
};

/** The site; `apiKey` is accepted as `api-key`, or as bearer token on the v1 paths. */
export function createAzureSite(apiKey: string, environment: SiteEnvironment): Site {
  const decorate = (reply: Reply): Reply => ({
    ...reply,
    headers: {
      ...reply.headers,
      "apim-request-id": `${environment.randomHex(8)}-0000-4000-8000-${environment.randomHex(12)}`,
      "x-ms-region": "Sweden Central",
      "azureml-model-session": "d001",
    },
  });
  return {
    handle: (request) => decorate(route(request, apiKey, environment)),
    failure: (status) => decorate(azureFailure(status)),
  };
}

interface Call {
  readonly operation: string;
  /** Undefined on the v1 paths: the body names the model */
  readonly deployment: string | undefined;
}

function route(request: ReceivedRequest, apiKey: string, environment: SiteEnvironment): Reply {
  const call = findCall(request);
  if (call === undefined) return azureError(404, "404", "Resource not found");
  if (!hasCredential(request, apiKey, call)) return accessDenied();
  if (request.method !== "POST") return azureError(405, "MethodNotAllowed", "Method not allowed");
  const body = isJsonRequest(request) ? tryParseObject(request.body) : undefined;
  if (body === undefined) {
    return azureError(400, "BadRequest", "The request body is not valid JSON.");
  }
  const { model: named } = body;
  if (call.deployment === undefined && typeof named !== "string") {
    return openAiError("you must provide a model parameter", { status: 400 });
  }
  const name = call.deployment ?? String(named);
  const model = findOpenAiModel(name);
  if (model === undefined) return unknownDeployment();
  const whole = { ...body, model: name };
  switch (call.operation) {
    case "embeddings":
      return answerEmbeddings(whole);
    case "responses/input_tokens":
      return answerInputTokens(whole);
    case "responses":
      return answerResponses(whole, model, environment);
    default:
      return answerChat(whole, model, environment);
  }
}

function findCall(request: ReceivedRequest): Call | undefined {
  const query = new URLSearchParams(request.path.split("?", 2)[1] ?? "");
  const version = query.get("api-version");
  const [, deployment, operation] = deploymentPath.exec(request.pathname) ?? [];
  if (deployment !== undefined && operation !== undefined) {
    const isKnown = version !== null && apiVersion.test(version);
    return isKnown ? { operation, deployment: decodeURIComponent(deployment) } : undefined;
  }
  const [, named] = newPath.exec(request.pathname) ?? [];
  const isFine = version === null || version === "preview" || version === "v1";
  return named !== undefined && isFine ? { operation: named, deployment: undefined } : undefined;
}

function hasCredential({ headers }: ReceivedRequest, apiKey: string, call: Call): boolean {
  const { "api-key": key, authorization } = headers;
  // Both must be right where both come: a placeholder beside an injected credential must not go unseen.
  if (key !== undefined && key !== apiKey) return false;
  if (authorization === undefined) return key !== undefined;
  const isBearer = authorization === `Bearer ${apiKey}`;
  return isBearer && (call.deployment === undefined || key !== undefined);
}

function accessDenied(): Reply {
  return azureError(
    401,
    "401",
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.",
  );
}

function unknownDeployment(): Reply {
  return azureError(
    404,
    "DeploymentNotFound",
    "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.",
  );
}

function answerChat(body: JsonObject, model: OpenAiModel, environment: SiteEnvironment): Reply {
  const problem = findChatProblem(body) ?? findModelProblem(body, model);
  if (problem !== undefined) return problem;
  const answer = answerOf(readChat(body, model));
  if (answer.fail !== undefined) return azureScriptedFailure(answer.fail);
  const reply = renderChat(body, {
    answer,
    model: model.snapshot,
    environment,
    frame: { system_fingerprint: "fp_b0a4f1c2de" },
    choiceFields: { content_filter_results: filterResults },
  });
  const prompt = [{ prompt_index: 0, content_filter_results: filterResults }];
  if (reply.chunks === undefined) return withPromptFilter(reply, prompt);
  const first = encodeEvent({
    data: {
      choices: [],
      created: 0,
      id: "",
      model: "",
      object: "",
      prompt_filter_results: prompt,
    },
  });
  const cut = reply.cutAfterChunks;
  return {
    ...reply,
    chunks: [first, ...reply.chunks],
    ...(cut !== undefined && { cutAfterChunks: cut + 1 }),
  };
}

function withPromptFilter(reply: Reply, prompt: readonly object[]): Reply {
  const body = typeof reply.body === "string" ? reply.body.slice(0, -1) : "{";
  return { ...reply, body: `${body},"prompt_filter_results":${JSON.stringify(prompt)}}` };
}

function answerResponses(
  body: JsonObject,
  model: OpenAiModel,
  environment: SiteEnvironment,
): Reply {
  const problem = findResponseProblem(body) ?? findResponseModelProblem(body, model);
  if (problem !== undefined) return problem;
  const answer: ModelAnswer = answerOf(readResponse(body, model));
  if (answer.fail !== undefined) return azureScriptedFailure(answer.fail);
  return renderAnswer(body, { answer, model: model.snapshot, environment });
}
