/** The key directory: private files, one winner a number, every refusal with its way out. */
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { ClrkError } from "../gateway/errors.ts";
import { encodeAuthority } from "./authority-certificate.ts";
import { openAuthorityStore } from "./authority-store.ts";
import { createIssuer } from "./testdata/create-issuer.ts";

type Teardown = { teardown(fn: () => Promise<void>): void };

async function createDirectory(t: Teardown): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), "clrk-store-"));
  t.teardown(() => rm(parent, { recursive: true, force: true }));
  return join(parent, "authority");
}

function refusal(message: string): ClrkError {
  return new ClrkError("CLRK_PRECONDITION_FAILED", message);
}

t.test("openAuthorityStore() creates a directory for its owner alone", async (t) => {
  const directory = await createDirectory(t);
  const store = await openAuthorityStore(directory);
  t.equal((await stat(directory)).mode & 0o777, 0o700);
  t.same(await store.load(), []);
});

t.test("openAuthorityStore() refuses a directory that others can write to", async (t) => {
  const directory = await createDirectory(t);
  await mkdir(directory);
  await chmod(directory, 0o775);
  await t.rejects(
    openAuthorityStore(directory),
    refusal(
      `Cannot open authority directory "${directory}": mode is 0775, wanted no write access for group and others; run chmod go-w "${directory}"`,
    ),
  );
});

t.test("load() gives what add() wrote, oldest first, and files are private", async (t) => {
  const directory = await createDirectory(t);
  const store = await openAuthorityStore(directory);
  const authorities = [createIssuer(), createIssuer(), createIssuer()];
  for (const [index, number] of [2, 10, 1].entries()) {
    t.equal(await store.add(number, authorities[index] ?? createIssuer()), true);
  }
  const loaded = await store.load();
  t.same(
    loaded.map(({ number }) => number),
    [1, 2, 10],
  );
  t.same(
    loaded.map(({ id }) => id),
    [2, 0, 1].map((index) => authorities[index]?.id),
  );
  for (const file of await readdir(directory)) {
    t.equal((await stat(join(directory, file))).mode & 0o777, 0o600, file);
  }
});

t.test("add() does not take a number twice", async (t) => {
  const store = await openAuthorityStore(await createDirectory(t));
  const first = createIssuer();
  t.equal(await store.add(1, first), true);
  t.equal(await store.add(1, createIssuer()), false);
  t.same(
    (await store.load()).map(({ id }) => id),
    [first.id],
  );
});

t.test("remove() removes and does not mind what is gone", async (t) => {
  const store = await openAuthorityStore(await createDirectory(t));
  await store.add(1, createIssuer());
  await store.add(2, createIssuer());
  await store.remove([1, 7]);
  await store.remove([]);
  t.same(
    (await store.load()).map(({ number }) => number),
    [2],
  );
});

t.test("load() ignores files with other names", async (t) => {
  const directory = await createDirectory(t);
  const store = await openAuthorityStore(directory);
  for (const name of [
    "README",
    "authority-0.pem",
    "authority-1.pem.bak",
    ".authority-1.pem.9.tmp",
  ]) {
    await writeFile(join(directory, name), "anything");
  }
  t.same(await store.load(), []);
});

t.test("load() refuses files that others could have read or changed", async (t) => {
  const directory = await createDirectory(t);
  const store = await openAuthorityStore(directory);
  const path = join(directory, "authority-1.pem");
  await writeFile(path, encodeAuthority(createIssuer()));
  for (const mode of [0o640, 0o604, 0o620, 0o644, 0o666]) {
    await chmod(path, mode);
    await t.rejects(
      store.load(),
      refusal(
        `Cannot load authority "${path}": mode is 0${mode.toString(8)}, wanted 0600; run chmod 600 "${path}" if nobody else has read it, else delete it to get a new authority`,
      ),
    );
  }
  await chmod(path, 0o400);
  t.equal((await store.load()).length, 1);
});

t.test("load() refuses what is not a small regular file with an authority", async (t) => {
  const directory = await createDirectory(t);
  const store = await openAuthorityStore(directory);
  const path = join(directory, "authority-1.pem");
  const notRegular = `Cannot load authority "${path}": it is not a regular file of at most 65536 bytes`;
  const cases = [
    { name: "directory", make: () => mkdir(path), message: notRegular },
    {
      name: "huge file",
      make: () => writeFile(path, "x".repeat(65_537), { mode: 0o600 }),
      message: notRegular,
    },
    {
      name: "link",
      make: () => symlink("/etc/hostname", path),
      message: `Cannot load authority "${path}": file cannot be opened`,
    },
    {
      name: "empty",
      make: () => writeFile(path, "", { mode: 0o600 }),
      message: `Cannot load authority "${path}": no "Mint-From:" line with a time`,
    },
    {
      name: "cut",
      make: () => writeFile(path, encodeAuthority(createIssuer()).slice(0, -40), { mode: 0o600 }),
      message: `Cannot load authority "${path}": block 2 (PRIVATE KEY) has no end line`,
    },
  ];
  for (const { name, make, message } of cases) {
    await make();
    await t.rejects(store.load(), refusal(message), name);
    await rm(path, { recursive: true });
  }
});

t.test(
  "load() refuses files of another user",
  { skip: process.getuid?.() !== 0 && "needs root" },
  async (t) => {
    const { chown } = await import("node:fs/promises");
    const directory = await createDirectory(t);
    const store = await openAuthorityStore(directory);
    const path = join(directory, "authority-1.pem");
    await store.add(1, createIssuer());
    await chown(path, 12_345, 12_345);
    await t.rejects(
      store.load(),
      refusal(
        `Cannot load authority "${path}": owner is user 12345, wanted 0; use a directory of this user`,
      ),
    );
  },
);
