/** Tests of what is held: bounds of one and of all, and that it is given back once. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import t from "tap";
import { KeptBytes } from "./kept-bytes.ts";

t.test("open() holds pieces within both bounds, until they are given back", (t) => {
  const kept = new KeptBytes(10);
  const one = kept.open(6);
  const other = kept.open(100);
  t.equal(one.add(Buffer.from("abc")), "kept");
  t.equal(one.add(Buffer.from("defg")), "too-large");
  t.equal(one.add(Buffer.from("def")), "kept");
  t.equal(String(one.whole()), "abcdef");
  t.equal(String(one.whole()), "abcdef");
  t.equal(other.add(Buffer.from("12345")), "full");
  t.equal(other.add(Buffer.from("1234")), "kept");
  t.equal(kept.bytes, 10);
  one.release();
  one.release();
  t.equal(kept.bytes, 4);
  t.equal(other.add(Buffer.from("567890")), "kept");
  t.equal(String(other.whole()), "1234567890");
  other.release();
  t.equal(kept.bytes, 0);
  t.equal(other.whole().length, 0);
  t.end();
});

t.test("one owner leaves room for others", (t) => {
  const kept = new KeptBytes(10, 6);
  const one = kept.open(100, "a");
  const other = kept.open(100, "a");
  t.equal(one.add(Buffer.from("abcd")), "kept");
  t.equal(other.add(Buffer.from("efg")), "full");
  t.equal(other.add(Buffer.from("ef")), "kept");
  t.equal(kept.open(100, "b").add(Buffer.from("1234")), "kept");
  t.equal(kept.open(100, "c").add(Buffer.from("5")), "full");
  one.release();
  t.equal(other.add(Buffer.from("ghij")), "kept");
  t.end();
});

t.test("many small pieces take no more memory than a few large ones", (t) => {
  const kept = new KeptBytes(1024 ** 3);
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
