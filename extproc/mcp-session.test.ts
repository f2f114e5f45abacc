import t from "tap";
import type { Test } from "tap";
import type { McpPlan } from "../gateway/mcp-plan.ts";
import type { Policy } from "../gateway/pipeline.ts";
import type { EnginePlan } from "../gateway/snapshot.ts";
import { McpSession } from "./mcp-session.ts";
import { PlanBook } from "./plan-book.ts";
import { capturePlan } from "./testdata/snapshots.ts";
import {
  message,
  plan,
  play,
  requestHeaders,
  responseHeaders,
  update,
} from "./testdata/playbook.ts";
import { createLimiter } from "./testdata/limiter.ts";
import type { SessionTools } from "./session-tools.ts";
import { sessionTools } from "./testdata/session-tools.ts";

const nothing = { globs: [], expressions: [] };
const rules: McpPlan = {
  rules: [
    {
      ruleIndex: 0,
      matches: [
        { servers: [], methods: [], tools: nothing, conditions: [], resources: [], prompts: [] },
      ],
      toolPolicies: [
        {
          allowed: nothing,
          denied: { globs: ["evil*"], expressions: [] },
          deniedArguments: [],
          confirmed: ["pay"],
          confirmation: { timeoutMs: 120_000 },
          limits: [
            {
              tools: { globs: ["rare"], expressions: [] },
              limit: {
                policy: { kind: "MCPRoute", namespace: "default", name: "m" },
                requests: 1,
                windowMs: 60_000,
                scope: "PerAgent",
              },
            },
          ],
        },
      ],
      limits: [],
    },
  ],
};

interface Setting {
  readonly plan?: Partial<EnginePlan>;
  readonly list?: readonly Policy[];
  readonly tools?: Partial<SessionTools>;
}

const cancelled: object[] = [];

function start(test: Test, setting: Setting = {}) {
  const asked = plan({
    route: { kind: "MCPRoute", namespace: "default", name: "m" },
    mcp: rules,
    ...setting.plan,
  });
  const book = new PlanBook(setting.list ?? []);
  book.publish(update([asked], { credentials: [["secret/default/s/token", secretValue]] }));
  const entry = book.find(asked.id);
  if (entry?.mcp === undefined) throw new Error("Cannot start session: the plan has no judge");
  const session: McpSession = new McpSession({
    entry,
    judge: entry.mcp,
    caller: "run:1",
    tools: {
      ...sessionTools(book),
      ...setting.tools,
      words: () => book.words,
      cancel: (one) => cancelled.push(one),
    },
    settler: { onSettled: () => session.onSettled() },
  });
  return play(session, (found, wanted) => test.match(found, wanted));
}

const secretValue = "a-credential-of-ours-0123456789";
const accept = "application/json, text/event-stream";
const post = () => requestHeaders({ accept, "x-forwarded-proto": "https" });
const body = (text: string) => message("request-body", { body: text, endOfStream: true });
const call = (name: string) =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name } });
const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
const tools = (...names: readonly string[]) =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools: names.map((name) => ({ name })) } });

t.test("onMessage() sends an allowed call on, and reads what became of it", async (test) => {
  const book = start(test)
    .in(post())
    .out({ reply: "requestHeaders", set: { "accept-encoding": "identity" } })
    .in(body(call("good")))
    .out({ reply: "requestBody" })
    .in(responseHeaders())
    .out({ reply: "responseHeaders", hasMode: true, responseMode: 1 })
    .in(message("response-body", { body: '{"jsonrpc":"2.0","id":1,"result":{"isEr' }))
    .out({ reply: "responseBody" })
    .in(message("response-body", { body: 'ror":true}}', endOfStream: true }))
    .out({ reply: "responseBody" })
    .close();
  const result = { outcome: "tool-error", code: null };
  test.match(book.records, [
    {
      id: "tx1",
      denial: null,
      mcp: { messages: [{ method: "tools/call", name: "good", outcome: "allowed", result }] },
    },
  ]);
});

t.test("onMessage() answers a denied call by itself", async (test) => {
  const book = start(test)
    .in(post())
    .in(body(call("evil")))
    .out({
      reply: "immediateResponse",
      status: 200,
      details: "clrk_denied{mcp-denied}",
      body: { id: 1, error: { code: -32_013 } },
    })
    .in(responseHeaders())
    .out()
    .close();
  test.match(book.records, [
    { denial: { reason: "mcp-denied" }, trace: null, mcp: { messages: [{ outcome: "denied" }] } },
  ]);
});

