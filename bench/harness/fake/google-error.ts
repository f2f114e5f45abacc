/** Errors of Google APIs: `{error: {code, message, status, details}}`. https://google.aip.dev/193 */
import type { FieldPath, FieldProblem } from "./json-fields.ts";
import { jsonReply, withRetryAfter } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { ScriptedFailure } from "./script.ts";

const statusWords: ReadonlyMap<number, string> = new Map([
  [400, "INVALID_ARGUMENT"],
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [404, "NOT_FOUND"],
  [429, "RESOURCE_EXHAUSTED"],
  [500, "INTERNAL"],
  [503, "UNAVAILABLE"],
  [504, "DEADLINE_EXCEEDED"],
]);

/** One error response; `details` is left out when there are none. */
export function googleError(code: number, message: string, details: readonly object[] = []): Reply {
  return jsonReply(code, googleErrorBody(code, message, details));
}

/** What stands in an error response, or in the midst of a stream. */
export function googleErrorBody(
  code: number,
  message: string,
  details: readonly object[] = [],
): object {
  const status = statusWords.get(code) ?? "UNKNOWN";
  return { error: { code, message, status, ...(details.length > 0 && { details }) } };
}

/** 400 for the first wrong field of a body. */
export function googleFieldError(problem: FieldProblem): Reply {
  const description = wordProblem(problem);
  const field = renderPath(problem.kind === "unknown" ? problem.path.slice(0, -1) : problem.path);
  return googleError(400, description, [
    {
      "@type": "type.googleapis.com/google.rpc.BadRequest",
      fieldViolations: [{ field, description }],
    },
  ]);
}

/** 400 for a field whose value breaks a rule, as the service's own checks say it. */
export function googleRuleError(path: FieldPath, clause: string): Reply {
  return googleError(400, `* GenerateContentRequest.${renderPath(path)}: ${clause}\n`);
}

/** The error of a status on demand: 400 for a conversation that is too long, 429, 5xx. */
export function googleFailure(code: number): Reply {
  switch (code) {
    case 400:
      return googleError(
        code,
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
      );
    case 429:
      return googleError(
        code,
        "You exceeded your current quota, please check your plan and billing details.",
        [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "7s" }],
      );
    case 503:
      return googleError(code, "The model is overloaded. Please try again later.");
    default:
      return googleError(code, "An internal error has occurred. Please retry.");
  }
}

/** The error that a prompt demanded. */
export function googleScriptedFailure({ status, retryAfterSeconds }: ScriptedFailure): Reply {
  return withRetryAfter(googleFailure(status), retryAfterSeconds);
}

function wordProblem(problem: FieldProblem): string {
  const place = renderPath(problem.path);
  switch (problem.kind) {
    case "unknown": {
      const parent = renderPath(problem.path.slice(0, -1));
      const where = parent === "" ? "" : ` at '${parent}'`;
      return `Invalid JSON payload received. Unknown name "${String(problem.path.at(-1))}"${where}: Cannot find field.`;
    }
    case "missing":
      return `* GenerateContentRequest.${place}: ${String(problem.path.at(-1))} is not specified\n`;
    case "type":
      return `Invalid value at '${place}' (${problem.wanted}), ${problem.received}`;
    case "value":
      return `Invalid value at '${place}' (one of ${problem.allowed.join(", ")}), "${problem.received}"`;
    case "minimum":
    case "maximum":
      return `Invalid value at '${place}': ${problem.received}, ${problem.kind} is ${problem.limit}`;
    case "short":
    case "long":
      return `* GenerateContentRequest.${place}: ${problem.of} of ${problem.received} is too ${problem.kind}, the limit is ${problem.limit}\n`;
    case "pattern":
      return `* GenerateContentRequest.${place}: [FIELD_INVALID] Invalid value, it must match ${problem.pattern}\n`;
    case "members":
      return problem.received.length === 0
        ? `* GenerateContentRequest.${place}.data: required oneof field 'data' must have one initialized field\n`
        : `Invalid value at '${place}' (oneof), oneof field 'data' is already set. Cannot set '${String(problem.received.at(-1))}'`;
    default:
      return assertNever(problem);
  }
}

/** Names are those of the protobuf fields. */
function renderPath(path: FieldPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const name = part.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return text === "" ? name : `${text}.${name}`;
  }, "");
}

function assertNever(value: never): never {
  throw new TypeError(`Cannot word field problem: unknown kind in ${JSON.stringify(value)}`);
}
