/** Tests of budgets that outlive their threads and processes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "../gateway/clock.ts";
import { BudgetJournal } from "./budget-journal.ts";
import { BudgetStore } from "./budget-store.ts";
import { BudgetTable } from "./budget-table.ts";

const untilMs = 1e15;

function folder(test: Test): string {
  const directory = mkdtempSync(path.join(tmpdir(), "clrk-"));
  test.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function open(directory: string, nowMs = 1_000): BudgetStore {
  const store = new BudgetStore({ directory, nowMs: () => nowMs, processId: process.pid });
  store.open();
  return store;
}

/** A thread's journal with what it wrote. */
function journalOf(store: BudgetStore, maxBytes?: number) {
  const place = store.place();
  if (place === undefined) throw new TypeError(`Cannot write: ${store.failure}`);
  const clock = new ManualClock();
  const journal = new BudgetJournal({
    ...place,
    clock,
    ...(maxBytes !== undefined && { maxBytes }),
  });
  const reserve = (id: number, amount: number, key = "a") =>
    journal.append({
      kind: "reserved",
      id,
      counts: [{ key, amount, expected: amount / 2, untilMs }],
      call: { transaction: `transaction ${id}`, tokens: amount / 2, microDollars: null },
    });
  const settle = (id: number, used: number) =>
    journal.appendSoon({ id, used: [used], untilMs: [untilMs] });
  return { place, journal, reserve, settle };
}

const usedIn = (store: BudgetStore, key = "a") => new BudgetTable(store.memory).read(key, 1_000);

t.test(
  "the next life knows what was used, and charges what is expected of calls left open",
  async (test) => {
    const directory = folder(test);
    const first = open(directory);
    const { reserve, settle } = journalOf(first);
    reserve(1, 100);
    reserve(2, 50);
    settle(1, 30);
    test.same(first.list(), [{ key: "a", used: 30, reserved: 50, untilMs }]);
    first.close();
    const second = open(directory);
    test.equal(second.failure, "");
    test.same(usedIn(second), { used: 55, reserved: 0 });
    test.same(second.list(), [{ key: "a", used: 55, reserved: 0, untilMs }]);
    second.close();
    test.strictSame(readdirSync(directory), ["book"], "all journals are in it");
  },
);

t.test("a thread that is gone has its reservations charged, at once and once", async (test) => {
  const directory = folder(test);
  const store = open(directory);
  const lost = journalOf(store);
  const other = journalOf(store);
  const table = new BudgetTable(store.memory);
  for (const amount of [100, 50])
    table.reserve([{ key: "a", amount, limit: 1_000, untilMs }], 1_000);
  lost.reserve(1, 100);
  other.reserve(1, 50);
  test.match(store.onThreadGone(lost.place), [{ call: { transaction: "transaction 1" } }]);
  test.same(store.onThreadGone(lost.place), []);
  test.same(usedIn(store), { used: 50, reserved: 50 });
  test.same(store.list(), [{ key: "a", used: 50, reserved: 50, untilMs }]);
  other.settle(1, 7);
  store.close();
  test.same(usedIn(open(directory)), { used: 57, reserved: 0 });
});

t.test(
  "a thread that is killed is charged what it settled and did not come to write",
  async (test) => {
    const directory = folder(test);
    const store = open(directory);
    const lost = journalOf(store);
    const other = journalOf(store);
    const table = new BudgetTable(store.memory);
    const take = (amount: number) =>
      table.reserve([{ key: "a", amount, limit: 1_000, untilMs }], 1_000);
    const giveBack = (reserved: number, used: number) =>
      table.settle([{ key: "a", reserved, used, untilMs }], 1_000);
    for (const amount of [100, 50, 20]) take(amount);
    lost.reserve(1, 100);
    lost.reserve(2, 50);
    other.reserve(1, 20);
    lost.settle(1, 30);
    giveBack(100, 30);
    const counted = { key: "a", used: 30, reserved: 70, untilMs };
    test.same(store.list(), [counted], "what waits is counted");
    store.merge();
    test.same(store.list(), [counted], "and counts once");
    test.match(store.onThreadGone(lost.place), [{ call: { transaction: "transaction 2" } }]);
    test.same(usedIn(store), { used: 55, reserved: 20 });
    test.same(store.list(), [{ key: "a", used: 55, reserved: 20, untilMs }]);
    other.settle(1, 7);
    store.close();
    test.same(usedIn(open(directory)), { used: 62, reserved: 0 }, "no thread was told to write it");
  },
);

