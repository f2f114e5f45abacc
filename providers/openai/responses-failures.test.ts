import t from "tap";
import type { ErrorKind } from "../ir.ts";
import { decodeFailure, encodeFailure, writeFailureMembers } from "./responses-failures.ts";

const decoded: readonly { name: string; code: string; kind: ErrorKind; status: number }[] = [
  { name: "the server", code: "server_error", kind: "server", status: 500 },
  { name: "limits", code: "rate_limit_exceeded", kind: "rate-limit", status: 429 },
  { name: "quota", code: "insufficient_quota", kind: "rate-limit", status: 429 },
  { name: "credit", code: "credit_balance_exhausted", kind: "rate-limit", status: 429 },
  { name: "the prompt", code: "invalid_prompt", kind: "invalid-request", status: 400 },
  { name: "length", code: "context_length_exceeded", kind: "invalid-request", status: 400 },
  { name: "an image", code: "image_too_large", kind: "invalid-request", status: 400 },
  { name: "a policy", code: "bio_policy", kind: "invalid-request", status: 400 },
  { name: "time", code: "vector_store_timeout", kind: "timeout", status: 504 },
  { name: "load", code: "slow_down", kind: "overloaded", status: 503 },
  { name: "what nobody knows", code: "constructor", kind: "server", status: 500 },
];

for (const { name, code, kind, status } of decoded) {
  t.test(`decodeFailure() reads a failure of ${name}`, async (t) => {
    const error = { status, kind, message: "Sorry", code };
    t.same(decodeFailure({ status: "failed", error: { code, message: "Sorry" } }), error);
    t.same(decodeFailure({ type: "error", code, message: "Sorry", param: null }), error);
  });
}

t.test("decodeFailure() reads an event that holds its error in an object", async (t) => {
  const event = {
    type: "error",
    sequence_number: 2,
    error: { type: "invalid_request_error", code: null, message: "Too long", param: "input" },
  };
  t.match(decodeFailure(event), { kind: "invalid-request", status: 400, message: "Too long" });
});

t.test("decodeFailure() prefers the code to the type", async (t) => {
  const error = { type: "invalid_request_error", code: "rate_limit_exceeded", message: "x" };
  t.equal(decodeFailure({ type: "error", error }).kind, "rate-limit");
});

for (const { name, value } of [
  { name: "nothing", value: undefined },
  { name: "an answer without an error", value: { error: null } },
  { name: "a text", value: "x" },
]) {
  t.test(`decodeFailure() takes ${name} for a failure of the server`, async (t) => {
    const { kind, status, message, code } = decodeFailure(value);
    t.same({ kind, status, code }, { kind: "server", status: 500, code: null });
    t.not(message, "");
  });
}

const encoded: readonly { name: string; kind: ErrorKind; code: string | null; written: string }[] =
  [
    {
      name: "a code that clients know",
      kind: "rate-limit",
      code: "insufficient_quota",
      written: "insufficient_quota",
    },
    {
      name: "a code of another dialect",
      kind: "overloaded",
      code: "overloaded_error",
      written: "server_is_overloaded",
    },
    { name: "limits", kind: "rate-limit", code: null, written: "rate_limit_exceeded" },
    { name: "a bad request", kind: "invalid-request", code: null, written: "invalid_prompt" },
    { name: "a long request", kind: "too-large", code: null, written: "invalid_prompt" },
    { name: "the server", kind: "server", code: "constructor", written: "server_error" },
    { name: "a missing model", kind: "not-found", code: null, written: "server_error" },
  ];

for (const { name, kind, code, written } of encoded) {
  t.test(`encodeFailure() has a code for ${name}`, async (t) => {
    const error = { status: 500, kind, message: "Sorry", code };
    t.same(encodeFailure(error), { code: written, message: "Sorry" });
  });
}

t.test("writeFailureMembers() says it beside the type and in an object", async (t) => {
  const error = { status: 429, kind: "rate-limit", message: 'No "more"', code: "slow" } as const;
  t.same(JSON.parse(`{${writeFailureMembers(error)}}`), {
    code: "slow",
    message: 'No "more"',
    param: null,
    error: { type: "rate_limit_error", code: "slow", message: 'No "more"', param: null },
  });
});

t.test("writeFailureMembers() has a code where the provider has none", async (t) => {
  const error = { status: 500, kind: "server", message: "Sorry", code: null } as const;
  t.match(JSON.parse(`{${writeFailureMembers(error)}}`), {
    code: "server_error",
    error: { code: "server_error" },
  });
});

t.test("decodeFailure() reads what writeFailureMembers() writes", async (t) => {
  const error = {
    status: 400,
    kind: "invalid-request",
    message: "Too long",
    code: "context_length_exceeded",
  } as const;
  t.same(decodeFailure(JSON.parse(`{"type":"error",${writeFailureMembers(error)}}`)), error);
});
