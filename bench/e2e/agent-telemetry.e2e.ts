/**
 * What agents send themselves goes on to the OTLP receivers of their EgressGateways: each gets that of its own runs, said to
 * be of whom it is, and what one that is away has not got outlives a kill -9 of the control process.
 */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import t from "tap";
import type { Test } from "tap";
import { findOtlpEndpoint } from "../../control/telemetry/otlp-address.ts";
import { CONTROL_STATUS_PATH } from "../../control/process-report.ts";
import type { ControlReport } from "../../control/process-report.ts";
import { opentelemetry } from "../../gateway/proto/gen/otlp.js";
import { startCollector } from "../../gateway/testdata/otlp-collector.ts";
import type { Collector } from "../../gateway/testdata/otlp-collector.ts";
import { startControlProcess } from "../harness/control-process.ts";
import type { ControlProcess } from "../harness/control-process.ts";
import { freePort } from "../harness/free-port.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { gatewayManifest } from "../harness/gateway-manifests.ts";
import { temporaryDirectory, waitUntil } from "../harness/processes.ts";

const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1;
const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;
const deadlineMs = 60_000;
const gateways = "/apis/clrk.apoxy.dev/v1alpha1/namespaces/default/egressgateways";
const forged = ["agent.name", "agent.namespace", "clrk.egress_gateway", "invocation.id"];
const claims = forged.map((key) => ({ key, value: { stringValue: "forged" } }));
const service = { key: "service.name", value: { stringValue: "svc" } };

function manifestsOf(ports: readonly [one: number, two: number], renewed = ""): string {
  const named = ["one", "two"].map((name, at) => {
    const headers = { "x-api-key": `key-of-${name}${renewed}` };
    const otlp = { endpoint: `http://127.0.0.1:${ports[at]}`, headers };
    return gatewayManifest({ name, spec: { otlp } });
  });
  return [...named, gatewayManifest({ name: "none" })].join("---\n");
}

async function collectorAt(test: Test, port: number): Promise<Collector> {
  const collector = await startCollector(undefined, port);
  test.teardown(() => collector.close());
  return collector;
}

function span(name: string) {
  const now = `${Date.now()}000000`;
  return {
    ...{ name, traceId: "a".repeat(32), spanId: randomBytes(8).toString("hex") },
    ...{ startTimeUnixNano: now, endTimeUnixNano: now, attributes: claims },
  };
}

/** Sends a span and a log of that name as the run, in both forms; resolves with their statuses. */
async function sendAll(endpoint: string, run: GatewayRun, name: string) {
  const resource = { attributes: [...claims, service] };
  const log = { body: { stringValue: name }, attributes: claims };
  const { traceId, spanId, ...rest } = span(`${name}-protobuf`);
  const bytes = { traceId: Buffer.from(traceId, "hex"), spanId: Buffer.from(spanId, "hex") };
  const timed = { ...rest, ...bytes, startTimeUnixNano: 1n, endTimeUnixNano: 2n };
  const said = { ...log, body: { stringValue: `${name}-protobuf` } };
  const inJson = { "content-type": "application/json" };
  const inProtobuf = { "content-type": "application/x-protobuf", "content-encoding": "gzip" };
  const sendings: readonly (readonly [
    string,
    Record<string, string>,
    string | Uint8Array<ArrayBuffer>,
  ])[] = [
    [
      "traces",
      inJson,
      JSON.stringify({
        resourceSpans: [{ resource, scopeSpans: [{ spans: [span(`${name}-json`)] }] }],
      }),
    ],
    [
      "logs",
      inJson,
      JSON.stringify({
        resourceLogs: [
          {
            resource,
            scopeLogs: [{ logRecords: [{ ...log, body: { stringValue: `${name}-json` } }] }],
          },
        ],
      }),
    ],
    [
      "traces",
      inProtobuf,
      zipped(
        ExportTraceServiceRequest.encode({
          resourceSpans: [{ resource, scopeSpans: [{ spans: [timed] }] }],
        }),
      ),
    ],
    [
      "logs",
      inProtobuf,
      zipped(
        ExportLogsServiceRequest.encode({
          resourceLogs: [{ resource, scopeLogs: [{ logRecords: [said] }] }],
        }),
      ),
    ],
  ];
  const statuses: number[] = [];
  for (const [signal, headers, body] of sendings) {
    const authorization = `Bearer ${run.telemetryToken}`;
    const init = { method: "POST", headers: { ...headers, authorization }, body };
    statuses.push((await fetch(`${endpoint}/v1/${signal}`, init)).status);
  }
  return statuses;
}

