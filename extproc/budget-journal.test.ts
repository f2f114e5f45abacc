import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "../gateway/clock.ts";
import type { BudgetJournalOptions } from "./budget-journal.ts";
import { BudgetJournal, journalFile, tryParseJournalFile } from "./budget-journal.ts";
import { blockHeadBytes, readBlocks } from "./budget-blocks.ts";
import type { BudgetEntry, ReservedEntry } from "./budget-entries.ts";
import { BudgetEntryDecoder } from "./budget-entries.ts";
import { createWaitingMemory, WaitingEntries } from "./waiting-entries.ts";

function folder(test: Test): string {
  const directory = mkdtempSync(path.join(tmpdir(), "clrk-"));
  test.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function open(
  parts: Pick<BudgetJournalOptions, "directory" | "name"> & Partial<BudgetJournalOptions>,
) {
  const clock = new ManualClock();
  const waiting = createWaitingMemory();
  const journal = new BudgetJournal({ clock, waiting, ...parts });
  return { journal, clock, waiting: new WaitingEntries(waiting) };
}

const reserved = (id: number, transaction = "t"): ReservedEntry => ({
  kind: "reserved",
  id,
  counts: [{ key: "day tokens n 2026-11-28", amount: 9, expected: 3, untilMs: 1e12 }],
  call: { transaction, tokens: 3, microDollars: null },
});
const end = (id: number) => ({ id, used: [1], untilMs: [2] });

/** Of each block of a file what it holds, reservations as `r` and ends as `s`. */
function blocksOf(directory: string, file = "x.0.journal"): string[] {
  const bytes = readFileSync(path.join(directory, file));
  const decoder = new BudgetEntryDecoder();
  const blocks: string[] = [];
  const read = readBlocks(bytes, (from, to) => {
    const found: BudgetEntry[] = [];
    decoder.decode(bytes, [from, to], (entry) => found.push(entry));
    blocks.push(found.map(({ kind, id }) => `${kind[0]}${id}`).join(" "));
  });
  if (read !== bytes.length) throw new TypeError(`Read ${read} of ${bytes.length} bytes`);
  return blocks;
}

function idsIn(waiting: WaitingEntries): number[] {
  const found: number[] = [];
  const bytes = waiting.copy();
  new BudgetEntryDecoder().decode(bytes, [0, bytes.length], ({ id }) => found.push(id));
  return found;
}

t.test("append() has written a reservation when it returns, for this user only", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x" });
  test.teardown(() => journal.close());
  test.strictSame(readdirSync(directory), [], "nothing is made before it is needed");
  test.equal(journal.append(reserved(1)), true);
  test.strictSame(blocksOf(directory), ["r1"]);
  test.equal(journal.append(reserved(2)), true);
  test.strictSame(blocksOf(directory), ["r1", "r2"]);
  test.equal(statSync(path.join(directory, "x.0.journal")).mode & 0o777, 0o600);
});

t.test("append() begins another file when one is long, which names its keys", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x", maxBytes: 60 });
  test.teardown(() => journal.close());
  for (let id = 0; id < 5; id++) test.equal(journal.append(reserved(id)), true);
  const files = readdirSync(directory).sort();
  test.strictSame(files, ["x.0.journal", "x.1.journal", "x.2.journal"]);
  test.strictSame(
    files.flatMap((file) => blocksOf(directory, file)),
    ["r0", "r1", "r2", "r3", "r4"],
  );
});

t.test("append() says when it cannot write, and goes on when it can again", async (test) => {
  const directory = folder(test);
  const inner = path.join(directory, "gone");
  const { journal } = open({ directory: inner, name: "x" });
  test.teardown(() => journal.close());
  test.equal(journal.append(reserved(1)), false);
  mkdirSync(inner);
  test.equal(journal.append(reserved(2)), true);
  test.strictSame(blocksOf(inner), ["r2"], "with the names that the first did not write");
});

