/** Files must appear whole or not at all, and of many creators exactly one may win. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { createFile, hasCode, replaceFile, syncDirectory } from "./atomic-file.ts";

async function createDirectory(t: { teardown(fn: () => Promise<void>): void }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "clrk-atomic-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

t.test(
  "replaceFile() creates and replaces, with the mode of the audience whatever the umask",
  async (t) => {
    const directory = await createDirectory(t);
    const path = join(directory, "file");
    const umask = process.umask(0o077);
    t.teardown(() => void process.umask(umask));
    await replaceFile(path, "one", "everybody");
    t.equal(await modeOf(path), 0o644);
    await replaceFile(path, "two", "owner");
    t.equal(await modeOf(path), 0o600);
    t.equal(await readFile(path, "utf8"), "two");
    t.same(await readdir(directory), ["file"], "no temporary file stays");
  },
);

t.test("createFile() leaves a file that is there alone", async (t) => {
  const directory = await createDirectory(t);
  const path = join(directory, "file");
  t.equal(await createFile(path, "one", "owner"), true);
  t.equal(await createFile(path, "two", "owner"), false);
  t.equal(await readFile(path, "utf8"), "one");
  t.equal(await modeOf(path), 0o600);
  t.same(await readdir(directory), ["file"]);
});

t.test("createFile() lets exactly one of many win", async (t) => {
  const directory = await createDirectory(t);
  const path = join(directory, "file");
  const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`);
  const won = await Promise.all(texts.map((text) => createFile(path, text, "owner")));
  t.equal(won.filter(Boolean).length, 1);
  t.equal(await readFile(path, "utf8"), texts[won.indexOf(true)]);
});

t.test("replaceFile() never shows a part to readers", async (t) => {
  const path = join(await createDirectory(t), "file");
  const texts = ["a", "b"].map((letter) => letter.repeat(200_000));
  await replaceFile(path, texts[0] ?? "", "everybody");
  let writing = true;
  const writer = (async () => {
    for (let round = 0; round < 20; round++)
      await replaceFile(path, texts[round % 2] ?? "", "everybody");
    writing = false;
  })();
  let reads = 0;
  while (writing) {
    if (!texts.includes(await readFile(path, "utf8"))) t.fail("read a mixture");
    reads++;
  }
  await writer;
  t.ok(reads > 0, "read while writing");
});

t.test("both reject and clean up when the last step fails", async (t) => {
  const directory = await createDirectory(t);
  await t.rejects(createFile(join(directory, "absent", "file"), "text", "owner"), {
    code: "ENOENT",
  });
  const occupied = join(directory, "occupied");
  await mkdir(occupied);
  await writeFile(join(occupied, "file"), "");
  await t.rejects(replaceFile(occupied, "text", "owner"), { code: "EISDIR" });
  t.same(await readdir(directory), ["occupied"]);
});

t.test("syncDirectory() rejects for what is not there", async (t) => {
  await t.rejects(syncDirectory(join(await createDirectory(t), "absent")), { code: "ENOENT" });
});

t.test("hasCode() matches system errors alone", (t) => {
  t.equal(hasCode(Object.assign(new Error("x"), { code: "ENOENT" }), "ENOENT"), true);
  t.equal(hasCode(Object.assign(new Error("x"), { code: "EPERM" }), "ENOENT"), false);
  t.equal(hasCode(new Error("ENOENT"), "ENOENT"), false);
  t.equal(hasCode({ code: "ENOENT" }, "ENOENT"), false);
  t.end();
});
