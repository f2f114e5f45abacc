import t from "tap";
import type { FieldProblem } from "./json-fields.ts";
import { jsonOf } from "./fake-request.ts";
import {
  openAiError,
  openAiFailure,
  openAiFieldError,
  openAiScriptedFailure,
} from "./openai-error.ts";

const path = ["messages", 2, "content"];
const cases: [FieldProblem, string, string][] = [
  [
    { kind: "missing", path },
    "Missing required parameter: 'messages[2].content'.",
    "missing_required_parameter",
  ],
  [{ kind: "unknown", path }, "Unknown parameter: 'messages[2].content'.", "unknown_parameter"],
  [
    { kind: "type", path, wanted: "array", received: "integer" },
    "Invalid type for 'messages[2].content': expected an array, but got an integer instead.",
    "invalid_type",
  ],
  [
    { kind: "value", path, received: "x", allowed: ["a", "b"] },
    "Invalid value: 'x'. Supported values are: 'a', 'b'.",
    "invalid_value",
  ],
  [
    { kind: "minimum", path, received: 0, limit: 1 },
    "Invalid 'messages[2].content': value below minimum. Expected a value >= 1, but got 0 instead.",
    "integer_below_min_value",
  ],
  [
    { kind: "maximum", path, received: 9, limit: 1 },
    "Invalid 'messages[2].content': value above maximum. Expected a value <= 1, but got 9 instead.",
    "integer_above_max_value",
  ],
  [
    { kind: "long", path, of: "string", received: 9, limit: 8 },
    "Invalid 'messages[2].content': string too long. Expected a string with maximum length 8, but got a string with length 9 instead.",
    "string_above_max_length",
  ],
  [
    { kind: "short", path, of: "array", received: 0, limit: 1 },
    "Invalid 'messages[2].content': array too short. Expected an array with minimum length 1, but got an array with length 0 instead.",
    "array_below_min_length",
  ],
  [
    { kind: "pattern", path, pattern: "a+" },
    "Invalid 'messages[2].content': string does not match pattern. Expected a string that matches the pattern 'a+'.",
    "invalid_value",
  ],
];

for (const [problem, message, code] of cases) {
  t.test(`openAiFieldError() words a ${problem.kind} problem`, async (test) => {
    const reply = openAiFieldError(problem);
    test.equal(reply.status, 400);
    test.same(jsonOf(reply), {
      error: { message, type: "invalid_request_error", param: "messages[2].content", code },
    });
  });
}

t.test("openAiError() has null for what is not said", async (test) => {
  test.same(jsonOf(openAiError("m", { status: 418 })), {
    error: { message: "m", type: "invalid_request_error", param: null, code: null },
  });
});

t.test("openAiFailure() keeps the status", async (test) => {
  test.same(
    [429, 500, 503].map((status) => openAiFailure(status).status),
    [429, 500, 503],
  );
});

t.test("openAiScriptedFailure() says when to come again", async (test) => {
  const reply = openAiScriptedFailure({ status: 429, retryAfterSeconds: 7 });
  test.match(reply, { status: 429, headers: { "retry-after": "7" } });
  const other = openAiScriptedFailure({ status: 400, retryAfterSeconds: undefined });
  test.match(jsonOf(other), { error: { code: "context_length_exceeded" } });
  test.equal(other.headers["retry-after"], undefined);
});
