/** What agents get when a provider that serves them in another dialect answers badly: always an error of their own API. */
import { gzipSync } from "node:zlib";
import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, headerCredential, objectManifest } from "../harness/gateway-manifests.ts";
import { startModelServer } from "../harness/model-server.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t);
const broken = await startModelServer(t, upstreams.authority.issue(["broken.test"]));
const backend = (name: string) => ({ group: "clrk.apoxy.dev", kind: "Backend", name });

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({
      ...upstreams,
      aliases: [...upstreams.aliases, { port: broken.port, hostnames: ["broken.test"] }],
    }),
    "backends.yaml": [
      objectManifest("Backend", "broken", {
        schema: { name: "anthropic" },
        upstream: { host: "broken.test" },
        modelRewrites: [{ from: "*", to: "claude-sonnet-4-5" }],
      }),
      objectManifest("Backend", "openai", {
        schema: { name: "openai" },
        upstream: { host: "api.openai.com" },
        modelRewrites: [{ from: "*", to: "gpt-5-mini" }],
      }),
    ].join(""),
    "routes.yaml": [
      objectManifest("AIProviderRoute", "single", {
        rules: [
          {
            matches: [{ provider: "openai", models: ["gpt-4o*"] }],
            backendRefs: [backend("broken")],
          },
        ],
      }),
      objectManifest("AIProviderRoute", "walk", {
        rules: [
          {
            matches: [{ provider: "openai", models: ["walk-*"] }],
            backendRefs: [backend("broken"), backend("openai")],
          },
        ],
      }),
    ].join(""),
    "policies.yaml": [
      objectManifest("FallbackRoutingPolicy", "walk", {
        targetRefs: [{ group: "clrk.apoxy.dev", kind: "AIProviderRoute", name: "walk" }],
      }),
      headerCredential({
        secret: "openai",
        route: { kind: "AIProviderRoute", name: "walk", sectionName: "openai" },
        headerName: "Authorization",
        valuePrefix: "Bearer ",
      }),
      ...["single", "walk"].map((name) =>
        headerCredential({
          secret: "anthropic",
          route: { kind: "AIProviderRoute", name, sectionName: "broken" },
          headerName: "x-api-key",
        }),
      ),
    ].join(""),
  },
  secrets: [
    { name: "openai", value: openAiKey },
    { name: "anthropic", value: anthropicKey },
  ],
});
const run = await gateway.registerRun("answers");

async function ask(
  body: object,
  { headers = {}, gzip = false }: { readonly headers?: object; readonly gzip?: boolean } = {},
) {
  const text = JSON.stringify(body);
  const response = await requestThrough(run, "https://api.openai.com/v1/chat/completions", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(gzip && { "content-encoding": "gzip" }),
      ...headers,
    },
    body: gzip ? gzipSync(text) : text,
  });
  return { ...response, json: response.text.startsWith("{") ? JSON.parse(response.text) : null };
}

const chat = (more: object = {}) => ({
  model: "gpt-4o",
  messages: [{ role: "user", content: "Hello" }],
  ...more,
});
const json = { "content-type": "application/json" };
const events = { "content-type": "text/event-stream" };

const answers = [
  { name: "a page", stream: false, status: 200, headers: json, body: "<html>", wanted: 502 },
  { name: "nothing", stream: false, status: 200, headers: json, body: "", wanted: 502 },
  {
    name: "an error without a body",
    stream: false,
    status: 404,
    headers: {},
    body: "",
    wanted: 404,
  },
  {
    name: "an empty stream",
    stream: true,
    status: 200,
    headers: { ...events, "content-length": "0" },
    body: "",
    wanted: 502,
  },
  {
    name: "a compressed stream",
    stream: true,
    status: 200,
    headers: { ...events, "content-encoding": "gzip" },
    body: gzipSync("event: message_stop\ndata: {}\n\n"),
    wanted: 502,
  },
  {
    name: "an overload of its own",
    stream: false,
    status: 529,
    headers: json,
    body: '{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}',
    wanted: 503,
  },
];
for (const { name, stream, status, headers, body, wanted } of answers) {
  t.test(`${name} is an error of the agent's API`, async (test) => {
    broken.answerWith((_, response) => response.writeHead(status, headers).end(body));
    const answer = await ask(chat({ stream }));
    test.equal(answer.status, wanted, answer.text);
    test.match(answer.json, { error: { message: String } });
    test.match(answer.headers["content-type"], /^application\/json/);
    test.equal(answer.headers["content-encoding"], undefined);
  });
}

t.test("a stream that ends before it began ends in the agent's words", async (test) => {
  broken.answerWith((_, response) => response.writeHead(200, events).end());
  const answer = await ask(chat({ stream: true }));
  test.equal(answer.status, 200);
  test.match(answer.text, /^data: \{"error":\{"message":/);
});

t.test("a record says that the provider's answer could not be given on", async (test) => {
  const record = await gateway.waitForRecord(
    ({ decision }) => decision.reason === "upstream-malformed",
  );
  test.match(record, {
    decision: { verdict: "deny", route: { name: "single" } },
    routing: { backend: { name: "broken" } },
  });
});

t.test(
  "the next backend reads a compressed body that the one before was sent decoded",
  async (test) => {
    upstreams.tls.reset();
    broken.answerWith((_, response) => response.writeHead(503).end());
    const answer = await ask(chat({ model: "walk-1" }), { gzip: true });
    test.equal(answer.status, 200, answer.text);
    test.match(upstreams.tls.requests[0], {
      host: "api.openai.com",
      pathname: "/v1/chat/completions",
    });
    test.equal(upstreams.tls.requests[0]?.headers["content-encoding"], undefined);
    test.equal(upstreams.tls.requests[0]?.headers["anthropic-version"], undefined);
    test.equal(upstreams.tls.requests[0]?.headers["x-api-key"], undefined);
  },
);

t.test("a request of 24 MB is served", async (test) => {
  let sent = 0;
  broken.answerWith(({ body }, response) => {
    sent = body.length;
    response.writeHead(401, json).end("{}");
  });
  const answer = await ask(
    chat({ messages: [{ role: "user", content: "x".repeat(24 * 2 ** 20) }] }),
  );
  test.equal(answer.status, 401, answer.text);
  test.ok(sent > 24 * 2 ** 20);
});