/** Sends one span; resolves once it is acknowledged, and rejects otherwise. */
async function sendSpan(endpoint: string, run: GatewayRun, name: string): Promise<void> {
  const headers = {
    ...{ "content-type": "application/json", authorization: `Bearer ${run.telemetryToken}` },
  };
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span(name)] }] }] });
  const { status } = await fetch(`${endpoint}/v1/traces`, { method: "POST", headers, body });
  if (status !== 200) throw new Error(`Cannot send "${name}": status ${status}`);
}

function zipped(message: { finish(): Uint8Array }): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(message.finish()));
}

const allTaken = [200, 200, 200, 200];

/** Names of all spans and logs that a collector got, in order. */
function namesOf(collector: Collector): readonly string[] {
  const spans = collector.spans().map(({ name }) => `span ${name}`);
  const logs = collector.logs().map(({ body }) => `log ${body?.stringValue}`);
  return [...spans, ...logs].toSorted();
}

const wholeOf = (names: readonly string[]) =>
  names
    .flatMap((name) => [`${name}-json`, `${name}-protobuf`])
    .flatMap((name) => [`span ${name}`, `log ${name}`])
    .toSorted();

async function untilAll(collector: Collector, names: readonly string[]): Promise<void> {
  const wanted = wholeOf(names);
  const hasAll = () => namesOf(collector).length >= wanted.length;
  await waitUntil(hasAll, { deadlineMs, what: `what was sent as ${names.join()}` });
}

/** Who a collector was told that things are of: values of one attribute of all resources. */
function saidOf(collector: Collector, key: string): ReadonlySet<string | null | undefined> {
  const resources = collector.requests.flatMap(({ path, body }) =>
    path === "/v1/traces"
      ? ExportTraceServiceRequest.decode(body).resourceSpans.map(({ resource }) => resource)
      : ExportLogsServiceRequest.decode(body).resourceLogs.map(({ resource }) => resource),
  );
  return new Set(
    resources.map(
      (resource) => resource?.attributes.find((one) => one.key === key)?.value?.stringValue,
    ),
  );
}

async function telemetryOf(control: ControlProcess): Promise<ControlReport["telemetry"]> {
  const { body } = await control.request("GET", CONTROL_STATUS_PATH);
  const { telemetry }: ControlReport = Object(body);
  return telemetry;
}

/** Spans and logs on disk, by the names of their files. */
function spooledIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files
    .map((name) => /-(\d+)\.otlp(?:\.gz)?$/.exec(name))
    .reduce((sum, found) => sum + Number(found?.[1] ?? 0), 0);
}

async function receiverOf(home: string): Promise<string> {
  return waitUntil(() => findOtlpEndpoint(home), { deadlineMs, what: "a receiver" });
}

