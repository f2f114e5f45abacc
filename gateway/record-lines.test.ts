/** Tests of the lines that wait to be written. */
import t from "tap";
import { RecordLines } from "./record-lines.ts";

const kib = 1_024;

function textOf(lines: RecordLines): string {
  return lines.first()?.bytes.toString() ?? "";
}

t.test("first() gives all lines that were added, each with its end", async (t) => {
  const lines = new RecordLines(kib);
  t.equal(lines.isEmpty, true);
  t.equal(lines.first(), undefined);
  for (const text of ["one", "", "grüße 🦊"]) t.equal(lines.add(text), true);
  t.equal(textOf(lines), "one\n\ngrüße 🦊\n");
  t.equal(lines.first()?.lines, 3);
  t.equal(lines.bytes, Buffer.byteLength("one\n\ngrüße 🦊\n"));
  t.equal(lines.isEmpty, false);
});

t.test("add() writes the three parts of a split line behind each other", async (t) => {
  const lines = new RecordLines(kib);
  const bytes = Buffer.from("..middle..");
  t.equal(lines.add("one"), true);
  t.equal(lines.add({ head: "grüße ", middle: { bytes, start: 2, end: 8 }, tail: " 🦊" }), true);
  bytes.fill("x");
  t.equal(lines.add("two"), true);
  t.equal(textOf(lines), "one\ngrüße middle 🦊\ntwo\n");
  t.equal(lines.bytes, Buffer.byteLength(textOf(lines)));
});

t.test(
  "add() takes a split line that is longer than a batch, and none beyond the bound",
  async (t) => {
    const lines = new RecordLines(kib * kib);
    const bytes = Buffer.alloc(500 * kib, "m");
    const split = { head: "a", middle: { bytes, start: 0, end: bytes.length }, tail: "b" };
    t.same(
      [split, split, split].map((line) => lines.add(line)),
      [true, true, false],
    );
    t.equal(lines.first()?.bytes.toString(), `a${bytes.toString()}b\n`);
  },
);

t.test("add() takes no more memory for a long line than it has bytes", async (t) => {
  const lines = new RecordLines(4 * kib * kib);
  const long = "a".repeat(kib * kib);
  t.equal(lines.add(long), true);
  t.equal(lines.add("é".repeat(200 * kib)), true);
  t.equal(lines.first()?.bytes.buffer.byteLength, kib * kib + 1);
  t.equal(textOf(lines), `${long}\n`);
  t.equal(lines.bytes, kib * kib + 1 + 400 * kib + 1);
});

t.test("first() gives the same batch until it is removed, whatever is added", async (t) => {
  const lines = new RecordLines(kib);
  lines.add("one");
  const batch = lines.first();
  lines.add("two");
  t.equal(lines.first(), batch);
  t.equal(batch?.bytes.toString(), "one\n");
  t.equal(batch && lines.remove(batch), true);
  t.equal(textOf(lines), "two\n");
  t.equal(lines.bytes, 4);
});

t.test("remove() does nothing for a batch that is gone", async (t) => {
  const lines = new RecordLines(kib);
  lines.add("one");
  const batch = lines.first();
  t.equal(lines.clear(), 1);
  t.equal(batch && lines.remove(batch), false);
  lines.add("two");
  t.equal(batch && lines.remove(batch), false);
  t.equal(textOf(lines), "two\n");
});

t.test("add() takes lines up to the bound, their ends counted", async (t) => {
  const lines = new RecordLines(8);
  t.same(
    ["abc", "abcd", "abc", ""].map((text) => lines.add(text)),
    [true, false, true, false],
  );
  t.equal(lines.bytes, 8);
  t.equal(textOf(lines), "abc\nabc\n");
});

t.test("add() counts what is being written towards the bound", async (t) => {
  const lines = new RecordLines(8);
  lines.add("abc");
  const batch = lines.first();
  t.same([lines.add("abc"), lines.add("abc")], [true, false]);
  if (batch) lines.remove(batch);
  t.equal(lines.add("abc"), true);
});

t.test("add() refuses what alone is beyond the bound and goes on", async (t) => {
  const lines = new RecordLines(300 * kib);
  t.equal(lines.add("x".repeat(300 * kib)), false);
  t.equal(lines.isEmpty, true);
  t.equal(lines.add("one"), true);
  t.equal(textOf(lines), "one\n");
});

t.test("lines come in their order over many batches", async (t) => {
  const lines = new RecordLines(64 * kib * kib);
  const written: string[] = [];
  const sizes: number[] = [];
  const added = Array.from({ length: 3_000 }, (_, index) => `${index} ${"ü".repeat(index % 700)}`);
  for (const text of [...added, "y".repeat(500 * kib)]) t.ok(lines.add(text));
  for (let batch = lines.first(); batch !== undefined; batch = lines.first()) {
    written.push(...batch.bytes.toString().split("\n").slice(0, -1));
    sizes.push(batch.bytes.length);
    lines.remove(batch);
  }
  t.same(written, [...added, "y".repeat(500 * kib)]);
  t.ok(sizes.length > 3);
  t.equal(lines.bytes, 0);
});

t.test("a batch that is being written is not overwritten by later lines", async (t) => {
  const lines = new RecordLines(kib * kib);
  for (let round = 0; round < 10; round++) {
    lines.add(`first ${round}`);
    const batch = lines.first();
    lines.add(`second ${round}`);
    t.equal(batch?.bytes.toString(), `first ${round}\n`);
    if (batch) lines.remove(batch);
    const next = lines.first();
    lines.add("third");
    t.equal(next?.bytes.toString(), `second ${round}\n`);
    t.equal(lines.clear(), 2);
  }
});

t.test("clear() gives the number of lines and makes room", async (t) => {
  const lines = new RecordLines(12);
  for (const text of ["abc", "abc", "abc"]) lines.add(text);
  t.equal(lines.clear(), 3);
  t.equal(lines.clear(), 0);
  t.equal(lines.bytes, 0);
  t.equal(lines.add("abc"), true);
});
