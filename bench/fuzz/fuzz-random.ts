/**
 * Random choices for millions of inputs. The linear generator of the unit tests is too regular for that: with some seeds
 * whole kinds of changes never came together.
 */

import type { Random } from "../../extproc/testdata/random.ts";

/** Numbers that are left out first: seeds that are near each other begin alike. */
const warmUp = 20;

/** A source whose choices follow from the seed (sfc32 of the PractRand suite: four words of 32 bits). */
export function fuzzRandom(seed: number): Random {
  let [a, b, c, counter] = [seed | 0, 0x9e37_79b9 | 0, 0x243f_6a88, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let count = 0; count < warmUp; count++) next();
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit);
  return {
    below,
    pick<Item>(items: readonly Item[]): Item {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError("Cannot pick: there are no items");
      return item;
    },
    shuffle<Item>(items: readonly Item[]): Item[] {
      const shuffled = [...items];
      for (let left = shuffled.length; left > 1; left--) {
        const [item] = shuffled.splice(below(left), 1);
        if (item !== undefined) shuffled.push(item);
      }
      return shuffled;
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
}
