/**
 * Records for an OTLP receiver that is away or slow wait on disk: they outlive a kill of the gateway process, and reach the
 * receiver at least once when it is back, with the headers that it is to have.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { startCollector } from "../../gateway/testdata/otlp-collector.ts";
import type { Collector } from "../../gateway/testdata/otlp-collector.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { freePort } from "../harness/free-port.ts";
import { startGateway } from "../harness/gateway.ts";
import type { RunningGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest } from "../harness/gateway-manifests.ts";
import { temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, { tlsHosts: ["kept.test"] });
const key = "key-of-the-receiver";

function manifests(port: number) {
  const otlp = { endpoint: `http://127.0.0.1:${port}`, headers: { "x-key": key } };
  return {
    "gateway.yaml": gatewayManifest({ ...upstreams, spec: { otlp } }),
    "routes.yaml": allowHosts("kept", ["kept.test"]),
  };
}

async function collectorAt(
  test: Test,
  port: number,
  answer?: Parameters<typeof startCollector>[0],
): Promise<Collector> {
  const collector = await startCollector(answer, port);
  test.teardown(() => collector.close());
  return collector;
}

/** Requests whose records are for the receiver, until that many spans and logs are on disk. */
async function fillSpool(gateway: RunningGateway, paths: readonly string[], waiting: number) {
  const run = await gateway.registerRun("teller");
  for (const path of paths) await requestThrough(run, `https://kept.test${path}`);
  await waitUntil(async () => ((await gateway.status()).records.spooled ?? 0) >= waiting, {
    deadlineMs: 15_000,
    what: `${waiting} spans and logs on disk`,
  });
}

async function kill(gateway: RunningGateway): Promise<void> {
  const ended = new Promise((resolve) => gateway.child.once("exit", resolve));
  gateway.child.kill("SIGKILL");
  await ended;
}

const pathsOf = (items: readonly { readonly attributes: readonly Attribute[] }[]) =>
  new Set(
    items.flatMap(
      ({ attributes }) =>
        attributes.find((one) => one.key === "url.path")?.value?.stringValue ?? [],
    ),
  );

interface Attribute {
  readonly key: string;
  readonly value?: { readonly stringValue?: string | null } | null;
}

async function untilAll(collector: Collector, paths: readonly string[]): Promise<void> {
  const has = (found: ReadonlySet<string>) => paths.every((path) => found.has(path));
  await waitUntil(() => has(pathsOf(collector.spans())) && has(pathsOf(collector.logs())), {
    deadlineMs: 40_000,
    what: "all spans and logs",
  });
}

const paths = ["/echo/1", "/echo/2", "/echo/3"];

t.test("what a receiver that is away has not got outlives a kill -9", async (test) => {
  const port = await freePort();
  const home = join(temporaryDirectory(test), "home");
  const first = await startGateway(test, { manifests: manifests(port), home });
  await fillSpool(first, paths, 2 * paths.length);
  await kill(first);
  const spool = join(home, "otlp-spool");
  const [folder = ""] = readdirSync(spool);
  test.equal(statSync(spool).mode & 0o777, 0o700);
  for (const signal of ["traces", "logs"]) {
    test.equal(statSync(join(spool, folder, signal)).mode & 0o777, 0o700);
    for (const name of readdirSync(join(spool, folder, signal))) {
      const file = join(spool, folder, signal, name);
      test.equal(statSync(file).mode & 0o777, 0o600);
      test.notOk(readFileSync(file, "latin1").includes(key), "no header is on disk");
    }
  }
  const collector = await collectorAt(test, port);
  const second = await startGateway(test, { manifests: manifests(port), home });
  await untilAll(collector, paths);
  test.equal(collector.requests[0]?.headers["x-key"], key);
  await waitUntil(async () => (await second.status()).records.spooled === 0, {
    deadlineMs: 10_000,
    what: "empty spool",
  });
  test.equal((await second.status()).records.dropped, 0);
});

t.test("what a receiver that is slow has not confirmed outlives a kill -9", async (test) => {
  const port = await freePort();
  const home = join(temporaryDirectory(test), "home");
  const silent = await collectorAt(test, port, () => {});
  const first = await startGateway(test, { manifests: manifests(port), home });
  await fillSpool(first, paths, 2 * paths.length);
  await kill(first);
  await silent.close();
  const collector = await collectorAt(test, port);
  await startGateway(test, { manifests: manifests(port), home });
  await untilAll(collector, paths);
});

t.test("a receiver that is back within a life of the process gets everything", async (test) => {
  const port = await freePort();
  const gateway = await startGateway(test, { manifests: manifests(port) });
  await fillSpool(gateway, paths, 2 * paths.length);
  const { failure } = (await gateway.status()).records;
  test.match(failure, /^OTLP of default\/egress: /);
  const collector = await collectorAt(test, port);
  await untilAll(collector, paths);
  await waitUntil(async () => (await gateway.status()).records.failure === "", {
    deadlineMs: 10_000,
    what: "end of the failure",
  });
  test.match((await gateway.status()).records, { dropped: 0, spooled: 0 });
});
