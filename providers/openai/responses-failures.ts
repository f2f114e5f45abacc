/**
 * Failures that an answer of status 200 tells of: the error of a failed answer and the `error` event of a stream
 * (https://platform.openai.com/docs/api-reference/responses-streaming/error).
 */

import type { ErrorKind, ModelError } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, writeJson } from "../json-text.ts";
import { encodeErrorBody } from "./error-codec.ts";

interface Sort {
  readonly kind: ErrorKind;
  readonly status: number;
}

const invalid: Sort = { kind: "invalid-request", status: 400 };
const rateLimit: Sort = { kind: "rate-limit", status: 429 };
const server: Sort = { kind: "server", status: 500 };

/** The API's words, as codes or types. */
const sorts: ReadonlyMap<string, Sort> = new Map([
  ["server_error", server],
  ["rate_limit_exceeded", rateLimit],
  ["rate_limit_error", rateLimit],
  ["insufficient_quota", rateLimit],
  ["credit_balance_exhausted", rateLimit],
  ["tokens", rateLimit],
  ["requests", rateLimit],
  ["server_is_overloaded", { kind: "overloaded", status: 503 }],
  ["slow_down", { kind: "overloaded", status: 503 }],
  ["vector_store_timeout", { kind: "timeout", status: 504 }],
  ["invalid_request_error", invalid],
  ["invalid_prompt", invalid],
  ["context_length_exceeded", invalid],
  ["bio_policy", invalid],
  ["misalignment_policy_violation", invalid],
  ["data_residency_mismatch", invalid],
  ["invalid_image", invalid],
  ["invalid_image_format", invalid],
  ["invalid_base64_image", invalid],
  ["invalid_image_url", invalid],
  ["invalid_image_mode", invalid],
  ["image_too_large", invalid],
  ["image_too_small", invalid],
  ["image_parse_error", invalid],
  ["image_content_policy_violation", invalid],
  ["image_file_too_large", invalid],
  ["image_file_not_found", invalid],
  ["unsupported_image_media_type", invalid],
  ["empty_image_file", invalid],
  ["failed_to_download_image", invalid],
  ["authentication_error", { kind: "authentication", status: 401 }],
  ["permission_error", { kind: "permission", status: 403 }],
]);

/** The word for each kind that clients know from failed answers. */
const codes: Readonly<Record<ErrorKind, string>> = {
  "invalid-request": "invalid_prompt",
  authentication: "server_error",
  permission: "server_error",
  "not-found": "server_error",
  "too-large": "invalid_prompt",
  "rate-limit": "rate_limit_exceeded",
  overloaded: "server_is_overloaded",
  timeout: "server_error",
  server: "server_error",
};

/** Reads the error of a failed answer or of an `error` event, which may hold it in an object of its own. */
export function decodeFailure(value: JsonValue | undefined): ModelError {
  const outer = isJsonObject(value) ? value : {};
  const inner = isJsonObject(outer["error"]) ? outer["error"] : outer;
  const { code, type, message } = inner;
  const sort = sortOf(code) ?? sortOf(type) ?? server;
  return {
    ...sort,
    message: typeof message === "string" && message !== "" ? message : "The provider failed",
    code: typeof code === "string" ? code : null,
  };
}

/**
 * Members of an `error` event as JSON text. The API sends them in an object of their own, its reference has them beside the
 * type: clients read the one or the other.
 */
export function writeFailureMembers(error: ModelError): string {
  const { code, message } = error;
  const flat = writeJson({ code, message, param: null }).slice(1, -1);
  return `${flat},${encodeErrorBody(error).slice(1, -1)}`;
}

/** The error of a failed answer: words that clients do not know give way to those for the kind. */
export function encodeFailure({ kind, message, code }: ModelError): JsonObject {
  return { code: code !== null && sorts.has(code) ? code : codes[kind], message };
}

function sortOf(word: JsonValue | undefined): Sort | undefined {
  return typeof word === "string" ? sorts.get(word) : undefined;
}
