/** Tests of the attributes of a record: which groups appear, in which order, with which types. */
import t from "tap";
import type { McpFacts } from "./call-facts.ts";
import type { Attribute } from "./attributes.ts";
import type { EgressRecord } from "./record.ts";
import { recordAttributes, recordErrorType } from "./record-attributes.ts";
import { capturedExchange } from "./testdata/call-facts.ts";
import {
  deniedRecord,
  engineRecord,
  httpRecord,
  recordModel,
  tcpRecord,
} from "./testdata/egress-record.ts";

function plain(attributes: readonly Attribute[]): Array<[string, unknown]> {
  return attributes.map(({ key, value }) => [
    key,
    "intValue" in value ? value.intValue : "stringValue" in value ? value.stringValue : value,
  ]);
}

const identity: ReadonlyArray<[string, unknown]> = [
  ["agent.kind", "DaemonAgent"],
  ["agent.namespace", "default"],
  ["agent.name", "researcher"],
  ["agent.uid", "uid-1"],
  ["agent.revision", "r-1"],
  ["invocation.id", ""],
];

t.test("recordAttributes() gives all groups in order when an LLM call was allowed", async (t) => {
  t.strictSame(plain(recordAttributes(httpRecord(), "span")), [
    ...identity,
    ["http.request.method", "POST"],
    ["server.address", "api.openai.com"],
    ["server.port", 443],
    ["url.scheme", "https"],
    ["url.path", "/v1/chat/completions"],
    ["url.full", "https://api.openai.com:443/v1/chat/completions"],
    ["http.response.status_code", 200],
    ["user_agent.original", "OpenAI/JS 7.57.0"],
    ["network.protocol.version", "1.1"],
    ["clrk.req.bytes", 512],
    ["clrk.resp.bytes", 2048],
    ["gen_ai.system", "openai"],
    ["gen_ai.provider.name", "openai"],
    ["clrk.aiproviderroute.matched", { boolValue: true }],
    ["clrk.aiproviderroute.name", "openai"],
    ["clrk.aiproviderroute.namespace", "default"],
    ["clrk.route", "AIProviderRoute/default/openai"],
    ["clrk.rule", 0],
    ["clrk.decision", "allow"],
    ["clrk.credential.name", "Secret default/openai"],
    ["clrk.tier", "native"],
    ["clrk.snapshot.revision", 7],
    ["clrk.record.id", "rec-1"],
    ["clrk.listener.mode", "explicit"],
    ["client.address", "10.0.0.7"],
    ["clrk.upstream.address", "203.0.113.9:443"],
    ["clrk.time_to_first_byte_ms", 40],
    ["clrk.response.details", "via_upstream"],
  ]);
});

t.test(
  "recordAttributes() leaves out groups that do not apply when a request was denied",
  async (t) => {
    t.strictSame(
      plain(recordAttributes(deniedRecord({ clientAddress: "", agent: null }), "span")),
      [
        ["http.request.method", "GET"],
        ["server.address", "paste.example"],
        ["server.port", 443],
        ["url.scheme", "https"],
        ["url.path", "/new"],
        ["url.full", "https://paste.example/new?lang=ts"],
        ["url.query", "lang=ts"],
        ["http.response.status_code", 403],
        ["network.protocol.version", "2"],
        ["clrk.req.bytes", 0],
        ["clrk.resp.bytes", 96],
        ["clrk.decision", "deny"],
        ["clrk.deny.reason", "default-policy"],
        ["error.type", "default-policy"],
        ["clrk.tier", "native"],
        ["clrk.snapshot.revision", 7],
        ["clrk.record.id", "rec-2"],
        ["clrk.listener.mode", "explicit"],
        ["clrk.response.details", "direct_response"],
      ],
    );
  },
);

t.test(
  "recordAttributes() holds no HTTP attribute that read models count when the record is of a tunnel",
  async (t) => {
    const attributes = plain(recordAttributes(tcpRecord(), "span"));
    t.strictSame(attributes, [
      ...identity,
      ["clrk.l4.bytes_upstream", 100],
      ["clrk.l4.bytes_downstream", 900],
      ["clrk.duration_ms", 41],
      ["clrk.dst.name", "db.internal"],
      ["server.port", 5432],
      ["clrk.route", "EgressL4Route/default/db"],
      ["clrk.rule", 2],
      ["clrk.decision", "allow"],
      ["clrk.tier", "native"],
      ["clrk.snapshot.revision", 7],
      ["clrk.record.id", "rec-3"],
      ["clrk.listener.mode", "transparent"],
      ["client.address", "10.0.0.7"],
      ["clrk.upstream.address", "10.1.2.3:5432"],
    ]);
  },
);

