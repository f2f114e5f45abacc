/** Tests of reading whole lines of files that change meanwhile. */
import { appendFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { listLineFiles, readLines, readLinesAgain } from "./line-files.ts";
import type { LineFile } from "./line-files.ts";
import { temporaryFolder } from "./telemetry/store-rig.ts";

const bounds = { maxBytes: 64, maxLineBytes: 256 };

async function only(directory: string): Promise<LineFile> {
  const [file] = await listLineFiles(directory, (name) =>
    name.endsWith(".jsonl") ? name : undefined,
  );
  if (file === undefined) throw new Error("There is no file");
  return file;
}

t.test("files come in their order, links and others do not", async (t) => {
  const directory = temporaryFolder(t);
  for (const name of ["b.jsonl", "a.jsonl", "note.txt"]) writeFileSync(join(directory, name), "");
  symlinkSync("/etc/passwd", join(directory, "c.jsonl"));
  const keyOf = (name: string) => (name.endsWith(".jsonl") ? name : undefined);
  const files = await listLineFiles(directory, keyOf);
  t.same(
    files.map(({ name }) => name),
    ["a.jsonl", "b.jsonl"],
  );
  t.same(await listLineFiles(join(directory, "absent"), keyOf), []);
});

t.test("a line that is not whole waits", async (t) => {
  const directory = temporaryFolder(t);
  const path = join(directory, "a.jsonl");
  writeFileSync(path, "one\ntwo\nthr");
  const first = await readLines(await only(directory), 0, bounds);
  t.same(first, { lines: ["one", "two"], end: 8, isFull: false, skippedBytes: 0 });
  t.match(await readLines(await only(directory), 8, bounds), { lines: [], end: 8 });
  appendFileSync(path, "ee\n");
  t.match(await readLines(await only(directory), 8, bounds), { lines: ["three"], end: 14 });
  t.same(await readLinesAgain(await only(directory), 0, 8), ["one", "two"]);
  t.equal(await readLinesAgain(await only(directory), 0, 80), undefined);
});

t.test("a long line is read in one, one that is too long is skipped", async (t) => {
  const directory = temporaryFolder(t);
  const path = join(directory, "a.jsonl");
  writeFileSync(path, `${"x".repeat(200)}\nend\n`);
  t.match(await readLines(await only(directory), 0, bounds), { lines: ["x".repeat(200), "end"] });
  writeFileSync(path, `${"x".repeat(300)}\nend\n`);
  const skipped = await readLines(await only(directory), 0, bounds);
  t.match(skipped, { lines: [], end: 256, isFull: true, skippedBytes: 256 });
});

t.test("another file of the same name is not read in its place", async (t) => {
  const directory = temporaryFolder(t);
  const path = join(directory, "a.jsonl");
  writeFileSync(path, "old\n");
  const file = await only(directory);
  renameSync(path, join(directory, "rotated"));
  writeFileSync(path, "new\n");
  t.equal(await readLines(file, 0, bounds), undefined);
});
