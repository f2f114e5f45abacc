import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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

t.test("what lives keeps its folder where nobody can tell when it began", async (test) => {
  const directory = folder(test);
  writeFileSync(path.join(directory, "lock"), `${process.ppid} `);
  test.same(tryTakeFolder(directory, process.pid), { kind: "taken", by: process.ppid });
});

t.test("release() gives up nothing that another process has taken since", async (test) => {
  const directory = folder(test);
  const lock = tryTakeFolder(directory, process.pid);
  if (lock.kind === "held") lock.release();
  const next = tryTakeFolder(directory, process.ppid);
  if (lock.kind === "held") lock.release();
  test.match(tryTakeFolder(directory, process.pid), { kind: "taken", by: process.ppid });
  if (next.kind === "held") next.release();
});

t.test(
  "what a dead process has left is taken over by one of two at the same time",
  async (test) => {
    const directory = folder(test);
    const count = 400;
    for (let index = 0; index < count; index++) {
      mkdirSync(path.join(directory, String(index)));
      writeFileSync(path.join(directory, String(index), "lock"), "4194305 1");
    }
    const script = path.join(import.meta.dirname, "testdata", "take-folders.ts");
    const startMs = Date.now() + 1_000;
    const outcomes = await Promise.all(
      [1, 2].map(async () => {
        const child = spawn(process.execPath, [script, directory, String(count), String(startMs)], {
          stdio: ["pipe", "pipe", "inherit"],
        });
        test.teardown(() => child.kill("SIGKILL"));
        const [text] = await once(child.stdout, "data");
        return String(text).trim();
      }),
    );
    const holders = Array.from(
      { length: count },
      (_, index) => outcomes.filter((outcome) => outcome[index] === "1").length,
    );
    test.same(
      holders,
      holders.map(() => 1),
    );
  },
);

t.test("a folder that is not there throws", async (test) => {
  test.throws(() => tryTakeFolder(path.join(folder(test), "none"), process.pid), {
    code: "ENOENT",
  });
});
