import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "../gateway/clock.ts";
import type { BudgetJournalOptions } from "./budget-journal.ts";
import { BudgetJournal, journalFile, tryParseJournalFile } from "./budget-journal.ts";
import type { BudgetLine } from "./budget-lines.ts";
import { BudgetLineDecoder, BudgetLineEncoder } from "./budget-lines.ts";
import { createWaitingMemory, WaitingLines } from "./waiting-lines.ts";

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
  return { journal, clock, waiting: new WaitingLines(waiting) };
}

const encoded = (one: BudgetLine) => new BudgetLineEncoder().encode(one);
const line = (id: string): BudgetLine => ({ kind: "settled", id, used: [1], untilMs: [2] });

t.test("append() has written a line when it returns, for this user only", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "1-2" });
  test.teardown(() => journal.close());
  test.strictSame(readdirSync(directory), [], "nothing is made before it is needed");
  test.equal(journal.append(line("a")), true);
  test.equal(journal.append(line("b")), true);
  const file = path.join(directory, "1-2.0.journal");
  test.equal(readFileSync(file, "utf8"), encoded(line("a")) + encoded(line("b")));
  test.equal(statSync(file).mode & 0o777, 0o600);
});

t.test("append() begins another file when one is long", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x", maxBytes: 30 });
  test.teardown(() => journal.close());
  for (const id of ["a", "b", "c", "d", "e"]) test.equal(journal.append(line(id)), true);
  const files = readdirSync(directory).sort();
  test.strictSame(files, ["x.0.journal", "x.1.journal", "x.2.journal"]);
  const texts = files.map((file) => readFileSync(path.join(directory, file), "utf8"));
  test.equal(texts.join(""), ["a", "b", "c", "d", "e"].map((id) => encoded(line(id))).join(""));
});

t.test("append() says when it cannot write, and goes on when it can again", async (test) => {
  const directory = folder(test);
  const inner = path.join(directory, "gone");
  const { journal } = open({ directory: inner, name: "x" });
  test.teardown(() => journal.close());
  test.equal(journal.append(line("a")), false);
  mkdirSync(inner);
  test.equal(journal.append(line("b")), true);
});

/** Text of the first file, and of the lines with such ids. */
function written(directory: string) {
  return readFileSync(path.join(directory, "x.0.journal"), "utf8");
}
const textOf = (...ids: readonly string[]) => ids.map((id) => encoded(line(id))).join("");

t.test(
  "appendSoon() keeps lines, and the next append() writes them before its own",
  async (test) => {
    const directory = folder(test);
    const { journal, waiting } = open({ directory, name: "x" });
    test.teardown(() => journal.close());
    for (const id of ["a", "b"]) test.equal(journal.appendSoon(line(id)), true);
    test.strictSame(readdirSync(directory), [], "nothing is written yet");
    test.equal(waiting.text(), textOf("a", "b"), "and nothing is hidden from the process");
    test.equal(journal.append(line("c")), true);
    test.equal(written(directory), textOf("a", "b", "c"));
    test.equal(waiting.text(), "");
  },
);

t.test("appendSoon() has written a line after 50 ms, though nothing follows it", async (test) => {
  const directory = folder(test);
  const { journal, clock } = open({ directory, name: "x" });
  test.teardown(() => journal.close());
  journal.appendSoon(line("a"));
  clock.advance(49);
  journal.appendSoon(line("b"));
  test.strictSame(readdirSync(directory), []);
  clock.advance(1);
  test.equal(written(directory), textOf("a", "b"));
  journal.appendSoon(line("c"));
  clock.advance(50);
  test.equal(written(directory), textOf("a", "b", "c"));
});

t.test(
  "lines wait on while they cannot be written, and are lost only without room",
  async (test) => {
    const directory = folder(test);
    const inner = path.join(directory, "gone");
    const { journal, clock, waiting } = open({ directory: inner, name: "x" });
    test.teardown(() => journal.close());
    const long = line("l".repeat(1_000));
    let kept = 0;
    while (journal.appendSoon(long)) kept++;
    test.ok(kept > 10 && kept < 100, `${kept} kept`);
    clock.advance(500);
    test.equal(journal.append(line("refused")), false);
    test.equal(waiting.text(), encoded(long).repeat(kept), "a refused line does not wait");
    mkdirSync(inner);
    clock.advance(50);
    test.equal(written(inner), encoded(long).repeat(kept));
    test.equal(journal.appendSoon(long), true);
  },
);

