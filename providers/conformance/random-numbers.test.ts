import t from "tap";
import { createRandom, randomBelow, randomEnds } from "./random-numbers.ts";

const take = (random: () => number, count: number) => Array.from({ length: count }, () => random());

t.test(
  "createRandom() gives the same for the same seed and something else for another",
  async (t) => {
    t.same(take(createRandom(7), 50), take(createRandom(7), 50));
    t.not(take(createRandom(7), 3).join(), take(createRandom(8), 3).join());
    t.ok(take(createRandom(0), 1_000).every((number) => number >= 0 && number < 1));
    const mean = take(createRandom(1), 10_000).reduce((sum, one) => sum + one, 0) / 10_000;
    t.ok(mean > 0.48 && mean < 0.52, `mean ${mean}`);
  },
);

t.test("randomBelow() gives every number below the limit and no other", async (t) => {
  const random = createRandom(1);
  const found = new Set(Array.from({ length: 500 }, () => randomBelow(random, 5)));
  t.same([...found].sort(), [0, 1, 2, 3, 4]);
});

t.test("randomEnds() cuts a length into pieces that are not empty", async (t) => {
  const random = createRandom(1);
  let most = 0;
  for (const length of [1, 2, 10, 1_000]) {
    for (let round = 0; round < 200; round++) {
      const ends = randomEnds(length, random);
      most = Math.max(most, ends.length);
      t.equal(ends.at(-1), length);
      if (ends.some((end, index) => end <= (ends[index - 1] ?? 0))) t.fail(ends.join());
    }
  }
  t.equal(most, 12);
});
