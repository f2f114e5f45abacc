/** Tests of a Secret as Kubernetes mounts it: one set or the other, never half of both. */
import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import { identifyDirectory, readDirectory } from "./value-directory.ts";

type Values = Readonly<Record<string, string>>;

/** What Kubernetes' atomic writer does: a new folder, a new link, one rename, and the old folder is gone. */
function swap(mount: string, generation: number, values: Values): void {
  const folder = `..2026_11_28_00_00_00.${generation}`;
  mkdirSync(join(mount, folder));
  for (const [key, value] of Object.entries(values)) {
    writeFileSync(join(mount, folder, key), value, { mode: 0o600 });
  }
  symlinkSync(folder, join(mount, "..data_tmp"));
  renameSync(join(mount, "..data_tmp"), join(mount, "..data"));
  rmSync(join(mount, `..2026_11_28_00_00_00.${generation - 1}`), { recursive: true, force: true });
}

async function read(path: string): Promise<Values | string> {
  const outcome = await readDirectory(path);
  if (outcome.kind === "failed") return outcome.message;
  return Object.fromEntries([...outcome.values].map(([key, value]) => [key, value.toString()]));
}

t.test("readDirectory() reads a mounted Secret, and none of what has two dots", async (t) => {
  const mount = t.testdir({});
  swap(mount, 1, { token: "first\n", ".dockerconfigjson": "{}", empty: "" });
  for (const key of ["token", ".dockerconfigjson", "empty"]) {
    symlinkSync(`..data/${key}`, join(mount, key));
  }
  const first = await identifyDirectory(mount);
  t.equal(await identifyDirectory(mount), first);
  t.same(await read(mount), { token: "first", ".dockerconfigjson": "{}", empty: "" });
  swap(mount, 2, { token: "second" });
  t.not(await identifyDirectory(mount), first);
  t.same(await read(mount), { token: "second" });
  t.match(await readDirectory(mount), { warning: "" });
});

t.test("readDirectory() never mixes two sets, however often they are swapped", async (t) => {
  const mount = t.testdir({});
  const keys = ["a", "b", "c", "d"];
  const setOf = (generation: number) =>
    Object.fromEntries(keys.map((key) => [key, `${key}-${generation}`]));
  swap(mount, 1, setOf(1));
  const seen = new Set<string>();
  let generation = 1;
  const reader = async () => {
    for (let round = 0; round < 50; round++) {
      const values = await read(mount);
      // A folder that changes at every look is a failure, and what was read before stays.
      if (typeof values !== "string") {
        const generations = new Set(Object.values(values).map((value) => value.slice(2)));
        t.same([Object.keys(values), generations.size], [keys, 1]);
        for (const one of generations) seen.add(one);
      }
    }
  };
  let isReading = true;
  const writer = async () => {
    while (isReading) {
      generation++;
      swap(mount, generation, setOf(generation));
      // So that readings begin and end between, and swaps fall into the middle of some.
      for (let turn = (generation * 37) % 150; turn > 0; turn--) await new Promise(setImmediate);
    }
  };
  const writing = writer();
  await Promise.all([reader(), reader()]);
  isReading = false;
  await writing;
  t.ok(seen.size > 1, `${seen.size} of ${generation} sets were read`);
});

t.test("readDirectory() reads a plain folder, and says what it leaves out", async (t) => {
  const mount = t.testdir({ token: "value", "token~": "old", inner: { token: "no" } });
  chmodSync(join(mount, "token"), 0o644);
  t.same(await read(mount), { token: "value" });
  t.match(await readDirectory(mount), {
    warning: `files in "${mount}" can be read by other users: chmod 600 them; 1 names in "${mount}" are no keys and are left out`,
  });
});

t.test("readDirectory() fails as a whole when it cannot read all of it", async (t) => {
  const mount = t.testdir({ large: "", empty: {}, many: {}, entries: {} });
  t.equal(await read(join(mount, "gone")), `folder "${mount}/gone": no such file or directory`);
  t.equal(
    await read(join(mount, "large")),
    `folder "${mount}/large": a part of the path is a file, wanted a directory`,
  );
  t.equal(await read(join(mount, "empty")), `folder "${mount}/empty": no file whose name is a key`);
  truncateSync(join(mount, "large"), 1_048_577);
  t.match(await read(mount), /file "large": 1048577 bytes, wanted at most 1048576$/);
  for (let key = 0; key < 3; key++)
    writeFileSync(join(mount, "empty", `k${key}`), "x".repeat(400_000));
  t.match(await read(join(mount, "empty")), /: more than 1048576 bytes in all$/);
  for (let key = 0; key < 129; key++) writeFileSync(join(mount, "many", `k${key}`), "x");
  t.match(await read(join(mount, "many")), /: more than 128 keys or 1024 entries$/);
  for (let key = 0; key < 1_025; key++) writeFileSync(join(mount, "entries", `..${key}`), "x");
  t.match(await read(join(mount, "entries")), /: more than 128 keys or 1024 entries$/);
});
