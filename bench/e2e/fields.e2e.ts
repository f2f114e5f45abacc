/** Fields of routes that only the engine can keep, because they depend on what a body says: sizes and what is kept by rule. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { EgressRecord } from "../../gateway/record.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { runOpenAiClient } from "../harness/clients/openai-client.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { gatewayManifest, headerCredential, objectManifest } from "../harness/gateway-manifests.ts";
import { startMcpServer } from "../harness/mcp-server.ts";
import { startModelServer } from "../harness/model-server.ts";
import { waitUntil } from "../harness/processes.ts";
import { openAiKey, startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, { tlsHosts: ["one.test", "two.test"] });
const mcpHosts = ["sized.test", "logged.test"];
const mcp = await startMcpServer(t, upstreams.authority.issue(mcpHosts));
const models = await startModelServer(t, upstreams.authority.issue(["llm.test"]));
const key = "canary-0123456789abcdefghijklmnop";
const most = 2_000;

const group = "clrk.apoxy.dev";
const sized = { type: "RequestSizeLimit", requestSizeLimit: { maxBytes: most } };
const logged = (name: string) => ({
  type: "ExtensionRef",
  extensionRef: { group, kind: "LoggingPolicy", name },
});

function namespaced(kind: string, name: string, metadata: object, spec?: object): string {
  const apiVersion = kind === "Namespace" ? "v1" : `${group}/v1alpha1`;
  return `---\n${JSON.stringify({ apiVersion, kind, metadata: { name, ...metadata }, spec })}\n`;
}

/** Two namespaces with a team and a route each. */
function namespacesFile(teams: Readonly<Record<"one" | "two", string>>): string {
  return [
    namespaced("Namespace", "default", { labels: { team: "a" } }),
    ...Object.entries(teams).flatMap(([namespace, team]) => [
      namespaced("Namespace", namespace, { labels: { team } }),
      namespaced(
        "EgressHTTPRoute",
        "web",
        { namespace },
        {
          parentRefs: [{ group, kind: "EgressGateway", name: "egress", namespace: "default" }],
          hostnames: [`${namespace}.test`],
          rules: [{}],
        },
      ),
    ]),
  ].join("");
}

const gateway = await startGateway(t, {
  secrets: [{ name: "llm", value: key }],
  manifests: {
    "gateway.yaml": gatewayManifest({
      aliases: [
        ...upstreams.aliases,
        { port: mcp.port, hostnames: mcpHosts },
        { port: models.port, hostnames: ["llm.test"] },
      ],
      upstreamCa: upstreams.upstreamCa,
      listeners: [
        {
          name: "tls",
          protocol: "TLS",
          tls: { mode: "Terminate" },
          allowedRoutes: {
            namespaces: { from: "Selector", selector: { matchLabels: { team: "a" } } },
          },
        },
      ],
    }),
    "namespaces.yaml": namespacesFile({ one: "a", two: "b" }),
    "routes.yaml": [
      objectManifest("AIProviderRoute", "models", {
        rules: [
          { matches: [{ provider: "openai", models: ["gpt-4o-mini"] }], filters: [sized] },
          { matches: [{ provider: "openai", models: ["gpt-4o"] }] },
          { matches: [{ provider: "anthropic" }], filters: [sized] },
        ],
      }),
      objectManifest("AIProviderRoute", "own", {
        rules: [{ matches: [{ provider: "custom", hostnames: ["llm.test"], models: ["qwen*"] }] }],
      }),
      headerCredential({
        secret: "llm",
        route: { kind: "AIProviderRoute", name: "own" },
        headerName: "authorization",
        valuePrefix: "Bearer ",
      }),
      objectManifest("MCPRoute", "sized", {
        hostnames: ["sized.test"],
        rules: [
          { matches: [{ tools: ["search"] }], filters: [sized] },
          { matches: [{ tools: ["read_file"] }] },
        ],
      }),
      objectManifest("LoggingPolicy", "asked", { captureRequest: true, captureResponse: false }),
      objectManifest("LoggingPolicy", "all", {
        captureRequest: true,
        captureResponse: true,
        redactJsonPaths: ["$..arguments"],
      }),
      objectManifest("MCPRoute", "logged", {
        hostnames: ["logged.test"],
        rules: [
          { matches: [{ tools: ["search"] }], filters: [logged("asked")] },
          { matches: [{ tools: ["read_file"] }], filters: [logged("all")] },
          {
            matches: [{ tools: ["write_file"] }],
            filters: [
              logged("all"),
              { type: "ToolPolicy", toolPolicy: { deniedTools: ["write_file"] } },
            ],
          },
          { matches: [{ tools: ["delete_file"] }] },
        ],
      }),
    ].join(""),
  },
});

