import t from "tap";
import { LineSplitter } from "./line-splitter.ts";

const text = '{"a":"é"}\r\n\n{"b":"日本"}\nlast 🙂';
const lines = ['{"a":"é"}', "", '{"b":"日本"}', "last 🙂"];

function splitAt(sizes: readonly number[]): string[] {
  const splitter = new LineSplitter();
  const bytes = Buffer.from(text);
  const found: string[] = [];
  let at = 0;
  for (const size of sizes) {
    found.push(...splitter.push(bytes.subarray(at, at + size)));
    at += size;
  }
  found.push(...splitter.push(bytes.subarray(at)));
  return [...found, ...splitter.end()];
}

t.test("push() gives the same lines for every split into two", (t) => {
  for (let at = 0; at <= Buffer.byteLength(text); at++) t.same(splitAt([at]), lines, `at ${at}`);
  t.end();
});

t.test("push() gives the same lines byte by byte", (t) => {
  t.same(splitAt(Array.from({ length: Buffer.byteLength(text) }, () => 1)), lines);
  t.end();
});

t.test("push() drops and counts a line that is too long, and goes on behind it", (t) => {
  const splitter = new LineSplitter({ maxCharacters: 4 });
  const found = [..."12345\n1234\r\n1234\n123456789\nab\n"].flatMap((character) =>
    splitter.push(Buffer.from(character)),
  );
  t.same(found, ["1234", "1234", "ab"]);
  t.equal(splitter.dropped, 2);
  t.end();
});

t.test("push() drops a long line that arrives whole", (t) => {
  const splitter = new LineSplitter({ maxCharacters: 4 });
  t.same(splitter.push(Buffer.from("12345\nab\n")), ["ab"]);
  t.equal(splitter.dropped, 1);
  t.end();
});

t.test("end() gives nothing after a line end, and no part of a line that is too long", (t) => {
  const whole = new LineSplitter();
  whole.push(Buffer.from("a\n"));
  t.same(whole.end(), []);
  const long = new LineSplitter({ maxCharacters: 2 });
  long.push(Buffer.from("abcdef"));
  t.same(long.end(), []);
  t.equal(long.dropped, 1);
  t.end();
});
