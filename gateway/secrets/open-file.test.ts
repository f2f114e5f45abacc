/** Tests of reading one file: what is refused, and that a pipe never blocks. */
import { execFileSync } from "node:child_process";
import { chmodSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { maxValueBytes, readWholeFile } from "./open-file.ts";

t.test("readWholeFile() reads a file behind links, and says who may read it", async (t) => {
  const directory = t.testdir({ key: "value\n" });
  const file = join(directory, "key");
  symlinkSync("key", join(directory, "link"));
  chmodSync(file, 0o600);
  t.match(await readWholeFile(join(directory, "link")), {
    kind: "content",
    bytes: Buffer.from("value\n"),
    isOpenToOthers: false,
  });
  for (const mode of [0o640, 0o604]) {
    chmodSync(file, mode);
    t.match(await readWholeFile(file), { isOpenToOthers: true });
  }
});

t.test("readWholeFile() fails with a clause, and does not wait for a pipe", async (t) => {
  const directory = t.testdir({ folder: {}, large: "" });
  const loop = join(directory, "loop");
  symlinkSync("loop", loop);
  truncateSync(join(directory, "large"), maxValueBytes + 1);
  execFileSync("mkfifo", [join(directory, "pipe")]);
  const message = async (name: string) => {
    const content = await readWholeFile(join(directory, name));
    return content.kind === "failed" ? content.message : content.kind;
  };
  t.equal(await message("gone"), "no such file or directory");
  t.equal(await message("folder"), "a folder, wanted a file; dir: takes a folder");
  t.equal(await message("pipe"), "not a regular file");
  t.equal(await message("loop"), "a symbolic link that leads to itself");
  t.equal(await message("large"), "1048577 bytes, wanted at most 1048576");
  writeFileSync(join(directory, "large"), Buffer.alloc(maxValueBytes));
  t.equal(await message("large"), "content");
});
