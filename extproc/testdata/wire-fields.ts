/** Protobuf fields built one by one, for messages that no encoder would write. */

/** A varint of the value, padded with empty bytes to at least `minBytes`. */
export function varint(value: number, minBytes = 1): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  } while (rest > 0 || bytes.length < minBytes);
  bytes.push((bytes.pop() ?? 0) & 0x7f);
  return Buffer.from(bytes);
}

/** A tag. */
export function tag(field: number, wireType: number): Buffer {
  return varint(field * 8 + wireType);
}

/** A length-delimited field with the contents one after another. */
export function block(field: number, ...contents: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(contents.map((part) => Buffer.from(part)));
  return Buffer.concat([tag(field, 2), varint(content.length), content]);
}

/** A varint field. */
export function number(field: number, value: number, minBytes = 1): Buffer {
  return Buffer.concat([tag(field, 0), varint(value, minBytes)]);
}
