/** MCP as agents meet it, with the official SDK on both sides: what is allowed works, all else never reaches the server. */
import { connect as connectHttp2 } from "node:http2";
import { gzipSync } from "node:zlib";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import t from "tap";
import type { Test } from "tap";
import { ProxyAgent, fetch as proxyFetch } from "undici";
import { openSecureTunnel, requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { startMcpServer } from "../harness/mcp-server.ts";
import { createUpstreamAuthority } from "../harness/upstream-authority.ts";

const authority = createUpstreamAuthority();
const hostnames = ["mcp.test", "open.test", "limited.test", "scheme.test"];
const server = await startMcpServer(t, authority.issue(hostnames));

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({
      aliases: [{ port: server.port, hostnames }],
      upstreamCa: authority.certificatePem,
    }),
    "limits.yaml": objectManifest("RateLimitPolicy", "few", { requests: 2, window: "1h" }),
    "routes.yaml": [
      objectManifest("MCPRoute", "files", {
        hostnames: ["mcp.test"],
        rules: [
          {
            matches: [{ tools: ["*_file", "search"] }],
            filters: [
              {
                type: "ToolPolicy",
                toolPolicy: {
                  deniedTools: ["delete_*"],
                  requireConfirmation: ["write_*"],
                  confirmation: { timeout: "100ms" },
                },
              },
            ],
          },
          { matches: [{ resources: ["docs://open/*"], prompts: ["review"] }] },
        ],
      }),
      objectManifest("MCPRoute", "open", {
        hostnames: ["open.test"],
        rules: [{ matches: [{ servers: ["https://open.test/json"] }] }],
      }),
      objectManifest("MCPRoute", "schemes", {
        hostnames: ["scheme.test"],
        rules: [
          {
            matches: [{ servers: ["https://scheme.test"] }],
            filters: [{ type: "ToolPolicy", toolPolicy: { deniedTools: ["delete_*"] } }],
          },
          {},
        ],
      }),
      objectManifest("MCPRoute", "limited", {
        hostnames: ["limited.test"],
        rules: [
          {
            matches: [{ tools: ["search"] }],
            filters: [
              {
                type: "ToolPolicy",
                toolPolicy: { rateLimits: [{ tools: ["sea*"], requests: 2, window: "1h" }] },
              },
            ],
          },
          {
            matches: [{ tools: ["write_file", "delete_file"] }],
            filters: [{ type: "ToolPolicy", toolPolicy: { maxCallsPerExecution: 3 } }],
          },
          {
            matches: [{ tools: ["read_file"] }],
            filters: [
              {
                type: "ExtensionRef",
                extensionRef: { group: "clrk.apoxy.dev", kind: "RateLimitPolicy", name: "few" },
              },
            ],
          },
        ],
      }),
    ].join(""),
  },
});

type Fetch = NonNullable<
  NonNullable<ConstructorParameters<typeof StreamableHTTPClientTransport>[1]>["fetch"]
>;

function fetchThrough(test: Test, run: GatewayRun): Fetch {
  const dispatcher = new ProxyAgent({ uri: run.proxyUrl, requestTls: { ca: run.ca } });
  test.teardown(() => dispatcher.destroy());
  // undici's own types differ from those of Node's copy of it.
  return (async (url, init) =>
    proxyFetch(String(url), { ...init, dispatcher } as Parameters<typeof proxyFetch>[1])) as Fetch;
}

async function connect(test: Test, url: string, run: GatewayRun) {
  const client = new Client({ name: "agent", version: "1.0.0" });
  const fetch = fetchThrough(test, run);
  const transport = url.endsWith("/sse")
    ? new SSEClientTransport(new URL(url), { fetch, eventSourceInit: { fetch } })
    : new StreamableHTTPClientTransport(new URL(url), { fetch });
  test.teardown(() => client.close());
  // Under exactOptionalPropertyTypes the SDK's own classes do not fit its interface.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return client;
}

const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);

