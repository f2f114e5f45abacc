/**
 * MCPRoutes whose rules name backends, with the official SDK on both sides: sessions stay where they began, credentials go
 * to their backend alone, and what is refused reaches none.
 */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import t from "tap";
import type { Test } from "tap";
import { ProxyAgent, fetch as proxyFetch } from "undici";
import { requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { gatewayManifest, headerCredential, objectManifest } from "../harness/gateway-manifests.ts";
import { startMcpServer } from "../harness/mcp-server.ts";
import { createUpstreamAuthority } from "../harness/upstream-authority.ts";

const key = "canary-0123456789abcdefghijklmnop";
const names = ["one", "two", "idle", "other"] as const;
const authority = createUpstreamAuthority();
const asked = ["tools.test", "split.test", "based.test", "query.test", "gone.test", "audit.test"];
const servers = await Promise.all(
  names.map((name) =>
    startMcpServer(t, authority.issue([`${name}.internal`]), [
      name,
      "search",
      "delete_file",
      "pay",
    ]),
  ),
);
const original = await startMcpServer(t, authority.issue(asked));
const at = (name: (typeof names)[number]) => servers[names.indexOf(name)] ?? original;
const reached = () => [...servers, original].map(({ bodies }) => bodies.length);

const group = "clrk.apoxy.dev";
const ref = (name: string, more: object = {}) => ({ group, kind: "Backend", name, ...more });
const policy = (toolPolicy: object) => [{ type: "ToolPolicy", toolPolicy }];
const denied = policy({
  deniedTools: ["delete_*"],
  requireConfirmation: ["pay"],
  confirmation: { timeout: "100ms" },
});
const backend = (name: (typeof names)[number], as: string = name, basePath?: string) =>
  objectManifest("Backend", as, {
    upstream: { host: `${name}.internal` },
    ...(basePath !== undefined && { schema: { name: "custom", basePath } }),
  });
const route = (name: string, rules: readonly object[], more: object = {}) =>
  objectManifest("MCPRoute", name, { hostnames: [`${name}.test`], rules, ...more });

const gateway = await startGateway(t, {
  secrets: [{ name: "mcp", value: key }],
  manifests: {
    "gateway.yaml": gatewayManifest({
      aliases: [
        { port: original.port, hostnames: asked },
        ...names.map((name) => ({ port: at(name).port, hostnames: [`${name}.internal`] })),
      ],
      upstreamCa: authority.certificatePem,
    }),
    "routes.yaml": [
      ...names.map((name) => backend(name)),
      backend("other", "based", "/base"),
      route("tools", [
        {
          filters: denied,
          backendRefs: [ref("one", { weight: 2 }), ref("two"), ref("idle", { weight: 0 })],
        },
      ]),
      route("split", [
        { matches: [{ servers: ["https://split.test/a/*"] }], backendRefs: [ref("one")] },
        { matches: [{ servers: ["https://split.test/b/*"] }], backendRefs: [ref("two")] },
        { matches: [{ servers: ["https://split.test/session"], tools: ["search"] }] },
      ]),
      route("based", [{ filters: denied, backendRefs: [ref("based")] }]),
      route("query", [{ backendRefs: [ref("based")] }]),
      route("gone", [{ backendRefs: [ref("nowhere")] }]),
      route("audit", [{ filters: denied, backendRefs: [ref("other")] }], { enforcement: "Audit" }),
      ...["tools", "audit"].map((name) =>
        headerCredential({ secret: "mcp", route: { kind: "MCPRoute", name }, headerName: "x-key" }),
      ),
      objectManifest("CredentialInjectionPolicy", "in-query", {
        targetRefs: [{ group, kind: "MCPRoute", name: "query" }],
        secretRef: { name: "mcp" },
        target: "QueryParam",
        queryParamName: "key",
      }),
    ].join(""),
  },
});

async function connect(test: Test, url: string, run: GatewayRun) {
  const dispatcher = new ProxyAgent({ uri: run.proxyUrl, requestTls: { ca: run.ca } });
  test.teardown(() => dispatcher.destroy());
  // undici's own types differ from those of Node's copy of it.
  const fetch = (async (to: string, init: object) =>
    proxyFetch(String(to), { ...init, dispatcher })) as unknown as typeof globalThis.fetch;
  const client = new Client({ name: "agent", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(url), { fetch });
  test.teardown(() => client.close());
  // Under exactOptionalPropertyTypes the SDK's own classes do not fit its interface.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return { client, transport };
}

const toolsOf = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name);

const call = (name: string) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name, arguments: {} },
});

async function post(run: GatewayRun, url: string, body: object) {
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  };
  const answer = await requestThrough(run, url, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  return { ...answer, text: answer.body.toString() };
}

