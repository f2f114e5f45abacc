/** Model calls that are served by whom a rule says: by model, by another provider, and by the next one when one fails. */
import { gzipSync } from "node:zlib";
import t from "tap";
import { runAnthropicClient } from "../harness/clients/anthropic-client.ts";
import { runOpenAiClient } from "../harness/clients/openai-client.ts";
import { runWebSocketClient } from "../harness/clients/websocket-client.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, headerCredential, objectManifest } from "../harness/gateway-manifests.ts";
import { startModelServer } from "../harness/model-server.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";

const placeholder = "placeholder-of-the-agent";
const upstreams = await startUpstreams(t);
const failing = await startModelServer(t, upstreams.authority.issue(["failing.test"]));
const strange = await startModelServer(t, upstreams.authority.issue(["strange.test"]));
const backend = (name: string) => ({ group: "clrk.apoxy.dev", kind: "Backend", name });
const chat = (model: string, more: object = {}) => ({
  model,
  messages: [{ role: "user", content: "Hello" }],
  ...more,
});

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({
      ...upstreams,
      aliases: [
        ...upstreams.aliases,
        { port: failing.port, hostnames: ["failing.test"] },
        { port: strange.port, hostnames: ["strange.test"] },
      ],
    }),
    "backends.yaml": [
      objectManifest("Backend", "claude", {
        schema: { name: "anthropic" },
        upstream: { host: "api.anthropic.com" },
        modelRewrites: [{ from: "*", to: "claude-sonnet-4-5" }],
      }),
      objectManifest("Backend", "openai", {
        schema: { name: "openai" },
        upstream: { host: "api.openai.com" },
        modelRewrites: [{ from: "walk-*", to: "gpt-5-mini" }],
      }),
      objectManifest("Backend", "openai-mini", {
        schema: { name: "openai" },
        upstream: { host: "api.openai.com" },
        modelRewrites: [{ from: "*", to: "gpt-4o-mini" }],
      }),
      objectManifest("Backend", "strange", {
        schema: { name: "anthropic" },
        upstream: { host: "strange.test" },
      }),
      objectManifest("Backend", "failing", {
        schema: { name: "openai" },
        upstream: { host: "failing.test" },
      }),
    ].join(""),
    "routes.yaml": [
      objectManifest("AIProviderRoute", "models", {
        rules: [
          {
            matches: [{ provider: "openai", models: ["gpt-4o*"] }],
            backendRefs: [backend("claude")],
          },
          { matches: [{ provider: "openai", models: ["gpt-5*"] }] },
          {
            matches: [{ provider: "openai", models: ["strange"] }],
            backendRefs: [backend("strange")],
          },
        ],
      }),
      objectManifest("AIProviderRoute", "walk", {
        rules: [
          {
            matches: [{ provider: "openai", models: ["walk-*"] }],
            backendRefs: [backend("failing"), backend("claude"), backend("openai")],
          },
        ],
      }),
    ].join(""),
    "foreign.yaml": objectManifest("AIProviderRoute", "foreign", {
      rules: [{ matches: [{ provider: "anthropic" }], backendRefs: [backend("openai-mini")] }],
    }),
    "policies.yaml": [
      headerCredential({
        secret: "openai",
        route: { kind: "AIProviderRoute", name: "foreign", sectionName: "openai-mini" },
        headerName: "Authorization",
        valuePrefix: "Bearer ",
      }),
      objectManifest("FallbackRoutingPolicy", "walk", {
        targetRefs: [{ group: "clrk.apoxy.dev", kind: "AIProviderRoute", name: "walk" }],
      }),
      ...["models", "walk"].flatMap((route) => [
        headerCredential({
          secret: "anthropic",
          route: { kind: "AIProviderRoute", name: route, sectionName: "claude" },
          headerName: "x-api-key",
        }),
      ]),
      headerCredential({
        secret: "openai",
        route: { kind: "AIProviderRoute", name: "models" },
        headerName: "Authorization",
        valuePrefix: "Bearer ",
      }),
      headerCredential({
        secret: "openai",
        route: { kind: "AIProviderRoute", name: "walk", sectionName: "openai" },
        headerName: "Authorization",
        valuePrefix: "Bearer ",
      }),
      headerCredential({
        secret: "openai",
        route: { kind: "AIProviderRoute", name: "walk", sectionName: "failing" },
        headerName: "Authorization",
        valuePrefix: "Bearer ",
      }),
    ].join(""),
  },
  secrets: [
    { name: "openai", value: openAiKey },
    { name: "anthropic", value: anthropicKey },
  ],
});
const run = await gateway.registerRun("router");
const environment = { ...run.environment, OPENAI_API_KEY: placeholder };

async function ask(body: object) {
  const response = await requestThrough(run, "https://api.openai.com/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${placeholder}` },
    body: JSON.stringify(body),
  });
  return { ...response, json: response.text.startsWith("{") ? JSON.parse(response.text) : null };
}

