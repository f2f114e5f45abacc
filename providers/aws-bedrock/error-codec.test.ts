import t from "tap";
import type { ErrorKind, ModelError } from "../ir.ts";
import {
  decodeBedrockError,
  decodeStreamException,
  encodeBedrockError,
  streamExceptionOf,
} from "./error-codec.ts";
import { wireResponse } from "./testdata/converse-calls.ts";

const exceptions: readonly [name: string, status: number, kind: ErrorKind][] = [
  ["ValidationException", 400, "invalid-request"],
  ["ConflictException", 400, "invalid-request"],
  ["ServiceQuotaExceededException", 400, "rate-limit"],
  ["UnrecognizedClientException", 403, "authentication"],
  ["InvalidSignatureException", 403, "authentication"],
  ["ExpiredTokenException", 403, "authentication"],
  ["AccessDeniedException", 403, "permission"],
  ["ResourceNotFoundException", 404, "not-found"],
  ["ModelTimeoutException", 408, "timeout"],
  ["ModelErrorException", 424, "server"],
  ["ThrottlingException", 429, "rate-limit"],
  ["ModelNotReadyException", 429, "overloaded"],
  ["InternalServerException", 500, "server"],
  ["ServiceUnavailableException", 503, "overloaded"],
];

for (const [name, status, kind] of exceptions) {
  t.test(`decodeBedrockError() knows ${name}`, async (t) => {
    const wanted = { status, kind, message: "No.", code: name };
    const headers = { "x-amzn-errortype": `${name}:http://internal.amazon.com/coral/x/` };
    t.same(decodeBedrockError(wireResponse({ message: "No." }, { status, headers })), wanted);
    const body = { __type: `com.amazon.coral.service#${name}`, Message: "No." };
    t.same(decodeBedrockError(wireResponse(body, { status })), wanted, "by the body");
  });
}

const statuses: readonly [status: number, kind: ErrorKind][] = [
  [400, "invalid-request"],
  [401, "authentication"],
  [403, "permission"],
  [404, "not-found"],
  [408, "timeout"],
  [413, "too-large"],
  [418, "invalid-request"],
  [429, "rate-limit"],
  [500, "server"],
  [502, "server"],
  [503, "overloaded"],
  [504, "timeout"],
  [529, "overloaded"],
];

const foreign = [
  "",
  "<html>Bad gateway</html>",
  "[]",
  '{"error":{"message":"secret"}}',
  '"x"',
  "{",
];

for (const [status, kind] of statuses) {
  t.test(`decodeBedrockError() takes ${status} alone for ${kind}`, async (t) => {
    const message = `The provider answered with status ${status} and a body that is not an error of its API`;
    for (const body of foreign) {
      const error = decodeBedrockError(wireResponse(body, { status }));
      t.same(error, { status, kind, message, code: null }, body);
    }
  });
}

t.test(
  "decodeBedrockError() takes the status for an exception that it does not know",
  async (t) => {
    const headers = { "x-amzn-errortype": "TeapotException" };
    const error = decodeBedrockError(wireResponse({ message: "I" }, { status: 503, headers }));
    t.same(error, { status: 503, kind: "overloaded", message: "I", code: "TeapotException" });
  },
);

const written: readonly [kind: ErrorKind, name: string, status: number, inStream: string][] = [
  ["invalid-request", "ValidationException", 400, "validationException"],
  ["authentication", "UnrecognizedClientException", 403, "internalServerException"],
  ["permission", "AccessDeniedException", 403, "internalServerException"],
  ["not-found", "ResourceNotFoundException", 404, "validationException"],
  ["too-large", "RequestEntityTooLargeException", 413, "validationException"],
  ["rate-limit", "ThrottlingException", 429, "throttlingException"],
  ["overloaded", "ServiceUnavailableException", 503, "serviceUnavailableException"],
  ["timeout", "ModelTimeoutException", 408, "internalServerException"],
  ["server", "InternalServerException", 500, "internalServerException"],
];

for (const [kind, name, status, inStream] of written) {
  const error: ModelError = { status: 599, kind, message: 'Say "no"', code: "x" };

  t.test(`encodeBedrockError() writes ${kind} as ${name}`, async (t) => {
    t.same(encodeBedrockError(error), {
      status,
      contentType: "application/json",
      headers: [{ name: "x-amzn-errortype", value: name }],
      body: JSON.stringify({ __type: name, message: 'Say "no"' }),
    });
  });

  t.test(`decodeBedrockError() reads ${kind} as it was written`, async (t) => {
    const { body, status, headers = [] } = encodeBedrockError(error);
    const named = Object.fromEntries(headers.map((header) => [header.name, header.value]));
    const read = decodeBedrockError(wireResponse(String(body), { status, headers: named }));
    t.equal(read.kind, kind);
    t.equal(read.message, 'Say "no"');
  });

  t.test(`streamExceptionOf() has ${inStream} for ${kind}`, async (t) => {
    t.equal(streamExceptionOf(kind), inStream);
  });
}

const streamed: readonly [name: string, kind: ErrorKind, status: number, code: string | null][] = [
  ["throttlingException", "rate-limit", 429, "ThrottlingException"],
  ["ThrottlingException", "rate-limit", 429, "ThrottlingException"],
  ["validationException", "invalid-request", 400, "ValidationException"],
  ["serviceUnavailableException", "overloaded", 503, "ServiceUnavailableException"],
  ["modelStreamErrorException", "server", 500, "ModelStreamErrorException"],
  ["modelTimeoutException", "timeout", 408, "ModelTimeoutException"],
  ["internalServerException", "server", 500, "InternalServerException"],
  ["somethingElse", "server", 500, "SomethingElse"],
  ["", "server", 500, null],
];

for (const [name, kind, status, code] of streamed) {
  t.test(`decodeStreamException() knows "${name}"`, async (t) => {
    t.same(decodeStreamException(name, { message: "No" }), { status, kind, message: "No", code });
  });
}

t.test(
  "decodeStreamException() says which exception it was where nothing else is said",
  async (t) => {
    const { message } = decodeStreamException("throttlingException", {});
    t.equal(message, "The provider broke off with ThrottlingException");
    t.equal(decodeStreamException("", {}).message, "The provider broke off with an exception");
  },
);