t.test("append() refuses what is longer than anything that is written", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x" });
  test.teardown(() => journal.close());
  const told: string[] = [];
  const long = reserved(1, "é".repeat(100_000));
  test.equal(journal.append(long, waiterOf(1, told)), false);
  test.strictSame(told, ["1 false"]);
  const half = (id: number) => reserved(id, "t".repeat(80_000));
  journal.beginBatch();
  for (const id of [2, 3]) test.equal(journal.append(half(id), waiterOf(id, told)), "pending");
  journal.endBatch();
  test.strictSame(told, ["1 false", "2 true", "3 true"]);
  test.strictSame(blocksOf(directory), ["r2", "r3"], "two that are too long together");
});

t.test(
  "appendSoon() keeps entries, and the next append() writes them before its own",
  async (test) => {
    const directory = folder(test);
    const { journal, waiting } = open({ directory, name: "x" });
    test.teardown(() => journal.close());
    for (const id of [1, 2]) test.equal(journal.appendSoon(end(id)), true);
    test.strictSame(readdirSync(directory), [], "nothing is written yet");
    test.strictSame(idsIn(waiting), [1, 2], "and nothing is hidden from the process");
    test.equal(journal.append(reserved(3)), true);
    test.strictSame(blocksOf(directory), ["s1 s2 r3"]);
    test.strictSame(idsIn(waiting), []);
  },
);

t.test("appendSoon() has written an entry after 50 ms, though nothing follows it", async (test) => {
  const directory = folder(test);
  const { journal, clock } = open({ directory, name: "x" });
  test.teardown(() => journal.close());
  journal.appendSoon(end(1));
  clock.advance(49);
  journal.appendSoon(end(2));
  test.strictSame(readdirSync(directory), []);
  clock.advance(1);
  test.strictSame(blocksOf(directory), ["s1 s2"]);
  journal.appendSoon(end(3));
  clock.advance(50);
  test.strictSame(blocksOf(directory), ["s1 s2", "s3"]);
});

t.test(
  "entries wait on while they cannot be written, and are lost only without room",
  async (test) => {
    const directory = folder(test);
    const inner = path.join(directory, "gone");
    const { journal, clock, waiting } = open({ directory: inner, name: "x" });
    test.teardown(() => journal.close());
    let kept = 0;
    while (journal.appendSoon(end(kept))) kept++;
    test.ok(kept > 1_000, `${kept} kept`);
    clock.advance(500);
    test.equal(journal.append(reserved(1)), false);
    test.equal(idsIn(waiting).length, kept, "a refused reservation does not wait");
    mkdirSync(inner);
    clock.advance(50);
    test.equal(blocksOf(inner).join(" ").split(" ").length, kept);
    test.equal(journal.appendSoon(end(1)), true);
  },
);

t.test("what has no room any more is written at once, and what comes then waits", async (test) => {
  const directory = folder(test);
  const { journal, clock, waiting } = open({ directory, name: "x" });
  test.teardown(() => journal.close());
  let id = 0;
  while (id < 20_000) test.equal(journal.appendSoon(end(id++)), true);
  const written = blocksOf(directory).join(" ").split(" ").length;
  test.equal(written + idsIn(waiting).length, id);
  clock.advance(50);
  test.equal(blocksOf(directory).join(" ").split(" ").length, id);
});

/** Waits for a reservation, and keeps what it is told of it. */
function waiterOf(id: number, told: string[]) {
  return { onWritten: (isWritten: boolean) => void told.push(`${id} ${isWritten}`) };
}

