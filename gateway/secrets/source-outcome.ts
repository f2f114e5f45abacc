/** What reading a source of a Secret gave: values by key, or a clause about why there are none. */

/** One reading of a source. */
export type SourceOutcome =
  | {
      readonly kind: "values";
      /** By key; secret */
      readonly values: ReadonlyMap<string, Buffer>;
      /** Unix `ms` from which the values may not be used any more */
      readonly expiresAtMs?: number;
      /** Clause about what works but deserves a change; empty when there is none */
      readonly warning: string;
    }
  | {
      readonly kind: "failed";
      /** Clause that completes "Cannot read Secret …: "; holds nothing of what was read */
      readonly message: string;
    };

/** A failed outcome. */
export function failed(message: string): SourceOutcome {
  return { kind: "failed", message };
}

/** A value as it is meant: `echo` and editors put one line end at the end, and no value of a file needs it. */
export function withoutLineEnd(bytes: Buffer): Buffer {
  let end = bytes.length;
  if (end > 0 && bytes[end - 1] === 0x0a) end--;
  if (end < bytes.length && end > 0 && bytes[end - 1] === 0x0d) end--;
  return bytes.subarray(0, end);
}
