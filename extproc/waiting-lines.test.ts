import { Worker } from "node:worker_threads";
import { once } from "node:events";
import t from "tap";
import { createWaitingMemory, WaitingLines } from "./waiting-lines.ts";

t.test("what one thread adds another reads, until it is cleared", async (test) => {
  const memory = createWaitingMemory();
  const [own, other] = [new WaitingLines(memory), new WaitingLines(memory)];
  test.equal(other.isEmpty, true);
  test.equal(own.add("a\n"), true);
  test.equal(own.add("é😀\n"), true);
  test.equal(other.text(), "a\né😀\n");
  test.equal(other.bytes().toString(), "a\né😀\n");
  own.clear();
  test.equal(other.text(), "");
  test.equal(other.isEmpty, true);
});

t.test("before() puts a line behind the others, where it does not wait", async (test) => {
  const lines = new WaitingLines(createWaitingMemory());
  test.equal(lines.before("x\n")?.toString(), "x\n");
  lines.add("a\n");
  test.equal(lines.before("x\n")?.toString(), "a\nx\n");
  test.equal(lines.text(), "a\n");
  lines.add("b\n");
  test.equal(lines.text(), "a\nb\n");
});

t.test("what has no room is not added, in part or whole", async (test) => {
  const lines = new WaitingLines(createWaitingMemory());
  const line = `${"é".repeat(999)}\n`;
  let count = 0;
  while (lines.add(line)) count++;
  test.equal(lines.text(), line.repeat(count));
  test.ok(count >= 30, `${count} lines`);
  test.equal(lines.before(line), undefined);
  test.equal(lines.add("a\n"), true, "a shorter one has room");
  lines.clear();
  test.equal(lines.add("x".repeat(70_000)), false);
});

const writer = `
import { parentPort, workerData } from "node:worker_threads";
import { WaitingLines } from ${JSON.stringify(new URL("./waiting-lines.ts", import.meta.url).href)};
const lines = new WaitingLines(workerData);
lines.add("one\\n");
lines.add("two\\n");
parentPort.postMessage("added");
for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
`;

t.test("what a thread has added outlives it", async (test) => {
  const memory = createWaitingMemory();
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(writer)}`), {
    workerData: memory,
  });
  test.teardown(() => worker.terminate());
  await once(worker, "message");
  await worker.terminate();
  test.equal(new WaitingLines(memory).text(), "one\ntwo\n");
});
