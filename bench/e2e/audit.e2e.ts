/**
 * Audit mode as agents and operators meet it: the same requests to a gateway that enforces and to one that audits the same
 * objects. The same is decided; nothing is refused but what is always refused, and no credential is given away.
 */
import { isDeepStrictEqual } from "node:util";
import t from "tap";
import type { Test } from "tap";
import { auditTreatments } from "../../gateway/audit.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import type { AgentRequest } from "../harness/agent-requests.ts";
import { openThroughProxy, requestAbsolute } from "../harness/connect-proxy-client.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import {
  gatewayManifest,
  headerCredential,
  interceptingListeners,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { tlsOver } from "../harness/http-over-socket.ts";
import { startMcpServer } from "../harness/mcp-server.ts";
import { waitUntil } from "../harness/processes.ts";
import { createTcpUpstream } from "../harness/tcp-upstream.ts";
import { openAiKey, startUpstreams } from "../harness/upstreams.ts";

const key = "canary-0123456789abcdefghijklmnop";
const hosts = {
  tls: ["paths.test", "denied.test", "limited.test", "missing.test", "bad.test", "unlisted.test"],
  plain: ["keyed-plain.test"],
  mcp: ["mcp.test"],
};
const upstreams = await startUpstreams(t, { tlsHosts: hosts.tls, plainHosts: hosts.plain });
const mcp = await startMcpServer(t, upstreams.authority.issue(hosts.mcp));
const raw = await createTcpUpstream();
t.teardown(() => raw.close());

const group = "clrk.apoxy.dev";
const parentRefs = ["enforce", "audit"].map((name) => ({ group, kind: "EgressGateway", name }));
const both = (kind: string, name: string, spec: object) =>
  objectManifest(kind, name, { parentRefs, ...spec });
const backendRef = (name: string) => ({ group, kind: "Backend", name });
const limited = (name: string) => ({
  type: "ExtensionRef",
  extensionRef: { group, kind: "RateLimitPolicy", name },
});
const gatewayOf = (name: string, spec: object) =>
  gatewayManifest({
    name,
    aliases: [
      ...upstreams.aliases,
      { port: mcp.port, hostnames: hosts.mcp },
      { port: raw.port, hostnames: ["raw.test", "raw-denied.test"] },
    ],
    upstreamCa: upstreams.upstreamCa,
    listeners: [...interceptingListeners, { name: "raw", protocol: "TCP", port: raw.port }],
    spec,
  });

