/** Tests of what a record says in one line and as a span name: the line is read by position, so nothing may shift it. */
import t from "tap";
import { accessLine, recordSeverity, spanName } from "./record.ts";
import type { EgressRecord } from "./record.ts";
import { capturedExchange } from "./testdata/call-facts.ts";
import {
  deniedRecord,
  engineRecord,
  httpRecord,
  recordModel,
  tcpRecord,
  tokenUsage,
} from "./testdata/egress-record.ts";

const request = httpRecord().request;

const lines: ReadonlyArray<{ name: string; record: EgressRecord; line: string }> = [
  {
    name: "an allowed call",
    record: httpRecord(),
    line: "POST api.openai.com:443/v1/chat/completions 200 41ms req=512B resp=2048B provider=openai route=default/openai",
  },
  {
    name: "a denied request",
    record: deniedRecord(),
    line: "GET paste.example/new 403 41ms req=0B resp=96B deny=default-policy",
  },
  {
    name: "denied by a rule",
    record: deniedRecord({
      decision: {
        ...deniedRecord().decision,
        reason: null,
        route: { kind: "EgressDenyPolicy", namespace: "a", name: "b", rule: 0 },
      },
    }),
    line: "GET paste.example/new 403 41ms req=0B resp=96B route=a/b deny=denied",
  },
  {
    name: "without a response or duration",
    record: httpRecord({
      durationMs: 0,
      response: { status: 0, bytes: 0, chunks: null, flags: ["DC"], details: "" },
      provider: null,
    }),
    line: "POST api.openai.com:443/v1/chat/completions 0 ? req=512B resp=0B route=default/openai",
  },
  {
    name: "with nothing known",
    record: httpRecord({
      request: { ...request, method: "", authority: "", host: "", path: "" },
      provider: null,
      decision: { verdict: "allow", reason: null, message: null, route: null },
    }),
    line: "REQUEST - 200 41ms req=512B resp=2048B",
  },
  {
    name: "with spaces, line breaks and escapes in every field",
    record: httpRecord({
      request: {
        ...request,
        method: "GE T",
        authority: "a b",
        path: "/c\nd\u001b[31m\u00e9\ud83d\udca5\ud800",
      },
      provider: "x y",
    }),
    line: "GE%20T a%20b/c%0Ad%1B[31m%C3%A9%F0%9F%92%A5%EF%BF%BD 200 41ms req=512B resp=2048B provider=x%20y route=default/openai",
  },
  {
    name: "a model call",
    record: engineRecord(),
    line: "POST api.openai.com:443/v1/chat/completions 200 41ms req=512B resp=2048B provider=openai model=gpt-4.1 input_tokens=12 output_tokens=9 route=default/openai",
  },
  {
    name: "a model call of which little is known",
    record: engineRecord({
      model: recordModel({ requestModel: null, responseModel: "an swer" }),
      usage: tokenUsage({ inputTokens: 0, outputTokens: null }),
    }),
    line: "POST api.openai.com:443/v1/chat/completions 200 41ms req=512B resp=2048B provider=openai model=an%20swer input_tokens=0 route=default/openai",
  },
  {
    name: "a model call without usage",
    record: engineRecord({
      model: recordModel({ requestModel: null, responseModel: null }),
      usage: null,
    }),
    line: "POST api.openai.com:443/v1/chat/completions 200 41ms req=512B resp=2048B provider=openai route=default/openai",
  },
  {
    name: "a tunnel",
    record: tcpRecord(),
    line: "egress.tcp agent=default/researcher dst=db.internal bytes_up=100B dur=41ms route=default/db",
  },
  {
    name: "a tunnel of nobody to nowhere",
    record: tcpRecord({
      kind: "tls",
      agent: null,
      request: { ...tcpRecord().request, host: "" },
      durationMs: -1,
      decision: { verdict: "deny", reason: "no-server-name", message: null, route: null },
    }),
    line: "egress.tcp agent=- dst=- bytes_up=100B dur=0ms deny=no-server-name",
  },
];
for (const { name, record, line } of lines) {
  t.test(`accessLine() writes the fields in order when the record is ${name}`, async (t) => {
    t.equal(accessLine(record), line);
  });
}

