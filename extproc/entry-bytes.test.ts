import t from "tap";
import { EntryReader, EntryWriter, longestNumber, textBound } from "./entry-bytes.ts";

function written(write: (writer: EntryWriter) => void): Buffer {
  const writer = new EntryWriter(Buffer.alloc(1_024));
  write(writer);
  return Buffer.from(writer.written);
}

t.test("numbers are read as they were written", async (test) => {
  const edges = Array.from({ length: 54 }, (_, bit) => 2 ** bit);
  const numbers = edges.flatMap((edge) => [edge - 1, edge, edge + 1]);
  for (const number of numbers.filter((one) => Number.isSafeInteger(one))) {
    const bytes = written((writer) => writer.number(number));
    test.ok(bytes.length <= longestNumber, `${number} in ${bytes.length} bytes`);
    const reader = new EntryReader(bytes, 0, bytes.length);
    test.equal(reader.number(), number);
    test.same([reader.isOver, reader.isCut], [true, false]);
  }
});

t.test("what is no whole number is written as the next that is not smaller", async (test) => {
  const cases: readonly (readonly [number, number])[] = [
    [1.5, 2],
    [0.1, 1],
    [-1, 0],
    [Number.NaN, 0],
    [2 ** 60, Number.MAX_SAFE_INTEGER],
    [Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER],
  ];
  for (const [given, wanted] of cases) {
    const bytes = written((writer) => writer.number(given));
    test.equal(new EntryReader(bytes, 0, bytes.length).number(), wanted, `${given}`);
  }
});

t.test("texts are read as they were written, within their bound", async (test) => {
  for (const text of ["", "abc", "a\u0000\t\n", "é", "日本", "😀 and ascii", "x".repeat(300)]) {
    const bytes = written((writer) => {
      writer.text(text);
      writer.number(7);
    });
    test.ok(bytes.length <= textBound(text) + 1);
    const reader = new EntryReader(bytes, 0, bytes.length);
    test.equal(reader.text(), text);
    test.equal(reader.number(), 7);
  }
});

t.test("what was cut off is known", async (test) => {
  const bytes = written((writer) => {
    writer.number(300);
    writer.text("abc");
  });
  for (let end = 0; end < bytes.length; end++) {
    const reader = new EntryReader(bytes, 0, end);
    reader.number();
    reader.text();
    test.same([reader.isCut, reader.isOver], [true, true], `${end} bytes`);
  }
});

t.test("room is what is left, and writing begins where it is told", async (test) => {
  const writer = new EntryWriter(Buffer.alloc(10));
  writer.number(1);
  test.equal(writer.room, 9);
  writer.at = 0;
  test.equal(writer.written.length, 0);
});