t.test("onMessage() refuses by the head before the body is there", async (test) => {
  start(test)
    .in(requestHeaders({ "content-type": "text/plain", "x-forwarded-proto": "https" }))
    .out({ reply: "immediateResponse", status: 415 })
    .in(body(call("good")))
    .out();
  start(test)
    .in(requestHeaders({ "x-forwarded-proto": "https" }, true))
    .out({ reply: "immediateResponse", status: 400 });
});

t.test("onMessage() refuses a body that something follows", async (test) => {
  start(test)
    .in(post())
    .in(message("request-body", { body: call("good") }))
    .out({ reply: "immediateResponse", status: 400 });
});

t.test("onMessage() filters plain lists as they pass", async (test) => {
  const text = tools("a", "evil");
  start(test)
    .in(post())
    .in(body(list))
    .in(responseHeaders({ "content-length": String(text.length) }))
    .out({
      reply: "responseHeaders",
      responseMode: 1,
      remove: ["content-length", "etag", "digest"],
    })
    .in(message("response-body", { body: text.slice(0, 9) }))
    .out({ reply: "responseBody" })
    .in(message("response-body", { body: text.slice(9) }))
    .in(message("response-body", { endOfStream: true }))
    .out({ reply: "responseBody", text: tools("a") });
});

t.test("onMessage() filters lists in event streams, also of a GET", async (test) => {
  const get = requestHeaders(
    { ":method": "GET", accept: "text/event-stream", "x-forwarded-proto": "https" },
    true,
  );
  start(test)
    .in(get)
    .out({ reply: "requestHeaders" })
    .in(responseHeaders({ "content-type": "text/event-stream" }))
    .out({ responseMode: 1 })
    .in(message("response-body", { body: `data: ${tools("evil", "b")}\n\n` }))
    .out({ text: `data: ${tools("b")}\n\n` });
});

t.test("onMessage() lets pass what holds no list: errors and other types", async (test) => {
  start(test)
    .in(post())
    .in(body(list))
    .in(responseHeaders({ ":status": "404" }))
    .out({ responseMode: 1 })
    .in(message("response-body", { body: tools("evil"), endOfStream: true }))
    .out({ reply: "responseBody" });
  start(test)
    .in(post())
    .in(body(list))
    .in(responseHeaders({ "content-type": "text/html" }))
    .out({ responseMode: 0 });
});

t.test("onMessage() gives no compressed list on", async (test) => {
  const book = start(test)
    .in(post())
    .in(body(list))
    .in(responseHeaders({ "content-encoding": "br" }))
    .out({ reply: "immediateResponse", status: 502 })
    .close();
  test.match(book.records, [{ denial: { reason: "upstream-malformed" } }]);
});

t.test("onMessage() counts calls of a tool towards its limit", async (test) => {
  const batch = `[${call("rare")},${call("rare").replace('"id":1', '"id":2')}]`;
  const book = start(test)
    .in(post())
    .in(body(batch))
    .out({
      reply: "immediateResponse",
      status: 200,
      details: "clrk_denied{rate-limited}",
      body: [{ id: 1, error: { code: -32_014 } }, { id: 2 }],
    })
    .close();
  test.match(book.records, [{ mcp: { messages: [{ outcome: "denied" }, { outcome: "denied" }] } }]);
});

t.test("onMessage() asks policies, and refuses where one has no answer", async (test) => {
  const changes: Policy = {
    name: "changes",
    applies: () => true,
    evaluate: () => ({ kind: "mutate", set: [["x-a", "1"]], remove: ["x-b"] }),
  };
  start(test, { list: [changes] })
    .in(post())
    .out({ set: { "x-a": "1", "accept-encoding": "identity" }, remove: ["x-b"] });
  const denies: Policy = {
    ...changes,
    evaluate: () => ({ kind: "deny", status: 403, reason: "not-ready", message: "No" }),
  };
  start(test, { list: [denies] })
    .in(post())
    .out({ reply: "immediateResponse", status: 403 });
  const slow: Policy = {
    ...changes,
    evaluate: () => ({ kind: "work", worker: "w", input: 1, deadlineMs: 1 }),
  };
  start(test, { list: [slow] })
    .in(post())
    .out({ reply: "immediateResponse", status: 500 });
});

