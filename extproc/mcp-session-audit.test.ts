/** MCP in audit mode: messages go on, lists stay whole, and what no rule is about goes where no credential is. */
import t from "tap";
import type { Test } from "tap";
import type { McpPlan } from "../gateway/mcp-plan.ts";
import { McpSession } from "./mcp-session.ts";
import { PlanBook } from "./plan-book.ts";
import {
  message,
  plan,
  play,
  requestHeaders,
  responseHeaders,
  update,
} from "./testdata/playbook.ts";
import { sessionTools } from "./testdata/session-tools.ts";

const route = { kind: "MCPRoute", namespace: "default", name: "m" };
const globs = (...names: readonly string[]) => ({ globs: names, expressions: [] });
const rare = {
  tools: globs("rare"),
  limit: { policy: route, requests: 1, windowMs: 60_000, scope: "PerRoute" },
} as const;
const rules: McpPlan = {
  rules: [
    {
      ruleIndex: 0,
      matches: [
        {
          servers: [],
          methods: [],
          tools: globs("good", "evil", "rare", "pay"),
          resources: [],
          prompts: [],
          conditions: [],
        },
      ],
      toolPolicies: [
        {
          allowed: globs(),
          denied: globs("evil"),
          deniedArguments: [],
          confirmed: ["pay"],
          confirmation: { timeoutMs: 120_000 },
          limits: [rare],
        },
      ],
      limits: [],
    },
  ],
};

function start(test: Test, audits = true) {
  const asked = plan({ route, mcp: rules, ...(audits && { audits }) });
  const book = new PlanBook([]);
  book.publish(update([asked]));
  const entry = book.find(asked.id);
  const judge = entry?.mcp;
  if (entry === undefined || judge === undefined) throw new Error("Cannot start: no judge");
  const tools = { ...sessionTools(book), words: () => book.words, cancel: () => {} };
  return () => {
    const session: McpSession = new McpSession({
      entry,
      judge,
      caller: "run:1",
      tools,
      settler: { onSettled: () => session.onSettled() },
    });
    return play(session, (found, wanted) => test.match(found, wanted));
  };
}

const accept = "application/json, text/event-stream";
const post = (more: Readonly<Record<string, string>> = {}) =>
  requestHeaders({ accept, "x-forwarded-proto": "https", ...more });
const body = (text: string) => message("request-body", { body: text, endOfStream: true });
const call = (name: string, id = 1) =>
  JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name } });
const would = { route: { ...route, rule: 0 } };

t.test("a tool that its rule denies goes on by the rule", async (test) => {
  const book = start(test)()
    .in(post())
    .in(body(call("evil")))
    .out({ reply: "requestBody" })
    .in(responseHeaders())
    .close();
  test.notOk("metadata" in (book.said[1] ?? {}));
  test.match(book.records, [
    {
      denial: null,
      wouldDeny: { reason: "mcp-denied", ...would },
      mcp: { messages: [{ name: "evil", outcome: "denied", rule: 0 }] },
    },
  ]);
});

for (const { name, text, reason } of [
  { name: "a tool of no rule", text: call("other"), reason: "mcp-denied" },
  { name: "a body that is no JSON", text: "{", reason: "body-malformed" },
  { name: "a key that comes twice", text: '{"id":1,"id":2}', reason: "body-malformed" },
  {
    name: "a batch of which one message has no rule",
    text: `[${call("evil")},${call("other")}]`,
    reason: "body-malformed",
  },
]) {
  t.test(`${name} goes where no rule's credential is`, async (test) => {
    const book = start(test)()
      .in(post())
      .in(body(text))
      .out({ reply: "requestBody", metadata: { clrk: { pick: `let-by/${reason}` } } })
      .close();
    test.match(book.records, [{ denial: null, wouldDeny: { reason, ...would } }]);
  });
}

t.test("a batch goes on by the rule only if one is about every message", async (test) => {
  const batch = (...names: readonly string[]) =>
    start(test)()
      .in(post({ "mcp-protocol-version": "2025-03-26" }))
      .in(body(`[${names.map((name, id) => call(name, id)).join(",")}]`));
  batch("good", "evil").out({ reply: "requestBody" });
  const many = Array.from({ length: 20 }, () => "evil");
  batch(...many, "other").out({ metadata: { clrk: { pick: "let-by/mcp-denied" } } });
});

t.test("what its head would have refused is not judged, and passes in pieces", async (test) => {
  const book = start(test)()
    .in(post({ "content-type": "text/plain" }))
    .out({ metadata: { clrk: { id: "tx1", pick: "let-by/body-malformed" } } })
    .in(message("request-body", { body: "a" }))
    .out({ reply: "requestBody" })
    .in(body("b"))
    .out({ reply: "requestBody" })
    .in(responseHeaders())
    .close();
  test.match(book.records, [{ wouldDeny: { reason: "body-malformed" } }]);
  test.equal(book.records[0]?.mcp, undefined);
  start(test)()
    .in(requestHeaders({ ":method": "GET", "x-forwarded-proto": "https" }, true))
    .out({ metadata: { clrk: { pick: "let-by/mcp-denied" } } });
});

t.test("a limit lets by what it has no room for", async (test) => {
  const begin = start(test);
  const reasons = [0, 1].map(() => {
    const book = begin()
      .in(post())
      .in(body(call("rare")))
      .out({ reply: "requestBody" })
      .close();
    return book.records[0]?.wouldDeny?.reason;
  });
  test.strictSame(reasons, [undefined, "rate-limited"]);
});

t.test(
  "answers stay as they are, compressed or not, and nothing is asked of them",
  async (test) => {
    const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
    const begin = (audits: boolean) => start(test, audits)().in(post()).in(body(list));
    begin(true)
      .in(responseHeaders({ "content-encoding": "gzip" }))
      .out({ responseMode: 0 });
    begin(false)
      .in(responseHeaders({ "content-encoding": "gzip" }))
      .out({ status: 502 });
    const [audited] = start(test)().in(post()).said;
    test.notOk(audited !== undefined && "set" in audited, "it may be compressed");
  },
);

t.test(
  "nobody is asked to confirm, and the record says what enforcement would do",
  async (test) => {
    const book = start(test)()
      .in(post())
      .in(body(call("pay")))
      .out({ reply: "requestBody" })
      .in(responseHeaders())
      .out({ reply: "responseHeaders" })
      .close();
    test.match(book.records, [{ denial: null, wouldDeny: { reason: "not-confirmed" } }]);
  },
);
