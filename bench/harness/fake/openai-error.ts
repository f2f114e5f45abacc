/** Errors of api.openai.com: `{error: {message, type, param, code}}`. https://platform.openai.com/docs/guides/error-codes */
import type { FieldPath, FieldProblem } from "./json-fields.ts";
import { jsonReply, withRetryAfter } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { ScriptedFailure } from "./script.ts";

const tooLong =
  "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens. Please reduce the length of the messages.";
const tooLongDetail = { code: "context_length_exceeded", param: "messages" };

/** What an error says beside its message. */
export interface OpenAiErrorDetail {
  readonly status: number;
  readonly code?: string;
  readonly param?: string;
  /** "invalid_request_error" when absent */
  readonly type?: string;
}

/** One error response. */
export function openAiError(message: string, detail: OpenAiErrorDetail): Reply {
  const error = {
    message,
    type: detail.type ?? "invalid_request_error",
    param: detail.param ?? null,
    code: detail.code ?? null,
  };
  return jsonReply(detail.status, { error });
}

/** 400 for the first wrong field of a body. */
export function openAiFieldError(problem: FieldProblem): Reply {
  const param = renderPath(problem.path);
  switch (problem.kind) {
    case "missing":
      return invalid(
        `Missing required parameter: '${param}'.`,
        param,
        "missing_required_parameter",
      );
    case "unknown":
      return invalid(`Unknown parameter: '${param}'.`, param, "unknown_parameter");
    case "type":
      return invalid(
        `Invalid type for '${param}': expected ${withArticle(problem.wanted)}, but got ${withArticle(problem.received)} instead.`,
        param,
        "invalid_type",
      );
    case "value": {
      const allowed = problem.allowed.map((value) => `'${value}'`).join(", ");
      return invalid(
        `Invalid value: '${problem.received}'. Supported values are: ${allowed}.`,
        param,
        "invalid_value",
      );
    }
    case "minimum":
      return invalid(
        `Invalid '${param}': value below minimum. Expected a value >= ${problem.limit}, but got ${problem.received} instead.`,
        param,
        "integer_below_min_value",
      );
    case "maximum":
      return invalid(
        `Invalid '${param}': value above maximum. Expected a value <= ${problem.limit}, but got ${problem.received} instead.`,
        param,
        "integer_above_max_value",
      );
    case "short":
    case "long":
      return lengthError(problem, param);
    case "pattern":
      return invalid(
        `Invalid '${param}': string does not match pattern. Expected a string that matches the pattern '${problem.pattern}'.`,
        param,
        "invalid_value",
      );
    case "members":
      return invalid(
        `Invalid '${param}': expected exactly one of ${problem.allowed.join(", ")}.`,
        param,
        "invalid_value",
      );
    default:
      return assertNever(problem);
  }
}

/** The error of a status on demand: 400 for a conversation that is too long, 429, 5xx. */
export function openAiFailure(status: number): Reply {
  if (status === 400) return openAiError(tooLong, { status, ...tooLongDetail });
  if (status === 429) {
    const code = "rate_limit_exceeded";
    return openAiError("Rate limit reached for requests per minute.", {
      status,
      type: "requests",
      code,
    });
  }
  const message =
    status === 503 || status === 529
      ? "The server is overloaded. Please try again later."
      : "The server had an error while processing your request.";
  return openAiError(message, { status, type: "server_error" });
}

/** The error that a prompt demanded. */
export function openAiScriptedFailure({ status, retryAfterSeconds }: ScriptedFailure): Reply {
  return withRetryAfter(openAiFailure(status), retryAfterSeconds);
}

function lengthError(
  { kind, of, limit, received }: Extract<FieldProblem, { readonly kind: "short" | "long" }>,
  param: string,
): Reply {
  const [size, bound, code] =
    kind === "short" ? ["short", "minimum", "below_min"] : ["long", "maximum", "above_max"];
  return invalid(
    `Invalid '${param}': ${of} too ${size}. Expected ${withArticle(of)} with ${bound} length ${limit}, but got ${withArticle(of)} with length ${received} instead.`,
    param,
    `${of}_${code}_length`,
  );
}

function invalid(message: string, param: string, code: string): Reply {
  return openAiError(message, { status: 400, param, code });
}

function renderPath(path: FieldPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

function withArticle(type: string): string {
  if (type === "null") return "null";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function assertNever(value: never): never {
  throw new TypeError(`Cannot word field problem: unknown kind in ${JSON.stringify(value)}`);
}
