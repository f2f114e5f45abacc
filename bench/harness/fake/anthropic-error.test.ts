import t from "tap";
import {
  anthropicError,
  anthropicFailure,
  anthropicFieldError,
  withRequestId,
} from "./anthropic-error.ts";
import { jsonOf } from "./fake-request.ts";
import type { FieldProblem } from "./json-fields.ts";
import { jsonReply } from "./reply.ts";

const path = ["messages", 0, "role"];
const cases: [FieldProblem, string][] = [
  [{ kind: "missing", path }, "Field required"],
  [{ kind: "unknown", path }, "Extra inputs are not permitted"],
  [
    { kind: "type", path, wanted: "string or array", received: "null" },
    "Input should be a valid string or list",
  ],
  [{ kind: "value", path, received: "x", allowed: ["a", "b"] }, "Input should be 'a' or 'b'"],
  [{ kind: "minimum", path, received: 0, limit: 1 }, "Input should be greater than or equal to 1"],
  [{ kind: "maximum", path, received: 2, limit: 1 }, "Input should be less than or equal to 1"],
  [
    { kind: "short", path, of: "string", received: 0, limit: 1 },
    "String should have at least 1 character",
  ],
  [{ kind: "long", path, of: "array", received: 3, limit: 2 }, "List should have at most 2 items"],
  [{ kind: "pattern", path, pattern: "a+" }, "String should match pattern 'a+'"],
];

for (const [problem, words] of cases) {
  t.test(`anthropicFieldError() words a ${problem.kind} problem`, async (test) => {
    const error = { type: "invalid_request_error", message: `messages.0.role: ${words}` };
    test.same(jsonOf(anthropicFieldError(problem)), { type: "error", error });
  });
}

t.test("anthropicError() names the type of each status", async (test) => {
  const types = [400, 401, 403, 404, 405, 413, 429, 500, 529].map((status) =>
    JSON.stringify(jsonOf(anthropicError(status, "m"))["error"]).replace(
      /.*"type":"(\w+)".*/,
      "$1",
    ),
  );
  test.same(types, [
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "not_found_error",
    "invalid_request_error",
    "request_too_large",
    "rate_limit_error",
    "api_error",
    "overloaded_error",
  ]);
  test.equal(anthropicFailure(529).status, 529);
});

t.test(
  "withRequestId() puts the id into every header, and into bodies of errors only",
  async (test) => {
    const good = withRequestId(jsonReply(200, { a: 1 }), "req_1");
    test.same(jsonOf(good), { a: 1 });
    test.equal(good.headers["request-id"], "req_1");
    test.match(jsonOf(withRequestId(anthropicError(400, "m"), "req_1")), { request_id: "req_1" });
  },
);
