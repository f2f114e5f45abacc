/** Random numbers that repeat, so that a run can be looked at again. */

/** Numbers from 0 to below 1 by a seed: Mulberry32, whose source is public domain. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A number from `least` to `most`, each order of size as likely. */
export function logUniform(random: () => number, least: number, most: number): number {
  return Math.round(least * (most / least) ** random());
}

/** One of a list that is not empty. */
export function pick<T>(random: () => number, list: readonly T[]): T {
  const found = list[Math.floor(random() * list.length)];
  if (found === undefined) throw new RangeError("Cannot pick of an empty list");
  return found;
}
