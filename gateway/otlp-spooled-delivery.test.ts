/** Tests delivery by way of the disk against a real receiver that is away, slow, full and refusing. */
import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import type { OtlpExporterOptions } from "./otlp.ts";
import { OtlpExporter } from "./otlp.ts";
import { SecretValue } from "./secret-value.ts";
import { httpRecord } from "./testdata/egress-record.ts";
import { eventually, freePort } from "./testdata/envoy-rig.ts";
import type { Answer, Collector } from "./testdata/otlp-collector.ts";
import { startCollector } from "./testdata/otlp-collector.ts";
import { temporaryDirectory } from "./testdata/processes.ts";

const soon = { maxDelayMs: 5, minBackoffMs: 20, maxBackoffMs: 40, maxBatchRecords: 1 };

async function receiver(t: Test, answer?: Answer, port?: number) {
  const collector = await startCollector(answer, port);
  t.teardown(() => collector.close());
  return collector;
}

function exporter(t: Test, directory: string, options: Partial<OtlpExporterOptions>) {
  const opened = new OtlpExporter({
    endpoint: "http://127.0.0.1:9",
    spool: { directory, maxBytes: 1_000_000 },
    ...soon,
    ...options,
  });
  t.teardown(() => opened.close());
  return opened;
}

function add(to: OtlpExporter, ...ids: string[]): void {
  const { request } = httpRecord();
  for (const id of ids) to.add(httpRecord({ id, request: { ...request, path: `/${id}` } }));
}

/** Paths of the logs in order of arrival. */
function pathsOf(collector: Collector): unknown[] {
  return collector
    .logs()
    .map(({ attributes }) => attributes.find(({ key }) => key === "url.path")?.value?.stringValue);
}

const sentBy = ({ status }: OtlpExporter) => [status.traces.sent, status.logs.sent];

t.test("records wait on disk for a receiver that is away, and go in their order", async (t) => {
  const directory = await temporaryDirectory(t);
  const port = await freePort();
  const headers = { "x-key": new SecretValue("key-of-the-receiver") };
  const sender = exporter(t, directory, { endpoint: `http://127.0.0.1:${port}`, headers });
  add(sender, "one", "two", "three");
  await eventually(() => sender.status.logs.spooled.records === 3 || undefined);
  await eventually(() => sender.status.traces.spooled.records === 3 || undefined);
  for (const signal of ["traces", "logs"]) {
    for (const name of await readdir(path.join(directory, signal))) {
      const text = await readFile(path.join(directory, signal, name), "latin1");
      t.notOk(text.includes("key-of-the-receiver"), "no header is on disk");
    }
  }
  const collector = await receiver(t, undefined, port);
  await eventually(() => collector.logs().length === 3 || undefined);
  await eventually(() => collector.spans().length === 3 || undefined);
  await eventually(() => sender.status.logs.sent === 3 || undefined);
  t.equal(collector.requests[0]?.headers["x-key"], "key-of-the-receiver");
  t.same(pathsOf(collector), ["/one", "/two", "/three"], "each once, where nothing broke off");
  t.match(sender.status.logs, { failing: false, sent: 3, dropped: { spoolFull: 0, givenUp: 0 } });
});

t.test("what one process leaves on disk the next one sends", async (t) => {
  const directory = await temporaryDirectory(t);
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const first = exporter(t, directory, { endpoint });
  add(first, "one", "two");
  await first.close();
  t.match(first.status.logs, { spooled: { records: 2 }, dropped: { closed: 0, givenUp: 0 } });
  const collector = await receiver(t, undefined, port);
  const second = exporter(t, directory, { endpoint });
  await eventually(() => collector.logs().length === 2 || undefined);
  await eventually(() => sentBy(second).every((sent) => sent === 2) || undefined);
  t.same(second.status.logs.spooled, { records: 0, bytes: 0 });
});

