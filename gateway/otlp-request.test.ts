/** Tests of one OTLP request against a real local server: every kind of answer, and none at all. */
import { createServer } from "node:net";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { ManualClock, systemClock } from "./clock.ts";
import { decodeTraceResponse } from "./otlp-encode.ts";
import {
  createBody,
  parseRetryAfter,
  requestHeaders,
  sendOnce,
  signalUrl,
} from "./otlp-request.ts";
import type { OtlpTransport } from "./otlp-request.ts";
import { SecretValue } from "./secret-value.ts";
import { startCollector } from "./testdata/otlp-collector.ts";
import type { Answer } from "./testdata/otlp-collector.ts";

function transportTo(url: string, changes: Partial<OtlpTransport> = {}): OtlpTransport {
  return {
    url,
    headers: requestHeaders({}),
    fetch: globalThis.fetch,
    clock: systemClock,
    timeoutMs: 5_000,
    gzipFromBytes: 1_024,
    decodeResponse: decodeTraceResponse,
    ...changes,
  };
}

const never = new AbortController().signal;
const body = { bytes: new Uint8Array([1, 2, 3]), isCompressed: false };

const urls: ReadonlyArray<{ endpoint: string; traces: string; logs: string }> = [
  { endpoint: "http://c:4318", traces: "http://c:4318/v1/traces", logs: "http://c:4318/v1/logs" },
  { endpoint: "https://c/", traces: "https://c/v1/traces", logs: "https://c/v1/logs" },
  {
    endpoint: "https://c/otlp",
    traces: "https://c/otlp/v1/traces",
    logs: "https://c/otlp/v1/logs",
  },
  {
    endpoint: "https://c/otlp//",
    traces: "https://c/otlp/v1/traces",
    logs: "https://c/otlp/v1/logs",
  },
  { endpoint: "https://c/v1/traces", traces: "https://c/v1/traces", logs: "https://c/v1/logs" },
  {
    endpoint: "https://c/a/v1/logs/",
    traces: "https://c/a/v1/traces",
    logs: "https://c/a/v1/logs",
  },
  {
    endpoint: "https://c?tenant=a#x",
    traces: "https://c/v1/traces?tenant=a",
    logs: "https://c/v1/logs?tenant=a",
  },
  {
    endpoint: "http://[::1]:4318",
    traces: "http://[::1]:4318/v1/traces",
    logs: "http://[::1]:4318/v1/logs",
  },
];
for (const { endpoint, traces, logs } of urls) {
  t.test(`signalUrl() finds both signals when the endpoint is ${endpoint}`, async (t) => {
    t.equal(signalUrl(endpoint, "traces"), traces);
    t.equal(signalUrl(endpoint, "logs"), logs);
  });
}

const badEndpoints: ReadonlyArray<{ endpoint: string; message: string }> = [
  { endpoint: "", message: 'Cannot use OTLP endpoint "": it is no URL' },
  {
    endpoint: "collector:4318",
    message:
      'Cannot use OTLP endpoint "collector:4318": it has scheme "collector", want http or https',
  },
  {
    endpoint: "grpc://c:4317",
    message: 'Cannot use OTLP endpoint "grpc://c:4317": it has scheme "grpc", want http or https',
  },
  {
    endpoint: "https://u:s3cret@c",
    message:
      'Cannot use OTLP endpoint "https://[redacted]@c": it has user information, want a header',
  },
  {
    endpoint: "http://c:99999?token=s3cret",
    message: 'Cannot use OTLP endpoint "http://c:99999?token=[redacted]": it is no URL',
  },
];
for (const { endpoint, message } of badEndpoints) {
  t.test(
    `signalUrl() throws without secrets when the endpoint is ${JSON.stringify(endpoint)}`,
    async (t) => {
      t.throws(() => signalUrl(endpoint, "traces"), { code: "CLRK_INVALID_ARGUMENT", message });
    },
  );
}

t.test("requestHeaders() reveals secrets and keeps its own headers", async (t) => {
  const headers = requestHeaders({
    authorization: new SecretValue("Bearer s3cret"),
    "X-Scope-OrgID": "tenant",
    "Content-Type": "text/plain",
    "Content-Encoding": "br",
    Host: "evil",
  });
  t.same(
    [...headers],
    [
      ["authorization", "Bearer s3cret"],
      ["content-type", "application/x-protobuf"],
      ["x-scope-orgid", "tenant"],
    ],
  );
});

