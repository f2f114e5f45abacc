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
import { sessionTools } from "./testdata/session-tools.ts";

const nothing = { globs: [], expressions: [] };
const rules: McpPlan = {
  rules: [
    {
      ruleIndex: 0,
      matches: [{ servers: [], methods: [], tools: nothing, resources: [], prompts: [] }],
      toolPolicies: [
        {
          allowed: nothing,
          denied: { globs: ["evil*"], expressions: [] },
          confirmed: [],
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
}

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
    tools: { ...sessionTools(book), words: () => book.words },
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

t.test("onMessage() sends an allowed call on, and asks for nothing of its answer", async (test) => {
  const book = start(test)
    .in(post())
    .out({ reply: "requestHeaders", set: { "accept-encoding": "identity" } })
    .in(body(call("good")))
    .out({ reply: "requestBody" })
    .in(responseHeaders())
    .out({ reply: "responseHeaders", hasMode: true, responseMode: 0 })
    .close();
  test.match(book.records, [
    {
      id: "tx1",
      denial: null,
      mcp: { messages: [{ method: "tools/call", name: "good", outcome: "allowed" }] },
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
  for (const headers of [{ ":status": "404" }, { "content-type": "text/html" }]) {
    start(test).in(post()).in(body(list)).in(responseHeaders(headers)).out({ responseMode: 0 });
  }
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
  start(test).in(responseHeaders()).out({ kind: "end" });
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
