/** Tests of what is asked of the store about itself: a real one, and one that does not answer. */
import { join } from "node:path";
import t from "tap";
import { ManualClock, systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { residentBytesOf, StoreCounter } from "./store-figures.ts";
import { findStoreObstacle, temporaryFolder, until } from "./store-rig.ts";
import { TelemetryService } from "./telemetry-service.ts";
import { appendRecords } from "./testdata/sample-records.ts";

const obstacle = findStoreObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };

t.test(
  "a report counts what a real store has, and what waits while it is down",
  skip,
  async (t) => {
    const directory = temporaryFolder(t);
    const recordsDirectory = join(directory, "records");
    const startedMs = Date.now();
    appendRecords(recordsDirectory, 0, 500);
    const service = new TelemetryService({
      ...{ directory: join(directory, "telemetry"), recordsDirectory, isOff: false },
      ...{ clock: systemClock, log: silentLogger, intervalMs: 50 },
      ...{ memoryCapBytes: 560 * 1024 ** 2, maxBytes: 2 ** 30, maxAgeMs: 86_400_000 },
    });
    t.teardown(() => service.close());
    t.match(await service.report(), { state: "opening", store: { rows: null, since: null } });
    service.start();
    await until(async () => (await service.report()).store.rows === 500, "500 rows");
    const report = await service.report();
    t.match(report, {
      ...{ state: "ready", problem: null, waiting: { records: 0, bytes: 0 }, storedRows: 500 },
      ...{ dropped: [], otlp: null },
      store: {
        ...{ kind: "embedded", place: join(directory, "telemetry"), restarts: 0 },
        ...{ memoryCapBytes: 560 * 1024 ** 2, maxBytes: 2 ** 30, maxAgeSeconds: 86_400 },
      },
    });
    const { oldest, since, diskBytes, memoryBytes, pid } = report.store;
    t.ok(Date.parse(oldest ?? "") >= startedMs && Date.parse(since ?? "") >= startedMs);
    t.ok(Number(diskBytes) > 0);
    if (process.platform === "linux") t.ok(Number(memoryBytes) > 100 * 1024 ** 2);
    process.kill(pid ?? 0, "SIGSTOP");
    t.teardown(() => process.kill(pid ?? 0, "SIGCONT"));
    appendRecords(recordsDirectory, 500, 530);
    const stopped = await service.report();
    t.equal(stopped.waiting.records, 30);
    t.equal(stopped.store.rows, 500, "what it said last");
    process.kill(pid ?? 0, "SIGCONT");
    await until(async () => (await service.report()).store.rows === 530, "530 rows");
  },
);

t.test(
  "StoreCounter asks seldom while nothing is stored, and goes on after a failure",
  async (t) => {
    const clock = new ManualClock();
    let asked = 0;
    let fails = false;
    const query = async () => {
      asked++;
      if (fails) throw new Error("busy");
      return [{ rows: String(asked), bytes: "1", oldest: null }];
    };
    const counter = new StoreCounter({ query }, clock);
    t.same(await counter.read(1n), { rows: 1, bytes: 1 });
    clock.advance(29_999);
    t.match(await counter.read(1n), { rows: 1 });
    t.match(await counter.read(2n), { rows: 2 }, "something was stored");
    t.match(await counter.read(3n), { rows: 2 }, "at most once a second");
    clock.advance(1_000);
    fails = true;
    t.match(await counter.read(3n), { rows: 2 });
    t.equal(asked, 3);
    t.equal(await new StoreCounter({ query }, clock).read(0n), undefined);
  },
);

t.test("StoreCounter does not wait for a store that hangs", async (t) => {
  const clock = new ManualClock();
  const answers = [Promise.resolve([{ rows: "7", bytes: "1", oldest: null }])];
  const query = () => answers.shift() ?? new Promise<never>(() => {});
  const counter = new StoreCounter({ query }, clock);
  await counter.read(1n);
  clock.advance(1_000);
  const reading = counter.read(2n);
  clock.advance(500);
  t.match(await reading, { rows: 7 }, "what it said last");
});

t.test("residentBytesOf() is of a process that lives", async (t) => {
  t.equal(await residentBytesOf(undefined), undefined);
  t.equal(await residentBytesOf(2 ** 30), undefined);
  if (process.platform === "linux") t.ok(Number(await residentBytesOf(process.pid)) > 2 ** 20);
});
