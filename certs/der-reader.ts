/**
 * Strict DER reader for the few fields we need out of certificates that others made.
 * Invariant: never reads outside the given bytes; anything that is not canonical DER is refused, not guessed.
 */
import { ClrkError } from "../gateway/errors.ts";

/** One element; both views share memory with the input. */
export interface DerElement {
  /** Identifier octet, for example `0x30` for SEQUENCE */
  readonly tag: number;
  /** Identifier, length and contents */
  readonly bytes: Uint8Array;
  /** Contents alone */
  readonly content: Uint8Array;
}

/** All elements that lie one after another in `bytes`; raises ClrkError when they do not fill it exactly. */
export function readElements(bytes: Uint8Array): readonly DerElement[] {
  const elements: DerElement[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const element = readAt(bytes, offset);
    elements.push(element);
    offset += element.bytes.length;
  }
  return elements;
}

/** The single element that fills `bytes`; raises ClrkError when it has another tag or something follows it. */
export function readElement(bytes: Uint8Array, tag: number): DerElement {
  const element = readAt(bytes, 0);
  if (element.tag !== tag) throw wrongTag(0, element.tag, tag);
  if (element.bytes.length !== bytes.length) {
    throw new ClrkError(
      "CLRK_MALFORMED_MESSAGE",
      `Cannot read DER: ${bytes.length - element.bytes.length} bytes follow the element, wanted none`,
    );
  }
  return element;
}

function readAt(bytes: Uint8Array, offset: number): DerElement {
  const tag = octet(bytes, offset);
  if ((tag & 0x1f) === 0x1f) {
    throw new ClrkError(
      "CLRK_MALFORMED_MESSAGE",
      `Cannot read DER: multi-byte tag at offset ${offset} is not used`,
    );
  }
  const first = octet(bytes, offset + 1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthBytes > 4) {
    throw new ClrkError(
      "CLRK_MALFORMED_MESSAGE",
      `Cannot read DER: length at offset ${offset + 1} is 0x${first.toString(16)}, wanted a definite one of at most 4 bytes`,
    );
  }
  let length = lengthBytes === 0 ? first : 0;
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + octet(bytes, offset + 2 + i);
  if (lengthBytes > 0 && length < (lengthBytes === 1 ? 0x80 : 256 ** (lengthBytes - 1))) {
    throw new ClrkError(
      "CLRK_MALFORMED_MESSAGE",
      `Cannot read DER: length at offset ${offset + 1} is not minimal`,
    );
  }
  const start = offset + 2 + lengthBytes;
  if (start + length > bytes.length) {
    throw new ClrkError(
      "CLRK_MALFORMED_MESSAGE",
      `Cannot read DER: element at offset ${offset} ends at ${start + length}, input at ${bytes.length}`,
    );
  }
  return {
    tag,
    bytes: bytes.subarray(offset, start + length),
    content: bytes.subarray(start, start + length),
  };
}

function octet(bytes: Uint8Array, offset: number): number {
  const value = bytes[offset];
  if (value === undefined) {
    throw new ClrkError(
      "CLRK_MALFORMED_MESSAGE",
      `Cannot read DER: input ends at offset ${bytes.length}`,
    );
  }
  return value;
}

function wrongTag(offset: number, current: number, wanted: number): ClrkError {
  return new ClrkError(
    "CLRK_MALFORMED_MESSAGE",
    `Cannot read DER: tag at offset ${offset} is 0x${current.toString(16)}, wanted 0x${wanted.toString(16)}`,
  );
}