t.test("a receiver that is slow is waited for, and what comes meanwhile is on disk", async (t) => {
  const directory = await temporaryDirectory(t);
  const held: (() => void)[] = [];
  const collector = await receiver(t, (response) => held.push(() => response.end()));
  const sender = exporter(t, directory, { endpoint: collector.endpoint });
  add(sender, "one", "two", "three");
  await eventually(() => sender.status.logs.spooled.records === 3 || undefined);
  t.equal(sender.status.logs.queued, 0, "nothing waits in memory");
  t.equal(collector.logs().length, 1, "nobody is asked twice at a time");
  await eventually(() => {
    for (const release of held.splice(0)) release();
    return sender.status.logs.sent === 3 || undefined;
  });
  t.equal(collector.logs().length, 3, "the one that was slow was not sent again");
});

t.test("what comes faster than a receiver answers is on disk before memory is full", async (t) => {
  const directory = await temporaryDirectory(t);
  // Well before it counts as slow.
  const collector = await receiver(t, (response) => void setTimeout(() => response.end(), 50));
  const sender = exporter(t, directory, { endpoint: collector.endpoint, maxQueuedRecords: 8 });
  const names = ["1", "2", "3", "4", "5", "6", "7"];
  add(sender, ...names);
  await eventually(() => sender.status.logs.spooled.records >= 2 || undefined);
  await eventually(() => sentBy(sender).every((sent) => sent === names.length) || undefined);
  t.same(
    pathsOf(collector),
    names.map((name) => `/${name}`),
  );
  t.match(sender.status.logs.dropped, { queueFull: 0, spoolFull: 0 });
});

t.test("a disk that takes nothing leaves it to memory", async (t) => {
  const directory = await temporaryDirectory(t);
  let isAway = true;
  const collector = await receiver(t, (response) => {
    response.writeHead(isAway ? 503 : 200).end();
  });
  const sender = exporter(t, directory, { endpoint: collector.endpoint });
  add(sender, "before");
  await eventually(() => sender.status.logs.spooled.records === 1 || undefined);
  isAway = false;
  await eventually(() => sentBy(sender).every((sent) => sent === 1) || undefined);
  isAway = true;
  await rm(directory, { recursive: true });
  add(sender, "one", "two");
  await eventually(() => sender.status.logs.retries > 3 || undefined);
  t.match(sender.status.logs, { spooled: { records: 0 }, dropped: { spoolFull: 0, givenUp: 0 } });
  isAway = false;
  await eventually(() => sentBy(sender).every((sent) => sent === 3) || undefined);
  t.same(new Set(pathsOf(collector)), new Set(["/before", "/one", "/two"]));
});

t.test("a batch that a receiver refuses is counted, and the ones behind it go on", async (t) => {
  const directory = await temporaryDirectory(t);
  let isAway = true;
  let isPoison = true;
  const collector = await receiver(t, (response, _, { path: signal }) => {
    const isRefused = !isAway && isPoison && signal === "/v1/logs";
    if (isRefused) isPoison = false;
    response.writeHead(isAway ? 503 : isRefused ? 400 : 200).end();
  });
  const sender = exporter(t, directory, { endpoint: collector.endpoint });
  add(sender, "poison", "good", "better");
  await eventually(() => sender.status.logs.spooled.records === 3 || undefined);
  await eventually(() => sender.status.traces.spooled.records === 3 || undefined);
  isAway = false;
  await eventually(() => {
    const { logs, traces } = sender.status;
    return logs.sent + traces.sent === 5 || undefined;
  });
  const { logs, traces } = sender.status;
  t.match(logs, { sent: 2, dropped: { rejected: 1, spoolFull: 0 } });
  t.match(traces, { sent: 3, dropped: { rejected: 0, spoolFull: 0 } });
});

t.test("a full disk loses the oldest and counts them", async (t) => {
  const directory = await temporaryDirectory(t);
  const collector = await receiver(t, (response) => response.writeHead(503).end());
  const sender = exporter(t, directory, {
    endpoint: collector.endpoint,
    spool: { directory, maxBytes: 4_000 },
  });
  const ids = Array.from({ length: 20 }, (_, index) => `r${index}`);
  add(sender, ...ids);
  await eventually(() => {
    const { dropped, spooled } = sender.status.logs;
    return dropped.spoolFull + spooled.records === ids.length || undefined;
  });
  const { dropped, spooled } = sender.status.logs;
  t.ok(dropped.spoolFull > 0);
  t.ok(spooled.bytes <= 4_000 && spooled.records > 0);
  t.equal(dropped.queueFull + dropped.givenUp, 0);
});

