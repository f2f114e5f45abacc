import { readFileSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import t from "tap";
import type { EgressRecord } from "../../gateway/record.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { runAnthropicClient } from "../harness/clients/anthropic-client.ts";
import { runOpenAiClient } from "../harness/clients/openai-client.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, headerCredential, objectManifest } from "../harness/gateway-manifests.ts";
import { startModelServer } from "../harness/model-server.ts";
import { waitUntil } from "../harness/processes.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";

const queryKey = "query+key/of=the&gateway";
const echoKey = "value-that-an-echo-sends-back";

const upstreams = await startUpstreams(t, { tlsHosts: ["query.test", "echo.test"] });
const codedHost = "eu.api.openai.com";
const coded = await startModelServer(t, upstreams.authority.issue([codedHost]));

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({
      ...upstreams,
      aliases: [...upstreams.aliases, { port: coded.port, hostnames: [codedHost] }],
    }),
    "routes.yaml": [
      objectManifest("AIProviderRoute", "openai", {
        rules: [{ matches: [{ provider: "openai" }] }],
      }),
      objectManifest("AIProviderRoute", "anthropic", {
        rules: [{ matches: [{ provider: "anthropic" }] }],
      }),
      objectManifest("EgressHTTPRoute", "query", { hostnames: ["query.test"], rules: [{}] }),
      objectManifest("EgressHTTPRoute", "echo", {
        hostnames: ["echo.test"],
        rules: [
          {
            filters: [
              {
                type: "ExtensionRef",
                extensionRef: { group: "clrk.apoxy.dev", kind: "LoggingPolicy", name: "all" },
              },
            ],
          },
        ],
      }),
      objectManifest("LoggingPolicy", "all", {
        captureRequest: true,
        captureResponse: true,
        redactHeaders: ["X-Project"],
      }),
    ].join(""),
    "credentials.yaml": [
      headerCredential({
        secret: "openai",
        route: { kind: "AIProviderRoute", name: "openai" },
        headerName: "Authorization",
        valuePrefix: "Bearer ",
      }),
      headerCredential({
        secret: "anthropic",
        route: { kind: "AIProviderRoute", name: "anthropic" },
        headerName: "x-api-key",
      }),
      headerCredential({
        secret: "echo",
        route: { kind: "EgressHTTPRoute", name: "echo" },
        headerName: "x-echo-key",
      }),
      objectManifest("CredentialInjectionPolicy", "query", {
        targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name: "query" }],
        secretRef: { name: "query" },
        target: "QueryParam",
        queryParamName: "key",
      }),
    ].join(""),
  },
  secrets: [
    { name: "openai", value: openAiKey },
    { name: "anthropic", value: anthropicKey },
    { name: "query", value: queryKey },
    { name: "echo", value: echoKey },
  ],
});
const run = await gateway.registerRun("researcher");
const environment = {
  ...run.environment,
  OPENAI_API_KEY: "placeholder",
  ANTHROPIC_API_KEY: "placeholder",
};

/** The first record of a path that was made after so many. */
function recordAfter(seen: number, path: string): Promise<EgressRecord> {
  return gateway.waitForRecord(
    (one) => one.request.path === path && gateway.records.indexOf(one) >= seen,
  );
}

function readRecords(): string {
  return readFileSync(path.join(gateway.home, "records/records.jsonl"), "utf8");
}

/** Live records leave captured parts out; the file has them. */
function storedRecord(id: string): EgressRecord | undefined {
  const line = readRecords()
    .split("\n")
    .find((text) => text.includes(id));
  return line === undefined ? undefined : JSON.parse(line);
}

const openAiCalls = [
  { operation: "chat", path: "/v1/chat/completions", gen: "chat", stream: false },
  { operation: "chat-stream", path: "/v1/chat/completions", gen: "chat", stream: true },
  { operation: "responses", path: "/v1/responses", gen: "chat", stream: false },
  { operation: "responses-stream", path: "/v1/responses", gen: "chat", stream: true },
  { operation: "embeddings", path: "/v1/embeddings", gen: "embeddings", stream: false },
] as const;

