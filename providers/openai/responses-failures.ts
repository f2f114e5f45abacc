/**
 * Failures that an answer of status 200 tells of: the error of a failed answer and the `error` event of a stream
 * (https://platform.openai.com/docs/api-reference/responses-streaming/error).
 */

import type { ErrorKind, ModelError } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, writeJson } from "../json-text.ts";
import { decodeStreamError, encodeErrorBody } from "./error-codec.ts";

interface Sort {
  readonly kind: ErrorKind;
  readonly status: number;
}

const invalid: Sort = { kind: "invalid-request", status: 400 };

/** Codes that only answers of this API have. */
const ownCodes: ReadonlyMap<string, Sort> = new Map([
  ["invalid_prompt", invalid],
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
  ["vector_store_timeout", { kind: "timeout", status: 504 }],
  ["credit_balance_exhausted", { kind: "rate-limit", status: 429 }],
]);

/** Codes of OpenAI's other APIs that clients look for in failed answers. */
const otherCodes: ReadonlySet<string> = new Set([
  "server_error",
  "rate_limit_exceeded",
  "insufficient_quota",
  "context_length_exceeded",
  "server_is_overloaded",
  "slow_down",
]);

const unknownFailure: ModelError = {
  status: 500,
  kind: "server",
  message: "The provider failed",
  code: null,
};

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
  const { code, message } = inner;
  const own = typeof code === "string" ? ownCodes.get(code) : undefined;
  // Of an event its type says only that it is an error.
  const type = inner === outer ? undefined : inner["type"];
  const error = decodeStreamError({ error: { code, message, type } }) ?? unknownFailure;
  return own === undefined ? error : { ...error, ...own };
}

/**
 * Members of an `error` event as JSON text. The API sends them in an object of their own, its reference has them beside the
 * type: clients read the one or the other, and expect a code.
 */
export function writeFailureMembers(error: ModelError): string {
  const { message } = error;
  const code = error.code ?? codes[error.kind];
  const flat = writeJson({ code, message, param: null }).slice(1, -1);
  return `${flat},${encodeErrorBody({ ...error, code }).slice(1, -1)}`;
}

/** The error of a failed answer: words that clients do not know give way to those for the kind. */
export function encodeFailure({ kind, message, code }: ModelError): JsonObject {
  const isKnown = code !== null && (ownCodes.has(code) || otherCodes.has(code));
  return { code: isKnown ? code : codes[kind], message };
}
