import t from "tap";
import { spanDocument } from "../testdata/fake-read-api.ts";
import { tryReadDocument } from "./otlp-document.ts";
import { spanChips } from "./span-chips.ts";
import { readSpan } from "./span.ts";

function read(changes: Record<string, unknown>, attributes: Record<string, unknown> = {}) {
  const answer = { resourceSpans: [spanDocument(1, changes, attributes)] };
  const [item] = tryReadDocument(answer, "traces")?.items ?? [];
  if (item === undefined) throw new Error("Wanted an item");
  return readSpan(item);
}

t.test("readSpan() reads times, ids, tokens and cost exactly", (t) => {
  const span = read(
    {
      traceId: "AB",
      parentSpanId: "CD",
      startTimeUnixNano: "1790000000123456789",
      endTimeUnixNano: "1790000000123456999",
    },
    {
      "gen_ai.usage.input_tokens": { intValue: "2114" },
      "gen_ai.usage.output_tokens": { intValue: 387 },
      "clrk.charge.cost_usd": { doubleValue: 0.0121 },
      "http.response.status_code": { intValue: "200" },
    },
  );
  t.match(span, {
    traceId: "ab",
    parentSpanId: "cd",
    inputTokens: 2_114,
    outputTokens: 387,
    costMicroDollars: 12_100,
    status: 200,
    outcome: "ok",
    component: "egress-extproc",
  });
  t.equal(span.endNs - span.startNs, 210n);
  t.end();
});

t.test("readSpan() knows a cost without a budget, and a call without a price", (t) => {
  const tokens = { "gen_ai.usage.input_tokens": { intValue: "7" } };
  const ours = { ...tokens, "clrk.record.id": { stringValue: "r" } };
  const cost = { "clrk.cost_usd": { doubleValue: 0.000042 } };
  const of = (attributes: Record<string, unknown>) => {
    const { costMicroDollars, unpriced } = read({}, attributes);
    return [costMicroDollars, unpriced];
  };
  t.same(of({ ...ours, ...cost }), [42, 0]);
  t.same(of(ours), [undefined, 1]);
  t.same(of(tokens), [undefined, 0], "what an agent says of itself is not counted again");
  const shown = spanChips(read({}, ours)).map(({ text }) => text);
  t.ok(shown.includes("$+?"), shown.join());
  t.end();
});

for (const { name, lane, attributes } of [
  { name: "ingress.dispatch", lane: "inbound", attributes: { "http.request.method": "POST" } },
  { name: "invocation", lane: "inbound", attributes: {} },
  {
    name: "chat gpt",
    lane: "llm",
    attributes: { "gen_ai.system": "openai", "server.address": "a" },
  },
  { name: "mcp x", lane: "mcp", attributes: { "mcp.method": "tools/call", "server.address": "a" } },
  { name: "GET a", lane: "network", attributes: { "server.address": "a" } },
  { name: "egress.tcp", lane: "network", attributes: { "clrk.dst.name": "a" } },
  { name: "plan", lane: "agent", attributes: { step: "1" } },
]) {
  t.test(`readSpan() takes "${name}" for ${lane}`, (t) => {
    t.equal(read({ name }, attributes).lane, lane);
    t.end();
  });
}

t.test("readSpan() tells denied, audited, failed and healthy apart", (t) => {
  const of = (changes: Record<string, unknown>, attributes: Record<string, unknown> = {}) => {
    const { outcome, reason } = read(changes, attributes);
    return `${outcome} ${reason}`;
  };
  t.equal(
    of({}, { "clrk.decision": "deny", "clrk.deny.reason": "default-policy" }),
    "denied default-policy",
  );
  t.equal(
    of({ status: { message: "denied: x" } }, { "clrk.decision": "deny" }),
    "denied denied: x",
  );
  t.equal(
    of({}, { "clrk.decision": "audit", "clrk.would_deny.reason": "rate-limit" }),
    "audited rate-limit",
  );
  t.equal(of({ status: { code: 2, message: "HTTP 500" } }), "error HTTP 500");
  t.equal(of({ status: { code: "STATUS_CODE_ERROR" } }, { "error.type": "500" }), "error 500");
  t.equal(of({ status: {} }), "ok ");
  t.end();
});

t.test("readSpan() never fails on what a sender got wrong", (t) => {
  const span = read({
    traceId: 7,
    spanId: null,
    name: {},
    status: "x",
    startTimeUnixNano: "soon",
    endTimeUnixNano: -1,
    attributes: [
      null,
      { key: 1, value: { arrayValue: {} } },
      { key: "k", value: { stringValue: 3n.toString() } },
    ],
    events: [7, { name: 1 }],
  });
  t.match(span, { traceId: "", spanId: "", name: "", outcome: "ok", status: 0 });
  t.equal(span.startNs, 0n);
  t.equal(read({ endTimeUnixNano: "1" }).endNs, read({}).startNs, "no end before the start");
  t.end();
});
