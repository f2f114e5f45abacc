import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { tryTakeFolder } from "./folder-lock.ts";

function folder(test: Test): string {
  const directory = mkdtempSync(path.join(tmpdir(), "clrk-"));
  test.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

t.test("a folder has one process at a time", async (test) => {
  const directory = folder(test);
  const lock = tryTakeFolder(directory, process.pid);
  test.same(tryTakeFolder(directory, process.ppid), { kind: "taken", by: process.pid });
  if (lock.kind === "held") lock.release();
  test.strictSame(readdirSync(directory), []);
  test.equal(tryTakeFolder(directory, process.pid).kind, "held");
});

t.test("what a dead process has left is taken over, also when its id lives again", async (test) => {
  for (const left of ["4194305 1", `${process.pid} 1`, "", "x"]) {
    const directory = folder(test);
    writeFileSync(path.join(directory, "lock"), left);
    test.equal(tryTakeFolder(directory, process.pid).kind, "held", left);
  }
});

t.test("a folder that is not there throws", async (test) => {
  test.throws(() => tryTakeFolder(path.join(folder(test), "none"), process.pid), {
    code: "ENOENT",
  });
});
