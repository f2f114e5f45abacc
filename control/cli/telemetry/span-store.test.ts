import t from "tap";
import { makeSpan } from "../testdata/spans.ts";
import { SpanStore } from "./span-store.ts";

t.test("SpanStore sums a trace, and takes a span that comes again once", (t) => {
  const store = new SpanStore();
  store.add(makeSpan("a", { startNs: 5n, inputTokens: 10, outputTokens: 1, costMicroDollars: 5 }));
  store.add(makeSpan("b", { startNs: 7n, inputTokens: 99 }));
  store.add(
    makeSpan("b", { startNs: 7n, inputTokens: 20, costMicroDollars: 7, outcome: "denied" }),
  );
  store.add(makeSpan("c", { traceId: "early", startNs: 1n, outcome: "error" }));
  const [early, trace, ...others] = store.traces();
  t.equal(others.length, 0);
  t.match(early, { traceId: "early", errors: 1, denied: 0, costMicroDollars: undefined });
  t.match(trace, { inputTokens: 30, outputTokens: 1, costMicroDollars: 12, denied: 1 });
  t.equal(trace?.startNs, 5n);
  t.equal(trace?.endNs, 1_000_007n);
  t.equal(trace?.rows.length, 2);
  t.equal(store.spans, 3);
  t.equal(store.traces(), store.traces(), "nothing is done again where nothing came");
  t.end();
});

t.test("SpanStore keeps the newest spans, and counts those that go", (t) => {
  const store = new SpanStore({ maxSpans: 100 });
  for (let index = 0; index < 1_000; index++) {
    store.add(makeSpan(`s${index}`, { traceId: `t${index % 10}`, startNs: BigInt(index) }));
  }
  const ids = store.traces().flatMap(({ rows }) => rows.map(({ span }) => span.spanId));
  t.equal(ids.length, 100);
  t.equal(store.spans, 100);
  t.equal(store.dropped, 900);
  t.ok(ids.every((id) => Number(id.slice(1)) >= 900));
  t.end();
});

t.test("SpanStore lets bodies of the oldest go first, and counts them", (t) => {
  const store = new SpanStore({ maxBytes: 1_000 });
  const attributes = [{ key: "k", text: "v" }];
  for (let index = 0; index < 30; index++) {
    store.add(makeSpan(`s${index}`, { startNs: BigInt(index), bytes: 100, attributes }));
  }
  const rows = store.traces().flatMap((trace) => trace.rows);
  t.equal(rows.length, 30);
  t.equal(store.stripped, 20);
  t.strictSame(
    rows.map(({ span }) => span.attributes.length),
    [...Array(20).fill(0), ...Array(10).fill(1)],
  );
  t.end();
});

t.test("SpanStore keeps spans without ids apart", (t) => {
  const store = new SpanStore();
  store.add(makeSpan("", { traceId: "" }));
  store.add(makeSpan("", { traceId: "" }));
  t.equal(store.traces().length, 2);
  t.end();
});
