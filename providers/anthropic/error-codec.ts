/** Errors between Anthropic's dialect and the IR (https://docs.anthropic.com/en/api/errors). */

import type { WireBody, WireResponse } from "../codec.ts";
import type { ErrorKind, ModelError } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, parseJson, writeJson } from "../json-text.ts";
import { memberOf, objectOrEmpty, textOrEmpty, textOrNull } from "./json-members.ts";

interface Wording {
  readonly type: string;
  readonly status: number;
}

const wordings = {
  "invalid-request": { type: "invalid_request_error", status: 400 },
  authentication: { type: "authentication_error", status: 401 },
  permission: { type: "permission_error", status: 403 },
  "not-found": { type: "not_found_error", status: 404 },
  "too-large": { type: "request_too_large", status: 413 },
  "rate-limit": { type: "rate_limit_error", status: 429 },
  overloaded: { type: "overloaded_error", status: 529 },
  timeout: { type: "timeout_error", status: 504 },
  server: { type: "api_error", status: 500 },
} as const satisfies Readonly<Record<ErrorKind, Wording>>;

/** The word for a conversation that no longer fits the model, which agents of other dialects look for. */
const contextFull = "context_length_exceeded";
/** The words for it in this dialect, which has no code for it: agents look for these. */
const tooLong = "prompt is too long";

const kinds: ReadonlyMap<string, ErrorKind> = new Map<string, ErrorKind>([
  ["invalid_request_error", "invalid-request"],
  ["authentication_error", "authentication"],
  ["billing_error", "permission"],
  ["permission_error", "permission"],
  ["not_found_error", "not-found"],
  ["request_too_large", "too-large"],
  ["conflict_error", "invalid-request"],
  ["rate_limit_error", "rate-limit"],
  ["overloaded_error", "overloaded"],
  ["timeout_error", "timeout"],
  ["api_error", "server"],
]);

const kindsByStatus: ReadonlyMap<number, ErrorKind> = new Map<number, ErrorKind>([
  [401, "authentication"],
  [402, "permission"],
  [403, "permission"],
  [404, "not-found"],
  [408, "timeout"],
  [413, "too-large"],
  [429, "rate-limit"],
  [503, "overloaded"],
  [504, "timeout"],
  [529, "overloaded"],
]);

/** Reads the error of an answer; of a body that is none of the API's the status decides, and nothing is quoted. */
export function decodeError({ status, body }: Pick<WireResponse, "status" | "body">): ModelError {
  const parsed = parseJson(body);
  const value = parsed.kind === "value" && isJsonObject(parsed.value) ? parsed.value : {};
  return errorOf(value, status);
}

/** Reads an error's object; of one in mid-stream, where `status` is null, its type says which status fits. */
export function errorOf(body: JsonObject, status: number | null): ModelError {
  const error = objectOrEmpty(memberOf(body, "error"));
  const named = kinds.get(textOrEmpty(memberOf(error, "type")));
  const isOwn = named !== undefined || memberOf(body, "type") === "error";
  const message = isOwn ? textOrNull(memberOf(error, "message")) : null;
  const kind = named ?? kindOfStatus(status ?? wordings.server.status);
  const fitting = status ?? wordings[kind].status;
  return {
    status: fitting,
    kind,
    message: message ?? unknownBody(fitting),
    code: codeOf(memberOf(error, "details")) ?? (isContextFull(message) ? contextFull : null),
  };
}

/** Writes an error that the SDK raises as the class that fits its kind, which it chooses by the status. */
export function encodeError(error: ModelError): WireBody & { readonly status: number } {
  const status = statusOf(error);
  return {
    contentType: "application/json",
    body: writeJson(encodeErrorObject(error)),
    status,
  };
}

/** The object of an error, the same in mid-stream. */
export function encodeErrorObject({ kind, message, code, status }: ModelError): JsonObject {
  const type = status === 402 ? "billing_error" : wordings[kind].type;
  const isUnsaid = code === contextFull && !isContextFull(message);
  return {
    type: "error",
    error: {
      type,
      message: isUnsaid ? `${tooLong}: ${message}` : message,
      ...(code !== null && { details: { error_code: code } }),
    },
    request_id: null,
  };
}

function isContextFull(message: string | null): boolean {
  return (
    message !== null && (message.startsWith(tooLong) || message.includes("exceed context limit"))
  );
}

function kindOfStatus(status: number): ErrorKind {
  return kindsByStatus.get(status) ?? (status >= 500 ? "server" : "invalid-request");
}

function statusOf({ kind, status }: ModelError): number {
  const isOwn = kindOfStatus(status) === kind && status >= 400;
  return isOwn && kind !== "overloaded" && kind !== "timeout" ? status : wordings[kind].status;
}

function codeOf(details: JsonValue | undefined): string | null {
  return isJsonObject(details) ? textOrNull(memberOf(details, "error_code")) : null;
}

function unknownBody(status: number): string {
  return `The provider answered with status ${status} and a body that is not an error of its API`;
}
