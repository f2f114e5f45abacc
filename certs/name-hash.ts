/**
 * The subject hash by which OpenSSL finds certificates in SSL_CERT_DIR (`openssl x509 -hash`, X509_NAME_hash(3)).
 * Invariant: names that X.520 matching treats as equal (case, spaces, string type) get the same hash.
 */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { ClrkError } from "../gateway/errors.ts";
import type { DerElement } from "./der-reader.ts";
import { readElement, readElements } from "./der-reader.ts";
import { encodeSequence, encodeSet, encodeUtf8String } from "./der.ts";

const SEQUENCE = 0x30;
const SET = 0x31;
const UTF8_STRING = 0x0c;
const UNIVERSAL_STRING = 0x1c;
const BMP_STRING = 0x1e;
/** PrintableString, T61String, IA5String, VisibleString: one octet a character, read as Latin-1 as OpenSSL does. */
const ONE_OCTET_STRINGS: readonly number[] = [0x13, 0x14, 0x16, 0x1a];

/**
 * Hash of an encoded Name in 8 lower-case hex digits: the first four octets of the SHA-1 of its canonical
 * encoding, read as a little-endian number. Raises ClrkError for bytes that are not a Name.
 */
export function computeNameHash(name: Uint8Array): string {
  const digest = hash("sha1", canonicalName(name), "buffer");
  return digest.readUInt32LE(0).toString(16).padStart(8, "0");
}

// The canonical form has no SEQUENCE around it: it is the RDNs one after another.
function canonicalName(name: Uint8Array): Buffer {
  return Buffer.concat(
    readElements(readElement(name, SEQUENCE).content).map((rdn) => {
      if (rdn.tag !== SET)
        throw new ClrkError("CLRK_MALFORMED_MESSAGE", "Cannot hash name: an RDN is not a SET");
      const attributes = readElements(rdn.content).map(canonicalAttribute);
      // SET OF is sorted by encoding in DER (X.690 §11.6), and canonical values may sort differently.
      return encodeSet(...attributes.sort(Buffer.compare));
    }),
  );
}

function canonicalAttribute(attribute: DerElement): Buffer {
  const [oid, value] = readElements(attribute.content);
  if (attribute.tag !== SEQUENCE || oid === undefined || value === undefined) {
    throw new ClrkError(
      "CLRK_MALFORMED_MESSAGE",
      "Cannot hash name: an attribute is not a type and a value",
    );
  }
  const text = readText(value);
  return encodeSequence(
    oid.bytes,
    text === undefined ? value.bytes : encodeUtf8String(canonicalText(text)),
  );
}

/** Text of the string types that OpenSSL folds; others, such as NumericString, count byte by byte. */
function readText(value: DerElement): string | undefined {
  const octets = Buffer.from(value.content);
  if (value.tag === UTF8_STRING) return octets.toString("utf8");
  if (ONE_OCTET_STRINGS.includes(value.tag)) return octets.toString("latin1");
  if (value.tag === BMP_STRING && octets.length % 2 === 0) return readUnits(octets, 2);
  if (value.tag === UNIVERSAL_STRING && octets.length % 4 === 0) return readUnits(octets, 4);
  return undefined;
}

function readUnits(octets: Buffer, width: 2 | 4): string {
  let text = "";
  for (let at = 0; at < octets.length; at += width) {
    const point = octets.readUIntBE(at, width);
    if (point > 0x10ffff) {
      throw new ClrkError(
        "CLRK_MALFORMED_MESSAGE",
        "Cannot hash name: a string has a character beyond U+10FFFF",
      );
    }
    text += String.fromCodePoint(point);
  }
  return text;
}

/** Only ASCII is folded: other scripts keep their case and their own kinds of space. */
function canonicalText(text: string): string {
  return text
    .replace(/^[ \t-\r]+|[ \t-\r]+$/g, "")
    .replace(/[ \t-\r]+/g, " ")
    .replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
}
