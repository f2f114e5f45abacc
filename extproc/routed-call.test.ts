/** Conversations of sessions that choose who serves a model call, from the first headers to the record. */
import { gzipSync } from "node:zlib";
import t from "tap";
import type { Test } from "tap";
import { candidateCluster, noPick } from "../gateway/routing-plan.ts";
import { decodeAskedHead } from "./asked-head.ts";
import { createBudgeter } from "./testdata/budgeter.ts";
import { createLimiter } from "./testdata/limiter.ts";
import { message, play, requestHeaders, responseHeaders } from "./testdata/playbook.ts";
import type { Playbook, ShortReply } from "./testdata/playbook.ts";
import type { RoutedSetting } from "./testdata/routing.ts";
import {
  backendOf,
  candidate,
  chat,
  chatStream,
  claude,
  claudeAnswer,
  claudeStream,
  fallback,
  routedRule,
  routedSession,
  routingPlan,
} from "./testdata/routing.ts";

const served = "x-clrk-served";

/** A conversation that has come to the whole request. */
function ask(
  test: Test,
  setting: RoutedSetting,
  request: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: object | string | Buffer;
  } = {},
): Playbook {
  const { headers = {}, body = chat() } = request;
  const sent = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return play(routedSession(setting), (found, wanted) => test.match(found, wanted))
    .in(requestHeaders(headers))
    .out({ reply: "requestHeaders" })
    .in(message("request-body", { body: sent, endOfStream: true }));
}

function lastReply({ said }: Playbook): ShortReply {
  const last = said.at(-1);
  return last !== undefined && "reply" in last ? last : { reply: "none" };
}

const toClaude = { routing: routingPlan(routedRule([claude()])) };
const byCluster = { [served]: "cluster-of-claude" };
const events = { "content-type": "text/event-stream", ...byCluster };

t.test(
  "a rule that refuses does so in the words of the agent's SDK, and is recorded",
  async (t) => {
    const refusal = { status: 451, reason: "deny-policy", message: "Not here" } as const;
    const book = ask(t, { routing: routingPlan(routedRule([], { refusal })) })
      .out({
        reply: "immediateResponse",
        status: 451,
        details: "clrk_denied{deny-policy}",
        body: { error: { message: "Not here" } },
      })
      .in(responseHeaders())
      .out()
      .close();
    t.match(book.records, [{ denial: { reason: "deny-policy" }, trace: null, routing: null }]);
  },
);

t.test("a body may be as large as its rule takes, to the byte, and no larger", async (t) => {
  const body = JSON.stringify(chat());
  const asked = (maxRequestBytes: number) =>
    ask(t, { routing: routingPlan(routedRule([claude()], { maxRequestBytes })) }, { body });
  asked(body.length).out({ reply: "requestBody" });
  const refused = asked(body.length - 1).out({
    reply: "immediateResponse",
    status: 413,
    details: "clrk_denied{body-too-large}",
    body: { error: { message: /larger than the \d+ bytes that its rule takes/ } },
  });
  t.match(refused.close().records, [{ denial: { reason: "body-too-large" } }]);
  const packed = gzipSync(body.padEnd(4_000));
  const headers = { "content-encoding": "gzip" };
  const routing = routingPlan(routedRule([claude()], { maxRequestBytes: packed.length }));
  ask(t, { routing }, { headers, body: packed }).out({ reply: "requestBody" });
});

t.test("a model that no rule allows is refused by its name", async (t) => {
  ask(t, { routing: routingPlan(routedRule([claude()], { models: ["o3"] })) }).out({
    status: 403,
    details: "clrk_denied{no-rule}",
    body: { error: { message: 'No rule for openai allows model "gpt-4o"' } },
  });
});

t.test(
  "a request that no rule of the plan is about goes to Envoy's next one, unread",
  async (t) => {
    const rule = routedRule([claude()], { models: ["o3"] });
    const book = ask(t, { routing: { rules: [rule], otherwise: "next" } })
      .out({ reply: "requestBody", metadata: { clrk: { pick: noPick } }, remove: [served] })
      .in(responseHeaders())
      .out({ reply: "responseHeaders", remove: [served] })
      .close();
    t.equal(
      book.said.some((one) => "text" in one && one.text !== undefined),
      false,
    );
    t.match(book.records, [{ routing: null, denial: null }]);
  },
);

