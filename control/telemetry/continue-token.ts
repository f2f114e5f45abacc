/** Where a page ended, as opaque text: the snapshot that all pages of one list share, and the last row that was given. */

/** A place in a list that is ordered by time and sequence. */
export interface PagePlace {
  /** Rows stored after it belong to no page of the list */
  readonly highWater: bigint;
  /** Unix `ns` of the last row */
  readonly timeNs: bigint;
  readonly sequence: bigint;
}

/** The place as text, in base64url. */
export function encodePlace({ highWater, timeNs, sequence }: PagePlace): string {
  return Buffer.from(`1 ${highWater} ${timeNs} ${sequence}`).toString("base64url");
}

/** The place of a text; undefined for one that is none of ours. */
export function tryDecodePlace(text: string): PagePlace | undefined {
  if (text.length > 128 || !/^[\w-]+$/.test(text)) return undefined;
  const plain = Buffer.from(text, "base64url").toString("latin1");
  const [, highWater, timeNs, sequence] = /^1 (\d{1,20}) (\d{1,20}) (\d{1,20})$/.exec(plain) ?? [];
  if (highWater === undefined || timeNs === undefined || sequence === undefined) return undefined;
  const place = {
    highWater: BigInt(highWater),
    timeNs: BigInt(timeNs),
    sequence: BigInt(sequence),
  };
  return Object.values(place).every((number) => number < 2n ** 63n) ? place : undefined;
}
