/** Tests of agents' items as rows: what they claim of themselves is not believed. */
import t from "tap";
import type { OtlpGroup, OtlpLog, OtlpSpan } from "./otlp-model.ts";
import { logRows, spanRows } from "./otlp-rows.ts";

const sender = {
  agent: {
    namespace: "default",
    kind: "TaskAgent",
    name: "me",
    uid: "u",
    revision: "1",
    invocationId: "i",
  },
  gateway: "default/egress",
  component: "agent",
};
const receivedNs = 1_780_000_000_000_000_000n;

function group<Item>(items: readonly Item[]): OtlpGroup<Item> {
  const claim = { key: "agent.namespace", value: { stringValue: "other" } };
  const service = { key: "service.name", value: { stringValue: "svc" } };
  return { resource: [claim, service], scope: { name: "lib", version: "" }, items };
}

function span(changes: Partial<OtlpSpan> = {}): OtlpSpan {
  return {
    traceId: "a".repeat(32),
    spanId: "b".repeat(16),
    parentSpanId: "",
    traceState: "",
    name: "n",
    kind: 3,
    startNs: receivedNs,
    endNs: receivedNs + 5n,
    attributes: [{ key: "invocation.id", value: { stringValue: "forged" } }],
    events: [],
    links: [],
    status: { code: 0, message: "" },
    ...changes,
  };
}

t.test("identity is that of the credential", async (t) => {
  const { rows } = spanRows([group([span()])], sender, receivedNs);
  const row = JSON.parse(`[${rows[0]}`);
  t.same(row.slice(1, 8), ["agent", "default", "TaskAgent", "me", "u", "1", "i"]);
  t.notMatch(rows[0] ?? "", /forged|other/);
  t.match(rows[0], /"svc"/);
});

t.test("items without ids are rejected, times out of range replaced", async (t) => {
  const bad = [span({ traceId: "0".repeat(32) }), span({ spanId: "" })];
  const early = span({ startNs: 5n, endNs: 1n });
  const { rows, rejected, reason } = spanRows([group([...bad, early])], sender, receivedNs);
  t.equal(rejected, 2);
  t.match(reason, /trace id/);
  t.equal(JSON.parse(`[${rows[0]}`)[0], String(receivedNs));
});

t.test("rows of too many bytes are refused once they are too many", async (t) => {
  const resource = [{ key: "long", value: { stringValue: "é".repeat(1_000) } }];
  const spans = Array.from({ length: 10 }, () => span());
  const groups = [{ ...group(spans), resource }];
  const [row = ""] = spanRows(groups, sender, receivedNs).rows;
  const bytes = Buffer.byteLength(row) + 1;
  t.equal(spanRows(groups, sender, receivedNs, { maxRowBytes: 10 * bytes }).rows.length, 10);
  let made = 0;
  const counted = spans.map((one) =>
    Object.defineProperty(one, "name", { get: () => `${made++}` }),
  );
  t.throws(
    () =>
      spanRows([{ ...group(counted), resource }], sender, receivedNs, { maxRowBytes: 3 * bytes }),
    { code: "CLRK_TOO_LARGE", message: /bytes of rows/ },
  );
  t.equal(made, 4, "and no more of them are made");
});

t.test("half a surrogate pair does not spoil the row", async (t) => {
  const { rows } = spanRows([group([span({ name: "a\ud800b\\ud83d" })])], sender, receivedNs);
  t.match(rows[0], "a\\ufffdb\\\\ud83d");
});

t.test(
  "half a surrogate pair is found among escapes without memory for each of them",
  async (t) => {
    const before = process.resourceUsage().maxRSS;
    const nameOf = (length: number) => `\\ud800\\\\ud800\ud800é\udc00${"\u0001".repeat(length)}`;
    const large = spanRows([group([span({ name: nameOf(2_500_000) })])], sender, receivedNs);
    t.equal(large.rejected, 1);
    const name = nameOf(40_000);
    const { rows } = spanRows([group([span({ name })])], sender, receivedNs);
    const used = (process.resourceUsage().maxRSS - before) / 1024;
    t.ok(used < 200, `${Math.round(used)} MiB`);
    const read = JSON.parse(`[${rows[0]}`)[15];
    t.ok(read === name.toWellFormed(), "the rest is as it was");
  },
);

t.test("a log keeps its body's type", async (t) => {
  const log: OtlpLog = {
    timeNs: 0n,
    observedNs: receivedNs,
    severityNumber: 99,
    severityText: "",
    body: { kvlistValue: { values: [] } },
    attributes: [{ key: "log.iostream", value: { stringValue: "stderr" } }],
    flags: 257,
    traceId: "x",
    spanId: "",
    eventName: "",
  };
  const { rows } = logRows([group([log])], sender, receivedNs);
  const row = JSON.parse(`[${rows[0]}`);
  t.equal(row[0], String(receivedNs));
  t.match(row, { 11: "stderr", 12: "", 14: 1, 16: 0, 18: "json" });
});

t.test("a row that would keep others from being read is rejected", async (t) => {
  const long = span({ name: "n".repeat(16 * 1024 * 1024) });
  const { rows, rejected, reason } = spanRows([group([long, span()])], sender, receivedNs);
  t.equal(rows.length, 1);
  t.equal(rejected, 1);
  t.match(reason, /a row has more than 262144 bytes/);
  t.throws(() => spanRows([group([long, long, span()])], sender, receivedNs), {
    code: "CLRK_TOO_LARGE",
  });
});