t.test("routes come from the namespaces whose labels a listener selects", async (test) => {
  const run = await gateway.registerRun("namespaces");
  const statusOf = async (host: string) =>
    (await requestThrough(run, `https://${host}/bytes/1`)).status;
  test.equal(await statusOf("one.test"), 200);
  test.equal(await statusOf("two.test"), 403);
  await gateway.change("namespaces.yaml", namespacesFile({ one: "b", two: "a" }));
  test.equal(await statusOf("one.test"), 403);
  test.equal(await statusOf("two.test"), 200);
});

const chat = (model: string, bytes: number) => {
  const body = (content: string) =>
    JSON.stringify({ model, messages: [{ role: "user", content }], max_tokens: 16 });
  return body("x".repeat(bytes - body("").length));
};

function post(run: GatewayRun, url: string, body: string, headers: Record<string, string> = {}) {
  return requestThrough(run, url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
}

for (const { name, url, model, headers } of [
  {
    name: "a rule by its model",
    url: "https://api.openai.com/v1/chat/completions",
    model: "gpt-4o-mini",
    headers: { authorization: `Bearer ${openAiKey}` },
  },
  {
    name: "a rule by its path",
    url: "https://api.anthropic.com/v1/messages",
    model: "claude-sonnet-4-5",
    headers: { "anthropic-version": "2023-06-01" },
  },
]) {
  t.test(`a model call is as large as ${name} takes, to the byte`, async (test) => {
    const run = await gateway.registerRun("calls");
    const reached = () => upstreams.tls.requests.length;
    const before = reached();
    const fitting = await post(run, url, chat(model, most), headers);
    test.not(fitting.status, 413);
    test.equal(reached(), before + 1);
    for (const more of [{}, { "transfer-encoding": "chunked" }]) {
      const refused = await post(run, url, chat(model, most + 1), { ...headers, ...more });
      test.equal(refused.status, 413);
      test.equal(refused.headers["x-clrk-deny-reason"], "body-too-large");
    }
    test.equal(reached(), before + 1);
    const record = await gateway.waitForRecord(
      ({ agent, decision }) => agent?.uid === run.runId && decision.verdict === "deny",
    );
    test.match(record, {
      response: { status: 413 },
      decision: { verdict: "deny", reason: "body-too-large" },
    });
  });
}

t.test("another model's calls may be larger, and an SDK raises what it knows", async (test) => {
  const run = await gateway.registerRun("sdk");
  const environment = { ...run.environment, OPENAI_API_KEY: openAiKey };
  const prompt = "x".repeat(most);
  const ask = (model: string) =>
    runOpenAiClient({ operation: "chat", prompt, model }, { environment });
  test.match(await ask("gpt-4o"), { kind: "answered" });
  test.match(await ask("gpt-4o-mini"), {
    kind: "failed",
    error: { status: 413, message: /larger than the 2000 bytes that its rule takes/ },
  });
});

t.test("a server of one's own is read and kept to its rules as a provider is", async (test) => {
  const run = await gateway.registerRun("own");
  models.answerWith((_, response) => {
    const message = { role: "assistant", content: "Hi" };
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    const usage = { prompt_tokens: 11, completion_tokens: 3, total_tokens: 14 };
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ id: "c", object: "chat.completion", model: "qwen3", choices, usage }),
    );
  });
  const OPENAI_BASE_URL = "https://llm.test/v1";
  const environment = { ...run.environment, OPENAI_API_KEY: "sk-none", OPENAI_BASE_URL };
  const ask = (model: string) => runOpenAiClient({ operation: "chat", model }, { environment });
  test.match(await ask("qwen3"), { kind: "answered", value: { text: "Hi", inputTokens: 11 } });
  test.equal(models.received.at(-1)?.request.headers.authorization, `Bearer ${key}`);
  const record = await gateway.waitForRecord(
    ({ agent, usage }) => agent?.uid === run.runId && usage !== null,
  );
  test.match(record, {
    provider: "openai_compatible",
    model: { requestModel: "qwen3" },
    usage: { inputTokens: 11, outputTokens: 3 },
    decision: { route: { name: "own" } },
  });
  test.match(await ask("llama4"), {
    kind: "failed",
    error: { status: 403, message: /No rule for openai_compatible allows model "llama4"/ },
  });
  test.equal(models.received.length, 1);
});

