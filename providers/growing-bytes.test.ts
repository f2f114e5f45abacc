import t from "tap";
import { GrowingBytes } from "./growing-bytes.ts";
import { randomPieces, seededRandom } from "./testdata/seeded-random.ts";

t.test("append() keeps the same bytes however they are cut", async (t) => {
  const whole = Buffer.from("Grüße 👩‍🚀, ".repeat(400));
  for (let seed = 1; seed <= 50; seed++) {
    const kept = new GrowingBytes();
    for (const piece of randomPieces(whole, 90, seededRandom(seed))) {
      kept.append(piece, 0, piece.length);
    }
    t.equal(kept.text(), whole.toString("utf8"), `seed ${seed}`);
  }
});

t.test("append() copies the bytes between its bounds", async (t) => {
  const kept = new GrowingBytes();
  const lent = Buffer.from("abcdef");
  kept.append(lent, 2, 4);
  lent.fill(0x21);
  t.equal(kept.text(), "cd");
  t.equal(kept.length, 2);
});

t.test("take() gives memory that is not written again", async (t) => {
  const kept = new GrowingBytes();
  kept.append(Buffer.from("first"), 0, 5);
  const taken = kept.take();
  kept.append(Buffer.from("other"), 0, 5);
  t.equal(taken.toString(), "first");
  t.equal(kept.text(), "other");
});

t.test("clear() forgets what was kept, be it short or long", async (t) => {
  for (const length of [3, 100_000]) {
    const kept = new GrowingBytes();
    kept.append(Buffer.alloc(length, 0x61), 0, length);
    kept.clear();
    t.equal(kept.length, 0);
    kept.append(Buffer.from("b"), 0, 1);
    t.equal(kept.text(), "b");
  }
});
