/** Tests of the read API over HTTPS, with a real API server and a real store. */
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { startApi } from "../apiserver/testdata/api-rig.ts";
import type { ApiRig } from "../apiserver/testdata/api-rig.ts";
import { openTelemetry } from "../telemetry/open-telemetry.ts";
import type { Telemetry } from "../telemetry/open-telemetry.ts";
import { findStoreObstacle, temporaryFolder, until } from "../telemetry/store-rig.ts";
import { appendRecords, firstRecordMs } from "../telemetry/testdata/sample-records.ts";
import { readResources } from "./read-resources.ts";
import type { TelemetryState } from "./telemetry-door.ts";

const obstacle = findStoreObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };
const base = "/apis/clrk.apoxy.dev/v1alpha1/namespaces/default";
const year = 366 * 24 * 3_600_000;

function resources(state: () => TelemetryState) {
  return readResources({ state, clock: systemClock, log: silentLogger, maxAgeMs: year });
}

async function open(t: Test): Promise<{
  readonly api: ApiRig;
  readonly telemetry: Telemetry;
  readonly append: (from: number, to: number) => Promise<void>;
}> {
  const directory = temporaryFolder(t);
  const telemetry = await openTelemetry({
    directory: join(directory, "telemetry"),
    recordsDirectory: join(directory, "records"),
    clock: systemClock,
    log: silentLogger,
    intervalMs: 20,
  });
  t.teardown(() => telemetry.close());
  const api = await startApi(t, { connected: resources(() => ({ kind: "ready", telemetry })) });
  for (const name of ["agent-0", "agent-1"]) {
    const body = {
      apiVersion: "clrk.apoxy.dev/v1alpha1",
      kind: "TaskAgent",
      metadata: { name },
      spec: { workerPoolRef: "pool", template: { spec: { image: "example.test/agent:1" } } },
    };
    t.equal((await api.send("POST", `${base}/taskagents`, { body })).status, 201);
  }
  const append = async (from: number, to: number) => {
    appendRecords(join(directory, "records"), from, to);
    await telemetry.flush();
  };
  return { api, telemetry, append };
}

/** A document of the read API, as far as tests look. */
interface ReadDocument {
  readonly resourceSpans?: readonly { readonly scopeSpans: readonly { spans: ReadItem[] }[] }[];
  readonly resourceLogs?: readonly { readonly scopeLogs: readonly { logRecords: ReadItem[] }[] }[];
}

interface ReadItem {
  readonly attributes: readonly {
    readonly key: string;
    readonly value: { stringValue?: string };
  }[];
}

/** The ids of the records of a document's spans or logs. */
function recordIds({ resourceSpans = [], resourceLogs = [] }: ReadDocument): string[] {
  const items = [
    ...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    ...resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap((one) => one.logRecords)),
  ];
  return items.map(({ attributes }) => {
    return attributes.find(({ key }) => key === "clrk.record.id")?.value.stringValue ?? "";
  });
}

t.test(
  "pages hold all of an agent's spans once, newest first, and nobody else's",
  skip,
  async (t) => {
    const { api, append } = await open(t);
    await append(0, 500);
    const path = `${base}/taskagents/agent-1/traces`;
    const first = await api.send("GET", `${path}?limit=30`);
    t.equal(first.status, 200, first.text);
    t.equal(first.headers["content-type"], "application/json");
    const span = first.body.resourceSpans[0].scopeSpans[0].spans[0];
    t.match(span, { traceId: /^[0-9a-f]{32}$/, spanId: /^[0-9a-f]{16}$/, kind: 2 });
    t.match(span.startTimeUnixNano, /^\d{19}$/);
    const found = recordIds(first.body);
    await append(500, 600);
    let more = first.headers["x-clrk-continue"];
    while (more !== undefined) {
      const page = await api.send("GET", `${path}?limit=30&continue=${String(more)}`);
      found.push(...recordIds(page.body));
      more = page.headers["x-clrk-continue"];
    }
    const wanted = Array.from({ length: 100 }, (_, at) => `record-${495 - at * 5 + 1}`);
    t.same(found, wanted, "of the moment of the first page");
    const logs = await api.send("GET", `${base}/taskagents/agent-1/logs?limit=2`);
    t.match(logs.body.resourceLogs[0].scopeLogs[0].logRecords[0].body, { stringValue: /POST/ });
    const since = new Date(firstRecordMs + 590).toISOString();
    const late = await api.send("GET", `${path}?since=${since}`);
    t.same(recordIds(late.body), ["record-596", "record-591"]);
  },
);