const gateway = await startGateway(t, {
  secrets: [
    { name: "key", value: key },
    { name: "openai", value: openAiKey },
  ],
  manifests: {
    "enforce.yaml": gatewayOf("enforce", {}),
    "audit.yaml": gatewayOf("audit", { enforcement: "Audit" }),
    "routes.yaml": [
      both("EgressHTTPRoute", "paths", {
        hostnames: ["paths.test"],
        rules: [{ matches: [{ method: "GET", path: { value: "/public" } }] }],
      }),
      both("EgressHTTPRoute", "denied", { hostnames: ["denied.test"], rules: [{}] }),
      objectManifest("EgressDenyPolicy", "no", {
        targetRefs: [
          { group, kind: "EgressHTTPRoute", name: "denied" },
          { group, kind: "EgressHTTPRoute", name: "inside" },
          { group, kind: "EgressL4Route", name: "raw-denied" },
        ],
      }),
      objectManifest("RateLimitPolicy", "one", {
        requests: 1,
        window: "1h",
        scope: "PerExecution",
      }),
      both("EgressHTTPRoute", "limited", {
        hostnames: ["limited.test"],
        rules: [{ filters: [limited("one")] }],
      }),
      both("EgressHTTPRoute", "missing", { hostnames: ["missing.test"], rules: [{}] }),
      both("EgressHTTPRoute", "bad", {
        hostnames: ["bad.test"],
        rules: [{ filters: [limited("nowhere")] }],
      }),
      both("EgressHTTPRoute", "keyed-plain", { hostnames: ["keyed-plain.test"], rules: [{}] }),
      both("EgressHTTPRoute", "inside", { hostnames: ["127.0.0.1"], rules: [{}] }),
      headerCredential({
        secret: "gone",
        route: { kind: "EgressHTTPRoute", name: "missing" },
        headerName: "x-key",
      }),
      ...["paths", "denied", "limited", "keyed-plain"].map((name) =>
        headerCredential({
          secret: "key",
          route: { kind: "EgressHTTPRoute", name },
          headerName: "x-key",
        }),
      ),
      both("EgressL4Route", "raw-denied", {
        rules: [{ matches: [{ destinationHostnames: ["raw-denied.test"] }] }],
      }),
      both("AIProviderRoute", "models", {
        rules: [
          { matches: [{ provider: "openai", models: ["gpt-4.1"] }], filters: [limited("one")] },
          {
            matches: [{ provider: "openai", models: ["gpt-4o"] }],
            filters: [{ type: "TokenBudget", tokenBudget: { maxTokensPerExecution: 100 } }],
          },
          {
            matches: [{ provider: "openai", models: ["gpt-5"] }],
            filters: [
              {
                type: "TokenBudget",
                tokenBudget: { maxTokensPerExecution: 8_000, maxOutputTokensPerRequest: 20 },
              },
            ],
          },
        ],
      }),
      headerCredential({
        secret: "openai",
        route: { kind: "AIProviderRoute", name: "models" },
        headerName: "Authorization",
        valuePrefix: "Bearer ",
      }),
      both("AIProviderRoute", "counted", {
        rules: [
          {
            matches: [{ provider: "anthropic" }],
            filters: [{ type: "TokenBudget", tokenBudget: { maxTokensPerExecution: 100_000 } }],
          },
        ],
      }),
      both("AIProviderRoute", "nowhere", {
        rules: [{ matches: [{ provider: "mistral" }], backendRefs: [backendRef("gone")] }],
      }),
      both("AIProviderRoute", "elsewhere", {
        rules: [{ matches: [{ provider: "google-genai" }], backendRefs: [backendRef("claude")] }],
      }),
      objectManifest("Backend", "claude", {
        schema: { name: "Anthropic" },
        upstream: { host: "api.anthropic.com" },
      }),
      both("MCPRoute", "tools", {
        hostnames: hosts.mcp,
        rules: [
          {
            matches: [{ servers: ["https://mcp.test/json"], tools: ["search", "delete_file"] }],
            filters: [
              {
                type: "ToolPolicy",
                toolPolicy: {
                  deniedTools: ["delete_*"],
                  rateLimits: [
                    { tools: ["search"], requests: 1, window: "1h", scope: "PerExecution" },
                  ],
                },
              },
            ],
          },
          // So that all requests to the host are judged as messages.
          { matches: [{ servers: ["https://mcp.test"], prompts: ["none"] }] },
        ],
      }),
      headerCredential({
        secret: "key",
        route: { kind: "MCPRoute", name: "tools" },
        headerName: "x-key",
      }),
    ].join(""),
  },
});

/** What an agent got: a status, or bytes. */
type Answer = { readonly status: number; readonly text: string };

/** One request that enforcement refuses. */
interface Case {
  readonly name: string;
  readonly reason: string;
  /** Sent before it, and let by in both modes */
  readonly before?: number;
  readonly send: (run: GatewayRun) => Promise<Answer>;
}

const to =
  (url: string, request: AgentRequest = {}) =>
  (run: GatewayRun): Promise<Answer> =>
    requestThrough(run, url, request).catch((error: Error) => ({ status: 0, text: error.message }));
const json = { "content-type": "application/json" };
const chatUrl = "https://api.openai.com/v1/chat/completions";
const chat = (model: string, more: object = {}) => {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }], ...more });
  return to(chatUrl, { method: "POST", headers: json, body });
};
const say = (method: string, params: object = {}, path = "/json") =>
  to(`https://mcp.test${path}`, {
    method: "POST",
    headers: { ...json, accept: "application/json, text/event-stream" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
const call = (name: string, path?: string) => say("tools/call", { name, arguments: {} }, path);
const upgrade = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" };

async function exchange(run: GatewayRun, host: string, port = raw.port): Promise<Answer> {
  const target = `${host}:${port}`;
  const answer = await openThroughProxy(run.proxy, { target, authorization: run.authorization });
  if (answer.kind === "refused") return { status: answer.status, text: "" };
  const { socket } = answer;
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      socket.end();
    });
    socket.on("error", () => {});
    socket.once("close", () => resolve({ status: text === "" ? 0 : 200, text }));
    socket.write("\u0000raw");
  });
}

/** TLS that names no server. */
async function unnamed(run: GatewayRun): Promise<Answer> {
  const { authorization, proxy, ca } = run;
  const answer = await openThroughProxy(proxy, { target: "denied.test:443", authorization });
  if (answer.kind === "refused") return { status: answer.status, text: "" };
  const failure = await tlsOver(answer.socket, { ca }).catch((error: Error) => error.message);
  return { status: 0, text: String(failure) };
}