t.test("recordAttributes() of a log differ by authority and duration only", async (t) => {
  const span = plain(recordAttributes(httpRecord(), "span"));
  const log = plain(recordAttributes(httpRecord(), "log"));
  const without = (key: string) => (entry: [string, unknown]) => entry[0] !== key;
  t.same(Object.fromEntries(log)["server.address"], "api.openai.com:443");
  t.same(Object.fromEntries(log)["clrk.duration_ms"], 41);
  t.strictSame(
    log.filter(without("server.address")).filter(without("clrk.duration_ms")),
    span.filter(without("server.address")),
  );
});

t.test("recordAttributes() leaves the duration out when it is not positive", async (t) => {
  t.notOk(
    plain(recordAttributes(httpRecord({ durationMs: 0 }), "log")).some(
      ([key]) => key === "clrk.duration_ms",
    ),
  );
});

t.test("recordAttributes() names an MCPRoute by its own attributes", async (t) => {
  const decision = {
    ...httpRecord().decision,
    route: { kind: "MCPRoute", namespace: "a", name: "b", rule: 1 },
  };
  const attributes = Object.fromEntries(plain(recordAttributes(httpRecord({ decision }), "span")));
  t.match(attributes, {
    "clrk.mcproute.name": "b",
    "clrk.mcproute.namespace": "a",
    "clrk.route": "MCPRoute/a/b",
  });
  t.notOk(Object.hasOwn(attributes, "clrk.aiproviderroute.name"));
});

t.test("recordAttributes() tells the first message to an MCP server", async (t) => {
  const told = (mcp: McpFacts) =>
    Object.fromEntries(plain(recordAttributes(httpRecord({ mcp }), "span")));
  const message = { method: "tools/call", outcome: "denied", rule: 0 } as const;
  t.match(
    told({
      protocol: "mcp",
      revision: "2025-11-25",
      messages: [{ ...message, subject: "tool", name: "delete" }],
    }),
    {
      "mcp.method": "tools/call",
      "mcp.method.name": "tools/call",
      "mcp.protocol.version": "2025-11-25",
      "mcp.tool.name": "delete",
      "clrk.mcproute.toolpolicy.decision": "deny",
    },
  );
  const ended = told({
    protocol: "mcp",
    revision: null,
    messages: [
      {
        ...{ ...message, subject: "tool", name: "pay" },
        result: { outcome: "rpc-error", code: -32_602 },
        confirmation: { outcome: "approved", by: "cli" },
      },
    ],
  });
  t.match(ended, {
    "clrk.mcp.result": "rpc-error",
    "clrk.mcp.confirmation": "approved",
    "clrk.mcp.confirmation.by": "cli",
  });
  t.equal(String(ended["rpc.jsonrpc.error_code"]), "-32602");
  const uri = { ...message, subject: "resource", name: "u:1" } as const;
  const batch = told({ protocol: "a2a", revision: null, messages: [uri, uri] });
  t.match(batch, { "mcp.resource.uri": "u:1", "clrk.mcp.protocol": "a2a" });
  t.equal(String(batch["clrk.mcp.messages"]), "2");
  t.notOk(Object.hasOwn(batch, "clrk.mcproute.toolpolicy.decision"));
  const none = told({ protocol: "mcp", revision: null, messages: [] });
  t.notOk(Object.hasOwn(none, "mcp.method"));
});

t.test("recordAttributes() lists Envoy's flags as an array", async (t) => {
  const response = { status: 503, bytes: 0, chunks: null, flags: ["UF", "URX"], details: "" };
  const list = recordAttributes(httpRecord({ response }), "span").find(
    ({ key }) => key === "clrk.response.flags",
  );
  t.strictSame(list?.value, {
    arrayValue: { values: [{ stringValue: "UF" }, { stringValue: "URX" }] },
  });
});

t.test(
  "recordAttributes() never repeats a key and never shows the credential's header",
  async (t) => {
    for (const record of [httpRecord(), deniedRecord(), tcpRecord()]) {
      for (const signal of ["span", "log"] as const) {
        const keys = recordAttributes(record, signal).map(({ key }) => key);
        t.equal(new Set(keys).size, keys.length);
      }
    }
  },
);

