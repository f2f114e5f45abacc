import { Worker } from "node:worker_threads";
import { once } from "node:events";
import t from "tap";
import type { BudgetEntry } from "./budget-entries.ts";
import { BudgetEntryDecoder } from "./budget-entries.ts";
import { createWaitingMemory, WaitingEntries } from "./waiting-entries.ts";

const entry = (id: number) => ({ id, used: [id], untilMs: [0] });

function idsIn(bytes: Buffer): number[] {
  const found: BudgetEntry[] = [];
  new BudgetEntryDecoder().decode(bytes, [0, bytes.length], (one) => found.push(one));
  return found.map(({ id }) => id);
}

t.test("what one thread adds another reads, until it is cleared", async (test) => {
  const memory = createWaitingMemory();
  const [own, other] = [new WaitingEntries(memory), new WaitingEntries(memory)];
  test.equal(other.isEmpty, true);
  for (const id of [1, 2_000_000]) test.equal(own.add(entry(id)), true);
  test.strictSame(idsIn(other.copy()), [1, 2_000_000]);
  test.strictSame(idsIn(own.bytes()), [1, 2_000_000]);
  const copied = other.copy();
  own.clear();
  test.equal(other.isEmpty, true);
  test.strictSame(idsIn(other.copy()), []);
  own.add(entry(3));
  test.strictSame([idsIn(other.copy()), idsIn(copied)], [[3], [1, 2_000_000]]);
});

t.test("what has no room is not added, in part or whole", async (test) => {
  const entries = new WaitingEntries(createWaitingMemory());
  let count = 0;
  while (entries.add(entry(count))) count++;
  test.ok(count > 5_000, `${count} entries`);
  test.strictSame(idsIn(entries.copy()).length, count);
  entries.clear();
  test.equal(entries.add(entry(1)), true);
  const long = { id: 1, used: Array.from({ length: 10_000 }, () => 1), untilMs: [] };
  test.equal(entries.add(long), false);
  test.strictSame(idsIn(entries.copy()), [1]);
});

const from = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
const writer = `
import { parentPort, workerData } from "node:worker_threads";
import { WaitingEntries } from ${from("./waiting-entries.ts")};
const entries = new WaitingEntries(workerData);
const add = (id) => entries.add({ id, used: [id, id], untilMs: [id, id] });
let goesOn = true;
parentPort.once("message", () => {
  goesOn = false;
  entries.clear();
  add(1);
  add(2);
  parentPort.postMessage("added");
});
// Until something else is asked for.
function turn() {
  if (!goesOn) return;
  for (let call = 0; call < 1_000; call++) {
    for (let id = 0; id <= call % 7; id++) add(1_000 * (call % 9) + id);
    entries.clear();
  }
  setImmediate(turn);
}
parentPort.postMessage("begun");
turn();
`;

t.test(
  "what is read of a thread that goes on is what it had added at one time, and it outlives it",
  async (test) => {
    const memory = createWaitingMemory();
    const url = new URL(`data:text/javascript,${encodeURIComponent(writer)}`);
    const worker = new Worker(url, { workerData: memory });
    test.teardown(() => worker.terminate());
    await once(worker, "message");
    const entries = new WaitingEntries(memory);
    let seen = 0;
    const deadlineMs = performance.now() + 5_000;
    for (let look = 0; (look < 50_000 || seen === 0) && performance.now() < deadlineMs; look++) {
      const ids = idsIn(entries.copy());
      if (ids.length > 0) seen++;
      const first = (ids[0] ?? 0) / 1_000;
      const isOfOneTime = ids.every((id, at) => id === 1_000 * first + at);
      if (!isOfOneTime || ids.length > 7) test.fail(`read ${JSON.stringify(ids)}`);
    }
    test.ok(seen > 0, `${seen} looks`);
    const added = once(worker, "message");
    worker.postMessage("end");
    await added;
    await worker.terminate();
    test.strictSame(idsIn(entries.copy()), [1, 2]);
  },
);
