/** Calls of tools by their arguments, and calls that somebody must confirm, with the official SDK through a real Envoy. */
import { createHmac } from "node:crypto";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import t from "tap";
import type { Test } from "tap";
import { ProxyAgent, fetch as proxyFetch } from "undici";
import { CONTROL_PATH } from "../../gateway/control-api.ts";
import type { ConfirmationList } from "../../gateway/control-api.ts";
import { askControl } from "../harness/control-client.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { startMcpServer } from "../harness/mcp-server.ts";
import { waitUntil } from "../harness/processes.ts";
import { createUpstreamAuthority } from "../harness/upstream-authority.ts";

const authority = createUpstreamAuthority();
const hostnames = ["args.test", "cli.test", "hook.test", "short.test"];
const tools = ["push", "pay", "read", "fail"];
const server = await startMcpServer(t, authority.issue(hostnames), tools);
const signingKey = "a-signing-key-of-32-characters!!";

interface Asked {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}
const asked: Asked[] = [];
/** What the webhook says next: a status and a body; null: nothing, ever. */
let webhookAnswer: readonly [status: number, body: string] | null = [200, "{}"];
const webhook = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    asked.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
    if (webhookAnswer === null) return;
    const [status, body] = webhookAnswer;
    response.writeHead(status, { location: "http://127.0.0.1:1/" }).end(body);
  });
});
await new Promise<void>((resolve) => webhook.listen(0, "127.0.0.1", resolve));
t.teardown(() => {
  webhook.closeAllConnections();
  webhook.close();
});
const address = webhook.address();
const webhookPort = typeof address === "object" && address !== null ? address.port : 0;

const confirmed = (confirmation?: object) => [
  {
    filters: [
      {
        type: "ToolPolicy",
        toolPolicy: {
          requireConfirmation: ["pay"],
          ...(confirmation !== undefined && { confirmation }),
        },
      },
    ],
  },
];

const gateway = await startGateway(t, {
  secrets: [{ name: "signing", value: signingKey }],
  manifests: {
    "gateway.yaml": gatewayManifest({
      aliases: [{ port: server.port, hostnames }],
      upstreamCa: authority.certificatePem,
    }),
    "routes.yaml": [
      objectManifest("MCPRoute", "arguments", {
        hostnames: ["args.test"],
        rules: [
          {
            matches: [
              {
                tools: ["push"],
                arguments: [
                  { path: "repo.name", operator: "In", values: ["a", "b"] },
                  { path: "force", operator: "Absent" },
                ],
              },
            ],
          },
          {
            matches: [{ tools: ["pay"] }],
            filters: [
              {
                type: "ToolPolicy",
                toolPolicy: {
                  deniedArguments: [
                    {
                      tools: ["pay"],
                      arguments: [{ path: "amount", operator: "GreaterThan", bound: "100" }],
                    },
                  ],
                },
              },
            ],
          },
        ],
      }),
      objectManifest("MCPRoute", "by-cli", { hostnames: ["cli.test"], rules: confirmed() }),
      objectManifest("MCPRoute", "short", {
        hostnames: ["short.test"],
        rules: confirmed({ timeout: "1s" }),
      }),
      objectManifest("MCPRoute", "by-webhook", {
        hostnames: ["hook.test"],
        rules: confirmed({
          timeout: "2s",
          webhook: {
            url: `http://127.0.0.1:${webhookPort}/ask`,
            signingSecretRef: { name: "signing" },
          },
        }),
      }),
    ].join(""),
  },
});

type Fetch = NonNullable<
  NonNullable<ConstructorParameters<typeof StreamableHTTPClientTransport>[1]>["fetch"]
>;

async function connect(test: Test, url: string, run: GatewayRun): Promise<Client> {
  const dispatcher = new ProxyAgent({ uri: run.proxyUrl, requestTls: { ca: run.ca } });
  test.teardown(() => dispatcher.destroy());
  const client = new Client({ name: "agent", version: "1.0.0" });
  // undici's own types differ from those of Node's copy of it.
  const fetch = (async (target, init) =>
    proxyFetch(String(target), { ...init, dispatcher } as Parameters<
      typeof proxyFetch
    >[1])) as Fetch;
  const transport = new StreamableHTTPClientTransport(new URL(url), { fetch });
  test.teardown(() => client.close());
  // Under exactOptionalPropertyTypes the SDK's own classes do not fit its interface.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return client;
}

const cli = join(import.meta.dirname, "../../control/cli/main.ts");
const execute = promisify(execFile);

async function clrk(...words: readonly string[]): Promise<string> {
  const { stdout } = await execute(process.execPath, [cli, ...words], {
    env: { ...process.env, CLRK_HOME: gateway.home, NODE_NO_WARNINGS: "1" },
  });
  return stdout;
}

