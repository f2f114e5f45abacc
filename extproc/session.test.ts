import t from "tap";
import type { Test } from "tap";
import type { Decision } from "../gateway/decision.ts";
import type { Policy } from "../gateway/pipeline.ts";
import { policies } from "../gateway/pipeline.ts";
import type { EnginePlan } from "../gateway/snapshot.ts";
import { PlanBook } from "./plan-book.ts";
import { Session } from "./session.ts";
import {
  message,
  plan,
  play,
  requestHeaders,
  responseHeaders,
  update,
} from "./testdata/playbook.ts";
import { sessionTools } from "./testdata/session-tools.ts";

interface Setting {
  readonly plan?: EnginePlan;
  readonly list?: readonly Policy[];
  readonly credentials?: readonly (readonly [string, string])[];
  /** The thread has no plan of the id that Envoy asks by */
  readonly isUnknown?: true;
}

function start(test: Test, setting: Setting = {}) {
  const { list = [], credentials = [] } = setting;
  const asked = setting.plan ?? plan();
  const book = new PlanBook(list);
  book.publish(update([asked], { credentials }));
  const session: Session = new Session({
    entry: setting.isUnknown ? undefined : book.find(asked.id),
    caller: "run:1",
    tools: sessionTools(book),
    settler: { onSettled: () => session.onSettled() },
  });
  return play(session, (found, wanted) => test.match(found, wanted));
}

const answers = (decision: Decision): Policy => ({
  name: "fixed",
  applies: () => true,
  evaluate: () => decision,
});
const slow: Policy = {
  name: "slow",
  applies: () => true,
  evaluate: ({ outcome, header }) => {
    if (outcome === undefined) return { kind: "work", worker: "w", input: 1, deadlineMs: 50 };
    if (outcome.kind === "done") {
      return { kind: "mutate", set: [["x-type", header("content-type") ?? "lost"]], remove: [] };
    }
    return { kind: "deny", status: 503, reason: "engine-unavailable", message: outcome.kind };
  },
};

t.test("onMessage() answers every phase once, in order, and records at the end", async (test) => {
  const book = start(test)
    .in(requestHeaders())
    .out({ reply: "requestHeaders" })
    .in(message("request-body", { body: "{" }))
    .out({ reply: "requestBody" })
    .in(message("request-body", { body: "}", endOfStream: true }))
    .out({ reply: "requestBody" })
    .in(responseHeaders())
    .out({ reply: "responseHeaders" })
    .in(message("response-body", { body: "{}" }))
    .out({ reply: "responseBody" })
    .in(message("response-trailers"))
    .out({ reply: "responseTrailers" })
    .close();
  test.match(book.records, [{ id: "tx1", denial: null, model: null, capture: null, target: null }]);
});

t.test("onMessage() takes an answer that begins before the request has ended", async (test) => {
  start(test, { plan: plan({ meters: true }) })
    .in(requestHeaders())
    .in(message("request-body", { body: '{"model":"gpt-4.1"' }))
    .in(responseHeaders())
    .out({ reply: "responseHeaders" })
    .in(message("request-body", { body: "}", endOfStream: true }))
    .out({ reply: "requestBody" });
});

t.test("onMessage() refuses by an unknown plan, in the words of a refusal", async (test) => {
  const book = start(test, { isUnknown: true })
    .in(requestHeaders())
    .out({ reply: "immediateResponse", status: 503, details: "clrk_denied{not-ready}" })
    .in(message("request-body", { body: "x" }))
    .out()
    .close();
  test.match(book.records, [{ denial: { reason: "not-ready" }, trace: null }]);
});

t.test("onMessage() refuses in the shape of the caller's SDK", async (test) => {
  const deny = answers({ kind: "deny", status: 403, reason: "deny-policy", message: "No" });
  start(test, { list: [deny] })
    .in(requestHeaders())
    .out({ status: 403, body: { error: { message: "No", code: "clrk_deny_policy" } } });
  start(test, { list: [deny], plan: plan({ provider: "anthropic" }) })
    .in(requestHeaders())
    .out({ status: 403, body: { type: "error", error: { message: "No" } } });
});