t.test("one dialect: the agent's own bytes go on, but for the model", async (t) => {
  const modelRewrites = [{ from: "gpt-4*", to: "gpt-5-mini" }];
  const body = '{ "seed": 9007199254740993, "model": "gpt-4o", "messages": [] }';
  const candidates = [backendOf("other", "openai", { modelRewrites })];
  const book = ask(t, { routing: routingPlan(routedRule(candidates)) }, { body }).out({
    reply: "requestBody",
    text: body.replace("gpt-4o", "gpt-5-mini"),
    set: { "content-length": String(body.length + 4) },
    metadata: { clrk: { pick: "other" } },
  });
  book
    .in(responseHeaders({ [served]: "other" }))
    .out({ reply: "responseHeaders", remove: [served], responseMode: 1 })
    .in(message("response-body", { body: "{}", endOfStream: true }))
    .out({ reply: "responseBody" })
    .close();
  t.equal(lastReply(book).text, undefined);
  t.match(book.records, [
    {
      routing: { backend: { name: "other" }, provider: "openai", model: "gpt-5-mini" },
      model: { requestModel: "gpt-4o" },
    },
  ]);
  t.match(book.records, [{ routing: { translation: null, dropped: [] } }]);
});

t.test("a whole answer of another provider comes back in the agent's dialect", async (t) => {
  const book = ask(t, toClaude, { headers: { "openai-project": "p", authorization: "Bearer a" } })
    .out({
      reply: "requestBody",
      set: { ":path": "/v1/messages", "anthropic-version": "2023-06-01" },
      text: /"model":"claude-sonnet-4-5"/,
      metadata: { clrk: { pick: "claude" } },
    })
    .in(responseHeaders(byCluster))
    .out({ reply: "responseHeaders", responseMode: 2, remove: [served] })
    .in(message("response-body", { body: claudeAnswer, endOfStream: true }))
    .out({
      reply: "responseBody",
      set: { ":status": "200", "content-type": /json/ },
      text: /"object":"chat.completion"/,
    })
    .close();
  const request = book.said.find((one) => "reply" in one && one.reply === "requestBody");
  t.match(request, { remove: ["authorization", "openai-project", "accept-encoding", served] });
  t.match(JSON.parse(book.said.flatMap((one) => ("text" in one ? [one.text] : []))[1] ?? ""), {
    choices: [{ message: { content: "Hi" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 5, completion_tokens: 3 },
  });
  t.match(book.records, [
    {
      denial: null,
      target: { path: "/v1/chat/completions" },
      model: {
        operation: "chat",
        requestModel: "gpt-4o",
        responseModel: "claude-sonnet-4-5",
        usage: { inputTokens: 5, outputTokens: 3 },
      },
      routing: { translation: { from: "openai-chat", to: "anthropic-messages" } },
    },
  ]);
  t.equal(book.records.length, 1, "and is counted once");
});

t.test("usage is counted of a backend under any base path", async (t) => {
  const candidates = [claude({ basePath: "/anthropic/v7" })];
  const book = ask(t, { routing: routingPlan(routedRule(candidates)) })
    .out({ set: { ":path": "/anthropic/v7/messages" } })
    .in(responseHeaders(byCluster))
    .in(message("response-body", { body: claudeAnswer, endOfStream: true }))
    .close();
  t.match(book.records, [{ model: { usage: { inputTokens: 5, outputTokens: 3 } } }]);
});

t.test("a stream is translated piece by piece and counted once", async (t) => {
  const book = ask(t, toClaude, { body: chat({ stream: true }) })
    .out({ text: /"stream":true/ })
    .in(responseHeaders({ ...events, "content-length": "1", etag: "x" }))
    .out({
      reply: "responseHeaders",
      responseMode: 1,
      set: { "content-type": /^text\/event-stream/ },
      remove: ["content-length", "content-encoding", "transfer-encoding", "etag"],
    });
  let text = "";
  for (let at = 0; at < claudeStream.length; at += 50) {
    const endOfStream = at + 50 >= claudeStream.length;
    book.in(message("response-body", { body: claudeStream.slice(at, at + 50), endOfStream }));
    text += lastReply(book).text ?? "lost";
  }
  book.close();
  t.match(text, /"content":"Hi"/);
  t.match(text, /data: \[DONE\]\n\n$/);
  t.notMatch(text, /message_start|"usage":\{/, "the agent did not ask for usage");
  t.match(book.records, [
    { model: { isStream: true, usage: { inputTokens: 5, outputTokens: 3 } }, denial: null },
  ]);
});

t.test("a stream that breaks off ends with an error of the agent's dialect", async (t) => {
  const body = claudeStream.slice(0, claudeStream.indexOf("event: message_delta"));
  const book = ask(t, toClaude, { body: chat({ stream: true }) })
    .in(responseHeaders(events))
    .in(message("response-body", { body, endOfStream: true }));
  const { text = "" } = lastReply(book);
  t.match(text, /"content":"Hi"/);
  t.match(text, /data: \{"error":\{/);
  t.notMatch(text, /\[DONE\]/);
});

t.test("an error keeps its status and gets the shape of the agent's dialect", async (t) => {
  const body = '{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}}';
  ask(t, toClaude)
    .in(responseHeaders({ ...byCluster, ":status": "429" }))
    .out({ responseMode: 2 })
    .in(message("response-body", { body, endOfStream: true }))
    .out({ set: { ":status": "429" }, text: /^\{"error":\{"message":"Slow down"/ });
});

const broken = [
  { name: "no JSON", headers: {}, body: "<html>secret page</html>" },
  { name: "JSON of another dialect", headers: {}, body: '{"candidates":["secret page"]}' },
  { name: "no bytes", headers: {}, body: "" },
  { name: "a coding that it does not have", headers: { "content-encoding": "gzip" }, body: "{}" },
  { name: "an unknown coding", headers: { "content-encoding": "lzma" }, body: claudeAnswer },
];
for (const { name, headers, body } of broken) {
  t.test(`an answer of ${name} is a 502 in the agent's dialect, and recorded`, async (t) => {
    const book = ask(t, toClaude)
      .in(responseHeaders({ ...byCluster, ...headers }))
      .in(message("response-body", { body, endOfStream: true }))
      .out({ set: { ":status": "502" }, text: /^\{"error":\{"message":"The gateway cannot give/ })
      .close()
      .settled();
    t.notMatch(JSON.stringify(book.said), /secret page/);
    t.match(book.records, [{ denial: { reason: "upstream-malformed" }, trace: {} }]);
  });
}

t.test("a compressed whole answer is decoded", async (t) => {
  ask(t, toClaude)
    .in(responseHeaders({ ...byCluster, "content-encoding": "gzip" }))
    .in(message("response-body", { body: gzipSync(claudeAnswer), endOfStream: true }))
    .out({ text: /"content":"Hi"/, remove: ["content-encoding"] });
});

t.test("a compressed stream, or none, is a 502 in the agent's dialect", async (t) => {
  const body = chat({ stream: true });
  ask(t, toClaude, { body })
    .in(responseHeaders({ ...events, "content-encoding": "gzip" }))
    .out({ responseMode: 2 })
    .in(message("response-body", { body: gzipSync(claudeStream), endOfStream: true }))
    .out({ set: { ":status": "502", "content-type": /json/ }, text: /its stream is compressed/ });
  ask(t, toClaude, { body })
    .in(responseHeaders(byCluster))
    .in(message("response-body", { body: claudeAnswer, endOfStream: true }))
    .out({ set: { ":status": "502" }, text: /it is no stream/ });
});

const empty = [
  { name: "a stream", body: chat({ stream: true }), headers: events, status: 502 },
  { name: "an answer", body: chat(), headers: byCluster, status: 502 },
  { name: "an error", body: chat(), headers: { ...byCluster, ":status": "503" }, status: 503 },
];
for (const { name, body, headers, status } of empty) {
  t.test(`${name} without a body is answered in the agent's dialect`, async (t) => {
    const book = ask(t, toClaude, { body })
      .in(responseHeaders(headers, true))
      .out({ reply: "immediateResponse", status, body: { error: { message: String } } })
      .close();
    t.equal(book.records.length, 1);
  });
}

const usageSetting = {
  routing: routingPlan(routedRule([candidate({ pick: "", streamUsage: true })])),
};

t.test(
  "a stream's usage is asked for, counted, and kept from the agent however it is cut",
  async (t) => {
    const sent = chatStream({ usage: true });
    for (let cut = 0; cut <= sent.length; cut += 3) {
      const book = ask(t, usageSetting, { body: chat({ stream: true }) })
        .out({
          text: /"stream_options":\{"include_usage":true\}/,
          remove: ["accept-encoding", served],
        })
        .in(responseHeaders({ "content-type": "text/event-stream" }))
        .out({ responseMode: 1, remove: ["content-length", served] })
        .in(message("response-body", { body: sent.slice(0, cut) }));
      const before = lastReply(book).text ?? "lost";
      book.in(message("response-body", { body: sent.slice(cut), endOfStream: true })).close();
      const after = book.said.findLast((one) => "text" in one);
      t.equal(
        before + (after && "text" in after ? after.text : "lost"),
        chatStream({ usage: false }),
        `cut at ${cut}`,
      );
      t.match(book.records, [{ model: { usage: { inputTokens: 5, outputTokens: 3 } } }]);
    }
  },
);

t.test("a stream whose usage the agent asked for passes as it is", async (t) => {
  const body = chat({ stream: true, stream_options: { include_usage: true } });
  const book = ask(t, usageSetting, { body });
  t.equal(lastReply(book).text, undefined);
  book
    .in(responseHeaders({ "content-type": "text/event-stream" }))
    .in(message("response-body", { body: chatStream({ usage: true }), endOfStream: true }));
  t.equal(lastReply(book).text, undefined);
});

const walkRule = routedRule([backendOf("failing", "openai"), claude(), backendOf("pool", "")], {
  fallback,
});
const walkSetting = { routing: routingPlan(walkRule) };

t.test("several are asked in an order, and whose answer it is its cluster says", async (t) => {
  const headers = { "openai-project": "p1", authorization: "Bearer agent-secret" };
  const book = ask(t, walkSetting, { headers }).out({
    reply: "requestBody",
    remove: [served],
    metadata: {
      clrk: { pick: "walk", call: String },
      "clrk.order": {
        priority_groups: [{ name: "failing" }, { name: "claude" }, { name: "pool" }],
      },
    },
  });
  t.equal(lastReply(book).text, undefined, "every attempt changes what the agent sent");
  const { metadata } = lastReply(book);
  const call = /"call":"([^"]*)"/.exec(JSON.stringify(metadata))?.[1];
  t.match(decodeAskedHead(call), {
    id: "tx1",
    path: "/v1/chat/completions",
    headers: [
      ["content-type", "application/json"],
      ["openai-project", "p1"],
    ],
  });
  book
    .in(responseHeaders({ [served]: candidateCluster(fallback, "claude") }))
    .out({ responseMode: 2 })
    .in(message("response-body", { body: claudeAnswer, endOfStream: true }))
    .out({ text: /"object":"chat.completion"/ })
    .close();
  t.match(book.records, [
    {
      routing: { backend: { name: "claude" }, model: "claude-sonnet-4-5" },
      model: { requestModel: "gpt-4o", usage: { inputTokens: 5 } },
    },
  ]);
});

t.test("an answer of the first one, in the agent's dialect, passes", async (t) => {
  const book = ask(t, walkSetting)
    .in(responseHeaders({ [served]: candidateCluster(fallback, "failing") }))
    .out({ responseMode: 1, remove: [served] })
    .in(message("response-body", { body: "{}", endOfStream: true }));
  t.equal(lastReply(book).text, undefined);
  book.close();
  t.match(book.records, [{ routing: { backend: { name: "failing" } } }]);
});

for (const setting of [walkSetting, toClaude]) {
  const name = setting === walkSetting ? "a walk" : "one backend";
  t.test(`Envoy's own reply to ${name} passes, for it is in the agent's words`, async (t) => {
    const book = ask(t, setting)
      .in(responseHeaders({ ":status": "503" }))
      .out({ reply: "responseHeaders", responseMode: 0 });
    t.equal(book.close().records.length, 1);
  });
}

t.test("a cluster of another rule is nobody's answer", async (t) => {
  ask(t, walkSetting)
    .in(responseHeaders({ [served]: candidateCluster({ pick: "other" }, "claude") }))
    .out({ reply: "responseHeaders", responseMode: 1, remove: [served] })
    .in(message("response-body", { body: claudeAnswer, endOfStream: true }))
    .out({ reply: "responseBody" });
});

t.test("a head that is too long for attempts is refused", async (t) => {
  const headers = { "openai-project": "p".repeat(60_000) };
  ask(t, walkSetting, { headers }).out({ reply: "immediateResponse", status: 431 });
});

t.test("a compressed request is read, and goes on decoded", async (t) => {
  const body = JSON.stringify(chat());
  const headers = { "content-encoding": "gzip" };
  const own = { routing: routingPlan(routedRule([candidate()])) };
  ask(t, own, { headers, body: gzipSync(body) }).out({
    text: body,
    remove: ["content-encoding", served],
    set: { "content-length": String(body.length) },
  });
  ask(t, toClaude, { headers, body: gzipSync(body) }).out({ text: /claude-sonnet/ });
});

const undecodable = [
  { name: "an unknown coding", coding: "lzma", body: "{}", status: 415 },
  { name: "a coding that it does not have", coding: "gzip", body: "{}", status: 400 },
  { name: "a bomb", coding: "gzip", body: gzipSync(Buffer.alloc(33 * 2 ** 20)), status: 413 },
];
for (const { name, coding, body, status } of undecodable) {
  t.test(`a request with ${name} is refused`, async (t) => {
    ask(t, toClaude, { headers: { "content-encoding": coding }, body }).out({
      reply: "immediateResponse",
      status,
    });
  });
}

t.test("a request without a body is refused at its headers", async (t) => {
  play(routedSession(toClaude), (found, wanted) => t.match(found, wanted))
    .in(requestHeaders({}, true))
    .out({ reply: "immediateResponse", status: 400, details: "clrk_denied{body-malformed}" });
});

t.test("two messages of one body end the stream", async (t) => {
  ask(t, toClaude)
    .in(message("request-body", { body: "{}", endOfStream: true }))
    .out({ kind: "end", status: 3 });
});

t.test("Envoy's reply before the request was read passes", async (t) => {
  play(routedSession(toClaude), (found, wanted) => t.match(found, wanted))
    .in(requestHeaders())
    .in(responseHeaders({ ":status": "413" }))
    .out({ reply: "responseHeaders" });
});

const onePerMinute = {
  policy: { kind: "RateLimitPolicy", namespace: "default", name: "calls" },
  requests: 1,
  windowMs: 60_000,
  scope: "PerAgent",
} as const;

t.test("the limits of a rule count when the body says that it is meant", async (t) => {
  const { limiter, counters } = createLimiter();
  const routing = routingPlan(
    routedRule([claude()], { models: ["gpt-4o"], limits: [onePerMinute] }),
    routedRule([claude()], { models: ["*"] }),
  );
  const setting = { routing, limiter };
  ask(t, setting).out({ reply: "requestBody" });
  ask(t, setting).out({
    reply: "immediateResponse",
    status: 429,
    details: "clrk_denied{rate-limited}",
    body: {
      error: { message: /^Refused because RateLimitPolicy default\/calls allows 1 request/ },
    },
  });
  ask(t, setting, { body: chat({ model: "o3" }) }).out({ reply: "requestBody" });
  t.equal(counters.get("limitedRequests"), 1);
});

const sharedLimit = { ...onePerMinute, shared: { onUnreachable: "Refuse" } } as const;

t.test("a call waits until something is known of a shared limit", async (t) => {
  const { limiter } = createLimiter({ replicas: 1 });
  const { budgeter, lines } = createBudgeter();
  const budget = { counts: [{ name: "n", scope: "day", unit: "tokens", limit: 900_000 }] } as const;
  const routing = routingPlan(routedRule([claude()], { limits: [sharedLimit], budget }));
  const setting = { routing, limiter, budgeter };
  ask(t, setting)
    .out({ kind: "start-work", work: { worker: "limit-portion" } })
    .outcome({ kind: "done", value: { kind: "taken" } })
    .out({ reply: "requestBody" });
  ask(t, setting)
    .out({ kind: "start-work" })
    .outcome({ kind: "late" })
    .out({ status: 503, details: "clrk_denied{limit-unavailable}" });
  ask(t, setting).out({ kind: "start-work" }).close();
  const open = lines.filter(({ kind }) => kind === "reserved").length;
  const settled = lines.filter(({ kind }) => kind === "settled").length;
  t.equal(open - settled, 1, "only the one that went on has its budget still");
});

t.test("what is refused for another reason takes nothing of a limit", async (t) => {
  const { limiter } = createLimiter();
  const refusal = { status: 451, reason: "deny-policy", message: "Not here" } as const;
  const rule = routedRule([claude()], { limits: [onePerMinute] });
  ask(t, { routing: routingPlan({ ...rule, refusal }), limiter }).out({ status: 451 });
  ask(t, { routing: routingPlan(rule), limiter }).out({ reply: "requestBody" });
  ask(t, { routing: routingPlan(rule), limiter }).out({ status: 429 });
});

t.test("a model call that asks for an upgrade is refused: nobody could read it", async (t) => {
  play(routedSession(toClaude), (found, wanted) => t.match(found, wanted))
    .in(requestHeaders({ upgrade: "websocket", connection: "upgrade" }))
    .out({ reply: "immediateResponse", status: 400, details: "clrk_denied{not-translatable}" });
});

const budget = {
  maxOutputTokens: 50,
  counts: [{ name: "n", scope: "day", unit: "tokens", limit: 1_000_000 }],
} as const;

const answers = [
  { name: "of the provider that was asked", stream: chatStream({ usage: true }), to: candidate() },
  { name: "of another one", stream: claudeStream, to: claude() },
] as const;

for (const { name, stream, to } of answers) {
  t.test(`a stream ${name} is charged once wherever it is cut, and never too little`, async (t) => {
    const bytes = Buffer.from(stream);
    for (let end = 0; end <= bytes.length; end++) {
      const { budgeter, lines } = createBudgeter();
      const routing = routingPlan(routedRule([to], { budget }));
      const book = ask(t, { routing, budgeter }, { body: chat({ stream: true }) })
        .in(responseHeaders(events))
        .in(
          message("response-body", {
            body: bytes.subarray(0, end),
            endOfStream: end === bytes.length,
          }),
        )
        .close();
      const [reserved, settled, ...more] = lines;
      const most = reserved?.kind === "reserved" ? (reserved.counts[0]?.amount ?? 0) : 0;
      const used = settled?.kind === "settled" ? (settled.used[0] ?? 0) : 0;
      const charge = book.records[0]?.charge;
      if (more.length > 0 || charge?.tokens !== used || used < 6 || used > most) {
        t.fail(`cut at ${end}: ${used} of ${most}`);
      }
      if (end < bytes.length) continue;
      t.match(charge, { tokens: 8, isEstimated: false });
    }
  });
}

t.test("what is asked under a budget leaves with no more output than it allows", async (t) => {
  const { budgeter, lines } = createBudgeter();
  const routing = routingPlan(routedRule([candidate()], { budget }));
  const book = ask(t, { routing, budgeter }, { body: '{ "model": "gpt-4o", "max_tokens": 99 }' });
  t.equal(lastReply(book).text, '{ "model": "gpt-4o", "max_tokens": 50 }');
  t.match(lines, [{ kind: "reserved", counts: [{ amount: 39 + 1_024 + 50 }] }]);
  book.close();
  const tokens = lines[0]?.kind === "reserved" ? lines[0].call.tokens : 0;
  t.ok(tokens > 50 && tokens < 50 + 30, `${tokens}: some names, and all output that it may have`);
  t.match(book.records, [{ charge: { tokens, isEstimated: true } }], "nothing of it was seen");
});

const own = [
  { name: "Envoy's own answer", headers: {}, isCharged: true },
  {
    name: "Envoy's own, and nothing was sent",
    headers: { "x-clrk-unsent": "1" },
    isCharged: false,
  },
  { name: "the provider's", headers: { [served]: "forward-tls" }, isCharged: false },
];

for (const { name, headers, isCharged } of own) {
  t.test(`an error on the one way that a path has is charged as ${name}`, async (t) => {
    const { budgeter, lines } = createBudgeter();
    const routing = routingPlan(routedRule([candidate({ pick: "" })], { budget }));
    const body = '{ "model": "gpt-4o", "max_tokens": 99 }';
    const book = ask(t, { routing, budgeter }, { body })
      .out({ text: body.replace("99", "50"), metadata: undefined })
      .in(responseHeaders({ ":status": "504", ...headers }, true))
      .close();
    const expected = lines[0]?.kind === "reserved" ? lines[0].call.tokens : 0;
    t.ok(expected > 50, "all output that it may have, and its input");
    t.match(book.records, [
      { charge: { tokens: isCharged ? expected : 0, isEstimated: isCharged } },
    ]);
  });
}

t.test("an agent is told of an exhausted budget in its SDK's words", async (t) => {
  const { budgeter } = createBudgeter();
  const counts = [{ ...budget.counts[0], limit: 10 }];
  const routing = routingPlan(routedRule([candidate()], { budget: { counts } }));
  const book = ask(t, { routing, budgeter })
    .out({
      status: 429,
      details: "clrk_denied{budget-exhausted}",
      body: { error: { type: "rate_limit_error", message: /10 tokens are left of 10 tokens/ } },
    })
    .close();
  t.equal(book.records[0]?.charge, undefined);
});
