import t from "tap";
import { InvocationTraces, invocationTraceKey, rootTraceparent } from "./invocation-trace.ts";

const key = invocationTraceKey(new Uint8Array(32).fill(7));
const other = invocationTraceKey(new Uint8Array(32).fill(8));
const traces = new InvocationTraces(key);
const sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

t.test("whoever has the key gives an invocation the same root, and nobody else", async (t) => {
  const root = traces.rootOf("i-1");
  t.match(root, { traceId: /^[0-9a-f]{32}$/, spanId: /^[0-9a-f]{16}$/ });
  t.strictSame(new InvocationTraces(key).rootOf("i-1"), root);
  t.strictSame(traces.rootOf("i-1"), root, "kept");
  t.notSame(traces.rootOf("i-2")?.traceId, root?.traceId);
  t.notSame(new InvocationTraces(other).rootOf("i-1")?.traceId, root?.traceId);
  t.equal(traces.rootOf(""), null);
});

t.test("no two of many invocations share ids", async (t) => {
  const roots = Array.from({ length: 10_000 }, (_, number) => traces.rootOf(`i-${number}`));
  t.equal(new Set(roots.map((root) => root?.traceId)).size, 10_000);
  t.equal(new Set(roots.map((root) => root?.spanId)).size, 10_000);
});

t.test("isInvocation() knows traces of invocations from all others", async (t) => {
  const { traceId = "" } = traces.rootOf("i-1") ?? {};
  t.equal(traces.isInvocation(traceId), true);
  t.equal(traces.isInvocation(traceId), true, "kept");
  const flipped = `${traceId.slice(0, -1)}${traceId.endsWith("0") ? "1" : "0"}`;
  t.equal(traces.isInvocation(flipped), false);
  t.equal(new InvocationTraces(other).isInvocation(traceId), false);
  t.equal(traces.isInvocation("0af7651916cd43dd8448eb211c80319c"), false);
});

t.test(
  "parentOf() keeps the agent's own trace, and gives it none of another invocation",
  async (t) => {
    const root = traces.rootOf("i-1");
    const foreign = traces.rootOf("i-2");
    if (root === null || foreign === null) throw new Error("no roots");
    const own = rootTraceparent(root);
    t.equal(traces.parentOf("", root), own);
    t.equal(traces.parentOf(own, root), own);
    t.equal(traces.parentOf(sent, root), sent);
    t.equal(traces.parentOf("malformed", root), own);
    t.equal(traces.parentOf(rootTraceparent(foreign), root), own);
    const child = rootTraceparent({ ...root, spanId: "b7ad6b7169203331" });
    t.equal(traces.parentOf(child, root), child, "an agent may make spans in its own trace");
    t.equal(traces.parentOf(rootTraceparent(foreign), null), "");
    t.equal(traces.parentOf(sent, null), sent);
    t.equal(traces.parentOf("", null), "");
  },
);