t.test("telemetry of agents goes on to the receivers of their gateways", async (story) => {
  const ports = [await freePort(), await freePort()] as const;
  const manifests = join(temporaryDirectory(story), "policy.yaml");
  writeFileSync(manifests, manifestsOf(ports));
  const words = { arguments: ["--file", manifests] };
  let control = await startControlProcess(story, words);
  const { home } = control;
  const spool = join(home, "control", "otlp-spool");
  const gateway = await startGateway(story, { manifests: {}, feed: control.feed, home });
  const endpoint = await receiverOf(home);
  const [one, two] = [await collectorAt(story, ports[0]), await collectorAt(story, ports[1])];
  const receiving: Collector[] = [];
  const runs = {
    one: await gateway.registerRun("agent-one", "one"),
    two: await gateway.registerRun("agent-two", "two"),
    none: await gateway.registerRun("agent-none", "none"),
  };

  await story.test("each gets that of its own runs, with who sent it and its header", async (t) => {
    t.same(await sendAll(endpoint, runs.one, "first"), allTaken);
    t.same(await sendAll(endpoint, runs.two, "second"), allTaken);
    t.same(await sendAll(endpoint, runs.none, "third"), allTaken);
    await Promise.all([untilAll(one, ["first"]), untilAll(two, ["second"])]);
    t.same([namesOf(one), namesOf(two)], [wholeOf(["first"]), wholeOf(["second"])]);
    for (const [collector, name] of [
      [one, "one"],
      [two, "two"],
    ] as const) {
      t.same(saidOf(collector, "agent.name"), new Set([`agent-${name}`]));
      t.same(saidOf(collector, "agent.kind"), new Set(["Process"]));
      t.same(saidOf(collector, "clrk.egress_gateway"), new Set([`default/${name}`]));
      t.same(saidOf(collector, "clrk.component"), new Set(["agent"]));
      t.same(saidOf(collector, "service.name"), new Set(["svc"]));
      for (const { headers, body } of collector.requests) {
        t.equal(headers["x-api-key"], `key-of-${name}`);
        t.equal(headers["content-type"], "application/x-protobuf");
        t.notOk(body.includes("forged"), "nobody is who they say they are");
        t.notOk(body.includes(runs.one.telemetryToken) || body.includes(runs.two.telemetryToken));
      }
    }
    t.match(await telemetryOf(control), { forwarded: { sent: 8, waiting: 0, failing: 0 } });
    const metrics = String((await control.request("GET", "/metrics")).body);
    t.match(metrics, /^clrk_forward_sent_total 8$/m);
    t.match(metrics, /^clrk_agent_telemetry_rows_total 12$/m);
    t.match(metrics, /^clrk_api_objects\{resource="egressgateways\.clrk\.apoxy\.dev"\} 3$/m);
    t.notMatch(metrics, /key-of-|127\.0\.0\.1/);
  });

  await story.test("one that is away gets all once, over a kill -9", async (t) => {
    await one.close();
    for (const name of ["a", "b", "c"]) {
      t.same(await sendAll(endpoint, runs.one, name), allTaken);
    }
    await waitUntil(() => spooledIn(spool) === 12, { deadlineMs, what: "all of it on disk" });
    t.match((await telemetryOf(control)).forwarded, {
      ...{ waiting: 12, failing: 1, problem: /^OTLP of default\/one: / },
    });
    for (const name of readdirSync(spool, { recursive: true, encoding: "utf8" })) {
      const facts = statSync(join(spool, name));
      t.equal(facts.mode & 0o077, 0, "for this user alone");
      if (facts.isFile()) t.notOk(readFileSync(join(spool, name)).includes("key-of-"));
    }
    control.child.signal("SIGKILL");
    await control.child.exited;
    control = await startControlProcess(story, { home, ...words });
    const back = await collectorAt(story, ports[0]);
    receiving.push(back);
    await untilAll(back, ["a", "b", "c"]);
    t.equal(await receiverOf(home), endpoint);
    t.same(await sendAll(endpoint, runs.one, "after"), allTaken);
    await untilAll(back, ["a", "b", "c", "after"]);
    await waitUntil(() => spooledIn(spool) === 0, { deadlineMs, what: "an empty spool" });
    t.same(namesOf(back), wholeOf(["a", "b", "c", "after"]));
    t.same(saidOf(back, "agent.name"), new Set(["agent-one"]));
    t.same(namesOf(two), wholeOf(["second"]), "nothing of it is another's");
    t.match((await telemetryOf(control)).forwarded, { failing: 0, problem: null });
  });

  await story.test(
    "one that is there gets what was acknowledged just before a kill -9",
    async (t) => {
      const [collector] = receiving.splice(0);
      const acknowledged: string[] = [];
      for (let life = 0; life < 4; life++) {
        const address = await receiverOf(home);
        const names = Array.from({ length: 5 }, (_, at) => `life-${life}-${at}`);
        const sent = names.map((name) => sendSpan(address, runs.one, name));
        // The first answer is what the kill comes after; the others are cut off, or have theirs.
        await Promise.any(sent);
        control.child.signal("SIGKILL");
        for (const [at, { status }] of (await Promise.allSettled(sent)).entries()) {
          if (status === "fulfilled") acknowledged.push(`span ${names[at]}`);
        }
        await control.child.exited;
        control = await startControlProcess(story, { home, ...words });
      }
      t.ok(acknowledged.length >= 4);
      const missing = () => {
        const got = new Set(collector === undefined ? [] : namesOf(collector));
        return acknowledged.filter((name) => !got.has(name));
      };
      await waitUntil(() => missing().length === 0, {
        deadlineMs,
        what: `what was acknowledged, ${acknowledged.join()}`,
      });
      t.same(missing(), []);
    },
  );

  await story.test("another endpoint and another key apply to what comes then", async (t) => {
    const port = await freePort();
    const moved = await collectorAt(t, port);
    writeFileSync(manifests, manifestsOf([ports[0], port], "-renewed"));
    const isStored = async () => {
      const { body } = await control.request("GET", `${gateways}/two`);
      return Object(body).spec.otlp.endpoint === moved.endpoint;
    };
    await waitUntil(isStored, { deadlineMs, what: "the endpoint that was written" });
    t.same(await sendAll(endpoint, runs.two, "moved"), allTaken);
    await untilAll(moved, ["moved"]);
    t.same([namesOf(moved), namesOf(two)], [wholeOf(["moved"]), wholeOf(["second"])]);
    for (const { headers } of moved.requests) t.equal(headers["x-api-key"], "key-of-two-renewed");
  });
});
