/** Tests of a few of many. */
import t from "tap";
import { Reservoir, seeded } from "./reservoir.ts";

function drawn(seed: number, from: number): readonly number[] {
  const reservoir = new Reservoir<number>(3, seeded(seed));
  for (let at = 0; at < from; at++) reservoir.offer(() => at);
  return reservoir.values;
}

t.test("Reservoir keeps all of few, in their order", async (t) => {
  t.same(drawn(1, 2), [0, 1]);
});

t.test("Reservoir keeps the same ones for the same seed, and others for another", async (t) => {
  t.same(drawn(7, 1_000), drawn(7, 1_000));
  t.notSame(drawn(7, 1_000), drawn(8, 1_000));
  t.equal(drawn(7, 1_000).length, 3);
});

t.test("Reservoir draws from all of them", async (t) => {
  const late = Array.from({ length: 200 }, (_, seed) => drawn(seed, 100)).flat();
  const share = late.filter((at) => at >= 50).length / late.length;
  t.ok(share > 0.4 && share < 0.6, `${share} of the drawn are of the second half`);
});

t.test("seeded() gives numbers from 0 to below 1", async (t) => {
  const random = seeded(0);
  const numbers = Array.from({ length: 1_000 }, random);
  t.ok(numbers.every((number) => number >= 0 && number < 1));
  t.ok(new Set(numbers).size > 990);
});