t.test(
  "a process that is killed charges what is expected where the end waited to be written",
  async (test) => {
    const directory = folder(test);
    const store = open(directory);
    const { reserve, settle, journal } = journalOf(store);
    reserve(1, 100);
    settle(1, 30);
    reserve(2, 50);
    settle(2, 5);
    // As if the process ended here: nothing but the files is left of it.
    rmSync(path.join(directory, "lock"));
    const second = open(directory);
    test.same(usedIn(second), { used: 55, reserved: 0 }, "the first was written with the second");
    second.close();
    // And had it lived for a moment longer, for which the book is as it was.
    const again = folder(test);
    const longer = open(again);
    const late = journalOf(longer);
    late.reserve(1, 100);
    late.settle(1, 30);
    late.journal.flush();
    rmSync(path.join(again, "lock"));
    test.same(usedIn(open(again)), { used: 30, reserved: 0 });
    journal.close();
    late.journal.close();
  },
);

t.test(
  "an estimate is taken back, whether its line or the word of it comes first",
  async (test) => {
    const directory = folder(test);
    const store = open(directory);
    const { journal, reserve } = journalOf(store);
    const table = new BudgetTable(store.memory);
    const estimate = (id: number, used: number) => {
      journal.appendSoon({ id, used: [used], untilMs: [untilMs], isEstimated: true });
      table.settle([{ key: "a", reserved: 100, used, untilMs }], 1_000);
    };
    for (const id of [1, 2, 3]) {
      reserve(id, 100);
      table.reserve([{ key: "a", amount: 100, limit: 1_000, untilMs }], 1_000);
    }
    estimate(1, 60);
    store.refund("transaction 1");
    store.refund("transaction 2");
    test.same(store.list(), [{ key: "a", used: 0, reserved: 200, untilMs }]);
    test.same(usedIn(store), { used: 0, reserved: 200 });
    estimate(2, 70);
    store.merge();
    test.same(usedIn(store), { used: 0, reserved: 100 });
    store.refund("transaction 3");
    for (let merge = 0; merge < 5; merge++) store.merge();
    estimate(3, 80);
    store.merge();
    test.same(usedIn(store), { used: 80, reserved: 0 }, "it was too late");
    store.close();
    test.same(usedIn(open(directory)), { used: 80, reserved: 0 });
  },
);

t.test("journals that are complete go into the book, and nothing counts twice", async (test) => {
  const directory = folder(test);
  const store = open(directory);
  const { reserve, settle, place } = journalOf(store, 500);
  for (let id = 0; id < 100; id++) {
    reserve(id, 10);
    settle(id, 3);
    if (id % 10 === 0) store.merge();
  }
  store.merge();
  const files = readdirSync(directory).filter((file) => file.startsWith(place.name));
  test.equal(files.length, 1, "old ones are removed");
  test.same(store.list(), [{ key: "a", used: 300, reserved: 0, untilMs }]);
  // As after a kill between the write of the book and the removal of a journal.
  const [file = ""] = files;
  const journal = readFileSync(path.join(directory, file));
  const book = readFileSync(path.join(directory, "book"));
  store.close();
  writeFileSync(path.join(directory, file), journal);
  writeFileSync(path.join(directory, "book"), book);
  test.same(usedIn(open(directory)), { used: 300, reserved: 0 });
});