t.test("following goes on where a page ended, and resumes without a loss", skip, async (t) => {
  const { api, append } = await open(t);
  await append(0, 50);
  const path = `${base}/taskagents/agent-1/traces`;
  const page = await api.send("GET", `${path}?limit=1000`);
  const seen = recordIds(page.body).reverse();
  let position = String(page.headers["x-clrk-position"]);
  for (let turn = 1; turn < 5; turn++) {
    const stream = await api.watch(`${path}?follow=true&after=${position}`);
    await append(turn * 50, turn * 50 + 50);
    while (seen.length < turn * 10 + 5) {
      const line = await stream.next();
      seen.push(...recordIds(line));
      position = line.position;
    }
    stream.close();
    // What is stored while nobody follows comes later.
    await append(turn * 50 + 50, turn * 50 + 50);
  }
  const last = await api.watch(`${path}?follow=true&after=${position}`);
  while (seen.length < 50) seen.push(...recordIds(await last.next()));
  last.close();
  const wanted = Array.from({ length: 50 }, (_, at) => `record-${at * 5 + 1}`);
  t.same(seen, wanted);
  const now = await api.watch(`${path}?follow=true`);
  const begun = await now.next();
  t.same(Object.keys(begun), ["position"], "nothing of before");
  await append(250, 260);
  t.same(recordIds(await now.next()), ["record-251", "record-256"]);
  await api.server.close();
  await now.ended;
});

t.test("a trace, an invocation, series and the catalogue are read", skip, async (t) => {
  const { api, append } = await open(t);
  await append(0, 40);
  const page = await api.send("GET", `${base}/taskagents/agent-1/traces?limit=1`);
  const { traceId } = page.body.resourceSpans[0].scopeSpans[0].spans[0];
  const trace = await api.send("GET", `${base}/traces/${traceId}`);
  t.ok(recordIds(trace.body).includes(recordIds(page.body)[0] ?? ""));
  const id = "0b5c7d1e-0000-4000-8000-000000000002";
  const invocation = await api.send("GET", `${base}/invocations/${id}/traces`);
  t.same(
    recordIds(invocation.body),
    Array.from({ length: 8 }, (_, at) => `record-${16 + at}`),
  );
  const metrics = "/apis/metrics.clrk.apoxy.dev/v1alpha1";
  const catalogue = await api.send("GET", `${metrics}/metrics`);
  t.ok(catalogue.body.items.length > 10);
  const window = `since=${new Date(firstRecordMs).toISOString()}&until=${new Date(firstRecordMs + 1_000).toISOString()}`;
  const series = `${metrics}/namespaces/default/taskagentmetrics/agent-1/series`;
  const answer = await api.send("GET", `${series}?metric=egress.requests&${window}`);
  t.equal(answer.status, 200, answer.text);
  t.match(answer.body, { kind: "MetricSeriesSet", truncated: false });
  const counted = answer.body.series.map(({ points }: { points: { value: string }[] }) =>
    Number(points[0]?.value),
  );
  t.equal(
    counted.reduce((sum: number, value: number) => sum + value, 0),
    8,
  );
  for (const query of [
    "metric=none",
    "",
    `metric=egress.requests&groupBy='`,
    "metric=egress.requests&step=0s",
  ]) {
    t.match(await api.send("GET", `${series}?${query}`), {
      status: 400,
      body: { reason: "BadRequest" },
    });
  }
  const all = await api.send("GET", metrics);
  const names = all.body.resources.map(({ name }: { name: string }) => name);
  t.ok(names.includes("taskagentmetrics/series"), "discovery tells of it");
});

t.test("who may not is refused before anything is looked for", async (t) => {
  const state = (): TelemetryState => ({ kind: "unavailable", reason: "The store is away" });
  const api = await startApi(t, { connected: resources(state) });
  const trace = "0".repeat(32);
  const paths = [
    "taskagents/none/traces",
    "taskagents/none/logs",
    "daemonagents/none/logs",
    "processes/mine/traces",
    `traces/${trace}`,
    `invocations/${trace}/traces`,
  ];
  for (const path of paths) {
    const viewer = await api.send("GET", `${base}/${path}`, { token: "viewer-token" });
    t.match(viewer, { status: 403, body: { reason: "Forbidden" } }, path);
    t.equal((await api.send("GET", `${base}/${path}`, { token: null })).status, 401, path);
  }
  t.equal((await api.send("GET", `${base}/taskagents/none/traces`)).status, 404);
  for (const query of ["", "?follow=true"]) {
    const away = await api.send("GET", `${base}/processes/mine/traces${query}`);
    t.match(away, { status: 503, body: { message: "The store is away" } });
  }
  t.equal((await api.send("POST", `${base}/processes/mine/traces`)).status, 405);
  t.equal((await api.send("GET", `${base}/processes/mine/traces?limit=x`)).status, 400);
  t.equal((await api.send("GET", `${base}/processes/mine`)).status, 404);
  t.equal((await api.send("GET", `${base}/traces/short`)).status, 400);
});

t.test("a store that goes away ends followers, who are told at the next try", skip, async (t) => {
  const { telemetry, append } = await open(t);
  let state: TelemetryState = { kind: "ready", telemetry };
  const api = await startApi(t, { connected: resources(() => state) });
  const path = `${base}/processes/agent-1/traces?follow=true`;
  const stream = await api.watch(path);
  await stream.next();
  state = { kind: "unavailable", reason: "The store is away" };
  await append(0, 5);
  await stream.ended;
  t.equal((await api.send("GET", path)).status, 503);
  await until(() => telemetry.highWater > 0n, "what was stored");
});
