/** Tests of what is held: bounds of one and of all, and that it is given back once. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import t from "tap";
import { KeptBytes } from "./kept-bytes.ts";

t.test("open() holds pieces within both bounds, until they are given back", (t) => {
  const kept = new KeptBytes(20);
  const one = kept.open(6, "a");
  const other = kept.open(100, "b");
  t.equal(one.add(Buffer.from("abc")), "kept");
  t.equal(one.add(Buffer.from("defg")), "too-large");
  t.equal(one.add(Buffer.from("def")), "kept");
  t.equal(String(one.whole()), "abcdef");
  t.equal(String(one.whole()), "abcdef");
  t.equal(other.add(Buffer.from("12345678")), "full");
  t.equal(other.add(Buffer.from("1234567")), "kept");
  t.equal(kept.bytes, 13);
  one.release();
  one.release();
  t.equal(kept.bytes, 7);
  t.equal(other.add(Buffer.from("890")), "kept");
  t.equal(String(other.whole()), "1234567890");
  other.release();
  t.equal(kept.bytes, 0);
  t.equal(other.whole().length, 0);
  t.end();
});

t.test("owners leave room for others, however many hold all that they may", (t) => {
  const kept = new KeptBytes(1024);
  const fill = (owner: string) => {
    const contents = [kept.open(100, owner), kept.open(1024, owner)];
    for (const content of contents) while (content.add(Buffer.from("x")) === "kept");
    return contents;
  };
  const one = fill("a");
  t.equal(kept.bytes, 512);
  for (const left of [256, 128, 64, 32]) {
    fill(`b${left}`);
    t.equal(1024 - kept.bytes, left);
  }
  for (const content of one) content.release();
  t.equal(kept.open(1024, "c").add(Buffer.alloc(272)), "kept");
  t.end();
});

t.test("next() gives pieces, which count until they are taken", (t) => {
  const kept = new KeptBytes(100_000);
  const content = kept.open(100_000);
  content.add(Buffer.from("ab"));
  content.add(Buffer.from("c"));
  content.add(Buffer.alloc(20_000, "d"));
  content.add(Buffer.from("e"));
  const pieces: string[] = [];
  for (let piece = content.next(); piece !== undefined; piece = content.next()) {
    pieces.push(String(piece));
  }
  t.same(pieces, ["abc", "d".repeat(20_000), "e"]);
  t.equal(kept.bytes, 20_004);
  content.taken(3);
  t.equal(kept.bytes, 20_001);
  content.release();
  content.taken(20_000);
  t.equal(kept.bytes, 0, "what was given back counts once");
  t.end();
});

t.test("stream() gives all pieces, which count until they are read", async (t) => {
  const kept = new KeptBytes(10 * 1024 ** 2);
  const content = kept.open(10 * 1024 ** 2);
  for (const piece of ["ab", "c", "d".repeat(200_000), "e"]) content.add(Buffer.from(piece));
  const stream = content.stream();
  t.equal(kept.bytes, 200_004);
  const counts: number[] = [];
  let text = "";
  for await (const chunk of stream) {
    text += String(chunk);
    counts.push(kept.bytes);
  }
  t.equal(text, `abc${"d".repeat(200_000)}e`);
  t.same(
    counts.toSorted((a, b) => b - a),
    counts,
  );
  t.ok((counts.at(-1) ?? Number.NaN) < 200_004);
  t.equal(kept.bytes, 0);
  content.release();
  t.equal(kept.bytes, 0);
});

t.test("stream() ends where its content does, also when that is released before", async (t) => {
  const kept = new KeptBytes(10 * 1024 ** 2);
  const content = kept.open(10 * 1024 ** 2);
  for (let piece = 0; piece < 10; piece++) content.add(Buffer.alloc(100_000));
  const stream = content.stream();
  let read = 0;
  for await (const chunk of stream) {
    content.release();
    read += chunk.length;
    t.equal(kept.bytes, 0);
  }
  t.equal(read, 1_000_000);
});

t.test("many small pieces take no more memory than a few large ones", (t) => {
  const kept = new KeptBytes(2 * 1024 ** 3);
  const content = kept.open(1024 ** 3);
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  const before = process.memoryUsage();
  for (let piece = 0; piece < 1_000_000; piece++) content.add(Buffer.from([piece & 0xff]));
  content.add(Buffer.alloc(100_000, 7));
  content.add(Buffer.from([8]));
  collect();
  const { heapUsed, external } = process.memoryUsage();
  const taken = heapUsed + external - before.heapUsed - before.external;
  t.ok(taken < 16 * 1024 ** 2, `${taken} bytes`);
  const whole = content.whole();
  t.equal(whole.length, 1_100_001);
  t.ok(whole.subarray(0, 1_000_000).every((byte, at) => byte === (at & 0xff)));
  t.ok(whole.subarray(1_000_000, 1_100_000).every((byte) => byte === 7));
  t.equal(whole.at(-1), 8);
  t.end();
});