const audited: readonly Case[] = [
  { name: "a host of no route", reason: "default-policy", send: to("https://unlisted.test/a") },
  { name: "a path of no rule", reason: "no-rule", send: to("https://paths.test/secret") },
  {
    name: "a method of no rule",
    reason: "no-rule",
    send: to("https://paths.test/public", { method: "DELETE" }),
  },
  { name: "a denied route", reason: "deny-policy", send: to("https://denied.test/a") },
  { name: "an odd path", reason: "ambiguous-path", send: to("https://paths.test/public//a") },
  { name: "a limit", reason: "rate-limited", before: 1, send: to("https://limited.test/bytes/1") },
  { name: "a limit of a model", reason: "rate-limited", before: 1, send: chat("gpt-4.1") },
  { name: "a model of no rule", reason: "no-rule", send: chat("o3") },
  {
    name: "a call that is no JSON",
    reason: "body-malformed",
    send: to(chatUrl, { method: "POST", headers: json, body: "{" }),
  },
  {
    name: "a call of an unknown coding",
    reason: "body-malformed",
    send: to(chatUrl, {
      method: "POST",
      headers: { ...json, "content-encoding": "x-odd" },
      body: "?",
    }),
  },
  {
    name: "a call without a body",
    reason: "body-malformed",
    send: to(chatUrl, { method: "POST", headers: { "content-length": "0" } }),
  },
  {
    name: "an upgrade of a model call",
    reason: "not-translatable",
    send: to(chatUrl, { method: "POST", headers: upgrade }),
  },
  { name: "a spent budget", reason: "budget-exhausted", send: chat("gpt-4o") },
  {
    name: "what a budget cannot count",
    reason: "no-rule",
    send: to("https://api.anthropic.com/v1/models"),
  },
  { name: "a denied tool", reason: "mcp-denied", send: call("delete_file") },
  { name: "a tool of no rule", reason: "mcp-denied", send: call("write_file") },
  { name: "a server of no rule", reason: "mcp-denied", send: call("search", "/stream") },
  { name: "a limited tool", reason: "rate-limited", before: 1, send: call("search") },
  {
    name: "a page of a server",
    reason: "mcp-denied",
    send: to("https://mcp.test/json", { headers: { accept: "text/html" } }),
  },
  {
    name: "a message that is no JSON",
    reason: "body-malformed",
    send: to("https://mcp.test/raw", { method: "POST", headers: json, body: "{" }),
  },
  {
    name: "a form for a server",
    reason: "body-malformed",
    send: to("https://mcp.test/raw", {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "hello",
    }),
  },
  {
    name: "an upgrade at a server",
    reason: "not-enforced",
    send: to("https://mcp.test/raw", { headers: upgrade }),
  },
  {
    name: "raw bytes to a host of no route",
    reason: "default-policy",
    send: (run) => exchange(run, "raw.test"),
  },
  {
    name: "raw bytes to a denied host",
    reason: "deny-policy",
    send: (run) => exchange(run, "raw-denied.test"),
  },
];

const enforced: readonly Case[] = [
  { name: "no credential", reason: "credential-missing", send: to("https://missing.test/a") },
  {
    name: "a credential in plain text",
    reason: "credential-needs-tls",
    send: to("http://keyed-plain.test/a"),
  },
  {
    name: "TRACE beside a credential",
    reason: "trace-method",
    send: to("https://limited.test/a", { method: "TRACE" }),
  },
  { name: "a filter that is not there", reason: "not-enforced", send: to("https://bad.test/a") },
  {
    name: "a host that was not dialled",
    reason: "authority-mismatch",
    send: to("https://denied.test/a", { authority: "paths.test" }),
  },
  {
    name: "a backend that is not there",
    reason: "backend-missing",
    send: to("https://api.mistral.ai/v1/models"),
  },
  {
    name: "what no backend can express",
    reason: "not-translatable",
    send: to("https://generativelanguage.googleapis.com/v1beta/models"),
  },
  {
    name: "raw bytes that no listener takes",
    reason: "unmatched-port",
    send: (run) => exchange(run, "raw.test", 9),
  },
  {
    name: "a message larger than is held",
    reason: "body-too-large",
    send: to("https://mcp.test/json", {
      method: "POST",
      headers: json,
      body: `{"jsonrpc":"2.0","id":1,"method":"${"m".repeat(4_200_000)}"}`,
    }),
  },
];

async function recordOf(run: GatewayRun, count: number): Promise<EgressRecord> {
  const own = await waitUntil(
    () => {
      const found = gateway.records.filter(({ agent }) => agent?.uid === run.runId);
      return found.length >= count ? found : undefined;
    },
    { deadlineMs: 20_000, what: `${count} records of ${run.runId}` },
  );
  const last = own.toSorted((a, b) => (a.startUnixNs < b.startUnixNs ? -1 : 1)).at(-1);
  if (last === undefined) throw new Error("Cannot find the record: there is none");
  return last;
}

