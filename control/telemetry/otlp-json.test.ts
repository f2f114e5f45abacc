/** Tests of OTLP in JSON: what the specification allows is read, anything else is refused. */
import t from "tap";
import { answerJson, parseLogs, parseTraces } from "./otlp-json.ts";

const span = {
  traceId: "5B8EFFF798038103D269B633813FC60C",
  spanId: "EEE19B7EC3C1B174",
  name: "work",
  kind: 2,
  startTimeUnixNano: "1544712660000000000",
  endTimeUnixNano: 1544712661000,
  unknownField: [1],
  attributes: [
    { key: "text", value: { stringValue: "a" } },
    { key: "int", value: { intValue: "9007199254740993" } },
    { key: "list", value: { arrayValue: { values: [{ doubleValue: 0.5 }] } } },
    { key: "map", value: { kvlistValue: { values: [{ key: "k", value: { boolValue: true } }] } } },
    { key: "none" },
  ],
  events: [{ timeUnixNano: "1", name: "e", attributes: [] }],
  links: [{ traceId: "aa", spanId: "bb" }],
  status: { code: 2, message: "bad" },
};

t.test("a span is read with ids in lower case and exact numbers", async (t) => {
  const groups = parseTraces(
    JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: "s" } }] },
          scopeSpans: [{ scope: { name: "lib", version: "1" }, spans: [span] }],
        },
      ],
    }),
  );
  t.match(groups, [
    {
      resource: [{ key: "service.name", value: { stringValue: "s" } }],
      scope: { name: "lib", version: "1" },
      items: [
        {
          traceId: "5b8efff798038103d269b633813fc60c",
          spanId: "eee19b7ec3c1b174",
          startNs: 1544712660000000000n,
          endNs: 1544712661000n,
          attributes: [
            { key: "text", value: { stringValue: "a" } },
            { key: "int", value: { intValue: "9007199254740993" } },
            { key: "list", value: { arrayValue: { values: [{ doubleValue: 0.5 }] } } },
            { key: "map" },
            { key: "none", value: { stringValue: "" } },
          ],
          events: [{ timeNs: 1n, name: "e" }],
          links: [{ traceId: "aa", spanId: "bb" }],
          status: { code: 2, message: "bad" },
        },
      ],
    },
  ]);
});

t.test("a log is read", async (t) => {
  const log = { timeUnixNano: "5", severityNumber: 17, body: { stringValue: "b" }, flags: 1 };
  const text = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [log] }] }] });
  t.match(parseLogs(text), [
    { items: [{ timeNs: 5n, severityNumber: 17, body: { stringValue: "b" }, flags: 1 }] },
  ]);
  t.same(parseLogs("{}"), []);
});

t.test("what has another type is refused", async (t) => {
  const deep = `${'{"arrayValue":{"values":['.repeat(200)}{}${"]}}".repeat(200)}`;
  const logs = (text: string) => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${text}]}]}]}`;
  for (const text of [
    "",
    "[]",
    '{"resourceLogs":{}}',
    '{"resourceLogs":[1]}',
    logs('{"timeUnixNano":"x"}'),
    logs('{"timeUnixNano":"-5"}'),
    logs('{"severityNumber":"INFO"}'),
    logs('{"body":{"intValue":"9223372036854775808"}}'),
    logs('{"body":{"intValue":"-9223372036854775809"}}'),
    logs('{"body":{"intValue":1.5}}'),
    logs(`{"body":${deep}}`),
  ]) {
    t.throws(() => parseLogs(text), text.slice(0, 60));
  }
});

t.test("a request of too many items is refused before it is parsed", async (t) => {
  const logs = (text: string) => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${text}]}]}]}`;
  const refused = { code: "CLRK_TOO_LARGE", message: /more than 10 items/ };
  t.equal(parseLogs(logs("{},{},{},{},{},{},{}"), 10)[0]?.items.length, 7);
  t.throws(() => parseLogs(logs("{},{},{},{},{},{},{},{}"), 10), refused);
  t.throws(() => parseTraces("{".repeat(11), 10), refused, "not even well-formed");
  t.throws(() => parseLogs(`{"unknown":[${"1,".repeat(200)}1]}`, 10), refused);
  t.throws(() => parseLogs(`{"unknown":${"[".repeat(200)}`, 10), refused);
  const text = JSON.stringify('\\"{[,'.repeat(100));
  t.match(parseLogs(logs(`{"severityText":${text}}`), 10)[0]?.items, [{ severityText: /^\\"{/ }]);
});

t.test("an answer tells what was not taken", async (t) => {
  t.equal(answerJson("logs", 0, ""), "{}");
  t.same(JSON.parse(answerJson("traces", 2, "why")), {
    partialSuccess: { rejectedSpans: "2", errorMessage: "why" },
  });
});
