/** Tests of the exporter against a real local receiver: what arrives, and what happens when it is away, slow or odd. */
import t from "tap";
import { sleep, systemClock } from "./clock.ts";
import { OtlpExporter } from "./otlp.ts";
import type { OtlpExporterOptions } from "./otlp.ts";
import { SecretValue } from "./secret-value.ts";
import { deniedRecord, httpRecord, tcpRecord } from "./testdata/egress-record.ts";
import { startCollector } from "./testdata/otlp-collector.ts";

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("hex");
}

function exporterTo(endpoint: string, options: Partial<OtlpExporterOptions> = {}): OtlpExporter {
  return new OtlpExporter({
    endpoint,
    maxDelayMs: 5,
    minBackoffMs: 5,
    maxBackoffMs: 20,
    ...options,
  });
}

async function until(isTrue: () => boolean) {
  const deadline = Date.now() + 10_000;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error("Condition did not come true within 10 s");
    await sleep(systemClock, 2);
  }
}

t.test("add() sends one span and one log for each record", async (t) => {
  const collector = await startCollector();
  t.teardown(() => collector.close());
  const exporter = exporterTo(collector.endpoint, {
    headers: { authorization: new SecretValue("Bearer s3cret") },
  });
  for (const record of [httpRecord(), deniedRecord(), tcpRecord()]) exporter.add(record);
  await exporter.close();
  t.same(
    collector.spans().map(({ name }) => name),
    ["POST api.openai.com", "GET paste.example", "egress.tcp"],
  );
  t.same(
    collector.logs().map(({ severityText }) => severityText),
    ["INFO", "WARN", "INFO"],
  );
  t.match(exporter.status, {
    traces: { sent: 3, failing: false },
    logs: { sent: 3, failing: false },
  });
  for (const request of collector.requests) {
    t.match(request.headers, {
      authorization: "Bearer s3cret",
      "content-type": "application/x-protobuf",
      "content-encoding": "gzip",
    });
  }
});

t.test("add() keeps the record's ids, or makes the same new ones for span and log", async (t) => {
  const collector = await startCollector();
  t.teardown(() => collector.close());
  let count = 0;
  const random = (size: number) => new Uint8Array(size).fill(++count);
  const exporter = exporterTo(collector.endpoint, { random });
  exporter.add(httpRecord());
  exporter.add(deniedRecord());
  await exporter.close();
  const [first, second] = collector.spans();
  const trace = httpRecord().trace;
  t.same(
    [hex(first?.traceId), hex(first?.spanId), hex(first?.parentSpanId)],
    [trace?.traceId, trace?.spanId, trace?.parentSpanId],
  );
  t.same(
    [hex(second?.spanId), hex(second?.traceId), hex(second?.parentSpanId)],
    ["01".repeat(8), "02".repeat(16), ""],
  );
  t.same(
    collector.logs().map(({ spanId }) => hex(spanId)),
    collector.spans().map(({ spanId }) => hex(spanId)),
  );
});

t.test("add() sends again what was refused for a moment, once each", async (t) => {
  const statuses = [503, 429, 200];
  const collector = await startCollector((response, index) =>
    response.writeHead(statuses[index] ?? 200).end(),
  );
  t.teardown(() => collector.close());
  const exporter = exporterTo(collector.endpoint);
  exporter.add(httpRecord());
  await until(() => exporter.status.traces.sent === 1 && exporter.status.logs.sent === 1);
  t.match(exporter.status, {
    traces: { retries: 2, failing: false },
    logs: { retries: 2, failing: false },
  });
  t.equal(collector.requests.length, 6);
  await exporter.close();
});

t.test("add() reaches a receiver that comes back", async (t) => {
  const first = await startCollector();
  await first.close();
  const exporter = exporterTo(first.endpoint);
  exporter.add(httpRecord());
  await until(() => exporter.status.traces.retries > 0 && exporter.status.logs.retries > 0);
  t.match(exporter.status.traces, { failing: true, error: /ECONNREFUSED/, sent: 0 });
  const second = await startCollector(undefined, Number(new URL(first.endpoint).port));
  t.teardown(() => second.close());
  await until(() => exporter.status.traces.sent === 1 && exporter.status.logs.sent === 1);
  t.equal(exporter.status.traces.failing, false);
  await exporter.close();
});