const response = httpRecord().response;
const errors: ReadonlyArray<{ name: string; record: EgressRecord; type: string | undefined }> = [
  { name: "allowed and answered 200", record: httpRecord(), type: undefined },
  {
    name: "answered 404",
    record: httpRecord({ response: { ...response, status: 404 } }),
    type: "404",
  },
  {
    name: "answered 502",
    record: httpRecord({ response: { ...response, status: 502, flags: ["UF"] } }),
    type: "502",
  },
  {
    name: "not answered",
    record: httpRecord({ response: { ...response, status: 0 } }),
    type: "no_response",
  },
  {
    name: "not answered, with a flag",
    record: httpRecord({ response: { ...response, status: 0, flags: ["DC"] } }),
    type: "DC",
  },
  { name: "denied", record: deniedRecord(), type: "default-policy" },
  {
    name: "denied without a reason",
    record: deniedRecord({ decision: { ...deniedRecord().decision, reason: null } }),
    type: "denied",
  },
  {
    name: "a tunnel that failed",
    record: tcpRecord({ response: { ...tcpRecord().response, flags: ["UF"] } }),
    type: "UF",
  },
  { name: "a tunnel that ended well", record: tcpRecord(), type: undefined },
];
for (const { name, record, type } of errors) {
  t.test(`recordErrorType() is ${type} when the transaction was ${name}`, async (t) => {
    t.equal(recordErrorType(record), type);
  });
}

/** Attributes of a record's span that are not of the same record without the engine. */
function added(record: EgressRecord): Array<[string, unknown]> {
  const known = new Set(recordAttributes(httpRecord(), "span").map(({ key }) => key));
  return plain(recordAttributes(record, "span").filter(({ key }) => !known.has(key)));
}

const modelAttributes = [
  ["clrk.resp.chunks", 14],
  ["gen_ai.operation.name", "chat"],
  ["gen_ai.request.model", "gpt-4.1"],
  ["gen_ai.response.model", "gpt-4.1-2025-04-14"],
  ["gen_ai.response.id", "chatcmpl-1"],
  ["gen_ai.response.finish_reasons", { arrayValue: { values: [{ stringValue: "stop" }] } }],
  ["gen_ai.response.stream", { boolValue: true }],
  ["gen_ai.response.time_to_first_chunk", { doubleValue: 0.03525 }],
  ["gen_ai.usage.input_tokens", 12],
  ["gen_ai.usage.output_tokens", 9],
  ["gen_ai.usage.cache_read.input_tokens", 4],
  ["gen_ai.usage.cache_creation.input_tokens", 2],
  ["gen_ai.usage.reasoning.output_tokens", 3],
];

t.test("recordAttributes() adds what the engine saw of a model call", async (t) => {
  t.strictSame(added(engineRecord()), modelAttributes);
  const log = recordAttributes(engineRecord(), "log").map(({ key }) => key);
  for (const [key] of modelAttributes) t.ok(log.includes(String(key)), `${key} in the log`);
  t.equal(
    Object.fromEntries(plain(recordAttributes(engineRecord(), "span")))["clrk.tier"],
    "engine",
  );
});

t.test("recordAttributes() says what audit mode let by, and which refusal it was", async (t) => {
  const wouldDeny = { reason: "no-rule", message: "No rule", route: null };
  const record = httpRecord({ decision: { ...httpRecord().decision, wouldDeny } });
  t.same(added(record), [
    ["clrk.would_deny.reason", "no-rule"],
    ["clrk.would_deny.message", "No rule"],
  ]);
  const verdict = recordAttributes(record, "log").find(({ key }) => key === "clrk.decision");
  t.same(verdict?.value, { stringValue: "audit" });
  t.equal(recordErrorType(record), undefined);
});

t.test("recordAttributes() adds what a call under a budget was charged", async (t) => {
  const charged = engineRecord({ charge: { tokens: 21, cost: "0.000042", estimated: true } });
  t.strictSame(added(charged), [
    ...modelAttributes,
    ["clrk.charge.tokens", 21],
    ["clrk.charge.cost_usd", { doubleValue: 0.000042 }],
    ["clrk.charge.estimated", { boolValue: true }],
  ]);
  const unpriced = engineRecord({ charge: { tokens: 0, cost: null, estimated: false } });
  t.strictSame(added(unpriced).slice(modelAttributes.length), [
    ["clrk.charge.tokens", 0],
    ["clrk.charge.estimated", { boolValue: false }],
  ]);
});

t.test("recordAttributes() leaves out what a model call did not say", async (t) => {
  const model = {
    operation: "chat",
    requestModel: null,
    responseModel: null,
    responseId: null,
    finishReasons: [],
    stream: true,
    timeToFirstTokenMs: null,
  };
  const usage = {
    inputTokens: 0,
    outputTokens: null,
    cachedInputTokens: 0,
    cacheWriteTokens: null,
    reasoningTokens: 0,
  };
  t.strictSame(added(engineRecord({ model, usage })), [
    ["clrk.resp.chunks", 14],
    ["gen_ai.operation.name", "chat"],
    ["gen_ai.response.stream", { boolValue: true }],
  ]);
});

