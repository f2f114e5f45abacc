/** Tests of the span events of a capture: names, times and attributes. */
import t from "tap";
import { recordEvents } from "./record-events.ts";
import { capturedExchange } from "./testdata/call-facts.ts";
import { engineRecord } from "./testdata/egress-record.ts";

const start = 1_767_323_045_678_901_234n;

t.test("recordEvents() gives headers and bodies in order of time", async (t) => {
  const events = recordEvents(engineRecord(), capturedExchange(), start);
  t.same(
    events.map(({ name, timeUnixNano }) => [name, timeUnixNano - start]),
    [
      ["http.request.headers", 0n],
      ["http.request.body", 1_250_000n],
      ["http.response.headers", 39_600_000n],
      ["http.response.body", 41_400_000n],
    ],
  );
});

t.test("recordEvents() names headers by direction and joins repeated ones", async (t) => {
  const [request, , response] = recordEvents(engineRecord(), capturedExchange(), start);
  t.strictSame(request?.attributes, [
    { key: "http.request.header.content-type", value: { stringValue: "application/json" } },
    { key: "http.request.header.authorization", value: { stringValue: "[redacted]" } },
    { key: "http.request.header.x-tag", value: { stringValue: "one, two" } },
  ]);
  t.strictSame(response?.attributes, [
    { key: "http.response.header.content-type", value: { stringValue: "text/event-stream" } },
  ]);
});

t.test("recordEvents() names a coding only where it could not be undone", async (t) => {
  const [, request, , response] = recordEvents(engineRecord(), capturedExchange(), start);
  t.strictSame(request?.attributes, [
    { key: "clrk.body.bytes", value: { intValue: 19 } },
    { key: "clrk.body.truncated", value: { boolValue: false } },
    { key: "clrk.body.b64", value: { stringValue: btoa('{"model":"gpt-4.1"}') } },
  ]);
  t.match(response?.attributes.at(-1), {
    key: "clrk.body.content_encoding",
    value: { stringValue: "br" },
  });
});

t.test("recordEvents() leaves out what was not captured", async (t) => {
  const capture = capturedExchange({ requestHeaders: [], requestBody: null, responseBody: null });
  const names = recordEvents(engineRecord(), capture, start).map(({ name }) => name);
  t.same(names, ["http.response.headers"]);
});

t.test("recordEvents() puts what was never reached at the end of the transaction", async (t) => {
  const timings = { requestMs: null, upstreamConnectMs: null, timeToFirstByteMs: null };
  const cut = engineRecord({ timings, durationMs: 10 });
  const times = recordEvents(cut, capturedExchange(), start).map((event) => event.timeUnixNano);
  t.same(times, [start, start + 10_000_000n, start + 10_000_000n, start + 10_000_000n]);
  const [, broken] = recordEvents({ ...cut, durationMs: Number.NaN }, capturedExchange(), start);
  t.equal(broken?.timeUnixNano, start);
});