t.test("a model is served by another provider in the agent's dialect", async (test) => {
  upstreams.tls.reset();
  const answer = await ask(chat("gpt-4o"));
  test.equal(answer.status, 200, answer.text);
  test.match(answer.json, {
    object: "chat.completion",
    choices: [{ message: { role: "assistant", content: "You said: Hello" } }],
    usage: { prompt_tokens: Number },
  });
  test.match(upstreams.tls.requests[0], { host: "api.anthropic.com", pathname: "/v1/messages" });
  test.equal(upstreams.tls.requests[0]?.headers["x-api-key"], anthropicKey);
  test.equal(upstreams.tls.requests[0]?.headers["authorization"], undefined);
  test.equal(answer.headers["x-clrk-served"], undefined);
});

t.test("a stream is translated as it comes", async (test) => {
  const answer = await ask(chat("gpt-4o", { stream: true }));
  test.equal(answer.status, 200, answer.text);
  test.match(answer.text, /"content":"You/);
  test.match(answer.text, /data: \[DONE\]\n\n$/);
});

t.test("the next rule serves other models as they are", async (test) => {
  upstreams.tls.reset();
  const answer = await ask(chat("gpt-5-mini"));
  test.equal(answer.status, 200, answer.text);
  test.match(upstreams.tls.requests[0], {
    host: "api.openai.com",
    pathname: "/v1/chat/completions",
  });
  test.equal(upstreams.tls.requests[0]?.headers["authorization"], `Bearer ${openAiKey}`);
});

t.test("a model that no rule allows is refused by name", async (test) => {
  const answer = await ask(chat("o3"));
  test.equal(answer.status, 403);
  test.equal(answer.headers["x-clrk-deny-reason"], "no-rule");
  test.match(answer.json.error.message, /"o3"/);
});

t.test("a stream's usage is asked for, counted and kept from the agent", async (test) => {
  const seen = gateway.records.length;
  const answer = await ask(chat("gpt-5-mini", { stream: true }));
  test.equal(answer.status, 200, answer.text);
  test.notMatch(answer.text, /prompt_tokens/);
  const record = await gateway.waitForRecord(
    (one) => one.model?.stream === true && gateway.records.indexOf(one) >= seen,
  );
  test.match(record, { usage: { inputTokens: Number, outputTokens: Number } });
});

t.test("the next backend is asked when one fails, in its own dialect", async (test) => {
  upstreams.tls.reset();
  failing.answerWith((_, response) => response.writeHead(503).end("out of order"));
  const answer = await ask(chat("walk-1"));
  test.equal(answer.status, 200, answer.text);
  test.match(answer.json, { choices: [{ message: { content: "You said: Hello" } }] });
  test.equal(failing.received.length, 1);
  test.equal(failing.received[0]?.request.headers["authorization"], `Bearer ${openAiKey}`);
  const [request] = upstreams.tls.requests;
  test.match(request, { host: "api.anthropic.com", pathname: "/v1/messages" });
  test.equal(request?.headers["x-api-key"], anthropicKey);
  test.equal(request?.headers["authorization"], undefined);
  const record = await gateway.waitForRecord((one) => one.routing?.attempts.length === 2);
  test.match(record.routing, {
    backend: { namespace: "default", name: "claude" },
    provider: "anthropic",
    model: "claude-sonnet-4-5",
    translation: { from: "openai-chat", to: "anthropic-messages" },
    attempts: [
      { backend: { name: "failing" }, status: 503, reason: "" },
      { backend: { name: "claude" }, status: 200 },
    ],
  });
  test.match(record, {
    request: { path: "/v1/chat/completions", host: "api.openai.com" },
    model: { requestModel: "walk-1", responseModel: /^claude/ },
    usage: { inputTokens: Number },
  });
});

t.test("a backend that says when it will serve again is left out until then", async (test) => {
  failing.answerWith((_, response) => response.writeHead(429, { "retry-after": "60" }).end("{}"));
  const before = failing.received.length;
  test.equal((await ask(chat("walk-2"))).status, 200);
  await gateway.waitForRecord((one) => one.model?.requestModel === "walk-2");
  test.equal((await ask(chat("walk-3"))).status, 200);
  test.equal(failing.received.length, before + 1, "asked once and then left out");
  const record = await gateway.waitForRecord((one) => one.model?.requestModel === "walk-3");
  test.match(record.routing?.attempts, [{ backend: { name: "claude" }, status: 200 }]);
  const { items } = await gateway.objects("Backend");
  const health = items.find(({ object }) => object.metadata.name === "failing")?.object.status;
  test.match(health, { health: { lastStatus: 429, ejectedForMs: Number } });
});

const message = (text: string) => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "strange",
  content: [{ type: "text", text }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 2 },
});
const jsonType = { "content-type": "application/json" };

