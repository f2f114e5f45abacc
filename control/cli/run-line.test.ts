/** The line of a record: aligned, short, honest about failure, and deaf to what the network would like to print. */
import t from "tap";
import type { TokenUsage } from "../../gateway/call-facts.ts";
import type { EgressRecord, RecordKind } from "../../gateway/record.ts";
import { createPalette } from "./colour.ts";
import { formatDuration, formatRunLine, formatTokens } from "./run-line.ts";
import { displayWidth } from "./table.ts";

const plain = createPalette({ isTerminal: false, environment: {} });
const coloured = createPalette({ isTerminal: true, environment: {} });

interface Changes {
  readonly kind?: RecordKind;
  readonly agent?: string | null;
  readonly durationMs?: number;
  readonly request?: Partial<EgressRecord["request"]>;
  readonly response?: Partial<EgressRecord["response"]>;
  readonly decision?: Partial<EgressRecord["decision"]>;
  readonly usage?: TokenUsage;
}

function recordWith(changes: Changes = {}): EgressRecord {
  const name = changes.agent === undefined ? "researcher" : changes.agent;
  return {
    id: "1",
    kind: changes.kind ?? "http",
    time: "2026-11-24T00:00:00.000Z",
    startUnixMs: 0,
    startUnixNs: "0",
    durationMs: changes.durationMs ?? 1812.4,
    agent:
      name === null
        ? null
        : { kind: "Process", namespace: "", name, uid: "", revision: "", invocationId: "" },
    gateway: { namespace: "default", name: "default" },
    listener: "explicit",
    clientAddress: "127.0.0.1",
    request: {
      method: "POST",
      scheme: "https",
      authority: "api.anthropic.com",
      host: "api.anthropic.com",
      port: 443,
      path: "/v1/messages",
      query: "key=[redacted]",
      protocol: "HTTP/1.1",
      userAgent: "",
      bytes: 10,
      ...changes.request,
    },
    response: {
      status: 200,
      bytes: 10,
      chunks: null,
      flags: [],
      details: "via_upstream",
      ...changes.response,
    },
    timings: { requestMs: null, upstreamConnectMs: null, timeToFirstByteMs: null },
    upstream: null,
    decision: { verdict: "allow", reason: null, message: null, route: null, ...changes.decision },
    provider: null,
    credential: null,
    tier: "native",
    revision: 1,
    trace: null,
    model: null,
    usage: changes.usage ?? null,
    routing: null,
    capture: null,
  };
}

function tokens(inputTokens: number | null, outputTokens: number | null): TokenUsage {
  const rest = { cachedInputTokens: null, cacheWriteTokens: null, reasoningTokens: null };
  return { inputTokens, outputTokens, ...rest };
}

const denied = (message: string | null, reason: string | null = "no-route") =>
  ({ verdict: "deny", reason, message }) as const;

for (const { name, changes, line } of [
  {
    name: "an answered request",
    changes: {},
    line: "researcher  ✔ POST api.anthropic.com/v1/messages         200   1.8 s",
  },
  {
    name: "a short method",
    changes: { request: { method: "GET", host: "mcp.linear.app", path: "/mcp" }, durationMs: 212 },
    line: "researcher  ✔ GET  mcp.linear.app/mcp                    200   212 ms",
  },
  {
    name: "a model call",
    changes: { usage: tokens(2_114, 387) },
    line: "researcher  ✔ POST api.anthropic.com/v1/messages   200   1.8 s   2,114 → 387 tok",
  },
  {
    name: "a quick model call to a long path",
    changes: { request: { path: `/v1/${"x".repeat(99)}` }, usage: tokens(12, 9), durationMs: 212 },
    line: "researcher  ✔ POST api.anthropic.com/v1/xxxxxxxxxxxxx…  200   212 ms  12 → 9 tok",
  },
  {
    name: "a denial",
    changes: {
      request: { host: "paste.example", path: "/" },
      decision: denied("no route allows it"),
    },
    line: "researcher  ✘ POST paste.example/                     denied: no route allows it",
  },
  {
    name: "a denial whose reason needs the room, without padding and uncut",
    changes: {
      request: {
        method: "GET",
        scheme: "http",
        host: "169.254.169.254",
        port: 80,
        path: "/latest/meta-data",
      },
      decision: denied("link-local addresses are never allowed"),
    },
    line: "researcher  ✘ GET  169.254.169.254/latest/meta-data  denied: link-local addresses are never allowed",
  },
  {
    name: "a denial without a sentence",
    changes: { decision: denied(null) },
    line: "researcher  ✘ POST api.anthropic.com/v1/messages         denied: no-route",
  },
  {
    name: "a denial without anything",
    changes: { decision: denied(null, null) },
    line: "researcher  ✘ POST api.anthropic.com/v1/messages         denied: no reason given",
  },
  {
    name: "what audit mode let by, uncut",
    changes: {
      decision: {
        wouldDeny: { reason: "no-rule", message: "no rule allows\u0007 it", route: null },
      },
    },
    line: "researcher  ! POST api.anthropic.com/v1/messages  200 WOULD DENY: no rule allows\\x07 it",
  },
  {
    name: "an upstream's refusal",
    changes: { response: { status: 429 } },
    line: "researcher  ! POST api.anthropic.com/v1/messages         429   1.8 s",
  },
  {
    name: "no response",
    changes: { response: { status: 0, flags: ["DC", "UF"] }, durationMs: 3 },
    line: "researcher  ! POST api.anthropic.com/v1/messages  no response (DC,UF) after 3 ms",
  },
  {
    name: "no response and no flags",
    changes: { response: { status: 0 }, durationMs: 3 },
    line: "researcher  ! POST api.anthropic.com/v1/messages         no response after 3 ms",
  },
  {
    name: "a port that is not usual",
    changes: { request: { host: "::1", port: 8443 } },
    line: "researcher  ✔ POST [::1]:8443/v1/messages                200   1.8 s",
  },
  {
    name: "plain http",
    changes: { request: { scheme: "http", port: 80 } },
    line: "researcher  ✔ POST api.anthropic.com/v1/messages         200   1.8 s",
  },
  {
    name: "TLS that was not intercepted",
    changes: {
      kind: "tls",
      request: { method: "", host: "pinned.example", path: "" },
      response: { status: 0 },
    },
    line: "researcher  ✔ TLS  pinned.example                        ok    1.8 s",
  },
  {
    name: "denied TCP",
    changes: {
      kind: "tcp",
      request: { method: "", host: "10.0.0.1", port: 22, path: "" },
      decision: denied("not allowed"),
    },
    line: "researcher  ✘ TCP  10.0.0.1:22                           denied: not allowed",
  },
  {
    name: "nobody, nowhere",
    changes: { agent: null, request: { method: "", host: "", port: 0, path: "" } },
    line: "-  ✔ ?    -                                     200   1.8 s",
  },
  {
    name: "a long target",
    changes: { request: { path: `/v1/${"x".repeat(200)}` } },
    line: "researcher  ✔ POST api.anthropic.com/v1/xxxxxxxxxxxxxxxxxxxxxxxxxx…  200   1.8 s",
  },
] satisfies { name: string; changes: Changes; line: string }[]) {
  t.test(`formatRunLine() writes ${name}`, async (t) => {
    t.equal(formatRunLine(recordWith(changes), { palette: plain }), line);
  });
}

