import t from "tap";
import { createPalette } from "../colour.ts";
import { displayWidth } from "../table.ts";
import { makeSpan } from "../testdata/spans.ts";
import type { Span } from "./span.ts";
import { SpanStore } from "./span-store.ts";
import type { DetailCache } from "./span-lines.ts";
import { drawFrame, initialState, layOut, pressKey } from "./trace-view.ts";
import type { ViewState } from "./trace-view.ts";

const palette = createPalette({ isTerminal: false, environment: {} });

function open(spans: readonly Span[], size = { columns: 80, rows: 10 }) {
  const store = new SpanStore();
  for (const span of spans) store.add(span);
  const cache: DetailCache = new Map();
  let state: ViewState = initialState;
  const layout = () => layOut(store, state, { ...size, palette, cache });
  return {
    store,
    draw() {
      const frame = drawFrame(store, state, {
        ...size,
        palette,
        title: "x",
        liveness: "following",
        layout: layout(),
      });
      state = frame.state;
      return frame.lines;
    },
    press(...keys: readonly string[]) {
      for (const key of keys) state = pressKey(state, key, layout());
      return state;
    },
  };
}

const hostile = "\u001b[2J\u202e\n\u0007evil";

t.test("drawFrame() fits every size, and lets nothing unsafe through", (t) => {
  const body = Buffer.from(`{"a":"${"界".repeat(300)}"}\n\u001b]0;title\u0007`).toString("base64");
  const spans = Array.from({ length: 30 }, (_, index) =>
    makeSpan(`s${index}`, {
      name: `${hostile} ${"wide界".repeat(index)}`,
      parentSpanId: `s${index - 1}`,
      reason: hostile,
      outcome: index % 2 === 0 ? "denied" : "error",
      attributes: [{ key: hostile, text: hostile.repeat(9) }],
      events: [
        { name: hostile, timeNs: 1n, attributes: [{ key: "k", text: hostile }] },
        {
          name: "http.request.body",
          timeNs: 1n,
          attributes: [{ key: "clrk.body.b64", text: body }],
        },
      ],
    }),
  );
  for (const size of [
    { columns: 20, rows: 3 },
    { columns: 40, rows: 8 },
    { columns: 80, rows: 24 },
    { columns: 160, rows: 50 },
  ]) {
    const view = open(spans, size);
    for (const key of ["", "+", "+", "+", "page-up", "k", "enter", "g", "page-down", "-"]) {
      view.press(key);
      const lines = view.draw();
      t.equal(lines.length, size.rows);
      for (const line of lines) {
        if (displayWidth(line) > size.columns)
          t.fail(`${displayWidth(line)} of ${size.columns}: ${line}`);
        if (/[\p{Cc}\p{Cf}]/u.test(line)) t.fail(`unsafe: ${JSON.stringify(line)}`);
      }
    }
  }
  t.end();
});

t.test(
  "pressKey() changes the level, leaves by q, escape and Ctrl-C, and knows no other keys",
  (t) => {
    const view = open([makeSpan("a")]);
    t.equal(view.press("+").level, "attributes");
    t.equal(view.press("=", "=", "=").level, "full bodies");
    t.equal(view.press("_", "-", "-", "-").level, "graph");
    t.equal(view.press("x", "tab", "7", "left").isOver, false);
    for (const key of ["q", "escape", "ctrl-c"]) t.equal(open([]).press(key).isOver, true);
    t.end();
  },
);

t.test("the level changes and the span that is looked at stays on its row", (t) => {
  const attributes = [
    { key: "a", text: "1" },
    { key: "b", text: "2" },
  ];
  const spans = Array.from({ length: 20 }, (_, index) =>
    makeSpan(`s${index}`, { startNs: BigInt(index) * 1_000_000n, attributes }),
  );
  const view = open(spans);
  view.draw();
  view.press("k", "k", "k");
  const rowOf = (lines: readonly string[]) => lines.findIndex((line) => line.startsWith("❯"));
  const before = rowOf(view.draw());
  view.press("+");
  const lines = view.draw();
  t.equal(rowOf(lines), before);
  t.match(lines[before], /s16/);
  t.end();
});

t.test("drawFrame() stays quick with 5,000 spans that keep coming", (t) => {
  const spans = Array.from({ length: 5_000 }, (_, index) =>
    makeSpan(`s${index}`, {
      traceId: `t${index % 100}`,
      startNs: BigInt(index),
      attributes: [{ key: "a", text: "b".repeat(500) }],
    }),
  );
  const view = open(spans, { columns: 120, rows: 50 });
  view.press("+", "+", "+");
  view.draw();
  const startMs = performance.now();
  for (let frame = 0; frame < 50; frame++) {
    view.store.add(
      makeSpan(`new${frame}`, { traceId: `t${frame}`, startNs: BigInt(5_000 + frame) }),
    );
    view.press("k");
    view.draw();
  }
  const perFrameMs = (performance.now() - startMs) / 50;
  t.comment(`${perFrameMs.toFixed(1)} ms a frame`);
  t.ok(perFrameMs < 100, `${perFrameMs} ms: ten frames a second must fit`);
  t.match(view.draw().at(-1), /5,000 spans, 100 traces, 50 older left out/);
  t.end();
});