const answers: ReadonlyArray<{ name: string; record: EgressRecord; isHidden: boolean }> = [
  { name: "a plain answer with usage", record: answerOf({ stream: false }), isHidden: false },
  {
    name: "a plain answer without",
    record: answerOf({ stream: false, usage: null }),
    isHidden: true,
  },
  { name: "a stream without", record: answerOf({ stream: true, usage: null }), isHidden: false },
  {
    name: "an error answer",
    record: answerOf({ stream: false, usage: null, status: 429 }),
    isHidden: false,
  },
  { name: "no model call", record: engineRecord({ model: null, usage: null }), isHidden: false },
];

function answerOf(changes: { stream: boolean; usage?: null; status?: number }): EgressRecord {
  const { response, usage } = engineRecord();
  return engineRecord({
    response: { ...response, status: changes.status ?? 200 },
    model: recordModel({ stream: changes.stream }),
    usage: changes.usage === null ? null : usage,
  });
}

for (const { name, record, isHidden } of answers) {
  t.test(
    `recordAttributes() of ${name} says ${isHidden ? "that" : "not that"} usage is hidden`,
    async (t) => {
      const flag = Object.fromEntries(added(record))["clrk.body.usage_visible"];
      t.strictSame(flag, isHidden ? { boolValue: false } : undefined);
    },
  );
}

t.test(
  "recordAttributes() says whether captured bodies are whole, not what they hold",
  async (t) => {
    const capture = capturedExchange();
    const record = engineRecord({ model: null, usage: null, capture });
    t.strictSame(added(record), [
      ["clrk.resp.chunks", 14],
      ["clrk.req.truncated", { boolValue: false }],
      ["clrk.resp.truncated", { boolValue: true }],
    ]);
    const bodiless = capturedExchange({ requestBody: null, responseBody: null });
    t.strictSame(added(engineRecord({ model: null, usage: null, capture: bodiless })), [
      ["clrk.resp.chunks", 14],
    ]);
  },
);

t.test(
  "recordErrorType() is the engine's reason when its failure cut an answer short",
  async (t) => {
    const { route } = httpRecord().decision;
    const decision = { verdict: "deny", reason: "engine-failed", message: "m", route } as const;
    t.equal(recordErrorType(engineRecord({ decision })), "engine-failed");
  },
);

const routing = {
  backend: { namespace: "default", name: "claude" },
  provider: "anthropic",
  model: "claude-sonnet-4-5",
  translation: { from: "openai-chat", to: "anthropic-messages" },
  dropped: ["seed", "logprobs"],
  attempts: [
    {
      backend: { namespace: "default", name: "gone" },
      startUnixMs: 1,
      durationMs: 2,
      status: 0,
      reason: "UF",
    },
    { backend: null, startUnixMs: 2, durationMs: 3, status: 503, reason: "" },
    {
      backend: { namespace: "default", name: "claude" },
      startUnixMs: 5,
      durationMs: 9,
      status: 200,
      reason: "",
    },
  ],
};

function routingAttributes(changes: Partial<typeof routing> | object): Array<[string, unknown]> {
  const record = engineRecord({ routing: { ...routing, ...changes } });
  return plain(recordAttributes(record, "span")).filter(([key]) =>
    /^clrk\.(?:backend|translation|attempt)/.test(key),
  );
}

t.test("recordAttributes() says who served a call, as what, and after whom", async (t) => {
  t.strictSame(routingAttributes({}), [
    ["clrk.backend.namespace", "default"],
    ["clrk.backend.name", "claude"],
    ["clrk.backend.schema", "anthropic"],
    ["clrk.backend.model", "claude-sonnet-4-5"],
    ["clrk.translation.from", "openai-chat"],
    ["clrk.translation.to", "anthropic-messages"],
    ["clrk.translation.dropped", listOf("seed", "logprobs")],
    ["clrk.attempts", 3],
    ["clrk.attempt.backends", listOf("default/gone UF", "- 503", "default/claude 200")],
  ]);
});

t.test("recordAttributes() leaves out what a routed call has not", async (t) => {
  const little = { backend: null, model: null, translation: null, dropped: [], attempts: [] };
  t.strictSame(routingAttributes(little), [["clrk.backend.schema", "anthropic"]]);
});

t.test("recordAttributes() says nothing of a call that went its own way", async (t) => {
  const keys = recordAttributes(engineRecord(), "span").map(({ key }) => key);
  t.notOk(keys.some((key) => key.startsWith("clrk.backend")));
});

function listOf(...values: readonly string[]) {
  return { arrayValue: { values: values.map((stringValue) => ({ stringValue })) } };
}