async function openQuestions(): Promise<ConfirmationList["items"]> {
  const { value } = await askControl(gateway.controlSocket, `GET ${CONTROL_PATH.confirmations}`);
  // The interface's own type for this path.
  return (value as ConfirmationList).items;
}

async function waitForQuestion() {
  const found = await waitUntil(async () => (await openQuestions())[0], {
    deadlineMs: 20_000,
    what: "a question",
  });
  return found;
}

const recordOf = (run: GatewayRun, name: string, outcome?: string) =>
  gateway.waitForRecord(
    ({ agent, mcp }) =>
      agent?.uid === run.runId &&
      mcp?.messages[0]?.name === name &&
      (outcome === undefined || mcp.messages[0].confirmation?.outcome === outcome),
  );

t.test("a call is allowed or denied by its arguments", async (test) => {
  const run = await gateway.registerRun("arguments");
  const client = await connect(test, "https://args.test/json", run);
  const listed = (await client.listTools()).tools.map(({ name }) => name);
  test.same(listed, ["push", "pay"]);
  const call = (name: string, args: Record<string, unknown>) =>
    client.callTool({ name, arguments: args });
  test.match(await call("push", { repo: { name: "a" } }), { content: [{ text: "push" }] });
  test.match(await call("pay", { amount: 100 }), { content: [{ text: "pay" }] });
  const reached = server.bodies.length;
  const secret = "value-that-nobody-tells";
  await test.rejects(call("push", { repo: { name: secret } }), {
    code: -32_013,
    message: /does not allow tool "push" on this server with argument "repo.name" as it is/,
  });
  await test.rejects(call("push", { repo: { name: "a", Name: secret } }), {
    message: /cannot tell argument "repo.name" of tool "push"/,
  });
  await test.rejects(call("push", { repo: { name: "a" }, force: true }), { message: /"force"/ });
  await test.rejects(call("pay", { amount: 100.000001 }), {
    message: /denies tool "pay" with argument "amount" as it is/,
  });
  await test.rejects(call("pay", { amount: "1000" }), { message: /denies tool "pay"/ });
  test.equal(server.bodies.length, reached, "nothing reached the server");
  const record = await recordOf(run, "push");
  test.notMatch(JSON.stringify(gateway.records), secret);
  test.match(record.mcp?.messages, [{ outcome: "allowed" }]);
});

for (const path of ["json", "stream"]) {
  t.test(`records say what a server answered, by /${path}`, async (test) => {
    const run = await gateway.registerRun(`answers-${path}`);
    const client = await connect(test, `https://cli.test/${path}`, run);
    await client.callTool({ name: "read" });
    await client.callTool({ name: "fail" });
    await test.rejects(client.readResource({ uri: "docs://none" }));
    const resultOf = async (name: string) =>
      (await recordOf(run, name)).mcp?.messages.map(({ result }) => result);
    test.same(await resultOf("read"), [{ outcome: "ok", code: null }]);
    test.same(await resultOf("fail"), [{ outcome: "tool-error", code: null }]);
    test.match(await resultOf("docs://none"), [{ outcome: "rpc-error", code: -32_602 }]);
  });
}

t.test("a person approves a call at the command line, for this call alone", async (test) => {
  const run = await gateway.registerRun("approved");
  const client = await connect(test, "https://cli.test/stream", run);
  test.match(await client.callTool({ name: "read" }), { content: [{ text: "read" }] });
  const reached = server.bodies.length;
  const call = client.callTool({ name: "pay", arguments: { amount: 5, note: "\u001b[2J" } });
  const question = await waitForQuestion();
  test.match(question, {
    agent: /approved/,
    server: "https://cli.test/stream",
    asks: "cli",
    calls: [{ tool: "pay", arguments: '{"amount":5,"note":"\\u001b[2J"}', isCut: false }],
    bodySha256: /^[0-9a-f]{64}$/,
  });
  test.equal(server.bodies.length, reached, "nothing reached the server before");
  test.match(await clrk("approvals"), new RegExp(`${question.id} .*pay\\(\\{"amount":5`));
  test.match(JSON.parse(await clrk("approvals", "-o", "json")), { items: [{ id: question.id }] });
  test.equal(await clrk("approve", question.id), `Approved ${question.id}\n`);
  test.match(await call, { content: [{ text: "pay" }] });
  test.equal(server.bodies.length, reached + 1);
  test.match(await recordOf(run, "pay"), {
    decision: { verdict: "allow" },
    mcp: { messages: [{ outcome: "allowed", confirmation: { outcome: "approved", by: "cli" } }] },
  });
  await test.rejects(clrk("approve", question.id), /is not open, or no more/);
  test.same(await openQuestions(), []);
});