const badHeaders: ReadonlyArray<{ name: string; header: string; value: string; problem: string }> =
  [
    { name: "a space in the name", header: "a b", value: "x", problem: "is no header name" },
    { name: "an empty name", header: "", value: "x", problem: "is no header name" },
    {
      name: "a line break in the name",
      header: "a\r\nb",
      value: "x",
      problem: "is no header name",
    },
    {
      name: "a line break in the value",
      header: "a",
      value: "s3cret\r\nb: c",
      problem: "has a value with control or non-Latin-1 characters",
    },
    {
      name: "NUL in the value",
      header: "a",
      value: "s3cret\0",
      problem: "has a value with control or non-Latin-1 characters",
    },
    {
      name: "a value that is not Latin-1",
      header: "a",
      value: "s3cret\u2713",
      problem: "has a value with control or non-Latin-1 characters",
    },
  ];
for (const { name, header, value, problem } of badHeaders) {
  t.test(`requestHeaders() throws without the value when there is ${name}`, async (t) => {
    const message = `Cannot use OTLP header ${JSON.stringify(header)}: it ${problem}`;
    t.throws(() => requestHeaders({ [header]: new SecretValue(value) }), {
      code: "CLRK_INVALID_ARGUMENT",
      message,
    });
  });
}

t.test("createBody() compresses from the given size on", async (t) => {
  const message = new Uint8Array(2_000);
  t.match(await createBody(message, 2_001), { isCompressed: false, bytes: message });
  const compressed = await createBody(message, 2_000);
  t.equal(compressed.isCompressed, true);
  t.ok(compressed.bytes.length < 200);
  t.same(new Uint8Array(gunzipSync(compressed.bytes)), message);
});

t.test("sendOnce() posts protobuf with the configured headers", async (t) => {
  const collector = await startCollector();
  t.teardown(() => collector.close());
  const headers = requestHeaders({ "x-key": new SecretValue("s3cret") });
  const outcome = await sendOnce(
    transportTo(`${collector.endpoint}/v1/traces`, { headers }),
    body,
    never,
  );
  t.same(outcome, { kind: "sent", partial: { rejected: 0, message: "" } });
  const [request] = collector.requests;
  t.match(request, {
    path: "/v1/traces",
    headers: { "content-type": "application/x-protobuf", "x-key": "s3cret", "content-length": "3" },
  });
  t.equal(request?.headers["content-encoding"], undefined);
  t.same(request?.body, Buffer.from([1, 2, 3]));
});

t.test("sendOnce() marks a compressed body", async (t) => {
  const collector = await startCollector();
  t.teardown(() => collector.close());
  await sendOnce(
    transportTo(collector.endpoint),
    await createBody(new Uint8Array(5_000), 10),
    never,
  );
  t.equal(collector.requests[0]?.headers["content-encoding"], "gzip");
  t.equal(collector.requests[0]?.body.length, 5_000);
});

const partial = Buffer.from([0x0a, 0x06, 0x08, 0x03, 0x12, 0x02, 0x6e, 0x6f]);
const outcomes: ReadonlyArray<{ name: string; answer: Answer; outcome: object }> = [
  {
    name: "200 without a body",
    answer: (r) => r.end(),
    outcome: { kind: "sent", partial: { rejected: 0, message: "" } },
  },
  { name: "202", answer: (r) => r.writeHead(202).end(), outcome: { kind: "sent" } },
  { name: "204", answer: (r) => r.writeHead(204).end(), outcome: { kind: "sent" } },
  {
    name: "a partial success",
    answer: (r) => r.end(partial),
    outcome: { kind: "sent", partial: { rejected: 3, message: "no" } },
  },
  {
    name: "200 with HTML",
    answer: (r) => r.end("<html>welcome</html>"),
    outcome: { kind: "sent-unclear" },
  },
  {
    name: "200 with half a message",
    answer: (r) => r.end(partial.subarray(0, 4)),
    outcome: { kind: "sent-unclear" },
  },
  {
    name: "200 with a huge body",
    answer: (r) => r.end(Buffer.alloc(1_000_000)),
    outcome: { kind: "sent-unclear", text: "Response is larger than 65536 bytes" },
  },
  {
    name: "200 and a body that breaks off",
    answer: (r) => void r.writeHead(200, { "content-length": 100 }).write("x", () => r.destroy()),
    outcome: { kind: "sent-unclear" },
  },
  {
    name: "a redirect",
    answer: (r) => r.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    outcome: { kind: "rejected", text: "HTTP 302" },
  },
  {
    name: "400",
    answer: (r) => r.writeHead(400).end("bad"),
    outcome: { kind: "rejected", text: "HTTP 400" },
  },
  {
    name: "401",
    answer: (r) => r.writeHead(401).end(),
    outcome: { kind: "rejected", text: "HTTP 401" },
  },
  {
    name: "404",
    answer: (r) => r.writeHead(404).end(),
    outcome: { kind: "rejected", text: "HTTP 404" },
  },
  {
    name: "413",
    answer: (r) => r.writeHead(413).end(),
    outcome: { kind: "rejected", text: "HTTP 413" },
  },
  {
    name: "500",
    answer: (r) => r.writeHead(500).end(),
    outcome: { kind: "rejected", text: "HTTP 500" },
  },
  {
    name: "429",
    answer: (r) => r.writeHead(429).end(),
    outcome: { kind: "retry", text: "HTTP 429" },
  },
  {
    name: "429 with Retry-After",
    answer: (r) => r.writeHead(429, { "retry-after": "7" }).end(),
    outcome: { kind: "retry", text: "HTTP 429", afterMs: 7_000 },
  },
  {
    name: "502",
    answer: (r) => r.writeHead(502).end(),
    outcome: { kind: "retry", text: "HTTP 502", isBroken: true },
  },
  {
    name: "503 with a bad Retry-After",
    answer: (r) => r.writeHead(503, { "retry-after": "soon" }).end(),
    outcome: { kind: "retry", text: "HTTP 503" },
  },
  {
    name: "504",
    answer: (r) => r.writeHead(504).end("x".repeat(100_000)),
    outcome: { kind: "retry", text: "HTTP 504", isBroken: true },
  },
  {
    name: "a reset",
    answer: (r) => void r.socket?.resetAndDestroy(),
    outcome: {
      ...{ kind: "retry", text: /fetch failed \((ECONNRESET|UND_ERR_SOCKET)\)/, isBroken: true },
    },
  },
];
for (const { name, answer, outcome } of outcomes) {
  t.test(`sendOnce() knows what to do next when the answer is ${name}`, async (t) => {
    const collector = await startCollector(answer);
    t.teardown(() => collector.close());
    t.match(await sendOnce(transportTo(collector.endpoint), body, never), outcome);
    t.equal(collector.requests.length, 1);
  });
}

