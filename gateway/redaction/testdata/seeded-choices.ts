/** Random choices of property tests, the same for the same seed. */

/** Source of choices. */
export interface SeededChoices {
  /** Whole number from 0 to `limit - 1` */
  below(limit: number): number;
  /** One of the items, of which there must be one */
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
}

/** Choices that follow from the seed (xorshift32). */
export function seededChoices(seed: number): SeededChoices {
  let state = seed | 1;
  const below = (limit: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  return { below, pick: (items) => items[below(items.length)] ?? items[0] };
}
