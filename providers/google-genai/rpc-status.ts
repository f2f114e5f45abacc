/**
 * Errors of Google's APIs (https://google.aip.dev/193): a `google.rpc.Status` in JSON under `error`, in a list where the
 * answer would have been one.
 */

import type { WireBody, WireResponse } from "../codec.ts";
import type { ErrorKind, ModelError } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { parseJson, writeJson } from "../json-text.ts";
import { countOf, fieldsOf, isList, listOf, textOrNull } from "./proto-fields.ts";

/** Media type of JSON answers, as Google's front ends write it. */
export const jsonType = "application/json; charset=UTF-8";

const kindsByCode: ReadonlyMap<string, ErrorKind> = new Map([
  ["INVALID_ARGUMENT", "invalid-request"],
  ["FAILED_PRECONDITION", "invalid-request"],
  ["OUT_OF_RANGE", "invalid-request"],
  ["ALREADY_EXISTS", "invalid-request"],
  ["UNAUTHENTICATED", "authentication"],
  ["PERMISSION_DENIED", "permission"],
  ["NOT_FOUND", "not-found"],
  ["RESOURCE_EXHAUSTED", "rate-limit"],
  ["UNAVAILABLE", "overloaded"],
  ["DEADLINE_EXCEEDED", "timeout"],
  ["CANCELLED", "server"],
  ["ABORTED", "server"],
  ["UNIMPLEMENTED", "server"],
  ["INTERNAL", "server"],
  ["UNKNOWN", "server"],
  ["DATA_LOSS", "server"],
]);
const kindsByStatus: ReadonlyMap<number, ErrorKind> = new Map([
  [401, "authentication"],
  [403, "permission"],
  [404, "not-found"],
  [408, "timeout"],
  [413, "too-large"],
  [429, "rate-limit"],
  [503, "overloaded"],
  [504, "timeout"],
  [529, "overloaded"],
]);
const codes = {
  "invalid-request": { status: 400, code: "INVALID_ARGUMENT" },
  authentication: { status: 401, code: "UNAUTHENTICATED" },
  permission: { status: 403, code: "PERMISSION_DENIED" },
  "not-found": { status: 404, code: "NOT_FOUND" },
  "too-large": { status: 413, code: "INVALID_ARGUMENT" },
  "rate-limit": { status: 429, code: "RESOURCE_EXHAUSTED" },
  overloaded: { status: 503, code: "UNAVAILABLE" },
  timeout: { status: 504, code: "DEADLINE_EXCEEDED" },
  server: { status: 500, code: "INTERNAL" },
} as const satisfies Readonly<
  Record<ErrorKind, { readonly status: number; readonly code: string }>
>;

/** The error of an answer, whatever its body is. */
export function decodeError({ status, body }: WireResponse): ModelError {
  const parsed = parseJson(body);
  const error = parsed.kind === "value" ? decodeStatus(parsed.value, status) : undefined;
  return (
    error ?? {
      status,
      kind: kindOf(status),
      message: `The provider answered with status ${status} and a body that is not an error of its API`,
      code: null,
    }
  );
}

/** The error that a document says, alone or as the first of a list; undefined when it says none. */
export function decodeStatus(value: JsonValue, httpStatus: number | null): ModelError | undefined {
  const document = isList(value) ? value[0] : value;
  const error = fieldsOf(fieldsOf(document)?.["error"]);
  if (error === undefined) return undefined;
  const code = textOrNull(error["status"]);
  const number = countOf(error["code"]);
  if (code === null && number === null) return undefined;
  const status = httpStatus ?? (isFailure(number) ? number : 500);
  const message = textOrNull(error["message"]) ?? "The provider gave no reason";
  return { status, kind: kindOfError(error, status), message, code };
}

/** An error as an answer of its own. */
export function encodeError(error: ModelError): WireBody & { readonly status: number } {
  const document = errorDocument(error);
  return { status: statusOf(error), contentType: jsonType, body: writeJson(document) };
}

/** An error as a document, also of a stream. */
export function errorDocument(error: ModelError): JsonObject {
  const { code } = codes[error.kind];
  return { error: { code: statusOf(error), message: error.message, status: code } };
}

function statusOf({ kind, status }: ModelError): number {
  const isOtherFailure = kind === "server" && status > 500 && status < 600;
  return isOtherFailure ? status : codes[kind].status;
}

/** An API key that is none is an invalid argument there; every SDK takes it for what it is. */
function isFailure(number: number | null): number is number {
  return number !== null && number >= 400 && number < 600;
}

function kindOfError(error: JsonObject, status: number): ErrorKind {
  const reasons = listOf(error["details"]).map((detail) => fieldsOf(detail)?.["reason"]);
  if (reasons.includes("API_KEY_INVALID")) return "authentication";
  if (status === 413) return "too-large";
  const code = textOrNull(error["status"]);
  return (code === null ? undefined : kindsByCode.get(code)) ?? kindOf(status);
}

function kindOf(status: number): ErrorKind {
  const kind = kindsByStatus.get(status);
  if (kind !== undefined) return kind;
  return status >= 500 ? "server" : "invalid-request";
}
