/** Tests of what receivers of others get of agents: all as it was sent, but who sent it. */
import t from "tap";
import { opentelemetry } from "../../gateway/proto/gen/otlp.js";
import { parseLogs, parseTraces } from "./otlp-json.ts";
import { encodeAgentLogs, encodeAgentSpans } from "./otlp-message.ts";
import { decodeLogs, decodeTraces } from "./otlp-protobuf.ts";
import { spanRows } from "./otlp-rows.ts";

const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1;
const agent = { namespace: "default", kind: "Process", name: "me" };
const sender = {
  agent: { ...agent, uid: "", revision: "r1", invocationId: "i-1" },
  ...{ gateway: "default/egress", component: "agent" },
};
const proved = [
  ...[
    ["agent.kind", "Process"],
    ["agent.namespace", "default"],
    ["agent.name", "me"],
  ],
  ...[
    ["agent.revision", "r1"],
    ["invocation.id", "i-1"],
  ],
  ...[
    ["clrk.component", "agent"],
    ["clrk.egress_gateway", "default/egress"],
  ],
].map(([key, stringValue]) => ({ key, value: { stringValue } }));

const forged = ["agent.name", "agent.uid", "clrk.egress_gateway", "invocation.id"].map((key) => ({
  key,
  value: { stringValue: "forged" },
}));
const values = [
  { key: "text", value: { stringValue: "t" } },
  { key: "flag", value: { boolValue: false } },
  { key: "whole", value: { intValue: "-7" } },
  { key: "largest", value: { intValue: "9223372036854775807" } },
  { key: "least", value: { intValue: "-9223372036854775808" } },
  { key: "part", value: { doubleValue: 1.5 } },
  { key: "bytes", value: { bytesValue: "AQI=" } },
  { key: "list", value: { arrayValue: { values: [{ stringValue: "a" }] } } },
  { key: "map", value: { kvlistValue: { values: [{ key: "k", value: { intValue: "1" } }] } } },
];
const service = { key: "service.name", value: { stringValue: "svc" } };
const traceId = "a".repeat(32);
const spanId = "b".repeat(16);
const span = {
  ...{ traceId, spanId, parentSpanId: "c".repeat(16), traceState: "x=1", name: "n", kind: 3 },
  ...{
    flags: 257,
    startTimeUnixNano: "1780000000000000001",
    endTimeUnixNano: "1780000000000000009",
  },
  ...{ droppedAttributesCount: 1, droppedEventsCount: 2, droppedLinksCount: 3 },
  attributes: values,
  events: [{ timeUnixNano: "1780000000000000002", name: "e", attributes: values }],
  links: [{ traceId, spanId, traceState: "y=2", flags: 1, attributes: [] }],
  status: { code: 2, message: "bad" },
};
const log = {
  ...{ timeUnixNano: "1780000000000000003", observedTimeUnixNano: "1780000000000000004" },
  ...{ severityNumber: 9, severityText: "INFO", body: { stringValue: "b" }, eventName: "v" },
  ...{ flags: 1, traceId, spanId, attributes: values, droppedAttributesCount: 4 },
};
const scope = { name: "lib", version: "1", attributes: values };

const tracesOf = (claims: readonly object[]) =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [...claims, service], droppedAttributesCount: 5 },
        schemaUrl: "https://schema.test/r",
        scopeSpans: [
          {
            scope: { ...scope, attributes: [...claims, ...values], droppedAttributesCount: 6 },
            schemaUrl: "https://schema.test/s",
            spans: [{ ...span, attributes: [...claims, ...values] }],
          },
        ],
      },
    ],
  });

t.test("encodeAgentSpans() keeps all that was sent, and says itself who sent it", async (t) => {
  const message = encodeAgentSpans(parseTraces(tracesOf(forged)), sender);
  t.notMatch(Buffer.from(message).toString("latin1"), /forged/);
  const [expected] = parseTraces(tracesOf([]));
  t.same(expected?.dropped, { resource: 5, scope: 6 });
  t.same(decodeTraces(message), [{ ...expected, resource: [service, ...proved] }]);
});

t.test("encodeAgentLogs() does the same for logs", async (t) => {
  const logsOf = (claims: readonly object[]) =>
    JSON.stringify({
      resourceLogs: [
        {
          resource: { attributes: [service, ...claims] },
          scopeLogs: [{ scope, logRecords: [{ ...log, attributes: [...values, ...claims] }] }],
        },
      ],
    });
  const message = encodeAgentLogs(parseLogs(logsOf(forged)), sender);
  t.notMatch(Buffer.from(message).toString("latin1"), /forged/);
  const [expected] = parseLogs(logsOf([]));
  t.same(decodeLogs(message), [{ ...expected, resource: [service, ...proved] }]);
});

t.test("encodeAgentSpans() is of what was taken, and can be joined", async (t) => {
  const spans = [
    { ...span, name: "good", parentSpanId: "short" },
    { ...span, traceId: "00" },
  ];
  const groups = parseTraces(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
  const { taken, rejected } = spanRows(groups, sender, 1_780_000_000_000_000_000n);
  t.equal(rejected, 1);
  const message = encodeAgentSpans(taken, sender);
  const { resourceSpans } = ExportTraceServiceRequest.decode(Buffer.concat([message, message]));
  const sent = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans));
  t.same(
    sent.map(({ name, parentSpanId }) => [name, parentSpanId.length]),
    [
      ["good", 0],
      ["good", 0],
    ],
  );
  t.same(
    spanRows(
      parseTraces(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [spans[1]] }] }] })),
      sender,
      1n,
    ).taken,
    [],
  );
});
