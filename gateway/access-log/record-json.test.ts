/** Tests that the JSON made of parts is that of the record. */
import t from "tap";
import { entryContext, httpFacts, httpMeasures } from "../testdata/access-log.ts";
import type { CallFacts } from "../call-facts.ts";
import { CapturedJson } from "../captured-json.ts";
import { callFacts, capturedExchange } from "../testdata/call-facts.ts";
import type { HttpFacts, HttpMeasures } from "./http-transaction.ts";
import { InvocationTraces } from "../invocation-trace.ts";
import { completeRecord, flatTarget, outlineOf } from "./http-transaction.ts";
import { recordJson, recordJsonParts, targetJson } from "./record-json.ts";
import { RecordStamps } from "./record-stamps.ts";

const stamps = new RecordStamps();

const hostile =
  'quote " backslash \\ line\n feed \u0000\u001f\u007f\u2028 🦊 </script> {"id":"x"},';

const cases: readonly {
  readonly name: string;
  readonly facts?: Partial<HttpFacts>;
  readonly measures?: Partial<HttpMeasures>;
  readonly engine?: CallFacts;
}[] = [
  { name: "an allowed transaction" },
  { name: "no upstream", facts: { upstreamAddress: "" } },
  { name: "a plain upstream", facts: { cluster: "forward-plain" } },
  { name: "a refusal", facts: { route: "deny/default-policy", details: "direct_response" } },
  { name: "flags", facts: { flags: ["UF", "URX"] } },
  {
    name: "nothing at all",
    facts: { authority: "", method: "", protocol: "", route: "", details: "" },
    measures: { target: flatTarget("") },
  },
  {
    name: "hostile texts",
    facts: {
      method: hostile,
      authority: hostile,
      userAgent: hostile,
      details: hostile,
      clientAddress: hostile,
      upstreamAddress: hostile,
      flags: [hostile],
    },
    measures: { target: flatTarget(`/${hostile}?${hostile}`) },
  },
  { name: "lone surrogates", facts: { userAgent: "lone \ud800 and \udc00 surrogates" } },
  {
    name: "points that were not reached",
    measures: { requestMs: null, firstByteMs: null, durationMs: 0 },
  },
  {
    name: "fractions and large numbers",
    measures: {
      durationMs: 3_600_000.000001,
      requestMs: 0.000001,
      firstByteMs: 1e-7,
      requestBytes: Number.MAX_SAFE_INTEGER,
      responseBytes: 1e21,
    },
  },
  { name: "minus zero", measures: { durationMs: -0, requestMs: -0 } },
  {
    name: "a parent",
    measures: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
  },
  { name: "a traceparent that is none", measures: { traceparent: hostile } },
  {
    name: "a model call",
    measures: { engineId: "engine-1", target: flatTarget("/v1?injected=1") },
    engine: callFacts({ target: { path: hostile, query: hostile } }),
  },
  {
    name: "a model call of which nothing is known",
    measures: { engineId: "engine-1" },
    engine: callFacts({
      model: {
        operation: hostile,
        requestModel: null,
        responseModel: null,
        responseId: null,
        finishReasons: [],
        isStream: false,
        timeToFirstTokenMs: null,
        usage: null,
      },
    }),
  },
  {
    name: "usage without a single count, and hostile names",
    measures: { engineId: "engine-1" },
    engine: callFacts({
      model: {
        operation: "chat",
        requestModel: hostile,
        responseModel: hostile,
        responseId: hostile,
        finishReasons: [hostile, ""],
        isStream: true,
        timeToFirstTokenMs: 1e-7,
        usage: {
          inputTokens: null,
          outputTokens: null,
          cachedInputTokens: null,
          cacheWriteTokens: null,
          reasoningTokens: Number.MAX_SAFE_INTEGER,
        },
      },
    }),
  },
  {
    name: "what was captured of no model call",
    measures: { engineId: "engine-1" },
    engine: callFacts({ model: null, trace: null, capture: capturedExchange() }),
  },
  {
    name: "what was said to an MCP server",
    measures: { engineId: "engine-1" },
    engine: callFacts({
      model: null,
      mcp: {
        protocol: "a2a",
        revision: null,
        messages: [
          { method: hostile, subject: null, name: hostile, outcome: "allowed", rule: null },
        ],
      },
    }),
  },
  {
    name: "a call that was charged",
    measures: { engineId: "engine-1" },
    engine: callFacts({
      model: null,
      charge: { tokens: 7, microDollars: 1_250_000, isEstimated: false },
    }),
  },
  { name: "facts that are lost", measures: { engineId: "engine-1", target: flatTarget("/a?b=c") } },
];