for (const { operation, path, gen, stream } of openAiCalls) {
  t.test(`the openai SDK's ${operation} is metered as it passes`, async (test) => {
    const seen = gateway.records.length;
    const model = operation === "embeddings" ? "text-embedding-3-small" : "gpt-4.1";
    const result = await runOpenAiClient({ operation, model }, { environment });
    test.equal(result.kind, "answered");
    if (result.kind !== "answered") return;
    const { inputTokens, outputTokens } = result.value;
    const record = await recordAfter(seen, path);
    test.match(record, {
      tier: "engine",
      provider: "openai",
      decision: { verdict: "allow", route: { kind: "AIProviderRoute", name: "openai" } },
      credential: { header: "authorization" },
      model: { operation: gen, requestModel: model, stream },
      usage: { inputTokens },
      routing: null,
      capture: null,
    });
    test.ok(inputTokens > 0, "the fake counts");
    test.equal(record.usage?.outputTokens ?? 0, outputTokens);
    test.equal(record.model?.responseModel, result.value.model);
    if (stream) test.ok((record.model?.timeToFirstTokenMs ?? 0) > 0, "a first token was seen");
    if (gen === "chat") test.not(record.model?.finishReasons, []);
  });
}

for (const operation of ["message", "message-stream", "count-tokens"] as const) {
  t.test(`the Anthropic SDK's ${operation} is metered as it passes`, async (test) => {
    const seen = gateway.records.length;
    const result = await runAnthropicClient({ operation }, { environment });
    test.equal(result.kind, "answered");
    if (result.kind !== "answered") return;
    const path = operation === "count-tokens" ? "/v1/messages/count_tokens" : "/v1/messages";
    const record = await recordAfter(seen, path);
    test.match(record, {
      tier: "engine",
      provider: "anthropic",
      model: { requestModel: "claude-sonnet-4-5", stream: operation === "message-stream" },
    });
    if (operation === "count-tokens") test.not(record.model?.operation, "chat");
    else {
      test.equal(record.usage?.inputTokens, result.value.inputTokens);
      test.equal(record.usage?.outputTokens, result.value.outputTokens);
      test.ok(record.model?.responseId?.startsWith("msg_"));
      test.same(record.model?.finishReasons, ["end_turn"]);
    }
  });
}

t.test("the upstream is told of a trace, and the record is a span of it", async (test) => {
  upstreams.tls.reset();
  const seen = gateway.records.length;
  const parent = "00-11112222333344445555666677778888-aaaabbbbccccdddd-01";
  await requestThrough(run, "https://api.openai.com/v1/models", {
    headers: { traceparent: parent, tracestate: "vendor=1" },
  });
  const record = await recordAfter(seen, "/v1/models");
  test.match(record.trace, {
    traceId: "11112222333344445555666677778888",
    parentSpanId: "aaaabbbbccccdddd",
  });
  const [request] = upstreams.tls.requests;
  test.equal(
    request?.headers["traceparent"],
    `00-11112222333344445555666677778888-${record.trace?.spanId}-01`,
  );
  test.equal(request?.headers["tracestate"], "vendor=1");
  test.equal(record.model, null, "listing models is no call of one");
});

t.test("an agent without a trace is given one", async (test) => {
  upstreams.tls.reset();
  const seen = gateway.records.length;
  await requestThrough(run, "https://api.openai.com/v1/models");
  const record = await recordAfter(seen, "/v1/models");
  const [request] = upstreams.tls.requests;
  const { traceId = "", spanId = "" } = record.trace ?? {};
  test.equal(request?.headers["traceparent"], `00-${traceId}-${spanId}-01`);
});

