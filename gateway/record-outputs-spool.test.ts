/** Tests that what waits on disk for one receiver reaches that one or nobody, whatever becomes of the objects. */
import { readdir } from "node:fs/promises";
import t from "tap";
import type { Test } from "tap";
import { systemClock } from "./clock.ts";
import { silentLogger } from "./log.ts";
import { RecordOutputs } from "./record-outputs.ts";
import { SecretValue } from "./secret-value.ts";
import { httpRecord } from "./testdata/egress-record.ts";
import { eventually, freePort } from "./testdata/envoy-rig.ts";
import { gatewaySnapshot } from "./testdata/gateway-snapshot.ts";
import { startCollector } from "./testdata/otlp-collector.ts";
import { temporaryDirectory } from "./testdata/processes.ts";

async function openOutputs(t: Test, spoolDirectory: string) {
  const directory = await temporaryDirectory(t);
  const settings = { clock: systemClock, log: silentLogger };
  const outputs = new RecordOutputs({ directory, spoolDirectory, ...settings });
  t.teardown(() => outputs.close());
  return outputs;
}

const state = (outputs: RecordOutputs) => outputs.status({ unread: 0, incomplete: 0 });

const exporting = (endpoint: string, uid?: string) =>
  gatewaySnapshot({
    ...{ name: "a", otlp: { endpoint, headerNames: ["x-api-key"] } },
    ...(uid !== undefined && { uid }),
  });

const key = (value: string) => new Map([["otlp/default/a/x-api-key", new SecretValue(value)]]);

const record = () => httpRecord({ gateway: { namespace: "default", name: "a" } });

/** A receiver that is away, with a span and a log on disk for it. */
async function waiting(t: Test, uid?: string) {
  const spoolDirectory = await temporaryDirectory(t);
  const outputs = await openOutputs(t, spoolDirectory);
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  outputs.setTargets([exporting(endpoint, uid)], key("first"));
  outputs.add(record());
  await eventually(() => state(outputs).spooled === 2 || undefined);
  const comeBack = async () => {
    const collector = await startCollector(undefined, port);
    t.teardown(() => collector.close());
    return collector;
  };
  return { outputs, endpoint, spoolDirectory, comeBack };
}

async function elsewhere(t: Test) {
  const collector = await startCollector();
  t.teardown(() => collector.close());
  return collector;
}

t.test("another endpoint gets nothing of what waited for the one before", async (t) => {
  const { outputs, spoolDirectory } = await waiting(t);
  const other = await elsewhere(t);
  outputs.setTargets([exporting(other.endpoint)], key("second"));
  outputs.add(record());
  await other.received(2);
  await eventually(() => state(outputs).dropped === 2 || undefined);
  t.equal(state(outputs).spooled, 0);
  t.same([other.spans().length, other.logs().length], [1, 1]);
  t.equal((await readdir(spoolDirectory)).length, 1, "what waited is removed");
});

t.test("an object that is made again with the same name is another one", async (t) => {
  const { outputs, endpoint, comeBack } = await waiting(t, "uid-1");
  outputs.setTargets([], new Map());
  await eventually(() => state(outputs).dropped === 2 || undefined);
  outputs.setTargets([exporting(endpoint, "uid-2")], key("of-another"));
  const collector = await comeBack();
  outputs.add(record());
  await collector.received(2);
  await outputs.close();
  t.same([collector.spans().length, collector.logs().length], [1, 1]);
});

t.test("one that is made again while the process is away is another one, too", async (t) => {
  const { outputs, endpoint, spoolDirectory, comeBack } = await waiting(t, "uid-1");
  await outputs.close();
  const next = await openOutputs(t, spoolDirectory);
  next.setTargets([exporting(endpoint, "uid-2")], key("of-another"));
  const collector = await comeBack();
  next.add(record());
  await collector.received(2);
  await next.close();
  t.same([collector.spans().length, collector.logs().length], [1, 1]);
});

t.test("what waits goes with the headers of now, also by the next process", async (t) => {
  const { outputs, endpoint, spoolDirectory, comeBack } = await waiting(t);
  outputs.setTargets([exporting(endpoint)], key("second"));
  await eventually(() => state(outputs).spooled === 2 || undefined);
  await outputs.close();
  const next = await openOutputs(t, spoolDirectory);
  next.setTargets([exporting(endpoint)], key("third"));
  const collector = await comeBack();
  await eventually(() => {
    const isThere = collector.spans().length === 1 && collector.logs().length === 1;
    return isThere || undefined;
  });
  t.equal(collector.requests.at(-1)?.headers["x-api-key"], "third");
  await eventually(() => state(next).spooled === 0 || undefined);
});
