/** Tests what a record says of a transaction. */
import t from "tap";
import type { CallFacts } from "../call-facts.ts";
import type { EgressRecord } from "../record.ts";
import type { RuleFacts } from "../rule-facts.ts";
import { callFacts, capturedExchange } from "../testdata/call-facts.ts";
import { entryContext, httpFacts, httpMeasures, researcher } from "../testdata/access-log.ts";
import type { HttpFacts, HttpMeasures } from "./http-transaction.ts";
import { completeRecord, flatTarget, outlineOf } from "./http-transaction.ts";
import { RecordStamps } from "./record-stamps.ts";

function recordOf(
  logged: Partial<HttpFacts> = {},
  measures: Partial<HttpMeasures> = {},
  facts: CallFacts | undefined = undefined,
): EgressRecord {
  const context = entryContext();
  const stamps = new RecordStamps((size) => new Uint8Array(size).fill(1));
  const outline = outlineOf(httpFacts(logged), context);
  const { revision } = context;
  return completeRecord(outline, httpMeasures(measures), { revision, stamps, facts });
}

t.test("completeRecord() says all of an allowed transaction", async (t) => {
  t.same(recordOf(), {
    id: "01010101-0101-8101-8101-010101010000",
    kind: "http",
    time: "2026-01-02T03:04:05.678Z",
    startUnixMs: 1_767_323_045_678,
    startUnixNs: "1767323045678901234",
    durationMs: 41.412345,
    agent: researcher,
    gateway: { namespace: "default", name: "egress" },
    listener: "transparent",
    clientAddress: "10.88.0.2",
    request: {
      method: "POST",
      scheme: "https",
      authority: "api.openai.com",
      host: "api.openai.com",
      port: 443,
      path: "/v1/chat/completions",
      query: "",
      protocol: "HTTP/1.1",
      userAgent: "OpenAI/JS 7.57.0",
      bytes: 2_048,
    },
    response: { status: 200, bytes: 512, chunks: null, flags: [], details: "via_upstream" },
    timings: { requestMs: 1.256789, upstreamConnectMs: null, timeToFirstByteMs: 39.612345 },
    upstream: {
      address: "203.0.113.9:443",
      tls: { version: "", serverName: "api.openai.com" },
    },
    decision: {
      verdict: "allow",
      reason: null,
      message: null,
      route: { kind: "AIProviderRoute", namespace: "default", name: "openai", rule: 0 },
    },
    provider: "openai",
    credential: { name: "Secret default/openai", header: "authorization" },
    tier: "native",
    revision: 7,
    trace: {
      traceId: "01010101010101010101010101010101",
      spanId: "0101010101010101",
      parentSpanId: "",
    },
    model: null,
    usage: null,
    routing: null,
    capture: null,
  });
});

t.test("completeRecord() believes of a lost thread's facts the charge alone", async (t) => {
  const charge = { tokens: 9, microDollars: 3, isEstimated: true };
  const target = { path: "/v1/models", query: "key=a" };
  const facts = callFacts({ isLost: true, charge });
  const record = recordOf({}, { engineId: "engine-1", target }, facts);
  t.match(record, {
    charge: { tokens: 9, cost: "0.000003", estimated: true },
    request: { path: "/v1/models", query: "[redacted]" },
    response: { chunks: null },
    model: null,
    usage: null,
  });
});

t.test("completeRecord() is the child of the agent's span", async (t) => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  t.same(recordOf({}, { traceparent }).trace, {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "0101010101010101",
    parentSpanId: "b7ad6b7169203331",
  });
});

t.test("completeRecord() shares parts of the outline between records", async (t) => {
  const outline = outlineOf(httpFacts(), entryContext());
  const stamps = new RecordStamps();
  const [first, second] = [0, 0].map(() =>
    completeRecord(outline, httpMeasures(), { revision: 1, stamps, facts: undefined }),
  );
  t.equal(first?.decision, second?.decision);
  t.not(first?.id, second?.id);
});