t.test("a person denies a call, and the agent is told why", async (test) => {
  const run = await gateway.registerRun("denied");
  const client = await connect(test, "https://cli.test/json", run);
  const reached = server.bodies.length;
  const call = client.callTool({ name: "pay" });
  const { id } = await waitForQuestion();
  const rejected = test.rejects(call, {
    name: "McpError",
    code: -32_013,
    message: /has calls of tool "pay" confirmed, and this one was denied: too much/,
  });
  test.equal(await clrk("deny", "--reason", "too much", id), `Denied ${id}\n`);
  await rejected;
  test.equal(server.bodies.length, reached);
  test.match(await recordOf(run, "pay"), {
    decision: { verdict: "deny", reason: "not-confirmed" },
    mcp: { messages: [{ outcome: "denied", confirmation: { outcome: "denied", by: "cli" } }] },
  });
});

t.test("what nobody answers in time is denied", async (test) => {
  const run = await gateway.registerRun("late");
  const client = await connect(test, "https://short.test/json", run);
  await test.rejects(client.callTool({ name: "pay" }), {
    message: /this one was not within 1 s/,
  });
  test.match(await recordOf(run, "pay"), {
    mcp: { messages: [{ confirmation: { outcome: "timeout", by: null } }] },
  });
  test.match(await gateway.status(), { confirmations: { open: 0, timedOut: 1 } });
});

t.test("an answer after more than Envoy's usual five seconds still counts", async (test) => {
  const run = await gateway.registerRun("slow");
  const client = await connect(test, "https://cli.test/json", run);
  const startedMs = performance.now();
  const call = client.callTool({ name: "pay" });
  const { id } = await waitForQuestion();
  await waitUntil(() => performance.now() - startedMs > 5_500, {
    deadlineMs: 10_000,
    what: "more than Envoy's usual wait",
  });
  await clrk("approve", id);
  test.match(await call, { content: [{ text: "pay" }] });
});

t.test("an agent that cancels or goes withdraws its question", async (test) => {
  const run = await gateway.registerRun("gone");
  const client = await connect(test, "https://cli.test/json", run);
  const controller = new AbortController();
  const cancelled = client.callTool({ name: "pay" }, undefined, { signal: controller.signal });
  const first = await waitForQuestion();
  controller.abort();
  await test.rejects(cancelled);
  await waitUntil(async () => (await openQuestions()).every(({ id }) => id !== first.id), {
    deadlineMs: 20_000,
    what: "the withdrawal after a cancellation",
  });
  test.match(await recordOf(run, "pay", "withdrawn"), {
    mcp: { messages: [{ outcome: "denied", confirmation: { outcome: "withdrawn", by: null } }] },
  });
  const broken = client.callTool({ name: "pay" });
  await waitForQuestion();
  await client.close();
  await test.rejects(broken);
  await waitUntil(async () => (await openQuestions()).length === 0, {
    deadlineMs: 20_000,
    what: "the withdrawal after a disconnect",
  });
});

t.test("a webhook decides, by a signed question", async (test) => {
  const run = await gateway.registerRun("webhook");
  const client = await connect(test, "https://hook.test/json", run);
  webhookAnswer = [200, '{"decision":"approve"}'];
  test.match(await client.callTool({ name: "pay", arguments: { to: "me", n: 1 } }), {
    content: [{ text: "pay" }],
  });
  const [question] = asked;
  test.match(JSON.parse(question?.body ?? ""), {
    agent: /webhook/,
    server: "https://hook.test/json",
    route: { name: "by-webhook" },
    calls: [{ tool: "pay", arguments: { to: "me", n: 1 }, isCut: false }],
  });
  const { headers, body } = question ?? { headers: {}, body: "" };
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const signature = createHmac("sha256", signingKey).update(signed).digest("base64");
  test.equal(headers["webhook-signature"], `v1,${signature}`);
  test.match(await recordOf(run, "pay"), {
    mcp: { messages: [{ confirmation: { outcome: "approved", by: "webhook" } }] },
  });
});

t.test("whatever a webhook says besides yes is a denial", async (test) => {
  const run = await gateway.registerRun("webhook-denies");
  const client = await connect(test, "https://hook.test/json", run);
  const reached = server.bodies.length;
  const cases: readonly (readonly [typeof webhookAnswer, RegExp])[] = [
    [[200, '{"decision":"deny","reason":"not today"}'], /was denied: not today/],
    [[200, '{"decision":"Approve"}'], /has no decision/],
    [[200, "approve"], /is not JSON/],
    [[302, '{"decision":"approve"}'], /status 302, wanted 200/],
    [[500, ""], /status 500/],
    [[200, `{"decision":"approve","x":"${"x".repeat(20_000)}"}`], /could not be asked/],
    [null, /not within 2 s/],
  ];
  for (const [answer, message] of cases) {
    webhookAnswer = answer;
    await test.rejects(client.callTool({ name: "pay" }), { message });
  }
  test.equal(server.bodies.length, reached, "nothing reached the server");
});