/** Sends the case to one of the gateways; the last record is what it came to. */
async function play(test: Test, one: Case, mode: "enforce" | "audit") {
  const slug = one.name.replaceAll(/[^a-z]/gi, "-").toLowerCase();
  const run = await gateway.registerRun(`${slug}-${mode}`, mode);
  test.teardown(() => run.end());
  const { before = 0 } = one;
  for (let count = 0; count < before; count++) {
    const allowed = await one.send(run);
    test.equal(allowed.status, 200, `${mode}: what goes before is let by`);
    const { decision } = await recordOf(run, count + 1);
    test.equal(decision.wouldDeny, undefined);
  }
  const answer = await one.send(run);
  return { answer, record: await recordOf(run, before + 1) };
}

for (const one of audited) {
  t.test(`${one.name} is ${one.reason}, and let by in audit mode`, async (test) => {
    const refused = await play(test, one, "enforce");
    const passed = await play(test, one, "audit");
    test.match(refused.record.decision, { verdict: "deny", reason: one.reason });
    test.equal(refused.record.upstream, null, "enforced: nothing is dialled");
    const { verdict, wouldDeny } = passed.record.decision;
    test.equal(verdict, "allow");
    test.equal(wouldDeny?.reason, one.reason);
    test.same(wouldDeny?.route, refused.record.decision.route, "by the same rule");
    test.equal(wouldDeny?.message, refused.record.decision.message, "in the same words");
    test.not(passed.record.upstream, null, "audited: the upstream was asked");
    test.notOk(String(passed.answer.text).includes("clrk_"), passed.answer.text.slice(0, 200));
    test.notOk("x-clrk-deny-reason" in passed.answer);
  });
}

for (const one of enforced) {
  t.test(`${one.name} is ${one.reason} in audit mode too`, async (test) => {
    const [refused, passed] = [await play(test, one, "enforce"), await play(test, one, "audit")];
    for (const { record } of [refused, passed]) {
      test.match(record.decision, { verdict: "deny", reason: one.reason });
      test.notOk("wouldDeny" in record.decision);
    }
    test.equal(passed.answer.status, refused.answer.status);
  });
}

for (const mode of ["enforce", "audit"]) {
  t.test(`https in plain text, and TLS without a name, go nowhere: ${mode}`, async (test) => {
    const run = await gateway.registerRun(`nowhere-${mode}`, mode);
    const { proxy, authorization } = run;
    const plain = await requestAbsolute(proxy, "https://denied.test/plain", { authorization });
    test.equal(plain.status, 403);
    test.match(await unnamed(run), { status: 0, text: /./ });
    test.notOk(upstreams.tls.requests.some(({ path }) => path === "/plain"));
  });
}

t.test("only requests of a rule have its credential, in both modes", async (test) => {
  const keyed = upstreams.tls.requests.filter(({ headers }) => headers["x-key"] !== undefined);
  test.same(
    [...new Set(keyed.map(({ host, path }) => `${host}${path}`))].toSorted(),
    ["denied.test/a", "limited.test/bytes/1"],
    "no path, method or spelling that no rule is about",
  );
  const called = upstreams.tls.requests.filter(({ host }) => host === "api.openai.com");
  const models = called
    .filter(({ headers }) => headers["authorization"] === `Bearer ${openAiKey}`)
    .map(({ body }) => JSON.parse(body.toString()).model);
  test.same([...new Set(models)].toSorted(), ["gpt-4.1", "gpt-4o"]);
  test.notOk(isDeepStrictEqual(called.length, models.length), "others came without it");
  const tools = mcp.headers.filter((headers) => headers["x-key"] === key).length;
  // Of either mode: one search; in audit mode also the denied tool and the second search.
  test.equal(tools, 4);
});

t.test("the guard stands, also before an address that a denied route names", async (test) => {
  for (const url of ["http://169.254.169.254/a", "http://127.0.0.1/a"]) {
    const inside = { name: `inside ${url}`, reason: "", send: to(url) };
    const { answer, record } = await play(test, inside, "audit");
    test.equal(answer.status, 403);
    test.match(record, { upstream: null, decision: { reason: "guarded-address" } });
  }
});