t.test("an answer of megabytes is translated whole", async (test) => {
  const text = "x".repeat(5 * 1024 * 1024);
  strange.answerWith((_, response) =>
    response.writeHead(200, jsonType).end(JSON.stringify(message(text))),
  );
  const answer = await ask(chat("strange"));
  test.equal(answer.status, 200, answer.text.slice(0, 300));
  test.equal(answer.json?.choices[0].message.content.length, text.length);
});

t.test("a call of megabytes is translated, and one that is too large refused", async (test) => {
  strange.answerWith((_, response) =>
    response.writeHead(200, jsonType).end(JSON.stringify(message("read"))),
  );
  const content = "x".repeat(20 * 1024 * 1024);
  const answer = await ask({ model: "strange", messages: [{ role: "user", content }] });
  test.equal(answer.status, 200, answer.text.slice(0, 300));
  const over = await ask({
    model: "strange",
    messages: [{ role: "user", content: content.repeat(2) }],
  });
  test.equal(over.status, 413);
  test.equal(over.headers["x-clrk-deny-reason"], "body-too-large");
});

t.test("a compressed answer is translated", async (test) => {
  strange.answerWith((_, response) => {
    response.writeHead(200, { ...jsonType, "content-encoding": "gzip" });
    response.end(gzipSync(JSON.stringify(message("small"))));
  });
  const answer = await ask(chat("strange"));
  test.match(answer, { status: 200, json: { choices: [{ message: { content: "small" } }] } });
  test.equal(answer.headers["content-encoding"], undefined);
});

t.test(
  "an answer that is none of the provider's dialect is a failure of the gateway",
  async (test) => {
    strange.answerWith((_, response) => response.writeHead(200, jsonType).end("<html>"));
    const answer = await ask(chat("strange"));
    test.match(answer, { status: 502, json: { error: { message: /cannot give/ } } });
  },
);

t.test("an error keeps its status and retry-after, in the agent's dialect", async (test) => {
  strange.answerWith((_, response) =>
    response
      .writeHead(429, { ...jsonType, "retry-after": "7" })
      .end('{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}'),
  );
  const answer = await ask(chat("strange"));
  test.match(answer, { status: 429, json: { error: { message: "slow down" } } });
  test.equal(answer.headers["retry-after"], "7");
});

t.test("a stream that breaks off ends with an error of the agent's dialect", async (test) => {
  strange.answerWith((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${JSON.stringify({ type: "message_start", message: message("") })}\n\n`);
    response.write(
      'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
    );
    response.end(
      'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}\n\n',
    );
  });
  const answer = await ask(chat("strange", { stream: true }));
  test.equal(answer.status, 200);
  test.match(answer.text, /"content":"Hi"/);
  test.match(answer.text, /"error":/);
  test.notMatch(answer.text, /\[DONE\]/);
});

t.test("what a backend cannot express is refused before it is sent", async (test) => {
  upstreams.tls.reset();
  const answer = await ask(chat("gpt-4o", { n: 2 }));
  test.equal(answer.status, 400);
  test.equal(answer.headers["x-clrk-deny-reason"], "not-translatable");
  test.match(answer.json.error.message, /Backend default\/claude.*choices \(n\)/);
  test.equal(upstreams.tls.requests.length, 0);
});

t.test("what is left out stands in the record", async (test) => {
  await ask(chat("gpt-4o", { seed: 1, user: "somebody" }));
  const record = await gateway.waitForRecord((one) => (one.routing?.dropped.length ?? 0) > 0);
  test.match(record.routing?.dropped, ["seed"]);
});

t.test("anthropic SDK is served by OpenAI", async (test) => {
  const anthropic = { ...run.environment, ANTHROPIC_API_KEY: placeholder };
  const result = await runAnthropicClient({ operation: "message" }, { environment: anthropic });
  test.match(result, { kind: "answered", value: { text: "You said: Hello" } });
});

t.test("what is no plain model call is refused where another provider serves", async (test) => {
  upstreams.tls.reset();
  const answer = await requestThrough(run, "https://api.anthropic.com/v1/models");
  test.equal(answer.status, 403);
  test.equal(answer.headers["x-clrk-deny-reason"], "not-translatable");
  const socket = await runWebSocketClient(
    { url: "wss://api.anthropic.com/v1/messages", messages: ["x"] },
    { environment: run.environment },
  );
  test.match(socket, { kind: "failed", error: { message: /403/ } });
  test.equal(upstreams.tls.requests.length, 0);
});

t.test("openai SDK is served by Anthropic", async (test) => {
  for (const operation of ["chat", "chat-stream"] as const) {
    const result = await runOpenAiClient({ operation, model: "gpt-4o" }, { environment });
    test.match(result, { kind: "answered", value: { text: "You said: Hello" } }, operation);
  }
});
