/**
 * Errors of the Bedrock runtime (https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html and each
 * operation's): the exception is named in the header `x-amzn-errortype`, its message is in the body.
 */

import type { WireBody, WireResponse } from "../codec.ts";
import type { ErrorKind, ModelError } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { isJsonObject, parseJson, writeJson } from "../json-text.ts";

const kindOfException: ReadonlyMap<string, ErrorKind> = new Map([
  ["ValidationException", "invalid-request"],
  ["ValidationError", "invalid-request"],
  ["ConflictException", "invalid-request"],
  ["SerializationException", "invalid-request"],
  ["MalformedHttpRequestException", "invalid-request"],
  ["UnrecognizedClientException", "authentication"],
  ["InvalidSignatureException", "authentication"],
  ["IncompleteSignature", "authentication"],
  ["IncompleteSignatureException", "authentication"],
  ["InvalidClientTokenId", "authentication"],
  ["MissingAuthenticationToken", "authentication"],
  ["MissingAuthenticationTokenException", "authentication"],
  ["ExpiredTokenException", "authentication"],
  ["RequestExpired", "authentication"],
  ["AccessDeniedException", "permission"],
  ["NotAuthorized", "permission"],
  ["OptInRequired", "permission"],
  ["ResourceNotFoundException", "not-found"],
  ["UnknownOperationException", "not-found"],
  ["RequestEntityTooLargeException", "too-large"],
  ["ThrottlingException", "rate-limit"],
  ["TooManyRequestsException", "rate-limit"],
  ["ServiceQuotaExceededException", "rate-limit"],
  ["ModelNotReadyException", "overloaded"],
  ["ServiceUnavailableException", "overloaded"],
  ["ServiceUnavailable", "overloaded"],
  ["ModelTimeoutException", "timeout"],
  ["RequestTimeoutException", "timeout"],
  ["InternalServerException", "server"],
  ["InternalFailure", "server"],
  ["ModelErrorException", "server"],
  ["ModelStreamErrorException", "server"],
]);

const kindOfStatus: ReadonlyMap<number, ErrorKind> = new Map([
  [400, "invalid-request"],
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

/** The exception of each sort with its status. */
const exceptionOfKind = {
  "invalid-request": { name: "ValidationException", status: 400 },
  authentication: { name: "UnrecognizedClientException", status: 403 },
  permission: { name: "AccessDeniedException", status: 403 },
  "not-found": { name: "ResourceNotFoundException", status: 404 },
  "too-large": { name: "RequestEntityTooLargeException", status: 413 },
  "rate-limit": { name: "ThrottlingException", status: 429 },
  overloaded: { name: "ServiceUnavailableException", status: 503 },
  timeout: { name: "ModelTimeoutException", status: 408 },
  server: { name: "InternalServerException", status: 500 },
} as const satisfies Readonly<
  Record<ErrorKind, { readonly name: string; readonly status: number }>
>;

/** Reads the error of an answer. */
export function decodeBedrockError(response: WireResponse): ModelError {
  const { status } = response;
  const parsed = parseJson(response.body);
  const body = parsed.kind === "value" && isJsonObject(parsed.value) ? parsed.value : {};
  const name = exceptionName(response.header("x-amzn-errortype") ?? textOf(body, "__type"));
  return {
    status,
    kind: kindOfException.get(name) ?? kindOfStatus.get(status) ?? kindByClass(status),
    message: messageOf(body) ?? unreadable(status),
    code: name === "" ? null : name,
  };
}

/** Reads an exception in mid-stream; its name may begin with a small letter there. */
export function decodeStreamException(name: string, body: JsonObject): ModelError {
  const exception = exceptionName(name.slice(0, 1).toUpperCase() + name.slice(1));
  const kind = kindOfException.get(exception) ?? "server";
  const { status } = exceptionOfKind[kind];
  const message = messageOf(body) ?? `The provider broke off with ${exception || "an exception"}`;
  return { status, kind, message, code: exception === "" ? null : exception };
}

/** Writes an error. The SDKs look for its name in the header first, some in the body too. */
export function encodeBedrockError(error: ModelError): WireBody & { readonly status: number } {
  const { name, status } = exceptionOfKind[error.kind];
  return {
    status,
    contentType: "application/json",
    headers: [{ name: "x-amzn-errortype", value: name }],
    body: writeJson({ __type: name, message: error.message }),
  };
}

/** The exception that a sort of error is in mid-stream, where the SDKs know five. */
export function streamExceptionOf(kind: ErrorKind): string {
  switch (kind) {
    case "invalid-request":
    case "not-found":
    case "too-large":
      return "validationException";
    case "rate-limit":
      return "throttlingException";
    case "overloaded":
      return "serviceUnavailableException";
    case "authentication":
    case "permission":
    case "timeout":
    case "server":
      return "internalServerException";
  }
}

/** Without a namespace before it and an address behind it. */
function exceptionName(text: string): string {
  const [name = ""] = text.slice(text.lastIndexOf("#") + 1).split(":", 1);
  return name.trim();
}

function messageOf(body: JsonObject): string | null {
  return textOf(body, "message") || textOf(body, "Message") || null;
}

function textOf(body: JsonObject, name: string): string {
  const text = Object.hasOwn(body, name) ? body[name] : undefined;
  return typeof text === "string" ? text : "";
}

function kindByClass(status: number): ErrorKind {
  return status >= 500 ? "server" : "invalid-request";
}

function unreadable(status: number): string {
  return `The provider answered with status ${status} and a body that is not an error of its API`;
}