t.test("add() gives a hanging receiver up, and the next batch gets its turn", async (t) => {
  const collector = await startCollector((response, index) => {
    if (index > 0) response.end();
  });
  t.teardown(() => collector.close());
  const exporter = exporterTo(collector.endpoint, { timeoutMs: 50, giveUpAfterMs: 1 });
  exporter.add(httpRecord());
  await collector.received(2);
  exporter.add(deniedRecord());
  await until(() => exporter.status.traces.sent === 1 && exporter.status.logs.sent === 1);
  t.match(exporter.status.traces, { dropped: { givenUp: 1 } });
  await exporter.close();
});

t.test("add() does not let one signal's trouble hold the other", async (t) => {
  const collector = await startCollector((response, _, { path }) => {
    if (path === "/v1/traces") response.end();
  });
  t.teardown(() => collector.close());
  const exporter = exporterTo(collector.endpoint, { closeTimeoutMs: 20 });
  exporter.add(httpRecord());
  await collector.received(2);
  exporter.add(deniedRecord());
  await until(() => exporter.status.traces.sent === 2);
  t.equal(exporter.status.logs.sent, 0);
  await exporter.close();
  t.match(exporter.status.logs, { sent: 0, dropped: { closed: 2 } });
});

t.test("add() counts an answer that cannot be read and sends nothing twice", async (t) => {
  const collector = await startCollector((response) => response.end("<html>"));
  t.teardown(() => collector.close());
  const exporter = exporterTo(collector.endpoint);
  exporter.add(httpRecord());
  await until(() => exporter.status.traces.sent === 1 && exporter.status.logs.sent === 1);
  t.match(exporter.status, { traces: { malformedResponses: 1 }, logs: { malformedResponses: 1 } });
  t.equal(collector.requests.length, 2);
  await exporter.close();
});

t.test("add() follows no redirect, so that the headers stay with the receiver", async (t) => {
  const elsewhere = await startCollector();
  t.teardown(() => elsewhere.close());
  const collector = await startCollector((response) =>
    response.writeHead(307, { location: elsewhere.endpoint }).end(),
  );
  t.teardown(() => collector.close());
  const exporter = exporterTo(collector.endpoint);
  exporter.add(httpRecord());
  await exporter.close();
  t.equal(elsewhere.requests.length, 0);
  t.match(exporter.status.traces, { error: "HTTP 307", dropped: { rejected: 1 } });
});

t.test("close() drains more than one batch and is safe to call again", async (t) => {
  const collector = await startCollector();
  t.teardown(() => collector.close());
  const exporter = exporterTo(collector.endpoint, { maxBatchRecords: 10, maxDelayMs: 60_000 });
  for (let id = 0; id < 95; id++) exporter.add(httpRecord({ id: String(id) }));
  await Promise.all([exporter.close(), exporter.close()]);
  t.equal(collector.spans().length, 95);
  t.equal(collector.logs().length, 95);
  t.equal(collector.requests.length, 20);
  exporter.add(httpRecord());
  t.match(exporter.status.logs, { dropped: { closed: 1 } });
});

t.test("close() ends within its time when nobody answers", async (t) => {
  const collector = await startCollector(() => {});
  t.teardown(() => collector.close());
  await using exporter = exporterTo(collector.endpoint, { closeTimeoutMs: 20 });
  exporter.add(httpRecord());
  const start = Date.now();
  await exporter.close();
  t.ok(Date.now() - start < 2_000);
  t.match(exporter.status.traces, { queued: 0, dropped: { closed: 1 } });
});

t.test("OtlpExporter() throws when its endpoint or a header can never work", async (t) => {
  t.throws(() => new OtlpExporter({ endpoint: "nowhere" }), { code: "CLRK_INVALID_ARGUMENT" });
  t.throws(() => new OtlpExporter({ endpoint: "http://c", headers: { "a b": "c" } }), {
    code: "CLRK_INVALID_ARGUMENT",
  });
});
