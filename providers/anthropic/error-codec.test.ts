import t from "tap";
import type { ErrorKind, ModelError } from "../ir.ts";
import { wireResponse } from "../testdata/anthropic-messages.ts";
import { decodeError, encodeError, encodeErrorObject, errorOf } from "./error-codec.ts";

const error = (kind: ErrorKind, changes: Partial<ModelError> = {}): ModelError => ({
  status: 400,
  kind,
  message: "m",
  code: null,
  ...changes,
});
const body = (type: string, message = "m") => ({
  type: "error",
  error: { type, message },
  request_id: "req_1",
});

const types = [
  { type: "invalid_request_error", status: 400, kind: "invalid-request" },
  { type: "authentication_error", status: 401, kind: "authentication" },
  { type: "billing_error", status: 402, kind: "permission" },
  { type: "permission_error", status: 403, kind: "permission" },
  { type: "not_found_error", status: 404, kind: "not-found" },
  { type: "request_too_large", status: 413, kind: "too-large" },
  { type: "rate_limit_error", status: 429, kind: "rate-limit" },
  { type: "api_error", status: 500, kind: "server" },
  { type: "timeout_error", status: 504, kind: "timeout" },
  { type: "overloaded_error", status: 529, kind: "overloaded" },
] as const;
for (const { type, status, kind } of types) {
  t.test(`decodeError() reads ${type}`, async (t) => {
    t.strictSame(decodeError(wireResponse(body(type), status)), {
      status,
      kind,
      message: "m",
      code: null,
    });
  });

  t.test(`encodeError() writes ${type} for ${kind}`, async (t) => {
    const { contentType, ...written } = encodeError(error(kind, { status }));
    t.equal(contentType, "application/json");
    t.equal(written.status, status);
    t.strictSame(JSON.parse(String(written.body)), {
      type: "error",
      error: { type, message: "m" },
      request_id: null,
    });
  });

  t.test(`errorOf() reads ${type} in mid-stream with the status that fits`, async (t) => {
    const fitting = type === "billing_error" ? 403 : status;
    t.strictSame(errorOf(body(type), null), { status: fitting, kind, message: "m", code: null });
  });
}

t.test("decodeError() goes by the type rather than by the status", async (t) => {
  t.match(decodeError(wireResponse(body("overloaded_error"), 500)), {
    status: 500,
    kind: "overloaded",
  });
});

t.test("decodeError() goes by the status where the type is unknown", async (t) => {
  t.match(decodeError(wireResponse(body("of_tomorrow"), 429)), {
    kind: "rate-limit",
    message: "m",
  });
});

const statuses = [
  { status: 400, kind: "invalid-request" },
  { status: 401, kind: "authentication" },
  { status: 402, kind: "permission" },
  { status: 403, kind: "permission" },
  { status: 404, kind: "not-found" },
  { status: 408, kind: "timeout" },
  { status: 409, kind: "invalid-request" },
  { status: 413, kind: "too-large" },
  { status: 422, kind: "invalid-request" },
  { status: 429, kind: "rate-limit" },
  { status: 500, kind: "server" },
  { status: 502, kind: "server" },
  { status: 503, kind: "overloaded" },
  { status: 504, kind: "timeout" },
  { status: 529, kind: "overloaded" },
  { status: 599, kind: "server" },
] as const;
const unknownBodies = [
  "",
  "<html>secret</html>",
  "null",
  "[]",
  '{"message":"secret"}',
  '{"error":{"message":"secret"}}',
  '{"error":"secret"}',
  "\u00ff{",
];
for (const { status, kind } of statuses) {
  t.test(
    `decodeError() goes by status ${status} where the body is none of the API's, and quotes nothing`,
    async (t) => {
      for (const unknown of unknownBodies) {
        t.strictSame(decodeError(wireResponse(unknown, status)), {
          status,
          kind,
          message: `The provider answered with status ${status} and a body that is not an error of its API`,
          code: null,
        });
      }
    },
  );
}

t.test("decodeError() reads the provider's code", async (t) => {
  const coded = {
    type: "error",
    error: { type: "rate_limit_error", message: "m", details: { error_code: "ramp" } },
  };
  t.equal(decodeError(wireResponse(coded, 429)).code, "ramp");
});

t.test(
  "decodeError() names the code of a conversation that is too long, which other dialects have",
  async (t) => {
    for (const message of [
      "prompt is too long: 208310 tokens > 200000 maximum",
      "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
    ]) {
      const decoded = decodeError(wireResponse(body("invalid_request_error", message), 400));
      t.strictSame(decoded, {
        status: 400,
        kind: "invalid-request",
        message,
        code: "context_length_exceeded",
      });
    }
  },
);

t.test(
  "encodeErrorObject() says in this dialect's words that a conversation is too long, once",
  async (t) => {
    const code = "context_length_exceeded";
    t.strictSame(
      encodeErrorObject(error("invalid-request", { code, message: "Too many tokens" }))["error"],
      {
        type: "invalid_request_error",
        message: "prompt is too long: Too many tokens",
        details: { error_code: code },
      },
    );
    const own = error("invalid-request", { code, message: "prompt is too long: 2 > 1" });
    t.match(encodeErrorObject(own), { error: { message: "prompt is too long: 2 > 1" } });
  },
);

t.test(
  "encodeError() keeps a status of the same kind, and gives others the one that the SDK knows",
  async (t) => {
    for (const [kind, status, written] of [
      ["server", 502, 502],
      ["server", 500, 500],
      ["server", 200, 500],
      ["invalid-request", 422, 422],
      ["invalid-request", 404, 400],
      ["overloaded", 503, 529],
      ["timeout", 408, 504],
      ["rate-limit", 503, 429],
      ["permission", 402, 402],
      ["authentication", 403, 401],
    ] as const) {
      t.equal(encodeError(error(kind, { status })).status, written, `${kind} ${status}`);
    }
  },
);

t.test("decodeError() reads what encodeError() writes", async (t) => {
  for (const { status, kind } of types) {
    const before = error(kind, { status, code: "a_code" });
    const { body, status: written } = encodeError(before);
    t.strictSame(decodeError(wireResponse(String(body), written)), before);
  }
});
