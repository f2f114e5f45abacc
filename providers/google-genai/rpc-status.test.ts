import t from "tap";
import type { ErrorKind, ModelError } from "../ir.ts";
import { decodeError, decodeStatus, encodeError, errorDocument } from "./rpc-status.ts";
import { answer } from "./testdata/requests.ts";

const words: readonly (readonly [string, number, ErrorKind])[] = [
  ["INVALID_ARGUMENT", 400, "invalid-request"],
  ["FAILED_PRECONDITION", 400, "invalid-request"],
  ["OUT_OF_RANGE", 400, "invalid-request"],
  ["ALREADY_EXISTS", 409, "invalid-request"],
  ["UNAUTHENTICATED", 401, "authentication"],
  ["PERMISSION_DENIED", 403, "permission"],
  ["NOT_FOUND", 404, "not-found"],
  ["INVALID_ARGUMENT", 413, "too-large"],
  ["RESOURCE_EXHAUSTED", 429, "rate-limit"],
  ["UNAVAILABLE", 503, "overloaded"],
  ["DEADLINE_EXCEEDED", 504, "timeout"],
  ["CANCELLED", 499, "server"],
  ["ABORTED", 409, "server"],
  ["UNIMPLEMENTED", 501, "server"],
  ["INTERNAL", 500, "server"],
  ["UNKNOWN", 500, "server"],
  ["DATA_LOSS", 500, "server"],
  ["SOMETHING_NEW", 429, "rate-limit"],
  ["constructor", 500, "server"],
];

for (const [code, status, kind] of words) {
  t.test(`decodeError() takes ${code} with ${status} for ${kind}`, async (t) => {
    const body = { error: { code: status, message: "Why", status: code } };
    t.same(decodeError(answer(body, status)), { status, kind, message: "Why", code });
    t.same(decodeError(answer([body], status)), { status, kind, message: "Why", code });
  });
}

const statuses: readonly (readonly [number, ErrorKind])[] = [
  [400, "invalid-request"],
  [401, "authentication"],
  [403, "permission"],
  [404, "not-found"],
  [408, "timeout"],
  [409, "invalid-request"],
  [413, "too-large"],
  [422, "invalid-request"],
  [429, "rate-limit"],
  [500, "server"],
  [502, "server"],
  [503, "overloaded"],
  [504, "timeout"],
  [529, "overloaded"],
];

const strangers = [
  "",
  "<html>Secret</html>",
  "{}",
  "[]",
  "null",
  '{"error":"Secret"}',
  '{"error":{"message":"Secret","type":"invalid_request_error"}}',
  '{"type":"error","error":{"type":"overloaded_error","message":"Secret"}}',
];

for (const [status, kind] of statuses) {
  t.test(`decodeError() takes other bodies with ${status} for ${kind}`, async (t) => {
    for (const body of strangers) {
      t.same(
        decodeError(answer(body, status)),
        {
          status,
          kind,
          message: `The provider answered with status ${status} and a body that is not an error of its API`,
          code: null,
        },
        body,
      );
    }
  });
}

t.test("decodeStatus() takes a number that is no failure for a server's", async (t) => {
  for (const code of [0, 200, 600]) {
    t.match(decodeStatus({ error: { code, message: "Why" } }, null), { status: 500 });
  }
});

t.test("decodeError() takes an API key that is none for what it is", async (t) => {
  const error = {
    code: 400,
    message: "API key not valid. Please pass a valid API key.",
    status: "INVALID_ARGUMENT",
    details: [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        reason: "API_KEY_INVALID",
        domain: "googleapis.com",
      },
    ],
  };
  t.equal(decodeError(answer({ error }, 400)).kind, "authentication");
});

t.test("decodeStatus() takes the status of an error in mid-stream from itself", async (t) => {
  const read = (error: object) => decodeStatus({ error } as never, null);
  t.match(read({ code: 503, message: "Busy", status: "UNAVAILABLE" }), {
    status: 503,
    kind: "overloaded",
  });
  t.match(read({ code: 429 }), { status: 429, kind: "rate-limit", code: null });
  t.match(read({ status: "INTERNAL" }), { status: 500, message: "The provider gave no reason" });
  t.equal(read({ message: "x" }), undefined);
  t.equal(decodeStatus([], null), undefined);
});

const encoded: readonly (readonly [ErrorKind, number, number, string])[] = [
  ["invalid-request", 422, 400, "INVALID_ARGUMENT"],
  ["authentication", 401, 401, "UNAUTHENTICATED"],
  ["permission", 403, 403, "PERMISSION_DENIED"],
  ["not-found", 404, 404, "NOT_FOUND"],
  ["too-large", 413, 413, "INVALID_ARGUMENT"],
  ["rate-limit", 429, 429, "RESOURCE_EXHAUSTED"],
  ["overloaded", 529, 503, "UNAVAILABLE"],
  ["timeout", 408, 504, "DEADLINE_EXCEEDED"],
  ["server", 500, 500, "INTERNAL"],
  ["server", 502, 502, "INTERNAL"],
  ["server", 200, 500, "INTERNAL"],
];

for (const [kind, from, status, code] of encoded) {
  t.test(`encodeError() writes ${kind} of ${from} as ${status} ${code}`, async (t) => {
    const error: ModelError = { status: from, kind, message: "Why", code: "x" };
    const document = { error: { code: status, message: "Why", status: code } };
    t.same(encodeError(error), {
      status,
      contentType: "application/json; charset=UTF-8",
      body: JSON.stringify(document),
    });
    t.same(errorDocument(error), document);
  });
}

t.test("encodeError() writes what decodeError() takes for the same kind", async (t) => {
  for (const [kind, from] of encoded) {
    const { status, body } = encodeError({ status: from, kind, message: "Why", code: null });
    t.match(decodeError(answer(String(body), status)), { kind, status, message: "Why" });
  }
});
