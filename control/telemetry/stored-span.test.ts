/** Tests of what a read gives of a record: all that its OTLP span and log would say, through a real store. */
import t from "tap";
import { ManualClock, systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { recordAttributes } from "../../gateway/record-attributes.ts";
import { accessLine, recordSeverity, spanName } from "../../gateway/record.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { attributeColumns, readAttributes } from "./attribute-columns.ts";
import { IngestSequence } from "./ingest-sequence.ts";
import { Quarantine } from "./quarantine.ts";
import { TelemetryQueries } from "./queries.ts";
import { encodeRecord, tryEncodeRecord } from "./record-row.ts";
import { findStoreObstacle, startStoreRig } from "./store-rig.ts";
import { refusedConnection, sampleRecord } from "./testdata/sample-records.ts";
import { TelemetryWriter } from "./writer.ts";

const obstacle = findStoreObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };

const call = sampleRecord(0);
const records: readonly EgressRecord[] = [
  call,
  refusedConnection(1),
  sampleRecord(2, {
    request: {
      ...call.request,
      authority: "api.openai.com:8443",
      port: 8443,
      query: "a=\ud800'\\\t\n\u0000",
    },
    response: { ...call.response, status: 503, chunks: null, flags: ["UF", "URX"] },
    charge: { tokens: 0, cost: null, estimated: true },
    usage: null,
    timings: { ...call.timings, timeToFirstByteMs: 0.2 },
    capture: {
      requestHeaders: [["x-a", "1"]],
      requestBody: { base64: "aGk=", bytes: 2, isTruncated: false, contentEncoding: "" },
      responseHeaders: [],
      responseBody: null,
    },
  }),
  sampleRecord(3, {
    provider: null,
    model: null,
    usage: null,
    decision: {
      verdict: "allow",
      reason: null,
      message: null,
      route: { kind: "MCPRoute", namespace: "tools", name: "git", rule: 2 },
      wouldDeny: { reason: "default-policy", message: "No", route: null },
    },
    mcp: {
      protocol: "mcp",
      revision: "2025-11-25",
      messages: [
        { method: "tools/call", subject: "tool", name: "push", outcome: "denied", rule: null },
      ],
    },
  }),
];

t.test("spans and access lines hold all that the exporter sends", skip, async (t) => {
  const { client, directory } = await startStoreRig(t);
  const writer = new TelemetryWriter({
    store: client,
    sequence: new IngestSequence(new ManualClock(), 0n),
    quarantine: new Quarantine(`${directory}/quarantine.jsonl`),
    clock: systemClock,
    log: silentLogger,
  });
  t.teardown(() => writer.close());
  const rows = records.map(encodeRecord);
  t.match(await writer.write({ table: "otel_traces", rows }), { kind: "stored", quarantined: 0 });
  const queries = new TelemetryQueries({ client, highWater: () => writer.status.highWater });
  for (const record of records) {
    const name = spanName(record);
    const spans = await queries.traceSpans("default", record.trace?.traceId ?? "");
    const [span] = spans;
    t.equal(spans.length, 1, name);
    // What the exporter sends, in the form of a read: by key, whole numbers as text, halves of pairs replaced.
    const sent = attributeColumns(recordAttributes(record, "span"));
    const wanted = readAttributes(sent.texts, sent.types);
    t.same(
      span?.attributes,
      JSON.parse(JSON.stringify(wanted).replaceAll("\\ud800", "\ufffd")),
      name,
    );
    t.match(span, { name, timeUnixNs: record.startUnixNs, kind: "Server", source: "gateway" });
    t.equal(span?.durationNs, String(Math.round(record.durationMs * 1e6)));
    t.equal(span?.cost === null ? null : Number(span?.cost), Number(record.cost ?? null) || null);
  }
  const [captured] = await queries.traceSpans("default", records[2]?.trace?.traceId ?? "");
  t.match(captured?.events, [
    { name: "http.request.headers", attributes: [{ key: "http.request.header.x-a" }] },
    {
      name: "http.request.body",
      attributes: [{ key: "clrk.body.b64", value: { stringValue: "aGk=" } }],
    },
  ]);
  for (const record of records) {
    const { namespace, kind, name } = record.agent ?? { namespace: "default", kind: "", name: "" };
    const { items } = await queries.logPage({ scope: { namespace, kind, name }, limit: 10 });
    const log = items.find(({ traceId }) => traceId === record.trace?.traceId);
    t.same(log?.body, { stringValue: accessLine(record) });
    t.equal(log?.severityText, recordSeverity(record).toUpperCase());
  }
});

t.test("text that is no record has no row", async (t) => {
  for (const text of [
    "",
    "{}",
    "[]",
    "null",
    '{"id":1',
    JSON.stringify({ ...call, request: null }),
  ]) {
    t.equal(tryEncodeRecord(text), undefined, text.slice(0, 20));
  }
});
