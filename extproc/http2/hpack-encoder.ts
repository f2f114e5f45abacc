/**
 * Encodes what a server of constant headers sends (RFC 7541 §6): blocks are made once and fit any moment of any
 * connection, because they use no dynamic table.
 */

/** Fields of the static table (Appendix A) that are sent as a whole. */
const wholeFields = new Map([
  [":status 200", 8],
  [":status 400", 12],
  [":status 404", 13],
  [":status 500", 14],
]);

/** Names of the static table (Appendix A) that are sent. */
const names = new Map([
  [":status", 8],
  ["content-length", 28],
  ["content-type", 31],
]);

/** Literal without indexing: a prefix of four bits (§6.2.2). */
const nameMask = 0x0f;
const lengthMask = 0x7f;

/** One header block; names in lower case, names and values as Latin-1. */
export function encodeFields(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => {
      const whole = wholeFields.get(`${name} ${value}`);
      if (whole !== undefined) return [Buffer.of(0x80 | whole)];
      const index = names.get(name) ?? 0;
      const head = encodeInteger(nameMask, index);
      return index > 0
        ? [head, encodeString(value)]
        : [head, encodeString(name), encodeString(value)];
    }),
  );
}

/** As it is: Huffman would save a few bytes and cost the peer more than they do. */
function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  return Buffer.concat([encodeInteger(lengthMask, bytes.length), bytes]);
}

/** An integer whose first byte has as many bits for it as the mask (§5.1), the others zero. */
function encodeInteger(mask: number, value: number): Buffer {
  if (value < mask) return Buffer.of(value);
  const bytes = [mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