for (const path of ["json", "stream", "sse"]) {
  t.test(`an agent has what the rules allow, by /${path}`, async (test) => {
    const run = await gateway.registerRun(`by-${path}`);
    const client = await connect(test, `https://mcp.test/${path}`, run);
    test.same(names((await client.listTools()).tools), ["search", "read_file", "write_file"]);
    test.match(await client.callTool({ name: "search", arguments: {} }), {
      content: [{ text: "search" }],
    });
    test.same(
      (await client.listResources()).resources.map(({ uri }) => uri),
      ["docs://open/a"],
    );
    test.same((await client.listResourceTemplates()).resourceTemplates, []);
    test.match(await client.readResource({ uri: "docs://open/a" }), {
      contents: [{ text: "docs://open/a" }],
    });
    test.same(names((await client.listPrompts()).prompts), ["review"]);
    test.match(await client.getPrompt({ name: "review" }), { messages: [{ role: "user" }] });
  });

  t.test(`an agent is told what the rules refuse, by /${path}`, async (test) => {
    const run = await gateway.registerRun(`told-${path}`);
    const client = await connect(test, `https://mcp.test/${path}`, run);
    const reached = server.bodies.length;
    const cases = [
      [
        () => client.callTool({ name: "delete_file" }),
        /MCPRoute default.files denies tool .+delete_file/,
      ],
      [
        () => client.callTool({ name: "write_file" }),
        /write_file.+ confirmed, and this one was not/,
      ],
      [() => client.callTool({ name: "exec" }), /does not allow tool .+exec.+ on this server/],
      [() => client.readResource({ uri: "docs://secret/b" }), /does not allow resource/],
      [() => client.getPrompt({ name: "jailbreak" }), /does not allow prompt/],
      [() => client.subscribeResource({ uri: "docs://secret/b" }), /does not allow resource/],
    ] as const;
    for (const [asked, message] of cases) {
      await test.rejects(asked(), { message });
    }
    test.equal(server.bodies.length, reached, "nothing reached the server");
    if (path === "sse") return;
    await test.rejects(client.callTool({ name: "delete_file" }), {
      name: "McpError",
      code: -32_013,
    });
  });
}

const call = (name: string, id = 1) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: {} },
});

async function post(
  run: GatewayRun,
  body: string | Buffer | object,
  more: { readonly headers?: Readonly<Record<string, string>>; readonly url?: string } = {},
) {
  const { headers = {}, url = "https://mcp.test/json" } = more;
  const bytes = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const answer = await requestThrough(run, url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body: bytes,
  });
  const text = answer.body.toString();
  return { status: answer.status, headers: answer.headers, text };
}

t.test("what could be read in two ways never reaches the server", async (test) => {
  const run = await gateway.registerRun("strict");
  const good = JSON.stringify(call("search"));
  const padding = "x".repeat(70_000);
  const cases: readonly (readonly [
    string,
    string | Buffer,
    Readonly<Record<string, string>>,
    number,
  ])[] = [
    [
      "key in two cases",
      good.replace('"name":"search"', '"name":"delete_file","NAME":"search"'),
      {},
      400,
    ],
    ["key twice", good.replace('"name":"search"', '"name":"search","name":"delete_file"'), {}, 400],
    ["trailing bytes", `${good}{}`, {}, 400],
    [
      "invalid UTF-8",
      Buffer.concat([Buffer.from(good.slice(0, -1)), Buffer.from([0xff, 0x7d])]),
      {},
      400,
    ],
    ["truncated", good.slice(0, -1), {}, 400],
    ["empty", "", {}, 400],
    ["gzip", gzipSync(good), { "content-encoding": "gzip" }, 415],
    ["gzip unsaid", gzipSync(good), {}, 400],
    ["another type", good, { "content-type": "text/plain" }, 415],
    ["another encoding", good, { "content-type": "application/json; charset=utf-16" }, 415],
    ["another name in the header", good, { "mcp-name": "read_file" }, 400],
    ["too large", good.replace("{}", JSON.stringify({ x: "x".repeat(5 * 1024 * 1024) })), {}, 413],
    [
      "denied behind padding",
      good.replace("search", "delete_file").replace("{}", `{"x":"${padding}"}`),
      {},
      200,
    ],
    ["batch of a revision without", `[${good}]`, { "mcp-protocol-version": "2025-06-18" }, 400],
  ];
  const reached = server.headers.length;
  for (const [name, body, headers, status] of cases) {
    const answer = await post(run, body, { headers });
    test.equal(answer.status, status, name);
    test.match(answer.text, /"error":/, name);
  }
  for (const method of ["PUT", "TRACE", "OPTIONS"]) {
    const { status } = await requestThrough(run, "https://mcp.test/json", { method });
    test.equal(status, 405, method);
  }
  const upgrade = { connection: "upgrade", upgrade: "websocket" };
  const socket = await requestThrough(run, "https://mcp.test/json", { headers: upgrade });
  test.equal(socket.status, 403);
  test.equal(server.headers.length, reached, "nothing reached the server");
  test.match(await post(run, good.replace("{}", `{"x":"${padding}"}`)), {
    status: 200,
    text: /"search"/,
  });
});

t.test("a batch is judged message by message and goes as a whole", async (test) => {
  const run = await gateway.registerRun("batches");
  const headers = { "mcp-protocol-version": "2025-03-26" };
  const good = await post(run, [call("search", 1), call("read_file", 2)], { headers });
  test.match(good, { status: 200, text: /search.*read_file/s });
  const reached = server.headers.length;
  const mixed = await post(run, [call("search", 1), call("delete_file", 2)], { headers });
  test.match(JSON.parse(mixed.text), [
    { id: 1, error: { message: /^Not sent because another message of the batch is refused/ } },
    { id: 2, error: { message: /denies tool "delete_file"/ } },
  ]);
  test.equal(server.headers.length, reached);
});

