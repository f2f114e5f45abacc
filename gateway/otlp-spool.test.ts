/** Tests batches on disk: their order, their bound, who may read them, and what a process before has left. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { silentLogger } from "./log.ts";
import { OtlpSpool } from "./otlp-spool.ts";
import { temporaryDirectory } from "./testdata/processes.ts";

async function folder(t: Test): Promise<string> {
  return path.join(await temporaryDirectory(t), "spool", "traces");
}

function spoolIn(t: Test, directory: string, maxBytes = 1_000): OtlpSpool {
  const spool = new OtlpSpool({ directory, maxBytes, log: silentLogger });
  t.teardown(() => spool.close());
  return spool;
}

const body = (text: string, isCompressed = false) => ({
  bytes: new Uint8Array(Buffer.from(text)),
  isCompressed,
});

async function textOf(spool: OtlpSpool): Promise<string | undefined> {
  const { oldest } = spool;
  const found = oldest && (await spool.read(oldest));
  return found && `${found.isCompressed ? "gz " : ""}${Buffer.from(found.bytes)}`;
}

t.test("a spool gives batches in their order, also those of a process before", async (t) => {
  const directory = await folder(t);
  const first = spoolIn(t, directory);
  t.equal(await first.open(), true);
  await first.add(body("one"), 2);
  await first.add(body("two", true), 3);
  t.same([first.records, first.bytes], [5, 6]);
  first.close();
  await writeFile(path.join(directory, "0000000000000003-1.otlp.part"), "half");
  await writeFile(path.join(directory, "of somebody else"), "");
  const second = spoolIn(t, directory);
  t.equal(await second.open(), true);
  t.same([second.records, second.bytes], [5, 6]);
  await second.add(body("three"), 1);
  const seen: (string | undefined)[] = [];
  for (let oldest = second.oldest; oldest; oldest = second.oldest) {
    seen.push(await textOf(second));
    t.equal(await second.remove(oldest), true);
  }
  t.same(seen, ["one", "gz two", "three"]);
  t.same(await readdir(directory), ["lock", "of somebody else"]);
});

t.test("a spool is for this user only", async (t) => {
  const directory = await folder(t);
  const spool = spoolIn(t, directory);
  await spool.open();
  await spool.add(body("one"), 1);
  t.equal((await stat(directory)).mode & 0o777, 0o700);
  t.equal((await stat(path.join(directory, spool.oldest?.name ?? ""))).mode & 0o777, 0o600);
});

t.test(
  "a full spool loses the oldest, and takes nothing that is larger than all of it",
  async (t) => {
    const spool = spoolIn(t, await folder(t), 10);
    await spool.open();
    await spool.add(body("aaaa"), 1);
    const second = await spool.add(body("bbbb"), 2);
    t.match(await spool.add(body("cccccc"), 4), { evictedRecords: 1 });
    t.equal(await textOf(spool), "bbbb");
    t.match(await spool.add(body("d".repeat(11)), 8), { batch: undefined, evictedRecords: 0 });
    t.same([spool.records, spool.bytes], [6, 10]);
    if (second.batch) await spool.remove(second.batch);
    t.equal(second.batch && (await spool.remove(second.batch)), false, "it is gone already");
  },
);

t.test(
  "a batch that is taken apart is whole or in halves, whenever its process is killed",
  async (t) => {
    const program = path.join(import.meta.dirname, "testdata/killed-spool.ts");
    const run = async (directory: string, step: number) => {
      const child = spawn(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", program, directory, String(step)],
        { stdio: ["ignore", "ignore", "inherit"] },
      );
      const [code] = await once(child, "close");
      return code === 0;
    };
    const seen = new Set<string>();
    let step = 0;
    for (let isDone = false; !isDone; ) {
      const directory = await folder(t);
      isDone = await run(directory, ++step);
      const next = spoolIn(t, directory);
      t.equal(await next.open(), true);
      t.same([next.records, next.bytes], [4, 4], `killed before step ${step}`);
      const texts: (string | undefined)[] = [];
      for (let oldest = next.oldest; oldest; oldest = next.oldest) {
        texts.push(await textOf(next));
        await next.remove(oldest);
      }
      t.equal(texts.join(""), "abcd", `killed before step ${step}`);
      seen.add(texts.join(" "));
      t.same(await readdir(directory), ["lock"]);
    }
    t.equal(step, 11, "two halves are written and renamed, and their batch is deleted, twice");
    t.same([...seen], ["abcd", "ab cd", "a b cd"]);
  },
);

t.test("halves that cannot take the place of their batch are not there", async (t) => {
  const directory = await folder(t);
  const spool = spoolIn(t, directory);
  await spool.open();
  const { batch } = await spool.add(body("ab"), 2);
  if (batch === undefined) throw new Error("Not written");
  const file = path.join(directory, batch.name);
  // A folder is what rm() does not delete.
  await rm(file);
  await mkdir(file);
  const halves = [
    { body: body("a"), records: 1 },
    { body: body("b"), records: 1 },
  ] as const;
  t.equal(await spool.replace(batch, halves), false);
  t.same([spool.records, spool.oldest], [2, batch]);
  t.same(await readdir(directory), [batch.name, "lock"]);
  await spool.remove(batch);
  t.equal(await spool.replace(batch, halves), false, "it has gone");
  t.same([spool.records, spool.bytes], [0, 0]);
  t.same(await readdir(directory), [batch.name, "lock"]);
});

t.test("a folder is one process's, and one that cannot be used is none", async (t) => {
  const directory = await folder(t);
  await mkdir(directory, { recursive: true });
  const holder = spoolIn(t, directory);
  t.equal(await holder.open(), true);
  t.equal(await spoolIn(t, directory).open(), false, "another has it");
  holder.close();
  t.equal(await spoolIn(t, directory).open(), true, "it was given up");
  const file = path.join(await temporaryDirectory(t), "file");
  await writeFile(file, "");
  t.equal(await spoolIn(t, path.join(file, "traces")).open(), false);
});

t.test("what cannot be written or read is told, never thrown", async (t) => {
  const directory = await folder(t);
  const spool = spoolIn(t, directory);
  await spool.open();
  const gone = {
    ...{ name: "0000000000000009-1.otlp", records: 1, bytes: 1 },
    ...{ isCompressed: false, isPart: false },
  };
  t.equal(await spool.read(gone), undefined);
  await mkdir(path.join(directory, "0000000000000001-1.otlp.part"));
  t.match(await spool.add(body("one"), 1), { batch: undefined });
});
