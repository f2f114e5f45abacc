/**
 * Errors of OpenAI's APIs (https://platform.openai.com/docs/guides/error-codes) and of servers that speak its dialects:
 * their form, and which kind is which status and type.
 */

import type { WireBody, WireResponse } from "../codec.ts";
import type { ErrorKind, ModelError } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, parseJson, writeJson } from "../json-text.ts";
import { isJsonList } from "./body-reader.ts";

const kindsByStatus: ReadonlyMap<number, ErrorKind> = new Map([
  [400, "invalid-request"],
  [401, "authentication"],
  // An account without means, which no wait will fill
  [402, "permission"],
  [403, "permission"],
  [404, "not-found"],
  [408, "timeout"],
  [413, "too-large"],
  [422, "invalid-request"],
  [429, "rate-limit"],
  [503, "overloaded"],
  [504, "timeout"],
  [529, "overloaded"],
]);

/** By `code` or `type`, where no status tells: in the middle of a stream. */
const kindsByWord: ReadonlyMap<string, ErrorKind> = new Map([
  ["invalid_request_error", "invalid-request"],
  ["context_length_exceeded", "invalid-request"],
  ["content_filter", "invalid-request"],
  ["authentication_error", "authentication"],
  ["invalid_api_key", "authentication"],
  ["permission_error", "permission"],
  ["not_found_error", "not-found"],
  ["model_not_found", "not-found"],
  ["rate_limit_error", "rate-limit"],
  ["rate_limit_exceeded", "rate-limit"],
  ["insufficient_quota", "rate-limit"],
  ["tokens", "rate-limit"],
  ["requests", "rate-limit"],
  ["overloaded_error", "overloaded"],
  ["service_unavailable", "overloaded"],
  ["server_is_overloaded", "overloaded"],
  ["slow_down", "overloaded"],
  ["timeout", "timeout"],
]);

interface WireError {
  readonly status: number;
  readonly type: string;
}

/** OpenAI's SDKs tell classes by the status; they have none for 529. */
const wireErrors = {
  "invalid-request": { status: 400, type: "invalid_request_error" },
  authentication: { status: 401, type: "authentication_error" },
  permission: { status: 403, type: "permission_error" },
  "not-found": { status: 404, type: "invalid_request_error" },
  "too-large": { status: 413, type: "invalid_request_error" },
  "rate-limit": { status: 429, type: "rate_limit_error" },
  overloaded: { status: 503, type: "server_error" },
  timeout: { status: 504, type: "server_error" },
  server: { status: 500, type: "server_error" },
} as const satisfies Readonly<Record<ErrorKind, WireError>>;

/** Statuses that stay as they are beside the one of their kind. */
const keptStatuses: ReadonlySet<number> = new Set([408, 422, 500, 502]);

/** The kind of a status; of one that is not known it is `invalid-request` below 500 and `server` from there. */
export function kindOfStatus(status: number): ErrorKind {
  return kindsByStatus.get(status) ?? (status < 500 ? "invalid-request" : "server");
}

/** Reads the error of an answer. */
export function decodeError({ status, body }: WireResponse): ModelError {
  const parsed = parseJson(body);
  const found = parsed.kind === "value" ? findError(parsed.value) : undefined;
  const kind = kindOfStatus(status);
  if (found === undefined) return { status, kind, message: unknownBody(status), code: null };
  return { status, kind, message: found.message || unknownBody(status), code: found.code };
}

/** The body of an error with its status. */
export function encodeError(error: ModelError): WireBody & { readonly status: number } {
  const { status, kind } = error;
  const isKept = keptStatuses.has(status) && kindOfStatus(status) === kind;
  return {
    status: isKept ? status : wireErrors[kind].status,
    contentType: "application/json",
    body: encodeErrorBody(error),
  };
}

/** JSON text of an error, as it stands in a body and in an event of a stream. */
export function encodeErrorBody({ kind, message, code }: ModelError): string {
  return writeJson({ error: { message, type: wireErrors[kind].type, param: null, code } });
}

/** The error that an event of a stream tells; undefined: it tells none. */
export function decodeStreamError(event: JsonObject): ModelError | undefined {
  const isError = event["object"] === "error";
  const value = event["error"];
  if (!isError && (value === undefined || value === null)) return undefined;
  const found = findError(event) ?? { message: "", code: null, words: [], status: null };
  const kind = kindOfWords(found);
  return {
    status: found.status ?? wireErrors[kind].status,
    kind,
    message: found.message || "The provider ended the stream with an error",
    code: found.code,
  };
}

interface FoundError {
  readonly message: string;
  readonly code: string | null;
  readonly words: readonly string[];
  readonly status: number | null;
}

/** Beside OpenAI's `{error: {…}}`: `{error: "…"}`, `{message}`, `{detail}` and a list of one error. */
function findError(value: JsonValue): FoundError | undefined {
  if (isJsonList(value)) return value.length === 1 ? findError(value[0] ?? null) : undefined;
  if (!isJsonObject(value)) return undefined;
  const { error, message, detail } = value;
  if (isJsonObject(error)) return readError(error);
  if (typeof error === "string") return { ...readError(value), message: error };
  if (typeof message === "string") return readError(value);
  if (typeof detail === "string") return { ...readError(value), message: detail };
  return undefined;
}

function readError(error: JsonObject): FoundError {
  const { message, code, type } = error;
  const words = [code, type].filter((word) => typeof word === "string");
  return {
    message: typeof message === "string" ? message : "",
    code: words[0] ?? null,
    words,
    status: typeof code === "number" && code >= 400 && code < 600 ? code : null,
  };
}

function kindOfWords({ words, status }: FoundError): ErrorKind {
  for (const word of words) {
    const kind = kindsByWord.get(word);
    if (kind !== undefined) return kind;
  }
  return status === null ? "server" : kindOfStatus(status);
}

function unknownBody(status: number): string {
  return `The provider answered with status ${status} and a body that is not an error of its API`;
}
