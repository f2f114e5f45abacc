/** Whole requests, judged: each refusal is a way around rules that a lenient reader would leave open. */
import t from "tap";
import type { McpHead } from "./mcp-judge.ts";
import { McpJudge } from "./mcp-judge.ts";
import { maxMcpBytes } from "./mcp-plan.ts";
import { globs, match, mcpPlan, toolPolicy } from "./mcp/testdata/plans.ts";

const route = { kind: "MCPRoute", namespace: "default", name: "tools" };
const judge = new McpJudge(
  mcpPlan({
    matches: [match({ servers: ["https://mcp.test/mcp"] })],
    toolPolicies: [toolPolicy({ denied: globs("evil*") })],
  }),
  route,
);

type Headers = Readonly<Record<string, string | readonly string[]>>;

const usual: Headers = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
};

function head(headers: Headers = {}, more: Partial<McpHead> = {}): McpHead {
  const all: Headers = { ...usual, ...headers };
  return {
    method: "POST",
    scheme: "https",
    authority: "mcp.test",
    target: "/mcp",
    hasBody: true,
    values: (name) => [all[name] ?? []].flat(),
    ...more,
  };
}

function call(name: string, id: unknown = 7): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name } });
}

function judged(body: string, headers: Headers = {}) {
  const outcome = judge.judgeBody(head(headers), Buffer.from(body));
  if (outcome.kind === "allow") return { kind: "allow", facts: outcome.facts };
  const { status, reason, body: text } = outcome.refusal;
  return { kind: "refuse", status, reason, answer: JSON.parse(text), facts: outcome.facts };
}

t.test("judgeHead() lets POST of JSON and GET of event streams go on", async (test) => {
  test.equal(judge.judgeHead(head()), undefined);
  test.equal(
    judge.judgeHead(head({ "content-type": 'application/json; charset="UTF-8"' })),
    undefined,
  );
  for (const method of ["GET", "DELETE"]) {
    test.equal(judge.judgeHead(head({}, { method, hasBody: false })), undefined, method);
  }
});

const heads: readonly (readonly [name: string, head: McpHead, status: number, message: RegExp])[] =
  [
    ["another type", head({ "content-type": "text/plain" }), 415, /content-type/],
    ["no type", head({ "content-type": [] }), 415, /content-type/],
    [
      "two types",
      head({ "content-type": ["application/json", "text/plain"] }),
      415,
      /content-type/,
    ],
    [
      "types in one field",
      head({ "content-type": "application/json, text/plain" }),
      415,
      /content-type/,
    ],
    [
      "a type that begins alike",
      head({ "content-type": "application/json-seq" }),
      415,
      /content-type/,
    ],
    ["another encoding", head({ "content-type": "application/json; charset=utf-7" }), 415, /UTF-8/],
    [
      "two encodings",
      head({ "content-type": "application/json; charset=utf-8; charset=utf-16" }),
      415,
      /UTF-8/,
    ],
    ["gzip", head({ "content-encoding": "gzip" }), 415, /compressed/],
    ["gzip behind identity", head({ "content-encoding": ["identity", "gzip"] }), 415, /compressed/],
    ["no body", head({}, { hasBody: false }), 400, /no body/],
    ["a GET with a body", head({}, { method: "GET" }), 400, /GET request has a body/],
    [
      "a GET of something else",
      head({ accept: "*/*" }, { method: "GET", hasBody: false }),
      403,
      /event streams only/,
    ],
    [
      "a GET of another server",
      head({}, { method: "GET", hasBody: false, target: "/x" }),
      403,
      /no rule for this server/,
    ],
    [
      "a DELETE of another server",
      head({}, { method: "DELETE", hasBody: false, authority: "a.test" }),
      403,
      /no rule/,
    ],
    ["another method", head({}, { method: "PUT" }), 405, /POST, GET and DELETE only/],
    [
      "an upgrade",
      head({ upgrade: "websocket" }, { method: "GET", hasBody: false }),
      400,
      /upgrades/,
    ],
  ];
for (const [name, refused, status, message] of heads) {
  t.test(`judgeHead() refuses ${name}`, async (test) => {
    test.match(judge.judgeHead(refused), { status, message });
  });
}

t.test("judgeHead() refuses paths that servers may read in another way", async (test) => {
  const escaped = head({}, { target: "/other/%2e%2E/mcp" });
  test.match(judge.judgeHead(escaped), { status: 403, reason: "ambiguous-path" });
  const pathless = new McpJudge(mcpPlan({}), route);
  test.equal(pathless.judgeHead(escaped), undefined);
});