t.test(
  "accessLine() keeps method, target, status and duration in the first four fields whatever is in the path",
  async (t) => {
    for (let code = 0; code < 0x300; code++) {
      const path = `/a${String.fromCharCode(code)}b`;
      const fields = accessLine(httpRecord({ request: { ...request, path } })).split(/\s/);
      if (fields[0] !== "POST" || fields[2] !== "200" || fields[3] !== "41ms")
        t.fail(`U+${code.toString(16)}`);
    }
  },
);

const names: ReadonlyArray<{ name: string; record: EgressRecord; span: string }> = [
  { name: "HTTP", record: httpRecord(), span: "POST api.openai.com" },
  {
    name: "HTTP without a host",
    record: httpRecord({ request: { ...request, host: "" } }),
    span: "POST /v1/chat/completions",
  },
  {
    name: "HTTP without a method",
    record: httpRecord({ request: { ...request, method: "" } }),
    span: "REQUEST api.openai.com",
  },
  { name: "a model call", record: engineRecord(), span: "chat gpt-4.1" },
  {
    name: "a model call that named no model",
    record: engineRecord({ model: recordModel({ requestModel: null }) }),
    span: "chat",
  },
  { name: "TCP", record: tcpRecord(), span: "egress.tcp" },
  { name: "TLS", record: tcpRecord({ kind: "tls" }), span: "egress.tcp" },
];
for (const { name, record, span } of names) {
  t.test(`spanName() is ${span} when the record is ${name}`, async (t) => {
    t.equal(spanName(record), span);
  });
}

const severities: ReadonlyArray<{ status: number; severity: string }> = [
  { status: 0, severity: "warn" },
  { status: 101, severity: "info" },
  { status: 200, severity: "info" },
  { status: 399, severity: "info" },
  { status: 400, severity: "warn" },
  { status: 499, severity: "warn" },
  { status: 500, severity: "error" },
  { status: 599, severity: "error" },
];
for (const { status, severity } of severities) {
  t.test(`recordSeverity() is ${severity} when the status is ${status}`, async (t) => {
    t.equal(
      recordSeverity(httpRecord({ response: { ...httpRecord().response, status } })),
      severity,
    );
  });
}

t.test(
  "recordSeverity() of an answer that the engine's failure cut short is an error",
  async (t) => {
    const decision = { ...deniedRecord().decision, reason: "engine-failed" };
    t.equal(recordSeverity(engineRecord({ decision })), "error");
    t.equal(recordSeverity(deniedRecord({ decision })), "warn", "refused with 403");
  },
);

t.test("records of MCP tell method and name, and warn of refusals with status 200", async (t) => {
  const mcp = (method: string, subject: "tool" | "resource" | null, name: string | null) =>
    ({
      protocol: "mcp",
      revision: null,
      messages: [{ method, subject, name, outcome: "denied", rule: null }],
    }) as const;
  const record = httpRecord({ provider: null, mcp: mcp("tools/call", "tool", "a b") });
  t.equal(
    accessLine(record),
    "POST api.openai.com:443/v1/chat/completions 200 41ms req=512B resp=2048B mcp_method=tools/call mcp_tool=a%20b route=default/openai",
  );
  t.equal(spanName(record), "mcp tools/call a b");
  t.equal(
    spanName(httpRecord({ mcp: mcp("resources/read", "resource", "u") })),
    "mcp resources/read",
  );
  t.equal(spanName(httpRecord({ mcp: mcp("", null, null) })), "mcp response");
  const { decision } = deniedRecord();
  t.equal(recordSeverity(httpRecord({ decision, mcp: mcp("ping", null, null) })), "warn");
});

t.test("records of what audit mode let by say so, and warn", async (t) => {
  const wouldDeny = { reason: "no-rule", message: "No rule", route: null };
  const decision = { ...httpRecord().decision, wouldDeny };
  t.match(accessLine(httpRecord({ decision })), / route=default\/openai would_deny=no-rule$/);
  t.equal(recordSeverity(httpRecord({ decision })), "warn");
  t.equal(recordSeverity(tcpRecord({ decision })), "warn");
});

t.test("recordSeverity() follows the verdict below HTTP", async (t) => {
  t.equal(recordSeverity(tcpRecord()), "info");
  t.equal(recordSeverity(tcpRecord({ decision: deniedRecord().decision })), "warn");
});

t.test("EgressRecord survives JSON unchanged", async (t) => {
  const captured = engineRecord({ capture: capturedExchange() });
  for (const record of [httpRecord(), deniedRecord(), tcpRecord(), captured]) {
    t.strictSame(JSON.parse(JSON.stringify(record)), record);
  }
});
