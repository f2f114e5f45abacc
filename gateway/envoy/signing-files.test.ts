/** Tests which credential files exist while Envoy goes from one revision to the next. */
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { temporaryDirectory } from "../testdata/processes.ts";
import { SigningFiles } from "./signing-files.ts";

const missing = "/nonexistent/clrk";

async function openFiles(t: Test) {
  const directory = path.join(await temporaryDirectory(t), "aws");
  const files = new SigningFiles(directory);
  const names = () => readdir(directory).catch((): string[] => []);
  const prepare = (texts: Readonly<Record<string, string>>) =>
    files.prepare(new Map(Object.entries(texts)));
  return { directory, files, names, prepare };
}

t.test("prepare() writes for this user only, and use() makes it known", async (t) => {
  const { directory, files, prepare } = await openFiles(t);
  await prepare({ a: "text" });
  t.equal(files.path("a"), missing);
  files.use();
  const file = files.path("a");
  t.equal(path.dirname(file), directory);
  t.match(path.basename(file), /^[0-9a-f]{32}$/);
  t.equal(await readFile(file, "utf8"), "text");
  t.equal((await stat(directory)).mode & 0o777, 0o700);
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.equal(files.path("b"), missing);
});

t.test("prepare() of nothing makes no folder", async (t) => {
  const { directory, files, prepare } = await openFiles(t);
  await prepare({});
  files.use();
  await files.retire();
  await t.rejects(stat(directory), { code: "ENOENT" });
});

t.test("prepare() takes a file of its own for each resource and text", async (t) => {
  const { files, names, prepare } = await openFiles(t);
  await prepare({ a: "text", b: "text", [`${"long".repeat(500)}`]: "text" });
  files.use();
  t.equal((await names()).length, 3);
  const first = files.path("a");
  await prepare({ a: "other" });
  files.use();
  t.not(files.path("a"), first);
});

t.test("retire() removes what is not used any more, and only that", async (t) => {
  const { files, names, prepare } = await openFiles(t);
  await prepare({ a: "1", b: "1" });
  files.use();
  await prepare({ a: "2", b: "1" });
  await files.retire();
  t.equal((await names()).length, 3, "Envoy was not told of the new ones yet");
  files.use();
  t.equal((await names()).length, 3, "Envoy has not confirmed them yet");
  await files.retire();
  const left = [files.path("a"), files.path("b")].map((file) => path.basename(file));
  t.same(await names(), left.sort());
  await prepare({});
  files.use();
  await files.retire();
  t.same(await names(), []);
  t.equal(files.path("a"), missing);
});

t.test("prepare() at once after retire() leaves the file that comes back", async (t) => {
  const { files, names, prepare } = await openFiles(t);
  await prepare({ a: "1" });
  files.use();
  await prepare({ a: "2" });
  files.use();
  await Promise.all([files.retire(), prepare({ a: "1" })]);
  files.use();
  t.ok((await names()).includes(path.basename(files.path("a"))));
});

t.test("prepare() rejects when it cannot write, and works when it can again", async (t) => {
  const parent = await temporaryDirectory(t);
  const blocked = path.join(parent, "file");
  await writeFile(blocked, "");
  const files = new SigningFiles(path.join(blocked, "aws"));
  await t.rejects(files.prepare(new Map([["a", "1"]])), { code: "ENOTDIR" });
  await files.prepare(new Map());
  await files.retire();
});