t.test("a folder that another has leaves records in memory, as without one", async (t) => {
  const directory = await temporaryDirectory(t);
  const collector = await receiver(t);
  const first = exporter(t, directory, { endpoint: collector.endpoint });
  add(first, "one");
  await eventually(() => sentBy(first).every((sent) => sent === 1) || undefined);
  const second = exporter(t, directory, { endpoint: collector.endpoint });
  add(second, "two");
  await eventually(() => sentBy(second).every((sent) => sent === 1) || undefined);
});

t.test("records of a closing exporter come after those who had the folder before", async (t) => {
  const directory = await temporaryDirectory(t);
  const collector = await receiver(t);
  const before = exporter(t, directory, { endpoint: collector.endpoint });
  add(before, "one");
  const after = before.close();
  const sender = exporter(t, directory, {
    endpoint: collector.endpoint,
    spool: { directory, maxBytes: 1_000_000, after },
  });
  add(sender, "two");
  await eventually(() => sender.status.logs.sent === 1 || undefined);
  t.same(pathsOf(collector), ["/one", "/two"]);
});

t.test("a record at which the receiver always breaks off is dropped alone", async (t) => {
  const directory = await temporaryDirectory(t);
  const collector: Collector = await receiver(t, (response, _, { body }) => {
    if (!body.includes("/poison")) {
      response.end();
      return;
    }
    // What was broken off has not arrived.
    collector.requests.pop();
    response.destroy();
  });
  const sender = exporter(t, directory, { endpoint: collector.endpoint, maxBatchRecords: 8 });
  const ids = Array.from({ length: 7 }, (_, index) => `good${index}`);
  add(sender, ...ids.slice(0, 4), "poison", ...ids.slice(4));
  add(sender, "later");
  await eventually(() => {
    const { traces, logs } = sender.status;
    return (logs.sent === 8 && traces.sent === 8) || undefined;
  });
  for (const status of [sender.status.logs, sender.status.traces]) {
    t.match(status, { dropped: { brokenOff: 1, spoolFull: 0 }, spooled: { records: 0, bytes: 0 } });
  }
  t.same(
    pathsOf(collector),
    [...ids, "later"].map((id) => `/${id}`),
    "the others came once, in their order",
  );
});

t.test("a receiver that breaks off at everything loses nothing", async (t) => {
  const directory = await temporaryDirectory(t);
  let isAway = true;
  const collector = await receiver(t, (response) => {
    if (isAway) response.destroy();
    else response.end();
  });
  const sender = exporter(t, directory, { endpoint: collector.endpoint, maxBatchRecords: 8 });
  add(sender, "one", "two", "three");
  await collector.received(40);
  t.same(await readdir(path.join(directory, "logs")).then((names) => names.filter(isBatch)), [
    "0000000000000001-3.otlp.gz",
  ]);
  isAway = false;
  await eventually(() => sentBy(sender).every((sent) => sent === 3) || undefined);
  t.equal(sender.status.logs.dropped.brokenOff, 0);
});

t.test(
  "a receiver that answers to empty messages alone loses three records in a row",
  async (t) => {
    const directory = await temporaryDirectory(t);
    let isAway = true;
    const collector: Collector = await receiver(t, (response, _, { body }) => {
      if (!isAway || body.length === 0) response.end();
      else response.destroy();
    });
    const sender = exporter(t, directory, { endpoint: collector.endpoint, maxBatchRecords: 8 });
    const ids = Array.from({ length: 7 }, (_, index) => `r${index}`);
    add(sender, ...ids);
    await eventually(() => sender.status.logs.dropped.brokenOff === 3 || undefined);
    await collector.received(collector.requests.length + 40);
    t.match(sender.status.logs, { dropped: { brokenOff: 3 }, spooled: { records: 4 } });
    isAway = false;
    await eventually(() => sender.status.logs.sent === 4 || undefined);
    t.equal(sender.status.logs.dropped.brokenOff, 3);
  },
);

function isBatch(name: string): boolean {
  return name.includes(".otlp");
}
