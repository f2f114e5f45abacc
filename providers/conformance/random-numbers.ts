/** Random numbers that come again, and pieces of random sizes. */

/** Gives numbers in [0, 1), the same for the same seed (the generator mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A whole number from 0 to `limit` - 1. */
export function randomBelow(random: () => number, limit: number): number {
  return Math.floor(random() * limit);
}

/** Ends of pieces that a length is cut into, ascending, the length itself last; 1 to 12 pieces, or all of one byte. */
export function randomEnds(length: number, random: () => number): number[] {
  const ends = new Set<number>([length]);
  const cuts = randomBelow(random, 12);
  for (let cut = 0; cut < cuts; cut++) ends.add(1 + randomBelow(random, Math.max(1, length - 1)));
  return [...ends].sort((left, right) => left - right);
}
