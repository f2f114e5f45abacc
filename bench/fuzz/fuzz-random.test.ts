/** Tests of the source of random choices. */
import t from "tap";
import { fuzzRandom } from "./fuzz-random.ts";

t.test(
  "fuzzRandom() makes the same choices of the same seed, and others of the next",
  async (t) => {
    t.same(fuzzRandom(5).bytes(20), fuzzRandom(5).bytes(20));
    t.notSame(fuzzRandom(5).bytes(20), fuzzRandom(6).bytes(20));
  },
);

t.test("fuzzRandom() makes pairs of choices of every kind, whatever the seed", async (t) => {
  for (let seed = 0; seed < 20; seed++) {
    const random = fuzzRandom(seed);
    const pairs = new Set<number>();
    for (let round = 0; round < 20_000; round++)
      pairs.add(random.below(32) * 32 + random.below(32));
    t.equal(pairs.size, 1_024, `seed ${seed}`);
  }
});

t.test("fuzzRandom() shuffles and picks what is there", async (t) => {
  const random = fuzzRandom(1);
  t.same(random.shuffle([1, 2, 3, 4]).toSorted(), [1, 2, 3, 4]);
  t.throws(() => random.pick([]), { message: "Cannot pick: there are no items" });
});
