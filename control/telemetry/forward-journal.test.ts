/** Tests of the journal of what is sent on: there once it is acknowledged, gone once it went, over kills and bad disks. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { silentLogger } from "../../gateway/log.ts";
import { ForwardJournal } from "./forward-journal.ts";
import type { ForwardJournalOptions, JournalledMessage } from "./forward-journal.ts";
import { temporaryFolder } from "./store-rig.ts";

async function open(t: Test, directory: string, changes: Partial<ForwardJournalOptions> = {}) {
  const journal = new ForwardJournal({ directory, log: silentLogger, ...changes });
  t.teardown(() => journal.close());
  await journal.open();
  const left: JournalledMessage[] = [];
  for await (const one of journal.left()) left.push(one);
  return { journal, left };
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

const said = (left: readonly JournalledMessage[]) =>
  left.map(({ message, records }) => [Buffer.from(message).toString(), records]);

const filesOf = (directory: string) =>
  readdirSync(directory).filter((name) => name.endsWith(".journal"));

/** The folder as a kill leaves it now. */
function killed(t: Test, directory: string): string {
  const copy = join(temporaryFolder(t), "copy");
  cpSync(directory, copy, { recursive: true });
  rmSync(join(copy, "lock"));
  return copy;
}

t.test("what is acknowledged and not settled is there after a kill, in its order", async (t) => {
  const directory = join(temporaryFolder(t), "journal");
  const { journal, left } = await open(t, directory);
  t.same(left, []);
  const kept = await Promise.all([
    journal.append(bytes("one"), 1),
    journal.append(bytes("two"), 20),
    journal.append(bytes("three"), 3),
  ]);
  t.same([statSync(directory).mode & 0o777, filesOf(directory).length], [0o700, 1]);
  kept[0]?.settle();
  const copy = killed(t, directory);
  const again = await open(t, copy);
  t.same(said(again.left), [
    ["one", 1],
    ["two", 20],
    ["three", 3],
  ]);
  t.equal(again.journal.bytes, journal.bytes);
  const more = await again.journal.append(bytes("four"), 4);
  t.equal(filesOf(copy).length, 2, "files of others are not written on");
  for (const one of again.left) one.settle();
  for (const one of again.left) one.settle();
  await again.journal.close();
  t.equal(filesOf(copy).length, 1);
  t.same(said((await open(t, copy)).left), [["four", 4]]);
  more?.settle();
  t.equal(filesOf(copy).length, 1, "it is another's now");
});

t.test("a file goes when all in it is settled, and not before", async (t) => {
  const directory = temporaryFolder(t);
  const { journal } = await open(t, directory, { maxFileBytes: 20 });
  const kept: (JournalledMessage | undefined)[] = [];
  for (const text of ["a", "b", "c", "d"]) kept.push(await journal.append(bytes(text), 1));
  t.equal(filesOf(directory).length, 2, "three in the first");
  t.equal(journal.bytes, 36);
  kept[1]?.settle();
  kept[2]?.settle();
  kept[0]?.settle();
  await journal.append(bytes("e"), 1);
  t.equal(filesOf(directory).length, 1);
  kept[3]?.settle();
  await journal.append(bytes("f"), 1);
  t.equal(journal.bytes, 27, "e keeps the file");
  await journal.close();
  t.same(said((await open(t, directory)).left), [
    ["d", 1],
    ["e", 1],
    ["f", 1],
  ]);
});

t.test("nothing is left of messages that all went", async (t) => {
  const directory = temporaryFolder(t);
  const { journal } = await open(t, directory);
  for (const text of ["a", "b"]) (await journal.append(bytes(text), 1))?.settle();
  await journal.close();
  t.same([readdirSync(directory), journal.bytes], [[], 0]);
});

t.test("a message that a kill cut off was acknowledged to nobody", async (t) => {
  const directory = temporaryFolder(t);
  const { journal } = await open(t, directory);
  await journal.append(bytes("whole"), 2);
  const copy = killed(t, directory);
  const [name = ""] = filesOf(copy);
  for (const torn of ["\0\0", "\0\0\0\u0009\0\0\0\u0001torn"]) {
    const cut = killed(t, directory);
    appendFileSync(join(cut, name), torn);
    t.same(said((await open(t, cut)).left), [["whole", 2]]);
  }
  const empty = killed(t, directory);
  rmSync(join(empty, name));
  appendFileSync(join(empty, name), "\0");
  const { journal: next, left } = await open(t, empty);
  t.same([left, filesOf(empty), next.bytes], [[], [], 0]);
});

t.test("what cannot be kept is said, and nothing else fails", async (t) => {
  const directory = temporaryFolder(t);
  const { journal } = await open(t, directory, { maxBytes: 20 });
  const first = await journal.append(bytes("12345"), 1);
  t.notOk(await journal.append(bytes("12345"), 1), "too full");
  first?.settle();
  t.ok(await journal.append(bytes("12345"), 1));
  const { journal: other, left } = await open(t, directory);
  t.same(left, [], "another has the folder");
  t.notOk(await other.append(bytes("x"), 1));
  await journal.close();
  t.notOk(await journal.append(bytes("x"), 1), "closed");
  const file = join(directory, "file");
  writeFileSync(file, "");
  const { journal: useless } = await open(t, join(file, "below"));
  t.notOk(await useless.append(bytes("x"), 1));
});

t.test("a file that cannot be read stays, and holds up no other", async (t) => {
  const directory = join(temporaryFolder(t), "journal");
  const { journal } = await open(t, directory, { maxFileBytes: 1 });
  for (const text of ["a", "b", "c"]) await journal.append(bytes(text), 1);
  const copy = killed(t, directory);
  const [, second = ""] = filesOf(copy).toSorted();
  rmSync(join(copy, second));
  mkdirSync(join(copy, second));
  const { journal: next, left } = await open(t, copy);
  t.same(
    said(left).map(([text]) => text),
    ["a", "c"],
  );
  t.ok(await next.append(bytes("d"), 1));
  t.equal(filesOf(copy).length, 4);
});

t.test("files are read one after the other, and what is in them is counted", async (t) => {
  const directory = join(temporaryFolder(t), "journal");
  const { journal } = await open(t, directory, { maxFileBytes: 1 });
  for (const text of ["a", "b", "c"]) await journal.append(bytes(text), 5);
  t.equal(await journal.countRecords(), 15);
  const copy = killed(t, directory);
  const next = new ForwardJournal({ directory: copy, log: silentLogger });
  await next.open();
  const left = next.left();
  const { value: first } = await left.next();
  t.equal(await next.countRecords(), 15);
  first?.settle();
  t.equal(await next.countRecords(), 10);
  const [, second = ""] = filesOf(copy).toSorted();
  t.ok(second, "what is not read is there");
  await next.close();
  t.same(await left.next(), { value: undefined, done: true }, "nothing after it is closed");
  t.equal(await next.countRecords(), 10);
});

t.test("a disk that takes nothing more is tried again with the next message", async (t) => {
  const directory = join(temporaryFolder(t), "journal");
  const { journal } = await open(t, directory, { maxFileBytes: 1 });
  t.ok(await journal.append(bytes("a"), 1));
  const aside = `${directory}-aside`;
  renameSync(directory, aside);
  t.notOk(await journal.append(bytes("b"), 1));
  renameSync(aside, directory);
  t.ok(await journal.append(bytes("c"), 1));
  await journal.close();
  t.same(
    said((await open(t, directory)).left).map(([text]) => text),
    ["a", "c"],
  );
});
