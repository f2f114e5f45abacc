/** Tests of the counters that threads share: each row is its own, and others see it at once. */
import { Worker } from "node:worker_threads";
import t from "tap";
import type { Counter } from "./thread-counters.ts";
import { createCounters, ThreadCounters } from "./thread-counters.ts";

const names: readonly Counter[] = [
  "heartbeat",
  "openStreams",
  "totalStreams",
  "failedStreams",
  "droppedFacts",
  "takenFactBytes",
  "openConnections",
  "totalConnections",
  "bytesUpstream",
  "bytesDownstream",
];

t.test("ThreadCounters keeps each counter of each thread apart", async (t) => {
  const memory = createCounters(3);
  const rows = [0, 1, 2].map((slot) => new ThreadCounters(memory, slot));
  for (const [slot, row] of rows.entries()) {
    for (const [at, name] of names.entries()) {
      t.equal(row.get(name), 0);
      row.add(name, slot * 100 + at);
    }
  }
  const seen = rows.map((_, slot) => {
    const row = new ThreadCounters(memory, slot);
    return names.map((name) => row.get(name));
  });
  t.same(
    seen,
    rows.map((_, slot) => names.map((_name, at) => slot * 100 + at)),
  );
});

t.test("add() and set() take values far beyond 32 bits, and negative steps", async (t) => {
  const row = new ThreadCounters(createCounters(1), 0);
  row.add("bytesUpstream", 2 ** 52);
  row.add("bytesUpstream", 1);
  t.equal(row.get("bytesUpstream"), 2 ** 52 + 1);
  row.add("openStreams", 2);
  row.add("openStreams", -1);
  t.equal(row.get("openStreams"), 1);
  row.set("openStreams", 0);
  t.equal(row.get("openStreams"), 0);
});

t.test("get() sees what another thread has written", async (t) => {
  const memory = createCounters(2);
  const module = new URL("./thread-counters.ts", import.meta.url).href;
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(workerData.module).then(({ ThreadCounters }) => {
      new ThreadCounters(workerData.memory, 1).add("totalStreams", 7);
      parentPort.postMessage("written");
    });`;
  const worker = new Worker(code, { eval: true, workerData: { memory, module } });
  t.teardown(() => worker.terminate());
  await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  t.equal(new ThreadCounters(memory, 1).get("totalStreams"), 7);
  t.equal(new ThreadCounters(memory, 0).get("totalStreams"), 0);
});

t.test("ThreadCounters has no row beyond its memory", async (t) => {
  t.throws(() => new ThreadCounters(createCounters(1), 1), RangeError);
});
