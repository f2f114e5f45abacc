/** The key of placeholders: created once, kept, and refused where it cannot be trusted. */
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { openPlaceholderKey } from "./placeholder-key.ts";

async function scratch(test: { teardown(end: () => Promise<void>): unknown }): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "clrk-key-"));
  test.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

t.test("openPlaceholderKey() makes one key, whoever asks, for this user only", async (t) => {
  const directory = await scratch(t);
  const file = path.join(directory, "placeholder.key");
  const [first, second] = await Promise.all([openPlaceholderKey(file), openPlaceholderKey(file)]);
  t.equal(first.length, 32);
  t.same(second, first);
  t.same(await openPlaceholderKey(file), first);
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.same(await readdir(directory), ["placeholder.key"]);
});

t.test("openPlaceholderKey() refuses a file that others can read, or that is no key", async (t) => {
  const file = path.join(await scratch(t), "placeholder.key");
  await writeFile(file, "short", { mode: 0o600 });
  await t.rejects(openPlaceholderKey(file), {
    code: "CLRK_PRECONDITION_FAILED",
    message: `Cannot use "${file}" to make placeholders: it holds 5 bytes, wanted 32; put it right, or remove it and give agents new placeholders`,
  });
  await writeFile(file, Buffer.alloc(32));
  await chmod(file, 0o640);
  await t.rejects(openPlaceholderKey(file), { message: /others can read it, wanted mode 0600/ });
});
