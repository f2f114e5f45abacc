import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { BudgetJournal, journalFile, tryParseJournalFile } from "./budget-journal.ts";
import type { BudgetLine } from "./budget-lines.ts";
import { encodeBudgetLine } from "./budget-lines.ts";

function folder(test: Test): string {
  const directory = mkdtempSync(path.join(tmpdir(), "clrk-"));
  test.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const line = (id: string): BudgetLine => ({ kind: "settled", id, used: [1], untilMs: [2] });

t.test("append() has written a line when it returns, for this user only", async (test) => {
  const directory = folder(test);
  const journal = new BudgetJournal({ directory, name: "1-2" });
  test.teardown(() => journal.close());
  test.strictSame(readdirSync(directory), [], "nothing is made before it is needed");
  test.equal(journal.append(line("a")), true);
  test.equal(journal.append(line("b")), true);
  const file = path.join(directory, "1-2.0.journal");
  test.equal(readFileSync(file, "utf8"), encodeBudgetLine(line("a")) + encodeBudgetLine(line("b")));
  test.equal(statSync(file).mode & 0o777, 0o600);
});

t.test("append() begins another file when one is long", async (test) => {
  const directory = folder(test);
  const journal = new BudgetJournal({ directory, name: "x", maxBytes: 60 });
  test.teardown(() => journal.close());
  for (const id of ["a", "b", "c", "d", "e"]) test.equal(journal.append(line(id)), true);
  const files = readdirSync(directory).sort();
  test.strictSame(files, ["x.0.journal", "x.1.journal", "x.2.journal"]);
  const texts = files.map((file) => readFileSync(path.join(directory, file), "utf8"));
  test.equal(
    texts.join(""),
    ["a", "b", "c", "d", "e"].map((id) => encodeBudgetLine(line(id))).join(""),
  );
});

t.test("append() says when it cannot write, and goes on when it can again", async (test) => {
  const directory = folder(test);
  const inner = path.join(directory, "gone");
  const journal = new BudgetJournal({ directory: inner, name: "x" });
  test.teardown(() => journal.close());
  test.equal(journal.append(line("a")), false);
  const { mkdirSync } = await import("node:fs");
  mkdirSync(inner);
  test.equal(journal.append(line("b")), true);
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