t.test("a credential in the query reaches the upstream and no record", async (test) => {
  upstreams.tls.reset();
  const seen = gateway.records.length;
  const response = await requestThrough(
    run,
    "https://query.test/echo?a=1&key=of-the-agent&%6bey=again&b=2",
    { method: "POST", body: "x" },
  );
  test.equal(response.status, 200);
  const [request] = upstreams.tls.requests;
  test.equal(request?.path, `/echo?a=1&b=2&key=${encodeURIComponent(queryKey)}`);
  const record = await recordAfter(seen, "/echo");
  test.match(record, {
    tier: "engine",
    request: { path: "/echo", query: "a=1&key=[redacted]&%6bey=[redacted]&b=2" },
    credential: { name: "Secret default/query", header: "?key" },
  });
  const text = readRecords();
  test.notOk(text.includes(queryKey));
  test.notOk(text.includes(encodeURIComponent(queryKey)));
});

t.test("what a LoggingPolicy asks for is kept, and what was injected is not", async (test) => {
  const seen = gateway.records.length;
  const body = JSON.stringify({ question: "what is it?" });
  const response = await requestThrough(run, "https://echo.test/echo", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: "Bearer of-the-agent",
      "x-project": "secret-project",
      "x-team": "research",
    },
    body,
  });
  test.ok(response.text.includes(echoKey), "the upstream sends back what it was sent");
  const { id } = await recordAfter(seen, "/echo");
  const { capture } = await waitUntil(() => storedRecord(id), {
    deadlineMs: 20_000,
    what: "the record in the file",
  });
  const requestHeaders = new Map(capture?.requestHeaders ?? []);
  test.equal(requestHeaders.get("x-team"), "research");
  test.equal(requestHeaders.get("x-project"), "[redacted]");
  test.equal(requestHeaders.get("authorization"), "[redacted]");
  test.equal(Buffer.from(capture?.requestBody?.base64 ?? "", "base64").toString(), body);
  const answer = Buffer.from(capture?.responseBody?.base64 ?? "", "base64").toString();
  test.ok(answer.includes('"x-echo-key":"[redacted]"'));
  test.notOk(readRecords().includes(echoKey));
});

const chatAnswer = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  model: "gpt-4.1-2025-04-14",
  choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
  usage: {
    prompt_tokens: 11,
    completion_tokens: 7,
    total_tokens: 18,
    prompt_tokens_details: { cached_tokens: 4 },
    completion_tokens_details: { reasoning_tokens: 3 },
  },
});

const codings = [
  { coding: "gzip", encode: gzipSync },
  { coding: "br", encode: brotliCompressSync },
  { coding: "zstd", encode: zstdCompressSync },
] as const;

for (const { coding, encode } of codings) {
  t.test(`tokens are read from an answer in ${coding}, which passes as it is`, async (test) => {
    const encoded = encode(chatAnswer);
    coded.answerWith((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": coding });
      response.end(encoded);
    });
    const seen = gateway.records.length;
    const response = await requestThrough(run, `https://${codedHost}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4.1", messages: [] }),
    });
    test.same(response.body, encoded);
    const record = await recordAfter(seen, "/v1/chat/completions");
    test.match(record.usage, {
      inputTokens: 11,
      outputTokens: 7,
      cachedInputTokens: 4,
      reasoningTokens: 3,
    });
    test.match(record.model, { responseId: "chatcmpl-1", finishReasons: ["stop"] });
  });
}

t.test("an event stream in gzip is passed on event by event and metered", async (test) => {
  const events = [
    `data: {"id":"c1","model":"gpt-4.1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n`,
    `data: {"id":"c1","model":"gpt-4.1","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n`,
    `data: {"id":"c1","model":"gpt-4.1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n`,
    `data: {"id":"c1","model":"gpt-4.1","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}\n\n`,
    "data: [DONE]\n\n",
  ];
  coded.answerWith((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" });
    response.end(gzipSync(events.join("")));
  });
  const seen = gateway.records.length;
  await requestThrough(run, `https://${codedHost}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4.1", stream: true, messages: [] }),
  });
  const record = await recordAfter(seen, "/v1/chat/completions");
  test.match(record, {
    model: { stream: true, finishReasons: ["stop"] },
    usage: { inputTokens: 5, outputTokens: 2 },
  });
});
