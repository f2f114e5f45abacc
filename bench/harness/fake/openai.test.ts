import t from "tap";
import { createRequest, fixedEnvironment, jsonOf } from "./fake-request.ts";
import type { RequestParts } from "./fake-request.ts";
import { createOpenAiSite } from "./openai.ts";

const apiKey = "sk-test-0123456789abcdef";
const site = createOpenAiSite(apiKey, fixedEnvironment);
const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
const body = { model: "gpt-4.1", messages: [{ role: "user", content: "Hello" }] };

function ask(parts: Partial<RequestParts>) {
  return site.handle(createRequest({ path: "/v1/chat/completions", headers, body, ...parts }));
}

t.test(
  "createOpenAiSite() puts a request id and the API version on every response",
  async (test) => {
    const expected = { "x-request-id": `req_${"a".repeat(32)}`, "openai-version": "2020-10-01" };
    for (const reply of [ask({}), ask({ path: "/nowhere" }), site.failure(500)])
      test.match(reply.headers, expected);
  },
);

t.test("createOpenAiSite() serves chat, responses, embeddings and models", async (test) => {
  test.equal(
    ask({ headers: { ...headers, "content-type": "application/json; charset=utf-8" } }).status,
    200,
  );
  test.equal(ask({ path: "/v1/responses", body: { model: "gpt-4.1", input: "x" } }).status, 200);
  test.equal(
    ask({ path: "/v1/embeddings", body: { model: "text-embedding-3-large", input: "x" } }).status,
    200,
  );
  const models = jsonOf(ask({ path: "/v1/models", body: undefined }));
  test.match(models, {
    object: "list",
    data: [{ id: "gpt-4.1", object: "model", owned_by: "system" }],
  });
  test.match(jsonOf(ask({ path: "/v1/models/gpt-4o", body: undefined })), { id: "gpt-4o" });
});

const rejected: [string, Partial<RequestParts>, number, object][] = [
  ["an unknown path", { path: "/v1/other" }, 404, { message: "Invalid URL (POST /v1/other)" }],
  ["a wrong method", { method: "GET", body: undefined }, 405, { code: "method_not_supported" }],
  ["POST to models", { path: "/v1/models" }, 405, { code: "method_not_supported" }],
  [
    "no credential",
    { headers: { "content-type": "application/json" } },
    401,
    { code: null, message: /^You didn't provide an API key/ },
  ],
  [
    "a wrong key",
    { headers: { ...headers, authorization: "Bearer sk-wrong-1234567890" } },
    401,
    { code: "invalid_api_key", message: /^Incorrect API key provided: sk-w\*{4}7890\./ },
  ],
  [
    "a short wrong key",
    { headers: { ...headers, authorization: "Bearer abc" } },
    401,
    { message: /provided: \*\*\*\./ },
  ],
  [
    "a doubled key",
    { headers: { ...headers, authorization: `Bearer ${apiKey}, Bearer x` } },
    401,
    { code: "invalid_api_key" },
  ],
  [
    "another scheme",
    { headers: { ...headers, authorization: `Basic ${apiKey}` } },
    401,
    { code: "invalid_api_key" },
  ],
  [
    "another media type",
    { headers: { ...headers, "content-type": "text/plain" } },
    415,
    { code: "unsupported_content_type" },
  ],
  [
    "no media type",
    { headers: { authorization: `Bearer ${apiKey}` } },
    415,
    { code: "unsupported_content_type" },
  ],
  ["no JSON", { body: "{" }, 400, { message: /could not parse the JSON body/ }],
  ["an array", { body: "[]" }, 400, { message: /could not parse the JSON body/ }],
  ["an unknown model", { path: "/v1/models/x", body: undefined }, 404, { code: "model_not_found" }],
];

for (const [name, parts, status, error] of rejected) {
  t.test(`createOpenAiSite() answers ${status} for ${name}`, async (test) => {
    const reply = ask(parts);
    test.equal(reply.status, status);
    test.match(jsonOf(reply), { error: { type: "invalid_request_error", ...error } });
  });
}

t.test("failure() words 429 and 5xx as the API does", async (test) => {
  test.match(jsonOf(site.failure(429)), {
    error: { type: "requests", code: "rate_limit_exceeded" },
  });
  test.match(jsonOf(site.failure(503)), { error: { type: "server_error", message: /overloaded/ } });
  test.match(jsonOf(site.failure(500)), {
    error: { type: "server_error", message: /had an error/ },
  });
});