t.test("onClose() records no credential, whatever an agent named", async (test) => {
  const plans = {
    queryCredentials: [
      {
        kind: "query",
        policy: { kind: "CredentialInjectionPolicy", namespace: "default", name: "p" },
        secret: {
          secret: { kind: "Secret", namespace: "default", name: "s" },
          resource: "secret/default/s/token",
        },
        parameter: "key",
        valuePrefix: "",
      },
    ],
  } as const;
  const book = start(test, { plan: plans })
    .in(requestHeaders({ accept, ":path": "/mcp?x=1", "x-forwarded-proto": "https" }))
    .in(body(call(`evil-${secretValue}`)))
    .close();
  test.equal(book.records.length, 1);
  test.notMatch(JSON.stringify(book.records), secretValue);
});

t.test("onSettled() records the bodies that a policy keeps", async (test) => {
  const capture = capturePlan({ request: true, response: true });
  const text = tools("a", "evil");
  const book = start(test, { plan: { capture } })
    .in(post())
    .in(body(list))
    .in(responseHeaders())
    .out({ responseMode: 1 })
    .in(message("response-body", { body: text, endOfStream: true }))
    .close();
  const base64 = (kept: string) => Buffer.from(kept).toString("base64");
  test.match(book.records, [
    { capture: { requestBody: { base64: base64(list) }, responseBody: { base64: base64(text) } } },
  ]);
});

t.test("onFault() refuses what can still be refused, and ends all else", async (test) => {
  start(test).fault().out({ reply: "immediateResponse", status: 500 });
  start(test).in(post()).fault().out({ reply: "immediateResponse", status: 500 });
  start(test)
    .in(post())
    .in(body(call("good")))
    .fault()
    .out({ kind: "end" });
});

t.test("onMessage() ends a stream that tells phases out of turn", async (test) => {
  start(test).in(message("response-body")).out({ kind: "end" });
  start(test).in(post()).in(post()).out({ kind: "end" });
  start(test)
    .in(post())
    .in(body(call("good")))
    .in(body(call("evil")))
    .out({ kind: "end" });
  start(test).in(post()).in(body(list)).in(message("response-body")).out({ kind: "end" });
});

t.test("onMessage() takes the scheme of the connection, not that of the agent", async (test) => {
  const everything = rules.rules[0];
  if (everything === undefined) throw new Error("Cannot test schemes: there is no rule");
  const [match] = everything.matches;
  if (match === undefined) throw new Error("Cannot test schemes: there is no match");
  const mcp = { rules: [{ ...everything, matches: [{ ...match, servers: ["https://*"] }] }] };
  const ask = (proto: string) =>
    start(test, { plan: { mcp } })
      .in(requestHeaders({ accept, ":scheme": "https", "x-forwarded-proto": proto }))
      .in(body(call("good")));
  ask("https").out({ reply: "requestBody" });
  ask("http").out({ reply: "immediateResponse" });
  start(test).in(requestHeaders({ accept })).out({ reply: "immediateResponse", status: 500 });
});

t.test("a message waits until something is known of a shared limit", async (test) => {
  const policy = { kind: "RateLimitPolicy", namespace: "default", name: "p" };
  const limit = { policy, requests: 1, windowMs: 60_000, scope: "PerAgent" } as const;
  const limits = [{ ...limit, shared: { onUnreachable: "Refuse" } }] as const;
  const setting = { plan: { limits }, tools: { limiter: createLimiter({ replicas: 1 }).limiter } };
  start(test, setting)
    .in(post())
    .out({ reply: "requestHeaders" })
    .in(body(call("good")))
    .out({ kind: "start-work", work: { worker: "limit-portion" } })
    .outcome({ kind: "done", value: { kind: "taken" } })
    .out({ reply: "requestBody" })
    .in(responseHeaders())
    .out({ reply: "responseHeaders" });
  const book = start(test, setting)
    .in(post())
    .in(body(call("good")))
    .outcome({ kind: "late" })
    .out({ reply: "immediateResponse", body: { id: 1 } })
    .close();
  test.match(book.records, [{ denial: { reason: "limit-unavailable" } }]);
  const get = { ":method": "GET", accept: "text/event-stream", "x-forwarded-proto": "https" };
  start(test, setting)
    .in(requestHeaders(get, true))
    .out({ kind: "start-work" })
    .outcome({ kind: "late" })
    .out({ reply: "immediateResponse", status: 503 });
});