t.test("answers that could name what is refused come uncompressed or not at all", async (test) => {
  const run = await gateway.registerRun("compressed");
  const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  const ask = (url: string) => post(run, list, { url, headers: { "accept-encoding": "gzip" } });
  const plain = await ask("https://mcp.test/raw");
  test.equal(server.headers.at(-1)?.["accept-encoding"], "identity");
  const shown = names(JSON.parse(plain.text).result.tools);
  test.same(shown, ["search", "read_file", "write_file"]);
  test.match(await ask("https://mcp.test/raw?coding=gzip"), {
    status: 502,
    headers: { "x-clrk-deny-reason": "upstream-malformed" },
  });
});

t.test("a rule for one path of a server says nothing of its others", async (test) => {
  const run = await gateway.registerRun("paths");
  const client = await connect(test, "https://open.test/json", run);
  test.equal((await client.listTools()).tools.length, 4);
  test.match(await client.callTool({ name: "delete_file" }), {
    content: [{ text: "delete_file" }],
  });
  test.match(await post(run, call("search"), { url: "https://open.test/stream" }), {
    status: 403,
    headers: { "x-clrk-deny-reason": "no-rule" },
  });
});

t.test("limits of tools and of rules are told as JSON-RPC errors", async (test) => {
  const run = await gateway.registerRun("limited");
  const client = await connect(test, "https://limited.test/json", run);
  for (const name of ["search", "read_file"]) {
    for (let count = 0; count < 2; count++) {
      test.match(await client.callTool({ name }), { content: [{ text: name }] });
    }
    await test.rejects(client.callTool({ name }), {
      name: "McpError",
      code: -32_014,
      message: /allows 2 requests in 1h0m0s for each agent: try again in \d+ s/,
    });
  }
});

t.test("records say what was asked of which server, and what became of it", async (test) => {
  const run = await gateway.registerRun("recorded");
  await post(run, call("search"), { headers: { "mcp-protocol-version": "2025-11-25" } });
  await post(run, call("delete_file"));
  const of = (name: string) =>
    gateway.waitForRecord(
      (record) => record.agent?.uid === run.runId && record.mcp?.messages[0]?.name === name,
    );
  test.match(await of("search"), {
    tier: "engine",
    decision: { verdict: "allow", route: { kind: "MCPRoute", name: "files" } },
    mcp: {
      protocol: "mcp",
      revision: "2025-11-25",
      messages: [{ method: "tools/call", subject: "tool", outcome: "allowed", rule: 0 }],
    },
  });
  test.match(await of("delete_file"), {
    response: { status: 200 },
    decision: {
      verdict: "deny",
      reason: "mcp-denied",
      message: 'Refused because MCPRoute default/files denies tool "delete_file"',
    },
    mcp: { messages: [{ outcome: "denied", rule: 0 }] },
  });
});

t.test("a scheme that the agent makes up leads past no rule", async (test) => {
  const run = await gateway.registerRun("schemes");
  const secure = await openSecureTunnel(run, "scheme.test:443", "h2");
  const session = connectHttp2("https://scheme.test", { createConnection: () => secure });
  test.teardown(() => session.destroy());
  for (const scheme of ["https", "http"]) {
    const stream = session.request({
      ":method": "POST",
      ":path": "/json",
      ":scheme": scheme,
      "content-type": "application/json",
      "x-forwarded-proto": "http",
      accept: "application/json",
    });
    stream.setEncoding("utf8").end(JSON.stringify(call("delete_file")));
    let text = "";
    for await (const piece of stream) text += piece;
    test.match(text, /MCPRoute default.schemes denies tool/, scheme);
  }
});

t.test("a body that trailers follow never reaches the server", async (test) => {
  const run = await gateway.registerRun("trailers");
  const secure = await openSecureTunnel(run, "mcp.test:443", "h2");
  const session = connectHttp2("https://mcp.test", { createConnection: () => secure });
  test.teardown(() => session.destroy());
  const reached = server.headers.length;
  const stream = session.request(
    { ":method": "POST", ":path": "/json", "content-type": "application/json", accept: "*/*" },
    { waitForTrailers: true },
  );
  stream.on("wantTrailers", () => stream.sendTrailers({ "x-more": "1" }));
  let status = 0;
  stream.on("response", (headers) => {
    status = headers[":status"] ?? 0;
  });
  stream.setEncoding("utf8").end(JSON.stringify(call("search")));
  for await (const _piece of stream);
  test.equal(status, 400);
  test.equal(server.headers.length, reached);
});

t.test("an execution has so many calls in all, and another one has its own", async (test) => {
  for (const run of [await gateway.registerRun("many"), await gateway.registerRun("many")]) {
    const client = await connect(test, "https://limited.test/stream", run);
    for (const name of ["write_file", "delete_file", "write_file"]) {
      test.match(await client.callTool({ name }), { content: [{ text: name }] });
    }
    await test.rejects(client.callTool({ name: "delete_file" }), {
      name: "McpError",
      code: -32_014,
      message: /allows 3 calls in all for each execution of an agent, and they are used up/,
    });
  }
});
