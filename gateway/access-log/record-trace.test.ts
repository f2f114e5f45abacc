import t from "tap";
import { InvocationTraces, invocationTraceKey, rootTraceparent } from "../invocation-trace.ts";
import { RecordStamps } from "./record-stamps.ts";
import type { InvocationTracing, TracedTransaction } from "./record-trace.ts";
import { recordTrace } from "./record-trace.ts";

const traces = new InvocationTraces(invocationTraceKey(new Uint8Array(32)));
const root = traces.rootOf("i-1");
const foreign = traces.rootOf("i-2");
if (root === null || foreign === null) throw new Error("no roots");

const stamps = new RecordStamps((size) => new Uint8Array(size).fill(1));
const random = { traceId: "01".repeat(16), spanId: "01".repeat(8) };
const agents = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const native = { traceparent: "", isEngine: false, isForwarded: true, facts: undefined };

const tracing: InvocationTracing = { traces, root };
const traceOf = (changes: Partial<TracedTransaction>, known = tracing) =>
  recordTrace(known, { ...native, ...changes }, stamps);

t.test("a request without a trace is a child of its invocation's root", async (t) => {
  const child = { traceId: root.traceId, spanId: random.spanId, parentSpanId: root.spanId };
  t.strictSame(traceOf({}), child);
  t.strictSame(traceOf({ traceparent: rootTraceparent(root) }), child);
  t.strictSame(traceOf({ traceparent: "malformed" }), child);
});

t.test("the agent's own trace goes on, and names the invocation", async (t) => {
  t.strictSame(traceOf({ traceparent: rootTraceparent(agents) }), {
    ...{ traceId: agents.traceId, spanId: random.spanId, parentSpanId: agents.spanId },
    invocation: root,
  });
});

t.test("the trace of another invocation is not joined", async (t) => {
  t.match(traceOf({ traceparent: rootTraceparent(foreign) }), {
    traceId: root.traceId,
    parentSpanId: root.spanId,
  });
});

t.test("without an invocation there is a trace of its own", async (t) => {
  for (const one of [traces, undefined]) {
    t.strictSame(traceOf({}, { traces: one, root: null }), { ...random, parentSpanId: "" });
    t.strictSame(traceOf({ traceparent: rootTraceparent(agents) }, { traces: one, root: null }), {
      ...{ traceId: agents.traceId, spanId: random.spanId, parentSpanId: agents.spanId },
    });
  }
});

t.test("the engine's ids are those of the record", async (t) => {
  const trace = { traceId: root.traceId, spanId: "2222222222222222", parentSpanId: root.spanId };
  t.strictSame(traceOf({ isEngine: true, facts: { trace } }), trace);
  const denied = traceOf({ isEngine: true, isForwarded: false, facts: { trace: null } });
  t.match(denied, { traceId: root.traceId, parentSpanId: root.spanId });
});

t.test("where facts are lost, the span is the one that the upstream was told", async (t) => {
  const sent = { traceId: root.traceId, spanId: "2222222222222222" };
  const lost = { isEngine: true, traceparent: rootTraceparent(sent) };
  t.strictSame(traceOf(lost), { ...sent, parentSpanId: root.spanId });
  t.strictSame(traceOf({ ...lost, traceparent: rootTraceparent(agents) }), {
    ...{ ...agents, parentSpanId: "" },
    invocation: root,
  });
  t.match(traceOf({ ...lost, isForwarded: false }), { spanId: random.spanId });
});
