/** Random choices that come again with the same seed, so that a failure of a property test can be repeated. */

/** Source of random choices. */
export interface Random {
  /** Whole number from 0 to `limit - 1` */
  below(limit: number): number;
  /** One of the items, of which there must be one */
  pick<Item>(items: readonly Item[]): Item;
  /** The items in a random order */
  shuffle<Item>(items: readonly Item[]): Item[];
  /** That many bytes of any value */
  bytes(length: number): Buffer;
}

/** A source whose choices follow from the seed (a 32-bit linear congruential generator, its upper bits). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return {
    below,
    pick<Item>(items: readonly Item[]): Item {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError("Cannot pick: there are no items");
      return item;
    },
    shuffle(items) {
      return items
        .map((item) => ({ item, order: below(1e9) }))
        .sort((one, other) => one.order - other.order)
        .map(({ item }) => item);
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
}
