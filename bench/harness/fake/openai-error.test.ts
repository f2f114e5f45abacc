import t from "tap";
import type { FieldProblem } from "./json-fields.ts";
import { jsonOf } from "./fake-request.ts";
import { openAiError, openAiFailure, openAiFieldError } from "./openai-error.ts";

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