t.test("judgeBody() allows what the rules do, and tells of it", async (test) => {
  test.match(judged(call("good"), { "mcp-protocol-version": "2025-11-25" }), {
    kind: "allow",
    facts: {
      protocol: "mcp",
      revision: "2025-11-25",
      messages: [
        { method: "tools/call", subject: "tool", name: "good", outcome: "allowed", rule: 0 },
      ],
    },
  });
});

t.test("judgeBody() answers a denied call with its id, verbatim", async (test) => {
  const body =
    '{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"evil"}}';
  const outcome = judge.judgeBody(head(), Buffer.from(body));
  test.match(outcome, {
    kind: "refuse",
    facts: { messages: [{ name: "evil", outcome: "denied", rule: 0 }] },
    refusal: {
      status: 200,
      reason: "mcp-denied",
      message: 'Refused because MCPRoute default/tools denies tool "evil"',
      body: /^\{"jsonrpc":"2\.0","id":9007199254740993,"error":\{"code":-32013,/,
    },
  });
});

t.test("judgeBody() tells clients that read no answers by the status", async (test) => {
  test.match(judged(call("evil"), { accept: "*/*" }), { status: 403, answer: { id: 7 } });
});

t.test("judgeBody() refuses a denied notification without an answer", async (test) => {
  const body = JSON.stringify({ jsonrpc: "2.0", method: "tools/call", params: { name: "evil" } });
  const { status, answer } = judged(body);
  test.equal(status, 403);
  test.notOk("id" in answer);
});

t.test(
  "judgeBody() judges a batch message by message, and sends all of it or nothing",
  async (test) => {
    const notification = '{"jsonrpc":"2.0","method":"notifications/cancelled"}';
    test.match(judged(`[${call("good", 1)},${notification},${call("fine", 2)}]`), {
      kind: "allow",
    });
    test.match(judged(`[${call("good", 1)},${notification},${call("evil", 2)}]`), {
      status: 200,
      reason: "mcp-denied",
      answer: [
        {
          id: 1,
          error: { message: /^Not sent because another message of the batch is refused: .*evil/ },
        },
        { id: 2, error: { message: /denies tool "evil"/ } },
      ],
      facts: { messages: [{ outcome: "allowed" }, { outcome: "allowed" }, { outcome: "denied" }] },
    });
  },
);

t.test("judgeBody() refuses batches of revisions that have none", async (test) => {
  const batch = `[${call("good")}]`;
  test.match(judged(batch, { "mcp-protocol-version": "2025-03-26" }), { kind: "allow" });
  test.match(judged(batch, { "mcp-protocol-version": "2025-06-18" }), {
    status: 400,
    answer: { error: { code: -32_600, message: /has no batches/ } },
  });
});

t.test("judgeBody() refuses what is no message, with its id where there is one", async (test) => {
  test.match(judged("{"), { status: 400, answer: { error: { code: -32_700 } } });
  test.match(judged('{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"Name":"evil"}}'), {
    status: 400,
    reason: "body-malformed",
    answer: { id: "x", error: { code: -32_600 } },
  });
  test.match(judged(`[${call("good")},{"jsonrpc":"2.0"}]`), { status: 400 });
  test.match(judged(call("good"), { "mcp-protocol-version": "new" }), { status: 400 });
});

t.test("judgeBody() refuses headers that say something else than the body", async (test) => {
  test.match(judged(call("good"), { "mcp-name": "evil" }), {
    status: 400,
    answer: { id: 7, error: { code: -32_020, message: /mcp-name/ } },
  });
});

t.test("judgeBody() refuses more than is held", async (test) => {
  const body = call("good").replace("good", "g".repeat(maxMcpBytes));
  test.match(judged(body), { status: 413, reason: "body-too-large" });
});

t.test("judgeBody() gives limits, and the refusal when one is used up", async (test) => {
  const limit = { policy: route, requests: 1, windowMs: 1_000, scope: "PerAgent" as const };
  const limiting = new McpJudge(mcpPlan({ limits: [limit] }), route);
  const outcome = limiting.judgeBody(head(), Buffer.from(`[${call("a", 1)},${call("b", 2)}]`));
  if (outcome.kind !== "allow") throw new Error("Cannot read limits: it is refused");
  test.equal(outcome.limits.length, 2);
  const refusal = outcome.limited({
    message: "Too fast",
    headers: [["retry-after", "3"]],
    reason: "rate-limited",
  });
  test.match(refusal, { status: 200, reason: "rate-limited", headers: [["retry-after", "3"]] });
  test.match(JSON.parse(refusal.body), [
    { id: 1, error: { code: -32_014, message: "Too fast" } },
    { id: 2 },
  ]);
});

t.test("shows() says what lists may name, hides() whether they must be read", async (test) => {
  const shows = judge.shows(head());
  test.ok(shows("tool", "good"));
  test.notOk(shows("tool", "evil-1"));
  test.notOk(judge.shows(head({}, { target: "/other" }))("tool", "good"));
  test.ok(judge.hides(head()));
  test.notOk(new McpJudge(mcpPlan({}), route).hides(head()));
});

t.test("judgeHead() gives the card of an agent to whoever may send it messages", async (test) => {
  const card = (target: string) =>
    head({ accept: "*/*" }, { method: "GET", hasBody: false, target });
  const of = (more: object) => new McpJudge(mcpPlan({ matches: [match(more)] }), route);
  for (const target of ["/.well-known/agent-card.json", "/.well-known/agent.json?x=1"]) {
    test.equal(of({ methods: ["message/*"] }).judgeHead(card(target)), undefined);
    test.equal(of({ methods: ["Send*"] }).judgeHead(card(target)), undefined);
    test.match(of({ tools: globs("*") }).judgeHead(card(target)), {
      status: 403,
      message: /does not allow messages to this agent/,
    });
    test.match(judge.judgeHead(card(target)), { status: 403, message: /no rule for this server/ });
    test.match(of({ methods: ["Send*"] }).headFacts(card(target)), {
      protocol: "a2a",
      messages: [{ method: "agent-card", outcome: "allowed", rule: 0 }],
    });
  }
  test.equal(of({}).headFacts(card("/mcp")), null);
});

t.test("judgeBody() says who is asked before calls go on", async (test) => {
  const confirmation = { timeoutMs: 1_000 };
  const asking = new McpJudge(
    mcpPlan(
      {
        matches: [match({ tools: globs("pay") })],
        toolPolicies: [toolPolicy({ confirmed: ["*"], confirmation })],
      },
      {
        matches: [match({ tools: globs("buy") })],
        toolPolicies: [toolPolicy({ confirmed: ["*"], confirmation: { timeoutMs: 2 } })],
      },
      {},
    ),
    route,
  );
  const asked = (...calls: readonly string[]) =>
    asking.judgeBody(head(), Buffer.from(`[${calls.join(",")}]`));
  test.match(asked(call("get", 1), call("pay", 2), call("pay", 3)), {
    kind: "allow",
    confirmation: {
      plan: confirmation,
      server: "https://mcp.test/mcp",
      calls: [
        { index: 1, requestKey: "2", tool: "pay" },
        { index: 2, requestKey: "3", tool: "pay" },
      ],
    },
  });
  test.match(asked(call("get")), { kind: "allow", confirmation: null });
  for (const calls of [
    [call("pay", 1), call("buy", 2)],
    Array.from({ length: 17 }, (_, id) => call("pay", id)),
  ]) {
    test.match(asked(...calls), { kind: "refuse", refusal: { body: /one by one/ } });
  }
});

t.test(
  "judgeBody() refuses a body that is larger than the rules of its messages take",
  async (test) => {
    const tools = (glob: string, ruleIndex: number, maxRequestBytes?: number) => ({
      ruleIndex,
      matches: [match({ tools: globs(glob) })],
      toolPolicies: [],
      limits: [],
      ...(maxRequestBytes !== undefined && { maxRequestBytes }),
    });
    const sized = new McpJudge({ rules: [tools("a", 0, 100), tools("b", 1)] }, route);
    const judgeText = (text: string, headers: Headers = {}) =>
      sized.judgeBody(head(headers), Buffer.from(text));
    const fits = call("a").padEnd(100);
    test.match(judgeText(fits), { kind: "allow", rules: [0] });
    test.match(judgeText(`${fits} `), {
      kind: "refuse",
      rules: [0],
      facts: { messages: [{ name: "a", outcome: "denied", rule: 0 }] },
      refusal: {
        status: 413,
        reason: "body-too-large",
        body: '{"jsonrpc":"2.0","id":7,"error":{"code":-32600,"message":"Refused because the body is larger than the 100 bytes that its rule takes","data":{"reason":"body-too-large"}}}',
      },
    });
    test.match(judgeText(call("b").padEnd(200)), { kind: "allow", rules: [1] });
    const batch = `[${call("b", 1)},${call("a", 2)}]`;
    const revision = { "mcp-protocol-version": "2025-03-26" };
    test.match(judgeText(batch, revision), { kind: "refuse", rules: [1, 0] });
    const ping = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }).padEnd(200);
    test.match(judgeText(ping), { kind: "allow", rules: [null] });
    test.match(judgeText("{"), { kind: "refuse", rules: [] });
  },
);