t.test(
  "a life that goes on in the middle of a file knows the keys that it named before",
  async (test) => {
    const directory = folder(test);
    const store = open(directory);
    const { reserve, settle, journal } = journalOf(store);
    const other = journalOf(store);
    reserve(1, 100);
    settle(1, 30);
    journal.flush();
    store.onThreadGone(other.place);
    reserve(2, 50);
    const killed = folder(test);
    for (const file of readdirSync(directory).filter((name) => name !== "lock")) {
      writeFileSync(path.join(killed, file), readFileSync(path.join(directory, file)));
    }
    test.match(readFileSync(path.join(killed, "book"), "utf8"), /"read":\[\[/);
    test.same(usedIn(open(killed)), { used: 55, reserved: 0 });
  },
);

t.test("torn and damaged blocks cost themselves alone", async (test) => {
  const directory = folder(test);
  const store = open(directory);
  const { reserve, settle, journal, place } = journalOf(store);
  reserve(1, 10);
  const file = path.join(directory, `${place.name}.0.journal`);
  const first = readFileSync(file);
  const damaged = Buffer.from(first);
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
  appendFileSync(file, damaged);
  appendFileSync(file, first.subarray(0, -1));
  test.same(store.list(), [{ key: "a", used: 0, reserved: 10, untilMs }]);
  settle(1, 4);
  journal.flush();
  test.same(store.list(), [{ key: "a", used: 4, reserved: 0, untilMs }]);
  store.close();
  test.same(usedIn(open(directory)), { used: 4, reserved: 0 });
});

t.test("a journal of the form before blocks is refused, and stays as it is", async (test) => {
  const directory = folder(test);
  const file = path.join(directory, "1-2-3.0.journal");
  writeFileSync(file, '0badc0de k\t0\t1000\t"a"\n');
  const store = open(directory);
  test.match(store.failure, `"${file}" was written by another version: start that one`);
  test.equal(store.place(), undefined);
  store.close();
  test.strictSame(readdirSync(directory), ["1-2-3.0.journal"]);
});

t.test("a journal of a form to come is refused, and stays as it is", async (test) => {
  const directory = folder(test);
  const store = open(directory);
  const { reserve, place } = journalOf(store);
  reserve(1, 10);
  const own = readFileSync(path.join(directory, `${place.name}.0.journal`));
  store.close();
  const file = path.join(directory, "1-2-3.0.journal");
  own[3] = 2;
  writeFileSync(file, own);
  const next = open(directory);
  test.match(next.failure, `"${file}" was written by another version: start that one`);
  next.close();
  test.ok(readdirSync(directory).includes("1-2-3.0.journal"));
});

t.test("a journal whose keys are damaged is refused, and stays as it is", async (test) => {
  const directory = folder(test);
  const killed = folder(test);
  const store = open(directory);
  const { reserve, place } = journalOf(store);
  reserve(1, 10);
  reserve(2, 20);
  reserve(3, 30, "b");
  const file = `${place.name}.0.journal`;
  const bytes = readFileSync(path.join(directory, file));
  // The key of the first two is in the first block alone.
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  writeFileSync(path.join(killed, file), bytes);
  store.close();
  const next = open(killed);
  test.match(
    next.failure,
    `"${path.join(killed, file)}" is damaged: what 1 of its calls counted is lost. Remove it`,
  );
  test.equal(next.place(), undefined);
  next.close();
  test.strictSame(readdirSync(killed), [file]);
});

t.test(
  "a journal that is damaged while it is written is told, and not counted twice",
  async (test) => {
    const directory = folder(test);
    const store = open(directory);
    const { reserve, settle, journal, place } = journalOf(store);
    reserve(1, 10);
    const file = path.join(directory, `${place.name}.0.journal`);
    const bytes = readFileSync(file);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    reserve(2, 20);
    reserve(3, 30, "b");
    settle(3, 7);
    journal.flush();
    for (let look = 0; look < 2; look++) {
      store.catchUp();
      test.same(store.list(), [{ key: "b", used: 7, reserved: 0, untilMs }]);
      test.match(store.failure, `"${file}" is damaged: what 1 of its calls counted is lost`);
    }
  },
);

t.test("what was read on is known without its journal", async (test) => {
  const directory = folder(test);
  const store = open(directory);
  const { reserve, place } = journalOf(store);
  reserve(1, 10);
  store.catchUp();
  rmSync(path.join(directory, `${place.name}.0.journal`));
  test.same(store.list(), [{ key: "a", used: 0, reserved: 10, untilMs }]);
});

t.test("counts that have ended are forgotten", async (test) => {
  const directory = folder(test);
  const store = open(directory);
  const { reserve, settle } = journalOf(store);
  reserve(1, 10);
  settle(1, 10);
  store.close();
  const later = open(directory, 2e15);
  test.same(later.list(), []);
  later.close();
  test.notMatch(readFileSync(path.join(directory, "book"), "utf8"), '"a"');
});

t.test(
  "a folder that another process has, a damaged book and a missing folder fail closed",
  async (test) => {
    const taken = folder(test);
    const holder = open(taken);
    const second = open(taken);
    test.match(second.failure, `Process ${process.pid} keeps the budgets of`);
    test.equal(second.place(), undefined);
    test.same(second.list(), []);
    second.close();
    test.same(readdirSync(taken).includes("lock"), true, "the lock stays its holder's");
    holder.close();

    const damaged = folder(test);
    open(damaged).close();
    appendFileSync(path.join(damaged, "book"), " ");
    const broken = open(damaged);
    test.match(broken.failure, "is damaged: remove it to start all budgets at 0");
    test.equal(broken.place(), undefined);
    broken.close();
    test.match(open(damaged).failure, "is damaged", "it is never written over");

    const file = path.join(folder(test), "file");
    writeFileSync(file, "");
    test.match(open(file).failure, "Cannot read the budgets");
  },
);

t.test("a book that cannot be written is told, and written when it can be", async (test) => {
  const directory = folder(test);
  const store = open(directory);
  const { place, reserve } = journalOf(store);
  reserve(1, 10);
  const obstacle = path.join(directory, "book.new");
  mkdirSync(obstacle);
  store.onThreadGone(place);
  test.match(store.failure, "Cannot keep the budgets");
  test.same(store.list(), [{ key: "a", used: 5, reserved: 0, untilMs }]);
  test.match(store.failure, "Cannot keep the budgets", "reading does not hide it");
  store.merge();
  test.match(store.failure, "Cannot keep the budgets");
  rmSync(obstacle, { recursive: true });
  store.merge();
  test.equal(store.failure, "");
  test.strictSame(readdirSync(directory).sort(), ["book", "lock"]);
  store.close();
  test.same(usedIn(open(directory)), { used: 5, reserved: 0 });
});

const victim = `
import { writeSync } from "node:fs";
import { systemClock } from ${JSON.stringify(new URL("../gateway/clock.ts", import.meta.url).href)};
import { BudgetJournal } from ${JSON.stringify(new URL("./budget-journal.ts", import.meta.url).href)};
import { BudgetStore } from ${JSON.stringify(new URL("./budget-store.ts", import.meta.url).href)};
const store = new BudgetStore({ directory: process.argv[1], nowMs: () => 1_000, processId: process.pid });
store.open();
const place = store.place();
const journal = new BudgetJournal({ ...place, clock: systemClock, maxBytes: 2_000 });
let id = 0;
// What a stream cannot write at once it would keep: this loop gives it no turn.
function say(text) {
  for (;;) {
    try {
      return writeSync(1, text);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}
say("ready\\n");
for (;;) {
  id++;
  const counts = [{ key: "a", amount: 20, expected: 10, untilMs: 1e15 }];
  const call = { transaction: "t", tokens: 10, microDollars: null };
  journal.append({ kind: "reserved", id, counts, call });
  say("r");
  journal.appendSoon({ id, used: [3], untilMs: [1e15] });
  if (id % 50 === 0) store.merge();
}
`;

t.test(
  "kill -9 of the process loses nothing that it reserved, and at most the last settlement",
  { timeout: 60_000 },
  async (test) => {
    for (let repeat = 0; repeat < 3; repeat++) {
      const directory = folder(test);
      const child = spawn(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", victim, directory],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      let said = 0;
      child.stdout.on("data", (chunk: Buffer) => {
        said += chunk.length;
        if (said > 2_000 * (repeat + 1)) child.kill("SIGKILL");
      });
      await once(child, "close");
      const store = open(directory);
      test.equal(store.failure, "");
      const { used } = usedIn(store);
      // The last one may have no answer yet, or one that waits; another may have begun that was not said.
      const least = 3 * (said - "ready\n".length);
      test.ok(used >= least && used <= least + 2 * 10, `${used} of ${least}`);
      store.close();
    }
  },
);
