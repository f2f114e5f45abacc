/** Tests of the OTLP form of records, by decoding what was encoded. */
import t from "tap";
import type { AttributeValue } from "./attributes.ts";
import {
  decodeLogsResponse,
  decodeTraceResponse,
  encodeLogs,
  encodeSpans,
  estimateBytes,
} from "./otlp-encode.ts";
import type { TracedRecord } from "./otlp-encode.ts";
import { opentelemetry } from "./proto/gen/otlp.js";
import type { EgressRecord } from "./record.ts";
import { recordAttributes } from "./record-attributes.ts";
import { capturedExchange } from "./testdata/call-facts.ts";
import { deniedRecord, engineRecord, httpRecord, tcpRecord } from "./testdata/egress-record.ts";

const traceApi = opentelemetry.proto.collector.trace.v1;
const logsApi = opentelemetry.proto.collector.logs.v1;

const ids = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentSpanId: "00f067aa0ba902b7",
};
const start = 1767323045678901234n;

function traced(record: EgressRecord, parentSpanId: string = ids.parentSpanId): TracedRecord {
  return { record, ids: { ...ids, parentSpanId }, observedUnixNs: 1767323046000000000n };
}

function spansOf(...records: TracedRecord[]) {
  const { resourceSpans } = traceApi.ExportTraceServiceRequest.decode(encodeSpans(records, {}));
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

function logsOf(...records: TracedRecord[]) {
  const { resourceLogs } = logsApi.ExportLogsServiceRequest.decode(encodeLogs(records, {}));
  return resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("hex");
}

function plain(
  attributes: ReadonlyArray<{ key?: string | null; value?: object | null }> | undefined,
) {
  return (attributes ?? []).map(({ key, value }) => [key, { ...value }]);
}

function given(attributes: ReadonlyArray<{ key: string; value: AttributeValue }>) {
  return attributes.map(({ key, value }) => [key, { ...value }]);
}

t.test(
  "encodeSpans() makes one server span that begins and ends with the transaction",
  async (t) => {
    const [span] = spansOf(traced(httpRecord()));
    t.equal(hex(span?.traceId), ids.traceId);
    t.equal(hex(span?.spanId), ids.spanId);
    t.equal(hex(span?.parentSpanId), ids.parentSpanId);
    t.equal(span?.flags, 0x301);
    t.equal(span?.name, "POST api.openai.com");
    t.equal(span?.kind, 2);
    t.equal(span?.startTimeUnixNano, start);
    t.equal(span?.endTimeUnixNano, start + 41_400_000n);
    t.equal(span?.status, null, "a healthy span is Unset");
    t.strictSame(plain(span?.attributes), given(recordAttributes(httpRecord(), "span")));
  },
);

t.test("encodeSpans() makes a root when there is no parent", async (t) => {
  const [span] = spansOf(traced(httpRecord(), ""));
  t.equal(span?.parentSpanId.length, 0);
  t.equal(span?.flags, 1);
});

const statuses: ReadonlyArray<{ name: string; record: EgressRecord; status: object | null }> = [
  {
    name: "399",
    record: httpRecord({ response: { ...httpRecord().response, status: 399 } }),
    status: null,
  },
  {
    name: "no response",
    record: httpRecord({ response: { ...httpRecord().response, status: 0 } }),
    status: null,
  },
  { name: "a denial", record: deniedRecord(), status: { code: 2, message: "HTTP 403" } },
  {
    name: "502",
    record: httpRecord({ response: { ...httpRecord().response, status: 502 } }),
    status: { code: 2, message: "HTTP 502" },
  },
  { name: "a tunnel", record: tcpRecord(), status: null },
  {
    name: "an answer that the engine's failure cut short",
    record: engineRecord({ decision: { ...deniedRecord().decision, reason: "engine-failed" } }),
    status: { code: 2, message: "denied: engine-failed" },
  },
  {
    name: "a denied tunnel",
    record: tcpRecord({ decision: deniedRecord().decision }),
    status: { code: 2, message: "denied: default-policy" },
  },
];
for (const { name, record, status } of statuses) {
  t.test(`encodeSpans() sets the status when the transaction ended with ${name}`, async (t) => {
    const [span] = spansOf(traced(record));
    t.same(span?.status && { ...span.status }, status);
  });
}

t.test(
  "encodeLogs() makes one log that links to its span by fields and by attributes",
  async (t) => {
    const [log] = logsOf(traced(httpRecord()));
    t.equal(hex(log?.traceId), ids.traceId);
    t.equal(hex(log?.spanId), ids.spanId);
    t.equal(log?.timeUnixNano, start + 41_400_000n);
    t.equal(log?.observedTimeUnixNano, 1767323046000000000n);
    t.equal(log?.flags, 1);
    t.equal(log?.severityNumber, 9);
    t.equal(log?.severityText, "INFO");
    t.equal(
      log?.body?.stringValue,
      "POST api.openai.com:443/v1/chat/completions 200 41ms req=512B resp=2048B provider=openai route=default/openai",
    );
    t.strictSame(plain(log?.attributes), [
      ...given(recordAttributes(httpRecord(), "log")),
      ["trace_id", { stringValue: ids.traceId }],
      ["span_id", { stringValue: ids.spanId }],
    ]);
  },
);

t.test("encodeSpans() names the span of a model call by operation and model", async (t) => {
  t.equal(spansOf(traced(engineRecord()))[0]?.name, "chat gpt-4.1");
});

t.test("encodeSpans() tells captures as events, logs have none", async (t) => {
  const record = engineRecord({ capture: capturedExchange() });
  const [span] = spansOf(traced(record));
  t.same(
    span?.events.map(({ name, timeUnixNano }) => [name, timeUnixNano - start]),
    [
      ["http.request.headers", 0n],
      ["http.request.body", 1_250_000n],
      ["http.response.headers", 39_600_000n],
      ["http.response.body", 41_400_000n],
    ],
  );
  t.strictSame(plain(span?.events[3]?.attributes), [
    ["clrk.body.bytes", { intValue: 4_096 }],
    ["clrk.body.truncated", { boolValue: true }],
    ["clrk.body.b64", { stringValue: Buffer.from("data: {}").toString("base64") }],
    ["clrk.body.content_encoding", { stringValue: "br" }],
  ]);
  t.notMatch(JSON.stringify(plain(logsOf(traced(record))[0]?.attributes)), /clrk\.body\.b64/);
  t.same(spansOf(traced(engineRecord()))[0]?.events, []);
});

t.test("encodeLogs() writes model and tokens into the access line", async (t) => {
  t.equal(
    logsOf(traced(engineRecord()))[0]?.body?.stringValue,
    "POST api.openai.com:443/v1/chat/completions 200 41ms req=512B resp=2048B provider=openai model=gpt-4.1 input_tokens=12 output_tokens=9 route=default/openai",
  );
});

t.test("encodeLogs() gives the severity of the outcome", async (t) => {
  const failed = httpRecord({ response: { ...httpRecord().response, status: 500 } });
  const logs = logsOf(traced(deniedRecord()), traced(failed), traced(tcpRecord()));
  t.same(
    logs.map(({ severityNumber, severityText }) => [severityNumber, severityText]),
    [
      [13, "WARN"],
      [17, "ERROR"],
      [9, "INFO"],
    ],
  );
});

t.test(
  "encodeSpans() and encodeLogs() group by gateway, with the process's resource",
  async (t) => {
    const other = httpRecord({ gateway: { namespace: "prod", name: "egress" } });
    const resource = { podName: "pod-1", namespaceName: "clrk", version: "0.1.0" };
    const records = [traced(httpRecord()), traced(other), traced(tcpRecord())];
    const { resourceSpans } = traceApi.ExportTraceServiceRequest.decode(
      encodeSpans(records, resource),
    );
    const { resourceLogs } = logsApi.ExportLogsServiceRequest.decode(encodeLogs(records, resource));
    t.same(
      resourceSpans.map(({ scopeSpans }) => scopeSpans[0]?.spans.length),
      [2, 1],
    );
    t.same(
      resourceLogs.map(({ scopeLogs }) => scopeLogs[0]?.logRecords.length),
      [2, 1],
    );
    const expected = [
      ["service.name", { stringValue: "clrk" }],
      ["clrk.component", { stringValue: "egress-extproc" }],
      ["clrk.egress_gateway", { stringValue: "default/egress" }],
      ["service.instance.id", { stringValue: "pod-1" }],
      ["k8s.pod.name", { stringValue: "pod-1" }],
      ["k8s.namespace.name", { stringValue: "clrk" }],
    ];
    t.strictSame(plain(resourceSpans[0]?.resource?.attributes), expected);
    t.strictSame(plain(resourceLogs[0]?.resource?.attributes), expected);
    t.strictSame(plain(resourceSpans[1]?.resource?.attributes)[2], [
      "clrk.egress_gateway",
      { stringValue: "prod/egress" },
    ]);
    t.match(resourceSpans[0]?.scopeSpans[0]?.scope ?? {}, {
      name: "clrk/gateway",
      version: "0.1.0",
    });
    for (const { schemaUrl } of [...resourceSpans, ...resourceLogs]) {
      t.equal(schemaUrl, "https://opentelemetry.io/schemas/1.26.0");
    }
  },
);

t.test(
  "encodeSpans() names the instance apart from the pod and leaves out what is unknown",
  async (t) => {
    const encoded = encodeSpans([traced(httpRecord())], { instanceId: "laptop" });
    const { resourceSpans } = traceApi.ExportTraceServiceRequest.decode(encoded);
    t.same(plain(resourceSpans[0]?.resource?.attributes).slice(3), [
      ["service.instance.id", { stringValue: "laptop" }],
    ]);
  },
);

t.test("encodeSpans() takes records whose times are broken", async (t) => {
  const [text, none, negative] = spansOf(
    traced(httpRecord({ startUnixNs: "yesterday" })),
    traced(httpRecord({ startUnixNs: "", startUnixMs: Number.NaN })),
    traced(httpRecord({ durationMs: -5 })),
  );
  t.equal(text?.startTimeUnixNano, 1767323045678000000n);
  t.equal(none?.startTimeUnixNano, 0n);
  t.equal(negative?.endTimeUnixNano, start);
});

t.test("encodeSpans() and encodeLogs() of nothing are empty messages", async (t) => {
  t.equal(encodeSpans([], {}).length, 0);
  t.equal(encodeLogs([], {}).length, 0);
});

t.test("decodeTraceResponse() and decodeLogsResponse() read a partial success", async (t) => {
  const trace = traceApi.ExportTraceServiceResponse.encode({
    partialSuccess: { rejectedSpans: 3, errorMessage: "too old" },
  });
  const logs = logsApi.ExportLogsServiceResponse.encode({
    partialSuccess: { rejectedLogRecords: 2, errorMessage: "no" },
  });
  t.same(decodeTraceResponse(trace.finish()), { rejected: 3, message: "too old" });
  t.same(decodeLogsResponse(logs.finish()), { rejected: 2, message: "no" });
  t.same(decodeTraceResponse(new Uint8Array()), { rejected: 0, message: "" });
  t.same(decodeLogsResponse(new Uint8Array()), { rejected: 0, message: "" });
});

const malformed: ReadonlyArray<{ name: string; bytes: Uint8Array }> = [
  { name: "text", bytes: Buffer.from("OK, thanks") },
  { name: "a truncated message", bytes: Buffer.from([0x0a, 0x05, 0x08]) },
  { name: "an unfinished number", bytes: Buffer.from([0x0a, 0x02, 0x08, 0xff]) },
];
for (const { name, bytes } of malformed) {
  t.test(`decodeTraceResponse() throws when the answer is ${name}`, async (t) => {
    t.throws(() => decodeTraceResponse(bytes));
    t.throws(() => decodeLogsResponse(bytes));
  });
}

t.test("estimateBytes() covers the encoded size of short and of long records", async (t) => {
  const long = "x".repeat(20_000);
  const { request, response } = httpRecord();
  const records = [
    httpRecord(),
    deniedRecord(),
    tcpRecord(),
    engineRecord(),
    engineRecord({
      model: {
        operation: "chat",
        requestModel: long,
        responseModel: long,
        responseId: long,
        finishReasons: [long],
        stream: true,
        timeToFirstTokenMs: 1,
      },
    }),
    engineRecord({ capture: capturedExchange() }),
    engineRecord({
      capture: capturedExchange({
        requestHeaders: Array.from({ length: 128 }, (_, index) => [`x-${index}`, "value"]),
        responseBody: { base64: long, bytes: 1, isTruncated: true, contentEncoding: "" },
      }),
    }),
    httpRecord({ request: { ...request, path: `/${long}` } }),
    httpRecord({ request: { ...request, query: long, userAgent: long } }),
    httpRecord({
      request: { ...request, authority: long, host: long },
      response: { ...response, details: long },
    }),
  ];
  for (const record of records) {
    const estimate = estimateBytes(record);
    const size = Math.max(
      encodeSpans([traced(record)], {}).length,
      encodeLogs([traced(record)], {}).length,
    );
    t.ok(estimate >= size && estimate < size * 4 + 2_000, `${estimate} for ${size}`);
  }
});