t.test("sendOnce() retries when nobody listens", async (t) => {
  const collector = await startCollector();
  await collector.close();
  t.same(await sendOnce(transportTo(collector.endpoint), body, never), {
    kind: "retry",
    text: "fetch failed (ECONNREFUSED)",
  });
});

t.test("sendOnce() retries when the peer does not speak HTTP", async (t) => {
  const server = createServer((socket) => socket.end("220 smtp.example ESMTP\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  t.match(await sendOnce(transportTo(`http://127.0.0.1:${port}`), body, never), {
    kind: "retry",
    text: /^fetch failed/,
  });
});

t.test("sendOnce() retries when there is no answer in time", async (t) => {
  const collector = await startCollector(() => {});
  t.teardown(() => collector.close());
  const clock = new ManualClock();
  const sending = sendOnce(transportTo(collector.endpoint, { clock }), body, never);
  await collector.received(1);
  clock.advance(5_000);
  t.same(await sending, { kind: "retry", text: "No answer within 5000 ms", isBroken: true });
  t.equal(clock.pendingTimers, 0);
});

t.test(
  "sendOnce() does not send again what was accepted when the rest of the answer hangs",
  async (t) => {
    const clock = new ManualClock();
    const collector = await startCollector((response) => void response.writeHead(200).write("x"));
    t.teardown(() => collector.close());
    const got = Promise.withResolvers<void>();
    const spy: typeof fetch = async (...call) => {
      const response = await fetch(...call);
      got.resolve();
      return response;
    };
    const sending = sendOnce(transportTo(collector.endpoint, { clock, fetch: spy }), body, never);
    await got.promise;
    clock.advance(5_000);
    t.match(await sending, { kind: "sent-unclear" });
  },
);

t.test("sendOnce() ends when it is aborted", async (t) => {
  const collector = await startCollector(() => {});
  t.teardown(() => collector.close());
  const abort = new AbortController();
  const sending = sendOnce(transportTo(collector.endpoint), body, abort.signal);
  await collector.received(1);
  abort.abort(new Error("Closing"));
  t.same(await sending, { kind: "retry", text: "Closing" });
});

const now = Date.UTC(2026, 0, 1);
const retryAfters: ReadonlyArray<{ header: string | null; afterMs: number | undefined }> = [
  { header: "0", afterMs: 0 },
  { header: " 120 ", afterMs: 120_000 },
  { header: "Thu, 01 Jan 2026 00:00:30 GMT", afterMs: 30_000 },
  { header: "Wed, 31 Dec 2025 00:00:00 GMT", afterMs: 0 },
  { header: null, afterMs: undefined },
  { header: "", afterMs: undefined },
  { header: "soon", afterMs: undefined },
  { header: "-5", afterMs: undefined },
  { header: "2.5", afterMs: undefined },
  { header: "1e3", afterMs: undefined },
  { header: "9".repeat(30), afterMs: undefined },
  { header: "2026-01-01", afterMs: undefined },
];
for (const { header, afterMs } of retryAfters) {
  t.test(
    `parseRetryAfter() gives ${afterMs} when the header is ${JSON.stringify(header)}`,
    async (t) => {
      t.equal(parseRetryAfter(header, now), afterMs);
    },
  );
}
