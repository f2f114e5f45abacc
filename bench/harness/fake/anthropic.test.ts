import t from "tap";
import { createAnthropicSite } from "./anthropic.ts";
import { createRequest, fixedEnvironment, jsonOf } from "./fake-request.ts";
import type { RequestParts } from "./fake-request.ts";

const apiKey = "sk-ant-test";
const site = createAnthropicSite(apiKey, fixedEnvironment);
const plain = { "anthropic-version": "2023-06-01", "content-type": "application/json" };
const headers = { ...plain, "x-api-key": apiKey };
const body = {
  model: "claude-sonnet-4-5",
  max_tokens: 10,
  messages: [{ role: "user", content: "Hello" }],
};
const requestId = `req_011C${"a".repeat(20)}`;

function ask(parts: Partial<RequestParts>) {
  return site.handle(createRequest({ path: "/v1/messages", headers, body, ...parts }));
}

t.test(
  "createAnthropicSite() accepts the key as x-api-key or as bearer token, with each version",
  async (test) => {
    const bearer = { ...plain, authorization: `Bearer ${apiKey}` };
    for (const version of ["2023-06-01", "2026-10-21"]) {
      for (const credential of [headers, bearer]) {
        const reply = ask({ headers: { ...credential, "anthropic-version": version } });
        test.equal(reply.status, 200);
        test.equal(reply.headers["request-id"], requestId);
      }
    }
  },
);

t.test("createAnthropicSite() serves token counts and models", async (test) => {
  const { max_tokens: _limit, ...counted } = body;
  const count = ask({ path: "/v1/messages/count_tokens", body: counted });
  test.same(jsonOf(count), { input_tokens: 8 });
  const models = ask({ path: "/v1/models", body: undefined, method: "GET" });
  test.match(jsonOf(models), { has_more: false, data: [{ type: "model", id: "claude-opus-5-5" }] });
});

const rejected: [string, Partial<RequestParts>, number, string, string][] = [
  ["an unknown path", { path: "/v1/complete" }, 404, "not_found_error", "Not Found"],
  ["a wrong method", { method: "GET" }, 405, "invalid_request_error", "Method Not Allowed"],
  [
    "no credential",
    { headers: plain },
    401,
    "authentication_error",
    "x-api-key header is required",
  ],
  [
    "a wrong key",
    { headers: { ...headers, "x-api-key": "x" } },
    401,
    "authentication_error",
    "invalid x-api-key",
  ],
  [
    "a wrong token",
    { headers: { ...plain, authorization: "Bearer x" } },
    401,
    "authentication_error",
    "invalid bearer token",
  ],
  [
    "a placeholder beside the key",
    { headers: { ...headers, authorization: "Bearer placeholder" } },
    401,
    "authentication_error",
    "invalid bearer token",
  ],
  [
    "no version",
    { headers: { "x-api-key": apiKey, "content-type": "application/json" } },
    400,
    "invalid_request_error",
    "anthropic-version: header is required",
  ],
  [
    "an unknown version",
    { headers: { ...headers, "anthropic-version": "2020-01-01" } },
    400,
    "invalid_request_error",
    'anthropic-version: "2020-01-01" is not a valid version',
  ],
  [
    "another media type",
    { headers: { ...headers, "content-type": "text/plain" } },
    400,
    "invalid_request_error",
    "Content-Type must be application/json",
  ],
  ["no JSON", { body: "{" }, 400, "invalid_request_error", "The request body is not valid JSON"],
  ["an array", { body: "[]" }, 400, "invalid_request_error", "Input should be a valid dictionary"],
];

for (const [name, parts, status, type, message] of rejected) {
  t.test(`createAnthropicSite() answers ${status} for ${name}`, async (test) => {
    const reply = ask(parts);
    test.equal(reply.status, status);
    test.same(jsonOf(reply), { type: "error", error: { type, message }, request_id: requestId });
  });
}

t.test("createAnthropicSite() answers 413 when the request is over 32 MB", async (test) => {
  const request = createRequest({ path: "/v1/messages", headers, body });
  request.bodyBytes = 32_000_001;
  test.match(jsonOf(site.handle(request)), { error: { type: "request_too_large" } });
});

t.test("failure() words 429, 529 and 500 as the API does", async (test) => {
  test.match(jsonOf(site.failure(429)), { error: { type: "rate_limit_error" } });
  test.match(jsonOf(site.failure(529)), {
    error: { type: "overloaded_error", message: "Overloaded" },
  });
  test.match(jsonOf(site.failure(500)), { error: { type: "api_error" } });
});
