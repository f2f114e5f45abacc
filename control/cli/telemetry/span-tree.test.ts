import t from "tap";
import { makeSpan } from "../testdata/spans.ts";
import { layTree } from "./span-tree.ts";

const shape = (spans: Parameters<typeof layTree>[0]) =>
  layTree(spans).map(({ span, guides }) => `${guides}${span.spanId}`);

t.test("layTree() lays children below their parents, by their start", (t) => {
  const spans = [
    makeSpan("c", { startNs: 3n, parentSpanId: "a" }),
    makeSpan("d", { startNs: 4n, parentSpanId: "b" }),
    makeSpan("b", { startNs: 2n, parentSpanId: "a" }),
    makeSpan("a", { startNs: 1n }),
    makeSpan("e", { startNs: 5n, parentSpanId: "missing" }),
  ];
  t.strictSame(shape(spans), ["a", "├─b", "│ └─d", "└─c", "e"]);
  t.end();
});

t.test("layTree() has every span once where parents go in circles", (t) => {
  const spans = [
    makeSpan("a", { startNs: 1n, parentSpanId: "b" }),
    makeSpan("b", { startNs: 2n, parentSpanId: "a" }),
    makeSpan("self", { startNs: 3n, parentSpanId: "self" }),
  ];
  t.strictSame(shape(spans), ["self", "a", "└─b"]);
  t.end();
});

t.test("layTree() takes a chain of 5,000 and bounds its guides", (t) => {
  const spans = Array.from({ length: 5_000 }, (_, index) =>
    makeSpan(`s${index}`, { startNs: BigInt(index), parentSpanId: `s${index - 1}` }),
  );
  const rows = layTree(spans);
  t.equal(rows.length, 5_000);
  t.ok(Math.max(...rows.map(({ guides }) => guides.length)) <= 30);
  t.end();
});

t.test("layTree() gives the same tree for every order of the same spans", (t) => {
  const spans = Array.from({ length: 40 }, (_, index) =>
    makeSpan(`s${index}`, {
      startNs: BigInt(index % 7),
      parentSpanId: index === 0 ? "" : `s${Math.floor(index / 3)}`,
    }),
  );
  const wanted = shape(spans);
  for (let turn = 1; turn < 40; turn++) {
    t.strictSame(shape([...spans.slice(turn), ...spans.slice(0, turn)]), wanted);
  }
  t.end();
});
