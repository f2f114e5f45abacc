/**
 * Behaves as bedrock-runtime.REGION.amazonaws.com with Claude: Converse, ConverseStream, InvokeModel with Anthropic
 * bodies, both streams in AWS's framing, and CountTokens. Signatures are checked, bearer keys taken too.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html
 */
import { findSignatureProblem } from "./aws-signature.ts";
import type { AwsSigner, SignatureProblem } from "./aws-signature.ts";
import { countInput, readMessages } from "./anthropic-conversation.ts";
import type { AnthropicModel } from "./anthropic-model.ts";
import { objectsOf, toClaude } from "./bedrock-claude.ts";
import {
  bedrockError,
  bedrockFailure,
  bedrockFieldError,
  bedrockScriptedFailure,
  validationError,
} from "./bedrock-error.ts";
import { answerInvoke } from "./bedrock-invoke.ts";
import { findBedrockModel } from "./bedrock-model.ts";
import { renderConverse, renderConverseStream } from "./bedrock-output.ts";
import { findConverseProblem } from "./bedrock-problem.ts";
import { converseRules, countRules } from "./bedrock-rules.ts";
import { eventStreamReply, streamFailure } from "./bedrock-stream.ts";
import { isJsonRequest, tryParseObject } from "./json-body.ts";
import { findFieldProblem, isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { answerOf } from "./model-answer.ts";
import type { ReceivedRequest } from "./received-request.ts";
import { endingReply, jsonReply } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { Site, SiteEnvironment } from "./site.ts";

const path = /^\/model\/([^/]+)\/([a-z-]+)$/;

/** What the site accepts. */
export interface BedrockCredentials {
  readonly signer: Omit<AwsSigner, "service">;
  /** A Bedrock API key, as bearer token; none when absent */
  readonly apiKey?: string;
}

const refusals: Readonly<Record<SignatureProblem, readonly [string, string]>> = {
  missing: ["MissingAuthenticationTokenException", "Missing Authentication Token"],
  incomplete: [
    "IncompleteSignatureException",
    "Authorization header requires a Credential with the scope of this service and region, SignedHeaders with host and x-amz-date, and a Signature.",
  ],
  unknown: [
    "UnrecognizedClientException",
    "The security token included in the request is invalid.",
  ],
  mismatch: [
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided.",
  ],
  expired: ["InvalidSignatureException", "Signature expired."],
};

/** The site of one region's host, which the name of the host says. */
export function createBedrockSite(
  credentials: BedrockCredentials,
  environment: SiteEnvironment,
): Site {
  const decorate = (reply: Reply): Reply => ({
    ...reply,
    headers: {
      ...reply.headers,
      "x-amzn-requestid": `${environment.randomHex(8)}-0000-4000-8000-${environment.randomHex(12)}`,
    },
  });
  return {
    handle: (request) => decorate(route(request, credentials, environment)),
    failure: (status) => decorate(bedrockFailure(status)),
  };
}

function route(
  request: ReceivedRequest,
  credentials: BedrockCredentials,
  environment: SiteEnvironment,
): Reply {
  const [, id, operation] = path.exec(request.pathname) ?? [];
  if (id === undefined || operation === undefined || request.method !== "POST") {
    return bedrockError(404, "UnknownOperationException", "Unknown operation");
  }
  const refusal = findCredentialProblem(request, credentials, environment);
  if (refusal !== undefined) return refusal;
  const model = findBedrockModel(decodeURIComponent(id));
  if (model === undefined) return validationError("The provided model identifier is invalid.");
  const body = isJsonRequest(request) ? tryParseObject(request.body) : undefined;
  if (body === undefined) {
    return bedrockError(400, "SerializationException", "The request body is not valid JSON.");
  }
  switch (operation) {
    case "converse":
    case "converse-stream":
      return answerConverse(body, operation, { model, environment });
    case "invoke":
    case "invoke-with-response-stream":
      return answerInvoke(body, operation, { model, environment });
    case "count-tokens":
      return answerCount(body, model);
    default:
      return bedrockError(404, "UnknownOperationException", "Unknown operation");
  }
}

function findCredentialProblem(
  request: ReceivedRequest,
  { signer, apiKey }: BedrockCredentials,
  environment: SiteEnvironment,
): Reply | undefined {
  const { authorization = "" } = request.headers;
  if (authorization.startsWith("Bearer ")) {
    if (apiKey !== undefined && authorization === `Bearer ${apiKey}`) return undefined;
    return bedrockError(403, "AccessDeniedException", "Authentication failed: invalid API Key.");
  }
  const whole = { ...signer, service: "bedrock" };
  const problem = findSignatureProblem(request, whole, environment.now());
  if (problem === undefined) return undefined;
  const [type, message] = refusals[problem];
  return bedrockError(403, type, message);
}

interface Serving {
  readonly model: AnthropicModel;
  readonly environment: SiteEnvironment;
}

function answerConverse(
  body: JsonObject,
  operation: "converse" | "converse-stream",
  { model, environment }: Serving,
): Reply {
  const problem = findFieldProblem(body, converseRules);
  if (problem !== undefined) return bedrockFieldError(problem);
  const refusal = findConverseProblem(body, model);
  if (refusal !== undefined) return refusal;
  const answer = answerOf(readMessages(toClaude(body)));
  if (answer.fail !== undefined) return bedrockScriptedFailure(answer.fail);
  const paths: unknown = body["additionalModelResponseFieldPaths"];
  const whole = {
    answer,
    ids: answer.calls.map(
      (_, index) => `tooluse_${environment.randomHex(20)}${String(index).padStart(2, "0")}`,
    ),
    tellsStop: Array.isArray(paths) && paths.includes("/stop_sequence"),
  };
  if (operation === "converse") return jsonReply(200, renderConverse(whole));
  return eventStreamReply(endingReply(renderConverseStream(whole), answer.ending, streamFailure()));
}

function answerCount(body: JsonObject, model: AnthropicModel): Reply {
  const { input } = body;
  const converse = isJsonObject(input) ? input["converse"] : undefined;
  if (!isJsonObject(converse)) return validationError("The input must have converse.");
  const problem = findFieldProblem(converse, countRules, ["input", "converse"]);
  if (problem !== undefined) return bedrockFieldError(problem);
  if (objectsOf(converse["messages"]).length === 0) {
    return validationError("The messages field is required.");
  }
  const refusal = findConverseProblem(converse, model);
  return refusal ?? jsonReply(200, { inputTokens: countInput(toClaude(converse)) });
}
