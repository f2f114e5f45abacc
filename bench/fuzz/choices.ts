/**
 * Random choices that are read from an input, so that whatever is made of them can be changed, kept and shortened like
 * any other input. An input that is used up chooses the first of everything, and so everything comes to an end.
 */

import type { Random } from "../../extproc/testdata/random.ts";

/** Choices with what else a generator of structures asks for. */
export interface Choices extends Random {
  /** True in one of so many cases */
  oneIn(cases: number): boolean;
  /** What is left of the input */
  rest(): Buffer;
}

/** The choices that the bytes of `input` make, one byte for each that has at most 256 outcomes. */
export function readChoices(input: Buffer): Choices {
  let at = 0;
  const below = (limit: number): number => {
    let value = 0;
    for (let span = 1; span < limit; span *= 256) value = value * 256 + (input[at++] ?? 0);
    return limit <= 1 ? 0 : value % limit;
  };
  return {
    below,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError("Cannot pick: there are no items");
      return item;
    },
    shuffle(items) {
      return items
        .map((item) => ({ item, order: below(256) }))
        .sort((one, other) => one.order - other.order)
        .map(({ item }) => item);
    },
    bytes(length) {
      const bytes = Buffer.alloc(length);
      if (at < input.length) input.copy(bytes, 0, at);
      at += length;
      return bytes;
    },
    oneIn: (cases) => below(cases) === cases - 1,
    rest: () => input.subarray(Math.min(at, input.length)),
  };
}

/** An input that makes up to so many choices. */
export function inventChoices(random: Random, most = 300): Buffer {
  return random.bytes(1 + random.below(most));
}
