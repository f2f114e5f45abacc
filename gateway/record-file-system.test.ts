/** Tests of the file operations on the real file system: modes, identity, and what is refused. */
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { nodeFileSystem } from "./record-file-system.ts";

t.test(
  "makeDirectory() makes parents readable by the owner only and tells the mode of what exists",
  async (t) => {
    const root = t.testdir();
    const directory = join(root, "a", "b");
    t.equal(await nodeFileSystem.makeDirectory(directory), 0o700);
    t.equal(statSync(join(root, "a")).mode & 0o777, 0o700);
    chmodSync(directory, 0o755);
    t.equal(await nodeFileSystem.makeDirectory(directory), 0o755);
  },
);

t.test("openAppend() creates with mode 0600 and appends", async (t) => {
  const path = join(t.testdir(), "x");
  const file = await nodeFileSystem.openAppend(path);
  t.match(await file.stat(), { sizeBytes: 0, endsLine: true });
  t.equal(await file.write(Buffer.from("one\ntwo")), 7);
  t.match(await file.stat(), {
    sizeBytes: 7,
    endsLine: false,
    identity: await nodeFileSystem.identify(path),
  });
  await file.truncate(4);
  t.match(await file.stat(), { sizeBytes: 4, endsLine: true });
  await file.write(Buffer.from("three\n"));
  await file.close();
  t.equal(readFileSync(path, "utf8"), "one\nthree\n");
  t.equal(statSync(path).mode & 0o777, 0o600);
});

t.test("openAppend() narrows the mode of a file that exists and keeps its content", async (t) => {
  const path = join(t.testdir({ x: "old\n" }), "x");
  chmodSync(path, 0o644);
  const file = await nodeFileSystem.openAppend(path);
  await file.write(Buffer.from("new\n"));
  await file.close();
  t.equal(readFileSync(path, "utf8"), "old\nnew\n");
  t.equal(statSync(path).mode & 0o777, 0o600);
});

t.test("openAppend() refuses a symbolic link", async (t) => {
  const directory = t.testdir({ target: "" });
  symlinkSync(join(directory, "target"), join(directory, "link"));
  await t.rejects(nodeFileSystem.openAppend(join(directory, "link")), { code: "ELOOP" });
});

t.test("identify() follows the name, not the file", async (t) => {
  const directory = t.testdir({ a: "", b: "" });
  const [a, b] = [join(directory, "a"), join(directory, "b")];
  const identity = await nodeFileSystem.identify(a);
  await nodeFileSystem.rename(b, a);
  t.not(await nodeFileSystem.identify(a), identity);
  t.equal(await nodeFileSystem.identify(b), undefined);
  await t.rejects(nodeFileSystem.identify(join(a, "below-a-file")), { code: "ENOTDIR" });
});

t.test("remove() is content when the file is gone, and list() gives names", async (t) => {
  const directory = t.testdir();
  writeFileSync(join(directory, "x"), "");
  t.same(await nodeFileSystem.list(directory), ["x"]);
  await nodeFileSystem.remove(join(directory, "x"));
  await nodeFileSystem.remove(join(directory, "x"));
  t.notOk(existsSync(join(directory, "x")));
  await t.rejects(nodeFileSystem.remove(directory));
});