const authorities: readonly {
  readonly name: string;
  readonly facts: Partial<HttpFacts>;
  readonly authority: string;
  readonly host: string;
  readonly port: number;
}[] = [
  {
    name: "a port in the authority",
    facts: { authority: "a.example.com:8443", agreedHost: "a.example.com" },
    authority: "a.example.com:8443",
    host: "a.example.com",
    port: 8_443,
  },
  {
    name: "upper case",
    facts: { authority: "A.Example.COM", agreedHost: "A.Example.COM" },
    authority: "A.Example.COM",
    host: "a.example.com",
    port: 443,
  },
  {
    name: "an IPv6 address with port",
    facts: { authority: "[fd00::5]:8443", agreedHost: "" },
    authority: "[fd00::5]:8443",
    host: "[fd00::5]",
    port: 8_443,
  },
  {
    name: "an IPv6 address without port",
    facts: { authority: "[fd00::5]", agreedHost: "" },
    authority: "[fd00::5]",
    host: "[fd00::5]",
    port: 443,
  },
  {
    name: "a colon without port",
    facts: { authority: "a.example.com:", agreedHost: "" },
    authority: "a.example.com:",
    host: "a.example.com:",
    port: 443,
  },
  {
    name: "a port that is none",
    facts: { authority: "a.example.com:8x", agreedHost: "" },
    authority: "a.example.com:8x",
    host: "a.example.com:8x",
    port: 443,
  },
  { name: "nothing", facts: { authority: "", agreedHost: "" }, authority: "", host: "", port: 443 },
  {
    name: "a backend's authority",
    facts: { authority: "backend.internal:9443", agreedHost: "api.openai.com" },
    authority: "api.openai.com",
    host: "api.openai.com",
    port: 443,
  },
  {
    name: "a trailing dot in what was agreed",
    facts: { authority: "api.openai.com", agreedHost: "API.openai.com." },
    authority: "api.openai.com",
    host: "api.openai.com",
    port: 443,
  },
  {
    name: "an authority that does not agree",
    facts: {
      authority: "evil.example.com",
      agreedHost: "api.openai.com",
      details: "rbac_access_denied_matched_policy[none]",
    },
    authority: "evil.example.com",
    host: "evil.example.com",
    port: 443,
  },
  {
    name: "user information",
    facts: { authority: "user:password@a.example.com", agreedHost: "" },
    authority: "[redacted]@a.example.com",
    host: "[redacted]@a.example.com",
    port: 443,
  },
];

for (const { name, facts, authority, host, port } of authorities) {
  t.test(`outlineOf() reads ${name}`, async (t) => {
    t.match(outlineOf(httpFacts(facts), entryContext()).request, { authority, host, port });
  });
}

t.test(
  "completeRecord() holds nothing secret of what an agent wrote into target and authority",
  async (t) => {
    const key = `sk-${"A1b2".repeat(10)}`;
    const target = flatTarget(`/v1/${key}/x?api_key=${key}&model=gpt#${key}`);
    const record = recordOf({ authority: `me:${key}@a.example.com`, agreedHost: "" }, { target });
    t.notMatch(JSON.stringify(record), new RegExp(key));
    t.match(record.request, { path: "/v1/[redacted]/x", query: "api_key=[redacted]&model=gpt" });
  },
);

const upstreams = [
  {
    name: "TLS",
    cluster: "alias-tls/10.0.0.9:443",
    tls: { version: "", serverName: "b.internal" },
  },
  { name: "plain text", cluster: "forward-plain", tls: null },
];

for (const { name, cluster, tls } of upstreams) {
  t.test(`outlineOf() names an upstream over ${name} by the authority it was sent`, async (t) => {
    const facts = { cluster, authority: "b.internal:8443", upstreamAddress: "10.0.0.9:8443" };
    const { upstream } = outlineOf(httpFacts(facts), entryContext());
    t.same(upstream, { address: "10.0.0.9:8443", tls });
  });
}

t.test("outlineOf() names no upstream where none was dialled", async (t) => {
  t.equal(outlineOf(httpFacts({ upstreamAddress: "" }), entryContext()).upstream, null);
});

t.test("outlineOf() names no credential in a refusal", async (t) => {
  const context = entryContext();
  const route = "deny/deny-policy/AIProviderRoute/default/openai/1";
  const facts: RuleFacts = {
    provider: "openai",
    credential: { name: "Secret default/openai", header: "authorization" },
    message: "Not today",
    tier: "native",
  };
  const outline = outlineOf(httpFacts({ route, details: "direct_response" }), {
    ...context,
    ruleFacts: new Map([[route, facts]]),
  });
  t.match(outline, {
    credential: null,
    provider: "openai",
    decision: {
      verdict: "deny",
      reason: "deny-policy",
      message: "Not today",
      route: { kind: "AIProviderRoute", namespace: "default", name: "openai", rule: 1 },
    },
  });
});

