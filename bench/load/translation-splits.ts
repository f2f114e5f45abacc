/** Streams of all pairs cut at random places: each has to be translated into the same bytes as when it comes whole. */
import { randomPieces } from "../../providers/testdata/seeded-random.ts";
import type { PreparedPair } from "./translation-cost.ts";

/** What was tried. */
export interface SplitOutcome {
  /** Places at which streams were cut */
  readonly splits: number;
  readonly streams: number;
  /** One sentence for each stream that came out otherwise, at most `mostDifferences` of them */
  readonly differences: readonly string[];
}

const mostDifferences = 10;
// From one or two bytes to a few pieces of a stream.
const longestPieces: readonly number[] = [2, 7, 40, 300, 2_000];

/** Cuts streams of the pairs in turn until there were so many splits; `random` gives numbers in [0, 1). */
export function trySplits(
  pairs: readonly PreparedPair[],
  { random, splits: wanted }: { readonly random: () => number; readonly splits: number },
): SplitOutcome {
  const expected = pairs.map(({ work }) => work.translateStream([work.varied]));
  const differences: string[] = [];
  let splits = 0;
  let streams = 0;
  while (splits < wanted && differences.length < mostDifferences && pairs.length > 0) {
    const index = streams % pairs.length;
    const { pair, work } = pairs[index] ?? unreachable();
    const longest = longestPieces[Math.floor(random() * longestPieces.length)] ?? 1;
    const pieces = randomPieces(work.varied, longest, random);
    if (!work.translateStream(pieces).equals(expected[index] ?? unreachable())) {
      const sizes = pieces.map(({ length }) => length).join(",");
      const where = `${pair.source.name} served in ${pair.served.name}`;
      differences.push(`${where}: pieces of ${sizes.slice(0, 200)} bytes come out otherwise`);
    }
    splits += pieces.length - 1;
    streams += 1;
  }
  return { splits, streams, differences };
}

function unreachable(): never {
  throw new RangeError("Cannot cut stream: no such pair");
}
