/** Makes an input smaller as long as it stays interesting. */

/** How far it goes. */
export interface ShortenOptions {
  /** Questions that are asked at most */
  readonly tries: number;
  /** Time after which it stops, in `ms` */
  readonly maxMs: number;
}

/** The shortest input that was found for which `isInteresting` holds, as it must for the given one. */
export async function shorten(
  input: Buffer,
  isInteresting: (shorter: Buffer) => boolean | Promise<boolean>,
  options: ShortenOptions,
): Promise<Buffer> {
  const endMs = performance.now() + options.maxMs;
  let best = input;
  let tries = options.tries;
  for (let size = best.length >> 1; size >= 1; size >>= 1) {
    let at = 0;
    while (at < best.length) {
      if (tries-- <= 0 || performance.now() > endMs) return best;
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      if (await isInteresting(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
