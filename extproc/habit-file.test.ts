import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { HabitFile } from "./habit-file.ts";
import { HabitTable } from "./habit-table.ts";

function folder(test: Test): string {
  const directory = mkdtempSync(path.join(tmpdir(), "clrk-"));
  test.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const callsIn = ({ memory }: HabitFile) => new HabitTable(memory).read("m").calls;

function teach(file: HabitFile): HabitFile {
  new HabitTable(file.memory).learn("m", { calls: 1 }, 1_000);
  return file;
}

t.test("the next life knows what was learned", async (test) => {
  const directory = folder(test);
  const first = teach(new HabitFile(directory));
  first.write();
  test.equal(callsIn(new HabitFile(directory)), 1);
  const before = readFileSync(path.join(directory, "habits"));
  rmSync(path.join(directory, "habits"));
  first.write();
  test.strictSame(readdirSync(directory), [], "what has not changed is not written again");
  teach(first).write();
  test.not(Buffer.compare(before, readFileSync(path.join(directory, "habits"))), 0);
});

t.test("a file that is missing, cut or damaged is as if nothing was learned", async (test) => {
  const directory = folder(test);
  test.equal(callsIn(new HabitFile(directory)), 0);
  teach(new HabitFile(directory)).write();
  const file = path.join(directory, "habits");
  const bytes = readFileSync(file);
  for (const broken of [
    bytes.subarray(0, 3),
    bytes.subarray(0, 200),
    Buffer.alloc(bytes.length, 7),
  ]) {
    writeFileSync(file, broken);
    test.equal(callsIn(new HabitFile(directory)), 0);
  }
});

t.test(
  "without a folder, and where nothing can be written, calls teach all the same",
  async (test) => {
    const nowhere = teach(new HabitFile(undefined));
    nowhere.write();
    test.equal(callsIn(nowhere), 1);
    const directory = folder(test);
    mkdirSync(path.join(directory, "habits.new"));
    const file = teach(new HabitFile(directory));
    file.write();
    test.equal(callsIn(file), 1);
  },
);