t.test("what a filter before ours answered passes as it is", async (test) => {
  const book = start(test)
    .in(responseHeaders({ ":status": "413" }))
    .out({ reply: "responseHeaders" })
    .in(message("response-body", { body: "{}", endOfStream: true }))
    .out({ reply: "responseBody" })
    .close();
  test.same(book.records, []);
});
const answer = (outcome: "approved" | "denied", reason = "") =>
  ({ kind: "done", value: { outcome, by: "cli", reason } }) as const;

t.test(
  "onMessage() asks about a call that must be confirmed, and lets it go when approved",
  async (test) => {
    const book = start(test)
      .in(post())
      .in(body(call("pay")))
      .out(
        { reply: "none", wait: 124 },
        {
          kind: "start-work",
          work: {
            worker: "confirmation",
            deadlineMs: 122_000,
            input: { caller: "run:1", calls: [{ tool: "pay" }], requestKeys: ["1"] },
          },
        },
      )
      .outcome(answer("approved"))
      .out({ reply: "requestBody" })
      .outcome(answer("denied"))
      .out()
      .in(responseHeaders())
      .out({ reply: "responseHeaders" })
      .close();
    test.match(book.records, [
      {
        denial: null,
        mcp: {
          messages: [{ outcome: "allowed", confirmation: { outcome: "approved", by: "cli" } }],
        },
      },
    ]);
  },
);

t.test("onOutcome() refuses what is not approved, with the reason", async (test) => {
  const book = start(test)
    .in(post())
    .in(body(call("pay")))
    .outcome(answer("denied", "not now"))
    .out({
      reply: "immediateResponse",
      status: 200,
      details: "clrk_denied{not-confirmed}",
      body: { id: 1, error: { code: -32_013, message: /denied: not now/ } },
    })
    .close();
  test.match(book.records, [
    {
      denial: { reason: "not-confirmed" },
      mcp: { messages: [{ outcome: "denied", confirmation: { outcome: "denied", by: "cli" } }] },
    },
  ]);
  start(test)
    .in(post())
    .in(body(call("pay")))
    .outcome({ kind: "late" })
    .out({ reply: "immediateResponse" });
  start(test)
    .in(post())
    .in(body(call("pay")))
    .fault()
    .out({ reply: "immediateResponse", status: 500 });
});

t.test("onClose() records that an agent did not wait", async (test) => {
  const book = start(test)
    .in(post())
    .in(body(call("pay")))
    .close();
  test.match(book.records, [
    {
      mcp: { messages: [{ outcome: "denied", confirmation: { outcome: "withdrawn", by: null } }] },
    },
  ]);
});

t.test("onMessage() tells which request a notification cancels", async (test) => {
  cancelled.length = 0;
  const notification = {
    jsonrpc: "2.0",
    method: "notifications/cancelled",
    params: { requestId: 1 },
  };
  start(test)
    .in(requestHeaders({ accept, "x-forwarded-proto": "https", "mcp-session-id": "s1" }))
    .in(body(JSON.stringify(notification)))
    .out({ reply: "requestBody" });
  test.match(cancelled, [
    { caller: "run:1", session: "s1", requestKey: "1", server: /^https:\/\/api.openai.com/ },
  ]);
});

t.test("onMessage() asks about nothing that can be read in two ways", async (test) => {
  const odd = call("pay").replace("}}", ',"arguments":{"to":"me","To":"you"}}}');
  start(test)
    .in(post())
    .in(body(odd))
    .out({
      reply: "immediateResponse",
      body: { error: { message: /a key of its arguments comes twice or in another case/ } },
    });
});

t.test(
  "onMessage() lets agents read the card of an agent that they may send messages to",
  async (test) => {
    const get = (path: string) =>
      requestHeaders({ ":method": "GET", ":path": path, "x-forwarded-proto": "https" }, true);
    const book = start(test)
      .in(get("/.well-known/agent-card.json"))
      .out({ reply: "requestHeaders" })
      .in(responseHeaders())
      .out({ responseMode: 0 })
      .close();
    test.match(book.records, [
      {
        mcp: { protocol: "a2a", messages: [{ method: "agent-card", outcome: "allowed", rule: 0 }] },
      },
    ]);
    start(test).in(get("/.well-known/other.json")).out({ reply: "immediateResponse", status: 403 });
  },
);