t.test("outlineOf() says what was dialled in a disagreement", async (t) => {
  const details = "rbac_access_denied_matched_policy[none]";
  const outline = outlineOf(httpFacts({ authority: "evil.example.com", details }), entryContext());
  t.match(outline.decision, {
    reason: "authority-mismatch",
    message: "Host evil.example.com is not what the connection dialled (evil.example.com:443)",
  });
});

t.test("outlineOf() leaves an unknown caller out", async (t) => {
  const asked: string[] = [];
  const findAgent = (caller: string) => {
    asked.push(caller);
    return null;
  };
  t.equal(outlineOf(httpFacts({ caller: "run:x" }), entryContext({ findAgent })).agent, null);
  t.same(asked, ["run:x"]);
});

const injected = { engineId: "engine-1", target: flatTarget("/v1/x?page=2&k=credential") };

t.test("completeRecord() says what the engine found out", async (t) => {
  const capture = capturedExchange();
  const target = { path: "/v1/y", query: "page=2" };
  t.match(recordOf({}, injected, callFacts({ capture, target })), {
    request: target,
    response: { status: 200, chunks: 14 },
    decision: { verdict: "allow" },
    provider: "openai",
    credential: { name: "Secret default/openai" },
    tier: "engine",
    trace: { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "53995c3f42cd8ad8" },
    model: {
      operation: "chat",
      requestModel: "gpt-4.1",
      responseModel: "gpt-4.1-2025-04-14",
      responseId: "chatcmpl-1",
      finishReasons: ["stop"],
      stream: true,
      timeToFirstTokenMs: 35.25,
    },
    usage: callFacts().model?.usage,
    capture,
  });
});

t.test("completeRecord() shows the logged query when the engine changed nothing", async (t) => {
  const { request } = recordOf({}, injected, callFacts({ target: null }));
  t.match(request, { path: "/v1/x", query: "page=2&k=credential" });
});

t.test("completeRecord() makes trace ids where the upstream was told none", async (t) => {
  const { trace } = recordOf({}, injected, callFacts({ trace: null }));
  t.equal(trace?.traceId, "01010101010101010101010101010101");
});

t.test("completeRecord() shows no logged query when facts are lost, and says so", async (t) => {
  const record = recordOf({}, injected);
  t.match(record, {
    request: { path: "/v1/x", query: "[redacted]" },
    response: { chunks: null },
    tier: "engine",
    model: null,
    usage: null,
    routing: null,
    capture: null,
  });
  t.notMatch(JSON.stringify(record), /k=credential/);
  const bare = recordOf({}, { engineId: "engine-1", target: flatTarget("/v1/x") });
  t.equal(bare.request.query, "", "a query that was not there");
});

t.test("completeRecord() shows no query of an engine's rule that left no id", async (t) => {
  const outline = { ...outlineOf(httpFacts(), entryContext()), tier: "engine" as const };
  const measures = httpMeasures({ target: injected.target });
  const stamps = new RecordStamps();
  const record = completeRecord(outline, measures, { revision: 1, stamps, facts: undefined });
  t.match(record, { tier: "engine", request: { path: "/v1/x", query: "[redacted]" } });
});

t.test(
  "completeRecord() shows no path either where a placeholder is swapped, without the engine's word",
  async (t) => {
    const outline = {
      ...outlineOf(httpFacts(), entryContext()),
      credential: { name: "Secret default/key", header: "placeholder" },
      tier: "engine" as const,
    };
    const measures = httpMeasures({ target: injected.target });
    const completion = { revision: 1, stamps: new RecordStamps(), facts: undefined };
    const { request } = completeRecord(outline, measures, completion);
    t.match(request, { path: "[redacted]", query: "[redacted]" });
  },
);

const denial = { reason: "body-malformed", message: "The body is no JSON" };

t.test("completeRecord() tells the engine's refusal as the agent was told", async (t) => {
  const refused = recordOf({ upstreamAddress: "" }, injected, callFacts({ denial, model: null }));
  t.match(refused, {
    decision: { verdict: "deny", ...denial, route: { name: "openai", rule: 0 } },
    credential: null,
    provider: "openai",
  });
});

t.test(
  "completeRecord() names the credential of a refusal that came after it was sent",
  async (t) => {
    const refused = recordOf({}, injected, callFacts({ denial }));
    t.match(refused, { decision: denial, credential: { name: "Secret default/openai" } });
  },
);