t.test("a line that is longer than what may wait is written by itself", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x" });
  test.teardown(() => journal.close());
  const id = "é".repeat(70_000);
  journal.appendSoon(line("a"));
  test.equal(journal.append(line(id)), true);
  journal.appendSoon(line("b"));
  test.equal(journal.appendSoon(line(id)), true);
  test.equal(written(directory), textOf("a", id, "b", id));
});

/** Waits for lines, and keeps what it is told of each. */
function waiterOf(id: string, told: string[]) {
  return { onWritten: (outcome: string) => void told.push(`${id} ${outcome}`) };
}

t.test("a batch is written at once, and then everybody is told", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x" });
  test.teardown(() => journal.close());
  const told: string[] = [];
  journal.appendSoon(line("before"));
  journal.beginBatch();
  for (const id of ["a", "b"]) {
    test.equal(journal.append(line(id), waiterOf(id, told)), "pending");
  }
  test.strictSame([told, readdirSync(directory)], [[], []], "nobody may go on yet");
  journal.endBatch();
  test.strictSame(told, ["a written", "b written"]);
  test.equal(written(directory), textOf("before", "a", "b"));
  test.equal(journal.append(line("c"), waiterOf("c", told)), true, "no batch, no wait");
  test.strictSame(told.slice(2), ["c written"]);
  journal.endBatch();
  test.equal(told.length, 3);
});

t.test("a batch holds eight lines at most: more are written before it ends", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x" });
  test.teardown(() => journal.close());
  const told: string[] = [];
  journal.beginBatch();
  for (let at = 0; at < 20; at++) journal.append(line(`${at}`), waiterOf(`${at}`, told));
  test.equal(told.length, 16);
  test.equal(written(directory), textOf(...Array.from({ length: 16 }, (_, at) => `${at}`)));
  journal.endBatch();
  test.equal(told.length, 20);
});

t.test("flush() writes a batch that is open, and close() does", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x" });
  const told: string[] = [];
  journal.beginBatch();
  journal.append(line("a"), waiterOf("a", told));
  test.equal(journal.flush(), true);
  test.strictSame(told, ["a written"]);
  journal.append(line("b"), waiterOf("b", told));
  journal.close();
  test.strictSame(told, ["a written", "b written"]);
  test.equal(written(directory), textOf("a", "b"));
});

t.test("of a batch that cannot be written nobody goes on", async (test) => {
  const directory = folder(test);
  const inner = path.join(directory, "gone");
  const { journal } = open({ directory: inner, name: "x" });
  test.teardown(() => journal.close());
  const told: string[] = [];
  journal.beginBatch();
  for (const id of ["a", "b"]) journal.append(line(id), waiterOf(id, told));
  journal.endBatch();
  test.strictSame(told, ["a unwritten", "b unwritten"]);
  mkdirSync(inner);
  journal.beginBatch();
  journal.append(line("c"), waiterOf("c", told));
  journal.endBatch();
  test.strictSame(told[2], "c written");
  test.equal(written(inner), textOf("c"), "and what was given up is not written later");
});

t.test("a file names the keys of its own lines", async (test) => {
  const directory = folder(test);
  const { journal } = open({ directory, name: "x", maxBytes: 300 });
  test.teardown(() => journal.close());
  const reserved = (id: string): BudgetLine => ({
    kind: "reserved",
    id,
    counts: [{ key: "day tokens n 2026-11-28", amount: 9, expected: 3, untilMs: 1e12 }],
    call: { transaction: "t", tokens: 3, microDollars: null },
  });
  const ids = Array.from({ length: 40 }, (_, at) => `${at}`);
  for (let at = 0; at < ids.length; at += 4) {
    journal.beginBatch();
    for (const id of ids.slice(at, at + 4)) journal.append(reserved(id), waiterOf(id, []));
    journal.endBatch();
  }
  const files = readdirSync(directory);
  test.ok(files.length > 3, `${files.length} files`);
  const found = files
    .toSorted((a, b) => Number(a.split(".")[1]) - Number(b.split(".")[1]))
    .flatMap((file) => {
      const decoder = new BudgetLineDecoder();
      const lines = readFileSync(path.join(directory, file), "utf8").split("\n");
      return lines.flatMap((text) => decoder.decode(text) ?? []);
    });
  test.strictSame(found, ids.map(reserved));
});

t.test("close() writes what waits, and safely once", async (test) => {
  const directory = folder(test);
  const { journal, clock } = open({ directory, name: "x" });
  journal.appendSoon(line("a"));
  journal.close();
  journal.close();
  clock.advance(1_000);
  test.equal(written(directory), textOf("a"));
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
