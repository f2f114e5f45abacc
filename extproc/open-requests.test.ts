/** Open requests counted in memory that threads share: exact, and free again when a thread is gone. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import t from "tap";
import { createOpenMemory, OpenRequests } from "./open-requests.ts";

function tables(threads: number, places = 64) {
  const memory = createOpenMemory(threads, places);
  return Array.from({ length: threads }, (_, slot) => new OpenRequests(memory, { threads, slot }));
}

function pair() {
  const [one, two] = tables(2);
  if (one === undefined || two === undefined) throw new Error("Cannot make tables: two were asked");
  return { one, two };
}

t.test("open() lets as many be open as there may be, over all threads", async (t) => {
  const { one, two } = pair();
  t.same([one.open("a", 3), two.open("a", 3), one.open("a", 3)], ["open", "open", "open"]);
  t.same([one.open("a", 3), two.open("a", 3)], ["spent", "spent"]);
  t.equal(one.open("b", 1), "open", "another agent");
  two.close("a");
  t.same([one.open("a", 3), two.open("a", 3)], ["open", "spent"]);
  t.equal(one.open("a", 9), "open", "a higher ceiling");
});

t.test("close() of what was never opened opens no place", async (t) => {
  const { one, two } = pair();
  one.close("a");
  t.equal(one.open("a", 1), "open");
  two.close("a");
  t.equal(one.open("a", 1), "spent", "of another thread");
});

t.test("forget() frees what a thread had open, and nothing else", async (t) => {
  const { one, two } = pair();
  for (const agent of ["a", "b"]) {
    one.open(agent, 2);
    two.open(agent, 2);
  }
  one.forget();
  t.same([two.open("a", 2), two.open("a", 2)], ["open", "spent"]);
  t.equal(one.open("b", 2), "open");
});

t.test("open() refuses agents for whom no place is left, and forgets nobody", async (t) => {
  const [table] = tables(1, 16);
  if (table === undefined) throw new Error("Cannot make table: one was asked");
  const agents = Array.from({ length: 16 }, (_, index) => `agent-${index}`);
  t.ok(agents.every((agent) => table.open(agent, 1) === "open"));
  t.equal(table.open("one more", 1), "full");
  t.ok(agents.every((agent) => table.open(agent, 1) === "spent"));
  table.close("agent-3");
  t.equal(table.open("one more", 1), "open");
});

const thread = `
import { parentPort, workerData } from "node:worker_threads";
import { OpenRequests } from ${JSON.stringify(new URL("./open-requests.ts", import.meta.url).href)};
const { memory, gate, threads, slot, most, open } = workerData;
const table = new OpenRequests(memory, { threads, slot });
const now = new Int32Array(open);
parentPort.postMessage("ready");
Atomics.wait(new Int32Array(gate), 0, 0);
let highest = 0;
let opened = 0;
// Who waits for its turn on a core may have a request open meanwhile: attempts alone are no measure.
while (opened < 2_000) {
  if (table.open("a", most) !== "open") continue;
  opened++;
  highest = Math.max(highest, Atomics.add(now, 0, 1) + 1);
  Atomics.sub(now, 0, 1);
  table.close("a");
}
parentPort.postMessage([highest, opened]);
`;

t.test(
  "open() never lets more be open when many threads ask at once",
  { timeout: 60_000 },
  async (t) => {
    const threads = 6;
    const memory = createOpenMemory(threads, 16);
    const gate = new SharedArrayBuffer(4);
    const open = new SharedArrayBuffer(4);
    const workers = Array.from(
      { length: threads },
      (_, slot) =>
        new Worker(thread, {
          eval: true,
          workerData: { memory, gate, threads, slot, most: 2, open },
        }),
    );
    t.teardown(() => Promise.all(workers.map((worker) => worker.terminate())));
    await Promise.all(workers.map((worker) => once(worker, "message")));
    const done = Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0]));
    Atomics.store(new Int32Array(gate), 0, 1);
    Atomics.notify(new Int32Array(gate), 0);
    const found: [number, number][] = await done;
    t.ok(
      found.every(([highest]) => highest <= 2),
      JSON.stringify(found),
    );
    t.ok(found.every(([, opened]) => opened === 2_000));
    const table = new OpenRequests(memory, { threads, slot: 0 });
    t.same([table.open("a", 2), table.open("a", 2)], ["open", "open"], "nothing is left open");
  },
);
