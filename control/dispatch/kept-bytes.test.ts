/** Tests of what is held: bounds of one and of all, and that it is given back once. */
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