t.test("a session stays with the backend that its execution has by weight", async (test) => {
  const served = new Map<string, number>();
  for (let index = 0; index < 18; index++) {
    const run = await gateway.registerRun(`session-${index}`);
    const { client, transport } = await connect(test, "https://tools.test/session", run);
    const [name = ""] = await toolsOf(client);
    served.set(name, (served.get(name) ?? 0) + 1);
    for (let again = 0; again < 3; again++) {
      test.match(await client.callTool({ name: "search" }), { content: [{ text: "search" }] });
    }
    test.same((await toolsOf(client)).slice(0, 1), [name]);
    await transport.terminateSession();
  }
  test.same([...served.keys()].toSorted(), ["one", "two"], "none by weight 0");
  const { headers } = at("one");
  test.ok(
    headers.length > 0 && headers.every((it) => it["x-key"] === key && it.host === "one.internal"),
  );
  test.equal(original.headers.length, 0);
});

t.test("what is refused or not confirmed reaches no backend", async (test) => {
  const run = await gateway.registerRun("refused");
  const { client } = await connect(test, "https://tools.test/session", run);
  const before = reached();
  await test.rejects(client.callTool({ name: "delete_file" }), { code: -32_013 });
  await test.rejects(client.callTool({ name: "pay" }), {
    message: /confirmed, and this one was not/,
  });
  test.match(await post(run, "https://tools.test/session", { id: 1 }), { status: 400 });
  const upgrade = { connection: "upgrade", upgrade: "websocket" };
  const socket = await requestThrough(run, "https://tools.test/session", { headers: upgrade });
  test.equal(socket.status, 403);
  test.equal((await requestThrough(run, "https://tools.test/", { method: "TRACE" })).status, 405);
  test.same(reached(), before);
});

t.test("rules about servers of their own have backends of their own", async (test) => {
  const run = await gateway.registerRun("split");
  for (const [path, name] of [
    ["a/session", "one"],
    ["b/session", "two"],
    ["session", "search"],
  ]) {
    const { client } = await connect(test, `https://split.test/${path}`, run);
    test.equal((await toolsOf(client))[0], name);
  }
  const before = reached();
  test.match(await post(run, "https://split.test/c/session", call("search")), { status: 403 });
  test.same(reached(), before);
});

t.test("a backend's path comes in front, and a query credential behind", async (test) => {
  const run = await gateway.registerRun("based");
  const { client } = await connect(test, "https://based.test/session", run);
  test.match(await client.callTool({ name: "search" }), { content: [{ text: "search" }] });
  test.equal(at("other").targets.at(-1), "/base/session");
  const record = await gateway.waitForRecord(
    (one) => one.agent?.uid === run.runId && one.mcp?.messages[0]?.name === "search",
  );
  test.match(record, {
    request: { host: "based.test", path: "/session" },
    routing: { backend: { namespace: "default", name: "based" }, provider: "" },
    decision: { verdict: "allow", route: { kind: "MCPRoute", name: "based" } },
  });
  const asker = await gateway.registerRun("query");
  const { client: other } = await connect(test, "https://query.test/session?key=mine&a=1", asker);
  await toolsOf(other);
  test.equal(at("other").targets.at(-1), `/base/session?a=1&key=${key}`);
  const kept = await gateway.waitForRecord(
    (one) => one.agent?.uid === asker.runId && one.mcp?.messages[0]?.method === "tools/list",
  );
  test.notMatch(JSON.stringify(kept), key);
});

t.test("a backend that does not exist is told", async (test) => {
  const run = await gateway.registerRun("gone");
  const { status, headers, text } = await post(run, "https://gone.test/session", call("search"));
  test.equal(status, 503);
  test.equal(headers["x-clrk-deny-reason"], "backend-missing");
  test.match(text, /Backend default\/nowhere does not exist/);
});

t.test("in audit mode the backend is asked, and has its credential", async (test) => {
  const run = await gateway.registerRun("audited");
  const { client } = await connect(test, "https://audit.test/session", run);
  for (const name of ["delete_file", "pay"]) {
    test.match(await client.callTool({ name }), { content: [{ text: name }] });
    const record = await gateway.waitForRecord(
      (one) => one.agent?.uid === run.runId && one.mcp?.messages[0]?.name === name,
    );
    test.match(record, {
      decision: { verdict: "allow", wouldDeny: { route: { name: "audit" } } },
      routing: { backend: { name: "other" } },
    });
  }
  test.equal(at("other").headers.at(-1)?.["x-key"], key);
  test.equal(original.headers.filter(({ host }) => host === "audit.test").length, 0);
});