t.test("a budget changes nothing of a request in audit mode, and counts it", async (test) => {
  const more = { max_completion_tokens: 500 };
  const bodies: string[] = [];
  for (const mode of ["enforce", "audit"] as const) {
    const { answer, record } = await play(
      test,
      { name: `clamp ${mode}`, reason: "", send: chat("gpt-5", more) },
      mode,
    );
    test.equal(answer.status, 200);
    test.match(record, { decision: { verdict: "allow" }, charge: { estimated: false } });
    bodies.push(upstreams.tls.requests.at(-1)?.body.toString() ?? "");
  }
  test.match(bodies[0], '"max_completion_tokens":20}');
  test.match(bodies[1], '"max_completion_tokens":500}');
});

t.test("lists of MCP servers are not cut in audit mode", async (test) => {
  const list = { name: "list tools", reason: "", send: say("tools/list") };
  const [cut, whole] = [await play(test, list, "enforce"), await play(test, list, "audit")];
  test.notMatch(cut.answer.text, "write_file");
  test.match(whole.answer.text, "write_file");
  test.equal(whole.record.decision.wouldDeny, undefined);
});

t.test("a route can audit alone", async (test) => {
  await gateway.change(
    "alone.yaml",
    [
      objectManifest("EgressHTTPRoute", "alone", {
        parentRefs: parentRefs.slice(0, 1),
        enforcement: "Audit",
        hostnames: ["unlisted.test"],
        rules: [{ matches: [{ path: { value: "/bytes" } }], filters: [limited("one")] }],
      }),
    ].join(""),
  );
  const run = await gateway.registerRun("alone", "enforce");
  for (const expected of [undefined, "rate-limited"]) {
    test.equal((await to("https://unlisted.test/bytes/1")(run)).status, 200);
    const { decision } = await recordOf(run, expected === undefined ? 1 : 2);
    test.equal(decision.wouldDeny?.reason, expected);
  }
  test.equal((await to("https://unlisted.test/other")(run)).status, 403, "its gateway enforces");
  await gateway.change("alone.yaml", undefined);
});

t.test("what audits is said in the log, the status and its conditions", async (test) => {
  const line = "AUDIT: nothing is refused by EgressGateway default/audit";
  test.match(gateway.log, line);
  const { gateways } = await gateway.status();
  test.same(
    gateways.map(({ name, audits }) => [name, audits]),
    [
      ["audit", ["EgressGateway default/audit"]],
      ["enforce", undefined],
    ],
  );
  const { items } = await gateway.objects("EgressGateway");
  test.same(
    items.map(({ object, conditions }) => [
      object.metadata.name,
      conditions.find(({ type }) => type === "Enforcing")?.reason,
    ]),
    [
      ["audit", "Audit"],
      ["enforce", undefined],
    ],
  );
});

/** Where reasons are tried that need a gateway of their own, which audit mode has no part in, or a double. */
const elsewhere: Readonly<Record<string, string>> = {
  "placeholder-misdirected": "bench/e2e/placeholder.e2e.ts",
  "answer-unreadable": "bench/e2e/placeholder.e2e.ts",
  "budget-unavailable": "extproc/session-audit.test.ts",
  "limit-unavailable": "gateway/audit.test.ts",
  "connection-limit": "gateway/xds/explicit-proxy.test.ts",
  "engine-failed": "bench/e2e/engine-failures.e2e.ts",
  "engine-unavailable": "bench/e2e/engine-failures.e2e.ts",
  "guarded-address": "above, beside what enforcement says of it",
  "needs-connect": "above, without a record",
  "no-server-name": "above, without a record",
  "not-confirmed": "extproc/mcp-session-audit.test.ts",
  "not-ready": "gateway/xds/open-route.test.ts",
  "proxy-credential": "bench/e2e/fail-closed-credentials.e2e.ts",
  "too-many-open": "bench/e2e/open-requests.e2e.ts",
  unidentified: "gateway/xds/chain-matcher.test.ts",
  "upstream-malformed": "extproc/mcp-session-audit.test.ts",
};

t.test("every reason is tried here, or said where it is", async (test) => {
  const triedAs = (cases: readonly Case[]) => new Set(cases.map(({ reason }) => reason));
  const [letBy, stands] = [triedAs(audited), triedAs(enforced)];
  for (const [reason, { kind }] of Object.entries(auditTreatments)) {
    if (reason in elsewhere) continue;
    test.equal(letBy.has(reason), kind !== "enforced", `${reason} is ${kind}: let by`);
    // Of a policy's own refusals none stands: those that do are attempts at guarded backends.
    const isTried = kind !== "audited" && reason !== "deny-policy";
    test.equal(stands.has(reason), isTried, `${reason} is ${kind}: refused`);
  }
});