t.test("formatRunLine() keeps to the columns unless a reason needs more", async (t) => {
  for (const columns of [60, 80, 120]) {
    for (const path of ["/", `/${"x".repeat(300)}`, `/${"語".repeat(150)}`]) {
      const line = formatRunLine(recordWith({ request: { path } }), { palette: plain, columns });
      t.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
    }
  }
});

t.test("formatRunLine() keeps some of the target on a very narrow terminal", async (t) => {
  const line = formatRunLine(recordWith(), { palette: plain, columns: 20 });
  t.equal(line, "researcher  ✔ POST api.anthropic.c…  200   1.8 s");
});

t.test("formatRunLine() lets nothing from the network drive the terminal", async (t) => {
  const evil = "\u001b[2J\r\n\u202e\u009b";
  for (const changes of [
    { agent: evil },
    { request: { method: evil } },
    { request: { host: evil } },
    { request: { path: evil } },
    { decision: denied(evil) },
    { decision: denied(null, evil) },
    { response: { status: 0, flags: [evil] } },
  ] satisfies Changes[]) {
    const line = formatRunLine(recordWith(changes), { palette: plain, columns: 200 });
    t.notMatch(line, /[\p{Cc}\p{Cf}]/u);
    t.match(line, "\\x1b[2J\\x0d\\x0a\\u202e\\x9b");
  }
});

t.test("formatRunLine() does not show the query", async (t) => {
  t.notMatch(formatRunLine(recordWith(), { palette: plain }), /redacted|key/);
});

t.test(
  "formatRunLine() colours the mark and what went wrong, without moving a column",
  async (t) => {
    const paint = (changes: Changes) => formatRunLine(recordWith(changes), { palette: coloured });
    t.match(paint({}), "\u001b[32m✔\u001b[39m POST api");
    t.match(paint({ response: { status: 404 } }), "\u001b[33m404   1.8 s\u001b[39m");
    t.match(paint({ response: { status: 503 } }), "\u001b[31m503   1.8 s\u001b[39m");
    t.match(paint({ decision: denied("no") }), "\u001b[31mdenied: no\u001b[39m");
    const uncoloured = formatRunLine(recordWith(), { palette: plain });
    t.equal(displayWidth(paint({})), displayWidth(uncoloured));
  },
);

for (const { usage, text } of [
  { usage: tokens(12, 9), text: "12 → 9 tok" },
  { usage: tokens(1_234_567, 1_000), text: "1,234,567 → 1,000 tok" },
  { usage: tokens(0, 0), text: "0 → 0 tok" },
  { usage: tokens(8, null), text: "8 tok" },
  { usage: tokens(null, 9), text: "? → 9 tok" },
  { usage: tokens(null, null), text: "" },
]) {
  t.test(`formatTokens() gives "${text}"`, async (t) => {
    t.equal(formatTokens(usage), text);
  });
}

for (const { durationMs, text } of [
  { durationMs: 0, text: "<1 ms" },
  { durationMs: 0.4, text: "<1 ms" },
  { durationMs: 0.6, text: "1 ms" },
  { durationMs: 999.4, text: "999 ms" },
  { durationMs: 999.6, text: "1.0 s" },
  { durationMs: 1849, text: "1.8 s" },
  { durationMs: 59_960, text: "60.0 s" },
  { durationMs: 99_940, text: "99.9 s" },
  { durationMs: 100_000, text: "2 min" },
  { durationMs: 3_600_000, text: "60 min" },
]) {
  t.test(`formatDuration() of ${durationMs} is ${text}`, async (t) => {
    t.equal(formatDuration(durationMs), text);
  });
}
