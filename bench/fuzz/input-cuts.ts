/** Ways to cut an input into pieces, for readers that must not care how their bytes arrive. */

import { seededRandom } from "../../extproc/testdata/random.ts";

/** Above this many bytes a piece of one byte each is no test any more, only time. */
const longestSingles = 2_048;

/** The input in pieces: whole, byte by byte, and by two cuts that follow from its content. Pieces are copies. */
export function cutsOf(input: Buffer): readonly (readonly Buffer[])[] {
  const seed = input.reduce((sum, byte) => (sum * 31 + byte) >>> 0, input.length);
  const singles = input.length <= longestSingles ? [cutEvery(input, () => 1)] : [];
  const random = seededRandom(seed);
  return [
    [Buffer.from(input)],
    ...singles,
    cutEvery(input, () => 1 + random.below(16)),
    cutEvery(input, () => 1 + random.below(random.pick([3, 200, 2_000]))),
  ];
}

/** The first difference between what each way of cutting came to, as text; undefined when all are alike. */
export function differenceByCut(
  input: Buffer,
  read: (pieces: readonly Buffer[]) => string,
): string | undefined {
  let whole: string | undefined;
  for (const pieces of cutsOf(input)) {
    const found = read(pieces);
    whole ??= found;
    if (found !== whole) {
      const sizes = pieces.slice(0, 12).map(({ length }) => length);
      return `in ${pieces.length} pieces (${sizes.join(" ")} …) ${firstDifference(found, whole)}`;
    }
  }
  return undefined;
}

/** Where two texts part, with a little of both. */
export function firstDifference(found: string, wanted: string): string {
  let at = 0;
  while (at < found.length && found[at] === wanted[at]) at++;
  const from = Math.max(0, at - 20);
  const show = (text: string) => JSON.stringify(text.slice(from, from + 90));
  return `it says …${show(found)}, wanted …${show(wanted)}`;
}

function cutEvery(input: Buffer, length: () => number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < input.length; ) {
    const end = Math.min(input.length, at + length());
    pieces.push(Buffer.from(input.subarray(at, end)));
    at = end;
  }
  return pieces;
}