t.test("a batch is written at once, and then everybody is told", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x" });
  test.teardown(() => journal.close());
  const told: string[] = [];
  journal.appendSoon(end(0));
  journal.beginBatch();
  for (const id of [1, 2]) {
    test.equal(journal.append(reserved(id), waiterOf(id, told)), "pending");
  }
  test.strictSame([told, readdirSync(directory)], [[], []], "nobody may go on yet");
  journal.endBatch();
  test.strictSame(told, ["1 true", "2 true"]);
  test.strictSame(blocksOf(directory), ["s0 r1 r2"]);
  test.equal(journal.append(reserved(3), waiterOf(3, told)), true, "no batch, no wait");
  test.strictSame(told.slice(2), ["3 true"]);
  journal.endBatch();
  test.equal(told.length, 3);
});

t.test("a batch holds eight at most: more are written before it ends", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x" });
  test.teardown(() => journal.close());
  const told: string[] = [];
  journal.beginBatch();
  for (let id = 0; id < 20; id++) journal.append(reserved(id), waiterOf(id, told));
  test.equal(told.length, 16);
  test.equal(blocksOf(directory).length, 2);
  journal.endBatch();
  test.equal(told.length, 20);
});

t.test("flush() writes a batch that is open, and close() does", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x" });
  const told: string[] = [];
  journal.beginBatch();
  journal.append(reserved(1), waiterOf(1, told));
  test.equal(journal.flush(), true);
  test.strictSame(told, ["1 true"]);
  journal.append(reserved(2), waiterOf(2, told));
  journal.close();
  test.strictSame(told, ["1 true", "2 true"]);
  test.strictSame(blocksOf(directory), ["r1", "r2"]);
});

t.test("of a batch that cannot be written nobody goes on", async (test) => {
  const directory = folder(test);
  const inner = path.join(directory, "gone");
  const { journal } = open({ directory: inner, name: "x" });
  test.teardown(() => journal.close());
  const told: string[] = [];
  journal.beginBatch();
  for (const id of [1, 2]) journal.append(reserved(id), waiterOf(id, told));
  journal.endBatch();
  test.strictSame(told, ["1 false", "2 false"]);
  mkdirSync(inner);
  journal.beginBatch();
  journal.append(reserved(3), waiterOf(3, told));
  journal.endBatch();
  test.strictSame(told[2], "3 true");
  test.strictSame(blocksOf(inner), ["r3"], "and what was given up is not written later");
});

t.test("a file names the keys of its own reservations", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x", maxBytes: 100 });
  test.teardown(() => journal.close());
  for (let at = 0; at < 40; at += 4) {
    journal.beginBatch();
    for (let id = at; id < at + 4; id++) journal.append(reserved(id), waiterOf(id, []));
    journal.endBatch();
  }
  const files = readdirSync(directory);
  test.ok(files.length > 3, `${files.length} files`);
  const found = files
    .toSorted((a, b) => Number(a.split(".")[1]) - Number(b.split(".")[1]))
    .flatMap((file) => blocksOf(directory, file));
  test.equal(found.join(" "), Array.from({ length: 40 }, (_, id) => `r${id}`).join(" "));
});

t.test("a write that was cut off counts nothing, and spoils nothing after it", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x" });
  test.teardown(() => journal.close());
  journal.append(reserved(1));
  appendFileSync(path.join(directory, "x.0.journal"), Buffer.alloc(blockHeadBytes, 0xff));
  journal.append(reserved(2));
  test.strictSame(blocksOf(directory), ["r1", "r2"]);
});

t.test("close() writes what waits, and safely once", async (test) => {
  const directory = folder(test);
  const { journal, clock } = open({ directory, name: "x" });
  journal.appendSoon(end(1));
  journal.close();
  journal.close();
  clock.advance(1_000);
  test.strictSame(blocksOf(directory), ["s1"]);
});

t.test("files of journals are known by their names", async (test) => {
  test.strictSame(tryParseJournalFile(journalFile("1-2-3", 14)), { name: "1-2-3", sequence: 14 });
  for (const file of [
    "snapshot",
    "lock",
    ".0.journal",
    "a.journal",
    "a.x.journal",
    "a.0.journal~",
  ]) {
    test.equal(tryParseJournalFile(file), undefined, file);
  }
});
