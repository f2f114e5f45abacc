/** Errors of api.anthropic.com: `{type: "error", error: {type, message}, request_id}`. https://docs.anthropic.com/en/api/errors */
import type { FieldProblem } from "./json-fields.ts";
import { jsonReply, withRetryAfter } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { ScriptedFailure } from "./script.ts";

const typeByStatus: ReadonlyMap<number, string> = new Map([
  [400, "invalid_request_error"],
  [401, "authentication_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [529, "overloaded_error"],
]);

/** One error response; the request id is filled in by `withRequestId`. */
export function anthropicError(status: number, message: string): Reply {
  const fallback = status < 500 ? "invalid_request_error" : "api_error";
  const type = typeByStatus.get(status) ?? fallback;
  return jsonReply(status, { type: "error", error: { type, message } });
}

/** 400 for the first wrong field of a body. */
export function anthropicFieldError(problem: FieldProblem): Reply {
  return anthropicError(400, `${problem.path.join(".")}: ${wordProblem(problem)}`);
}

/** The error of a status on demand: 400 for a conversation that is too long, 429, 5xx. */
export function anthropicFailure(status: number): Reply {
  if (status === 400)
    return anthropicError(400, "prompt is too long: 210000 tokens > 200000 maximum");
  if (status === 429) return anthropicError(status, "This request would exceed your rate limit.");
  return anthropicError(status, status === 529 ? "Overloaded" : "Internal server error");
}

/** The error that a prompt demanded; an overloaded API answers 529 where others answer 503. */
export function anthropicScriptedFailure({ status, retryAfterSeconds }: ScriptedFailure): Reply {
  return withRetryAfter(anthropicFailure(status === 503 ? 529 : status), retryAfterSeconds);
}

/** Puts the request id into the header, and into the body of an error. */
export function withRequestId(reply: Reply, requestId: string): Reply {
  const headers = { ...reply.headers, "request-id": requestId };
  if (reply.status < 400 || typeof reply.body !== "string") return { ...reply, headers };
  return { ...reply, headers, body: `${reply.body.slice(0, -1)},"request_id":"${requestId}"}` };
}

function wordProblem(problem: FieldProblem): string {
  switch (problem.kind) {
    case "missing":
      return "Field required";
    case "unknown":
      return "Extra inputs are not permitted";
    case "type":
      return `Input should be a valid ${problem.wanted.replace("array", "list").replace("object", "dictionary")}`;
    case "value":
      return `Input should be ${problem.allowed.map((value) => `'${value}'`).join(" or ")}`;
    case "minimum":
      return `Input should be greater than or equal to ${problem.limit}`;
    case "maximum":
      return `Input should be less than or equal to ${problem.limit}`;
    case "short":
      return `${lengthOf(problem.of)} at least ${problem.limit} ${unitOf(problem)}`;
    case "long":
      return `${lengthOf(problem.of)} at most ${problem.limit} ${unitOf(problem)}`;
    case "pattern":
      return `String should match pattern '${problem.pattern}'`;
    case "members":
      return `Input should have exactly one of ${problem.allowed.join(", ")}`;
    default:
      return assertNever(problem);
  }
}

function lengthOf(of: "string" | "array"): string {
  return `${of === "string" ? "String" : "List"} should have`;
}

function unitOf({
  of,
  limit,
}: {
  readonly of: "string" | "array";
  readonly limit: number;
}): string {
  const unit = of === "string" ? "character" : "item";
  return limit === 1 ? unit : `${unit}s`;
}

function assertNever(value: never): never {
  throw new TypeError(`Cannot word field problem: unknown kind in ${JSON.stringify(value)}`);
}
