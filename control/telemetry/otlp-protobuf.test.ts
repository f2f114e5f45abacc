/** Tests of OTLP in protobuf, with the code that our own exporter encodes with. */
import t from "tap";
import { opentelemetry } from "../../gateway/proto/gen/otlp.js";
import { decodeLogs, decodeTraces, encodeAnswer, encodeStatus } from "./otlp-protobuf.ts";

const { ExportTraceServiceRequest, ExportTraceServiceResponse } =
  opentelemetry.proto.collector.trace.v1;
const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;

t.test("a span is read with values of every type", async (t) => {
  const bytes = ExportTraceServiceRequest.encode({
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "s" } }] },
        scopeSpans: [
          {
            scope: { name: "lib" },
            spans: [
              {
                traceId: Buffer.alloc(16, 0xab),
                spanId: Buffer.alloc(8, 0xcd),
                name: "work",
                startTimeUnixNano: 1_544_712_660_000_000_001n,
                attributes: [
                  { key: "int", value: { intValue: -5 } },
                  { key: "double", value: { doubleValue: Number.NaN } },
                  { key: "bytes", value: { bytesValue: Buffer.from([1]) } },
                  { key: "bool", value: { boolValue: false } },
                  { key: "list", value: { arrayValue: { values: [{ stringValue: "a" }] } } },
                  { key: "map", value: { kvlistValue: { values: [{ key: "k" }] } } },
                ],
                status: { code: 1 },
              },
            ],
          },
        ],
      },
    ],
  }).finish();
  t.match(decodeTraces(bytes), [
    {
      scope: { name: "lib", version: "" },
      items: [
        {
          traceId: "ab".repeat(16),
          spanId: "cd".repeat(8),
          startNs: 1_544_712_660_000_000_001n,
          attributes: [
            { key: "int", value: { intValue: "-5" } },
            { key: "double", value: { doubleValue: "NaN" } },
            { key: "bytes", value: { bytesValue: "AQ==" } },
            { key: "bool", value: { boolValue: false } },
            { key: "list", value: { arrayValue: { values: [{ stringValue: "a" }] } } },
            { key: "map", value: { kvlistValue: { values: [{ key: "k" }] } } },
          ],
          status: { code: 1, message: "" },
        },
      ],
    },
  ]);
});

t.test("a log is read, and malformed bytes are refused", async (t) => {
  const bytes = ExportLogsServiceRequest.encode({
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "b" }, flags: 1 }] }] }],
  }).finish();
  t.match(decodeLogs(bytes), [{ items: [{ body: { stringValue: "b" }, flags: 1, timeNs: 0n }] }]);
  t.throws(() => decodeLogs(Buffer.from("not protobuf")));
});

t.test("a request of too many messages is refused while it is decoded", async (t) => {
  const logs = (count: number) =>
    ExportLogsServiceRequest.encode({
      resourceLogs: [
        {
          resource: { attributes: [{ key: "k", value: { stringValue: "v" } }] },
          scopeLogs: [{ logRecords: Array.from({ length: count }, () => ({ eventName: "e" })) }],
        },
      ],
    }).finish();
  const refused = { code: "CLRK_TOO_LARGE", message: /more than 10 items/ };
  t.equal(decodeLogs(logs(5), 10)[0]?.items.length, 5);
  t.throws(() => decodeLogs(logs(6), 10), refused);
  const values = Array.from({ length: 20 }, () => ({}));
  const attributes = [{ key: "k", value: { arrayValue: { values } } }];
  const spans = ExportTraceServiceRequest.encode({
    resourceSpans: [{ scopeSpans: [{ spans: [{ attributes }] }] }],
  }).finish();
  t.throws(() => decodeTraces(spans, 10), refused);
  t.equal(decodeTraces(spans, 100).length, 1);
});

t.test("scopes of a resource share its attributes", async (t) => {
  const bytes = ExportLogsServiceRequest.encode({
    resourceLogs: [{ resource: { attributes: [{ key: "k" }] }, scopeLogs: [{}, {}] }],
  }).finish();
  const [first, second] = decodeLogs(bytes);
  t.equal(first?.resource, second?.resource);
});

t.test("answers are read by the generated code", async (t) => {
  t.equal(encodeAnswer("logs", 0, "").length, 0);
  const answer = ExportTraceServiceResponse.decode(encodeAnswer("traces", 3, "why"));
  t.match(answer.partialSuccess, { rejectedSpans: 3, errorMessage: "why" });
  t.same([...encodeStatus(8, "a")], [0x08, 8, 0x12, 1, 0x61]);
  t.equal(encodeStatus(8, "x".repeat(300))[3], 0xac, "a length of two bytes");
});