for (const { name, facts: logged, measures, engine: facts } of cases) {
  t.test(`recordJson() is what JSON.stringify() gives of ${name}`, async (t) => {
    const outline = outlineOf(httpFacts(logged), entryContext());
    const parts = recordJsonParts(outline);
    for (const revision of [0, 7]) {
      const record = completeRecord(outline, httpMeasures(measures), { revision, stamps, facts });
      const json = String(recordJson(record, parts, targetJson(record.request)));
      t.equal(json, JSON.stringify(record));
      t.notOk(json.includes("\n"), "is one line");
    }
  });
}

t.test(
  "recordJson() leaves out bytes that a capture was lent, which are written as they are",
  async (t) => {
    const outline = outlineOf(httpFacts(), entryContext());
    const exchange = capturedExchange({ requestHeaders: [["x-name", "模型"]] });
    const bytes = Buffer.from(`before${CapturedJson.of(exchange).text}behind`);
    const place = { start: "before".length, end: bytes.length - "behind".length };
    const capture = new CapturedJson({ bytes, ...place, giveBack: () => t.fail("not its own") });
    const facts = callFacts({ capture, mcp: { protocol: "a2a", revision: null, messages: [] } });
    const measures = httpMeasures({ engineId: "engine-1" });
    const record = completeRecord(outline, measures, { revision: 1, stamps, facts });
    const line = recordJson(record, recordJsonParts(outline), targetJson(record.request));
    if (typeof line === "string") throw new TypeError("Wanted a line in parts");
    t.match(line.middle, { bytes, ...place });
    const whole = JSON.parse(`${line.head}${capture.text}${line.tail}`);
    t.same(whole, JSON.parse(JSON.stringify({ ...record, capture: exchange })));
  },
);

t.test("recordJson() names the invocation where the trace is the agent's own", async (t) => {
  const traces = new InvocationTraces(new Uint8Array(32));
  const agent = { kind: "Process", namespace: "default", name: "a", uid: "r", revision: "" };
  const findAgent = () => ({ ...agent, invocationId: "i-1" });
  const outline = outlineOf(httpFacts(), entryContext({ findAgent, traces }));
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  for (const measures of [httpMeasures({ traceparent }), httpMeasures({ traceparent: "" })]) {
    const record = completeRecord(outline, measures, { revision: 1, stamps, facts: undefined });
    const isOwn = record.trace?.traceId === traces.rootOf("i-1")?.traceId;
    t.equal(isOwn, measures.traceparent === "");
    t.equal("invocation" in (record.trace ?? {}), !isOwn);
    const json = recordJson(record, recordJsonParts(outline), targetJson(record.request));
    t.equal(json, JSON.stringify(record));
  }
});

t.test("recordJson() leaves an unknown agent out", async (t) => {
  const outline = outlineOf(httpFacts(), entryContext({ findAgent: () => null }));
  const record = completeRecord(outline, httpMeasures(), {
    revision: 1,
    stamps,
    facts: undefined,
  });
  t.equal(
    recordJson(record, recordJsonParts(outline), targetJson(record.request)),
    JSON.stringify(record),
  );
});
