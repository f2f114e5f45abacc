/** Errors of the Bedrock runtime: `{message}` and the type in a header. https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html */
import type { FieldPath, FieldProblem } from "./json-fields.ts";
import { jsonReply, withRetryAfter } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { ScriptedFailure } from "./script.ts";

/** One error response. */
export function bedrockError(status: number, type: string, message: string): Reply {
  // The service appends a namespace, which SDKs cut off.
  const errorType = `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/`;
  return jsonReply(status, { message }, { "x-amzn-errortype": errorType });
}

/** 400 for a request that the service refuses. */
export function validationError(message: string): Reply {
  return bedrockError(400, "ValidationException", message);
}

/** 400 for the first wrong field of a body. */
export function bedrockFieldError(problem: FieldProblem): Reply {
  if (problem.kind === "unknown") {
    return validationError(
      `Malformed input request: #/${problem.path.slice(0, -1).join("/")}: extraneous key [${String(problem.path.at(-1))}] is not permitted, please reformat your input and try again.`,
    );
  }
  const [value, clause] = wordProblem(problem);
  return validationError(
    `1 validation error detected: Value ${value}at '${renderPath(problem.path)}' failed to satisfy constraint: ${clause}`,
  );
}

/** The error of a status on demand: 400 for a conversation that is too long, 429, 5xx. */
export function bedrockFailure(status: number): Reply {
  switch (status) {
    case 400:
      return validationError("Input is too long for requested model.");
    case 429:
      return bedrockError(
        status,
        "ThrottlingException",
        "Too many requests, please wait before trying again.",
      );
    case 503:
      return bedrockError(
        status,
        "ServiceUnavailableException",
        "Bedrock is unable to process your request.",
      );
    default:
      return bedrockError(
        status,
        "InternalServerException",
        "The system encountered an unexpected error during processing. Try your request again.",
      );
  }
}

/** The error that a prompt demanded. */
export function bedrockScriptedFailure({ status, retryAfterSeconds }: ScriptedFailure): Reply {
  return withRetryAfter(bedrockFailure(status), retryAfterSeconds);
}

type Wordable = Exclude<FieldProblem, { readonly kind: "unknown" }>;

function wordProblem(problem: Wordable): readonly [string, string] {
  switch (problem.kind) {
    case "missing":
      return ["null ", "Member must not be null"];
    case "type":
      return ["", `Member must be ${problem.wanted}, not ${problem.received}`];
    case "value":
      return [
        `'${problem.received}' `,
        `Member must satisfy enum value set: [${problem.allowed.join(", ")}]`,
      ];
    case "minimum":
      return [
        `'${problem.received}' `,
        `Member must have value greater than or equal to ${problem.limit}`,
      ];
    case "maximum":
      return [
        `'${problem.received}' `,
        `Member must have value less than or equal to ${problem.limit}`,
      ];
    case "short":
      return ["", `Member must have length greater than or equal to ${problem.limit}`];
    case "long":
      return ["", `Member must have length less than or equal to ${problem.limit}`];
    case "pattern":
      return ["", `Member must satisfy regular expression pattern: ${problem.pattern}`];
    case "members":
      return [
        "",
        `Member must have exactly one of ${problem.allowed.join(", ")}, not ${problem.received.length}`,
      ];
  }
}

/** Positions count from 1 and are called members. */
function renderPath(path: FieldPath): string {
  return path.map((part) => (typeof part === "number" ? `${part + 1}.member` : part)).join(".");
}