const call = (name: string, id = 1) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: { note: "canary-note" } },
});
const accept = { accept: "application/json, text/event-stream" };
const say = (run: GatewayRun, host: string, body: string, headers = {}) =>
  post(run, `https://${host}/json`, body, { ...accept, ...headers });

t.test("a message is as large as its rule takes, to the byte", async (test) => {
  const run = await gateway.registerRun("sized");
  const padded = (name: string, bytes: number) => JSON.stringify(call(name)).padEnd(bytes);
  test.equal((await say(run, "sized.test", padded("search", most))).status, 200);
  test.equal((await say(run, "sized.test", padded("read_file", most + 1))).status, 200);
  const before = mcp.bodies.length;
  const refused = await say(run, "sized.test", padded("search", most + 1));
  test.equal(refused.status, 413);
  test.match(JSON.parse(refused.body.toString()), {
    id: 1,
    error: { code: -32_600, data: { reason: "body-too-large" } },
  });
  const batch = JSON.stringify([call("read_file", 1), call("search", 2)]).padEnd(most + 1);
  const headers = { "mcp-protocol-version": "2025-03-26" };
  test.equal((await say(run, "sized.test", batch, headers)).status, 413);
  test.equal(mcp.bodies.length, before, "nothing reached the server");
  const record = await gateway.waitForRecord(
    ({ agent, decision }) => agent?.uid === run.runId && decision.verdict === "deny",
  );
  test.match(record, {
    decision: { reason: "body-too-large", route: { kind: "MCPRoute", name: "sized" } },
    mcp: { messages: [{ name: "search", outcome: "denied", rule: 0 }] },
  });
});

/** Bodies are in files, and not in what is shown live. */
function recordOf(run: GatewayRun, method: string, name: string | null): Promise<EgressRecord> {
  const file = join(gateway.home, "records/records.jsonl");
  const find = () =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line): EgressRecord[] => (line === "" ? [] : [JSON.parse(line)]))
      .find(({ agent, mcp: said }) => {
        const message = said?.messages[0];
        return agent?.uid === run.runId && message?.method === method && message.name === name;
      });
  return waitUntil(find, { what: `record of ${method} ${name}`, deadlineMs: 10_000 });
}

const kept = (record: EgressRecord) => {
  const read = (base64 = "") => Buffer.from(base64, "base64").toString();
  return [
    read(record.capture?.requestBody?.base64),
    read(record.capture?.responseBody?.base64),
  ] as const;
};

t.test("what is kept of a message is what its rule says", async (test) => {
  const run = await gateway.registerRun("logged");
  for (const name of ["search", "read_file", "write_file", "delete_file"]) {
    await say(run, "logged.test", JSON.stringify(call(name)));
  }
  const [asked, unanswered] = kept(await recordOf(run, "tools/call", "search"));
  test.match(asked, /canary-note/);
  test.equal(unanswered, "");
  const [whole, answered] = kept(await recordOf(run, "tools/call", "read_file"));
  test.match(whole, /read_file/);
  test.notMatch(whole, /canary-note/);
  test.match(answered, /"text":"read_file"/);
  const denied = await recordOf(run, "tools/call", "write_file");
  test.match(denied, { decision: { verdict: "deny" } });
  test.match(kept(denied)[0], /write_file/);
  test.equal((await recordOf(run, "tools/call", "delete_file")).capture, null);
});

t.test("of several rules, and of none, no more is kept than all of them keep", async (test) => {
  const run = await gateway.registerRun("joined");
  const headers = { "mcp-protocol-version": "2025-03-26" };
  const batch = JSON.stringify([call("search", 1), call("read_file", 2)]);
  await say(run, "logged.test", batch, headers);
  const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
  await say(run, "logged.test", JSON.stringify(ping));
  const [asked, answered] = kept(await recordOf(run, "tools/call", "search"));
  test.match(asked, /search.*read_file/);
  test.notMatch(asked, /canary-note/);
  test.equal(answered, "");
  test.equal((await recordOf(run, "ping", null)).capture, null);
});