t.test("onMessage() asks policies in their order and stops at a refusal", async (test) => {
  const set = answers({ kind: "mutate", set: [["x-a", "1"]], remove: ["x-b"] });
  const never: Policy = { ...set, evaluate: () => test.fail("asked after a refusal") as never };
  start(test, { list: [set, answers({ kind: "continue" })] })
    .in(requestHeaders())
    .out({ reply: "requestHeaders", set: { "x-a": "1" }, remove: ["x-b"] });
  const deny = answers({ kind: "deny", status: 429, reason: "deny-policy", message: "No" });
  start(test, { list: [deny, never] })
    .in(requestHeaders())
    .out({ status: 429 });
});

t.test("the pipeline's own policies tell the upstream of the trace", async (test) => {
  start(test, { list: policies })
    .in(requestHeaders({ traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-00` }))
    .out({ set: { traceparent: `00-${"a".repeat(32)}-0707070707070707-00` } });
});

t.test("a query credential is written last and never into the record", async (test) => {
  const use = {
    kind: "query",
    policy: { kind: "CredentialInjectionPolicy", namespace: "default", name: "q" },
    secret: {
      secret: { kind: "Secret", namespace: "default", name: "q" },
      resource: "secret/default/q/token",
    },
    parameter: "key",
    valuePrefix: "",
  } as const;
  const setting = {
    plan: plan({ queryCredentials: [use] }),
    list: policies,
    credentials: [["secret/default/q/token", "s3cret/value"]] as const,
  };
  const book = start(test, setting)
    .in(requestHeaders({ ":path": "/v1/x?a=1&key=mine" }, true))
    .out({ set: { ":path": "/v1/x?a=1&key=s3cret%2Fvalue" } })
    .close();
  test.match(book.records, [{ target: { path: "/v1/x", query: "a=1&key=[redacted]" } }]);
  test.notOk(JSON.stringify(book.records).includes("s3cret"));
  start(test, { ...setting, credentials: [] })
    .in(requestHeaders())
    .out({ status: 403, details: "clrk_denied{credential-missing}" });
});

t.test(
  "a target into which a value is put later is recorded as it came, without placeholders",
  async (test) => {
    const book = start(test, {
      plan: plan({ hidesTarget: true }),
      credentials: [["placeholder/q", "mk-0a1b2c3d4e5f"]],
    })
      .in(requestHeaders({ ":path": "/v1/mk-0a1b2c3d4e5f/x?a=1" }, true))
      .out({ reply: "requestHeaders" })
      .close();
    test.match(book.records, [{ target: { path: "/v1/[redacted]/x", query: "a=1" } }]);
  },
);

t.test("slow work holds the transaction, then the policy is asked again", async (test) => {
  start(test, { list: [slow] })
    .in(requestHeaders())
    .out({ kind: "start-work", work: { worker: "w", deadlineMs: 50 } })
    .in(message("request-body", { body: "{}", endOfStream: true }))
    .out()
    .outcome({ kind: "done", value: 1 })
    .out(
      { reply: "requestHeaders", set: { "x-type": "application/json" } },
      { reply: "requestBody" },
    )
    .outcome({ kind: "late" })
    .out();
});

for (const kind of ["late", "failed"] as const) {
  t.test(`slow work that is ${kind} refuses, once`, async (test) => {
    const book = start(test, { list: [slow] })
      .in(requestHeaders())
      .outcome({ kind })
      .out({ reply: "immediateResponse", status: 503 })
      .close();
    test.match(book.records, [{ denial: { reason: "engine-unavailable", message: kind } }]);
  });
}

t.test("more body than is held during slow work is refused", async (test) => {
  const book = start(test, { list: [slow] }).in(requestHeaders());
  for (let sent = 0; sent < 16; sent++) {
    book.in(message("request-body", { body: Buffer.alloc(65_000) })).out();
  }
  book
    .in(message("request-body", { body: Buffer.alloc(65_000) }))
    .out({ reply: "immediateResponse", status: 413, details: "clrk_denied{body-too-large}" })
    .outcome({ kind: "done", value: 1 })
    .out();
});

t.test("a client that goes during slow work leaves a record and no answer", async (test) => {
  const book = start(test, { list: [slow] })
    .in(requestHeaders())
    .close();
  test.equal(book.records.length, 1);
  book.outcome({ kind: "done", value: 1 }).out();
});

t.test("onClose() records exactly once, at whatever point the stream ends", async (test) => {
  const steps = [
    requestHeaders(),
    message("request-body", { body: '{"model":"gpt-4.1"}', endOfStream: true }),
    responseHeaders(),
    message("response-body", { body: '{"usage":{"prompt_tokens":3,' }),
    message("response-body", { body: '"completion_tokens":4}}', endOfStream: true }),
  ];
  for (let length = 1; length <= steps.length; length++) {
    const book = start(test, { plan: plan({ meters: true }) });
    for (const step of steps.slice(0, length)) book.in(step);
    book.close().close().settled();
    test.equal(book.records.length, 1, `after ${length} messages`);
  }
  const unseen = start(test).close();
  test.equal(unseen.records.length, 0, "a stream that said nothing is no transaction");
});

t.test("tokens are metered as bodies pass", async (test) => {
  const book = start(test, { plan: plan({ meters: true }) })
    .in(requestHeaders())
    .in(message("request-body", { body: '{"model":"gpt-4.1","stream":false}', endOfStream: true }))
    .in(responseHeaders())
    .in(
      message("response-body", {
        body: '{"id":"c","model":"gpt-4.1-x","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}',
        endOfStream: true,
      }),
    )
    .close();
  test.match(book.records, [
    {
      model: {
        operation: "chat",
        requestModel: "gpt-4.1",
        responseModel: "gpt-4.1-x",
        finishReasons: ["stop"],
        usage: { inputTokens: 3, outputTokens: 4 },
      },
      responseChunks: 1,
    },
  ]);
});

const unread = [
  { name: "a picture", headers: { "content-type": "image/png" } },
  { name: "an error", headers: { ":status": "429" } },
] as const;

for (const { name, headers } of unread) {
  t.test(`the body of ${name} is not asked for`, async (test) => {
    start(test, { plan: plan({ meters: true }) })
      .in(requestHeaders())
      .in(message("request-body", { body: "{}", endOfStream: true }))
      .in(responseHeaders(headers))
      .out({ reply: "responseHeaders", hasMode: true });
  });
}

t.test(
  "an upgraded connection is left as it is configured: nothing of it is shown",
  async (test) => {
    const book = start(test, { plan: plan({ meters: true }) })
      .in(requestHeaders())
      .in(responseHeaders({ ":status": "101", upgrade: "websocket" }))
      .out({ reply: "responseHeaders" });
    test.same(book.said.at(-1), { reply: "responseHeaders" }, "a mode would turn bodies on");
  },
);

const outOfOrder = [
  { name: "a body before headers", first: [], last: message("request-body") },
  { name: "headers twice", first: [requestHeaders()], last: requestHeaders() },
  {
    name: "an answer's body before its headers",
    first: [requestHeaders()],
    last: message("response-body"),
  },
  {
    name: "an answer's headers twice",
    first: [requestHeaders(), responseHeaders()],
    last: responseHeaders(),
  },
];

for (const { name, first, last } of outOfOrder) {
  t.test(`onMessage() ends the stream at ${name}`, async (test) => {
    const book = start(test);
    for (const step of first) book.in(step);
    book.in(last).out({ kind: "end", status: 3 });
  });
}

t.test("onFault() refuses what is undecided and ends what has begun", async (test) => {
  const book = start(test, { list: [slow] })
    .in(requestHeaders())
    .fault()
    .out({ reply: "immediateResponse", status: 500, details: "clrk_denied{engine-failed}" })
    .close();
  test.match(book.records, [{ denial: { reason: "engine-failed" } }]);
  start(test).in(requestHeaders()).fault().out({ kind: "end", status: 13 });
});

t.test("what a filter before ours answered passes as it is, without a record", async (test) => {
  const book = start(test)
    .in(responseHeaders({ ":status": "413" }))
    .out({ reply: "responseHeaders" })
    .in(message("response-body", { body: "{}", endOfStream: true }))
    .out({ reply: "responseBody" })
    .close();
  test.same(book.records, []);
});
