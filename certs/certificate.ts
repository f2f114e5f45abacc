/**
 * The X.509 v3 shape shared by authorities and leaves (RFC 5280 §4.1): names, extensions, signing.
 * Invariant: what comes out passes verifiers in strict mode, because every profile rule lives here or in its two callers.
 */
import type { KeyObject } from "node:crypto";
import { Buffer } from "node:buffer";
import { hash, randomBytes, sign } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import {
  encodeBitString,
  encodeExplicit,
  encodeImplicit,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSet,
  encodeTime,
  encodeTrue,
  encodeUnsignedInteger,
  encodeUtf8String,
} from "./der.ts";

/** X.520 upper bound of commonName (RFC 5280 appendix A.1, ub-common-name), in characters. */
export const COMMON_NAME_MAX = 64;

/** What one certificate says; every part is encoded DER, so that callers can prepare what stays the same. */
export interface CertificateParts {
  /** Name of the issuer */
  readonly issuer: Uint8Array;
  /** Name of the subject */
  readonly subject: Uint8Array;
  /** Start of validity in Unix `ms`, cut to seconds */
  readonly notBeforeMs: number;
  /** End of validity in Unix `ms`, cut to seconds */
  readonly notAfterMs: number;
  /** SubjectPublicKeyInfo */
  readonly publicKey: Uint8Array;
  /** Extensions in the order in which they appear */
  readonly extensions: readonly Uint8Array[];
}

/** A signed certificate and the serial number it got. */
export interface SignedCertificate {
  readonly der: Buffer;
  /** 16 bytes in lower-case hex, unique per certificate */
  readonly serialHex: string;
}

const VERSION_3 = encodeExplicit(0, encodeUnsignedInteger(Uint8Array.of(2)));
// RFC 5758 §3.2: the parameters of ecdsa-with-SHA256 are absent, not NULL.
const ECDSA_WITH_SHA256 = encodeSequence(encodeOid("1.2.840.10045.4.3.2"));
const ORGANIZATION = encodeOid("2.5.4.10");
const COMMON_NAME = encodeOid("2.5.4.3");
const SUBJECT_KEY_IDENTIFIER = encodeOid("2.5.29.14");
const KEY_USAGE = encodeOid("2.5.29.15");
const SUBJECT_ALT_NAME = encodeOid("2.5.29.17");
const BASIC_CONSTRAINTS = encodeOid("2.5.29.19");
const AUTHORITY_KEY_IDENTIFIER = encodeOid("2.5.29.35");
const EXTENDED_KEY_USAGE = encodeOid("2.5.29.37");
const SERVER_AUTH = encodeOid("1.3.6.1.5.5.7.3.1");
const POINT_BYTES = 65;
const SERIAL_BYTES = 16;

/**
 * Signs one certificate with ecdsa-with-SHA256. The serial is positive, exactly 16 octets and random in 126 bits,
 * within the 20 octets of RFC 5280 §4.1.2.2.
 */
export function signCertificate(parts: CertificateParts, signingKey: KeyObject): SignedCertificate {
  const serial = randomBytes(SERIAL_BYTES);
  // Top bit clear keeps it positive without a sign octet, the next one set keeps all octets significant.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const toBeSigned = encodeSequence(
    VERSION_3,
    encodeUnsignedInteger(serial),
    ECDSA_WITH_SHA256,
    parts.issuer,
    encodeSequence(encodeTime(parts.notBeforeMs), encodeTime(parts.notAfterMs)),
    parts.subject,
    parts.publicKey,
    encodeExplicit(3, encodeSequence(...parts.extensions)),
  );
  const signature = sign("sha256", toBeSigned, signingKey);
  return {
    der: encodeSequence(toBeSigned, ECDSA_WITH_SHA256, encodeBitString(signature)),
    serialHex: serial.toString("hex"),
  };
}

/** Name with the given attributes, organization first; without any it is the empty Name. */
export function encodeName(attributes: {
  readonly organization?: string;
  readonly commonName?: string;
}): Buffer {
  const { organization, commonName } = attributes;
  if (commonName !== undefined && [...commonName].length > COMMON_NAME_MAX) {
    throw new RangeError(
      `Cannot encode name: common name has ${[...commonName].length} characters, wanted at most ${COMMON_NAME_MAX}`,
    );
  }
  return encodeSequence(
    ...(organization === undefined ? [] : [encodeAttribute(ORGANIZATION, organization)]),
    ...(commonName === undefined ? [] : [encodeAttribute(COMMON_NAME, commonName)]),
  );
}

/** Key identifier of a P-256 SubjectPublicKeyInfo: SHA-1 of the public point (RFC 5280 §4.2.1.2, method 1). */
export function computeKeyId(publicKey: Uint8Array): Buffer {
  return hash("sha1", publicKey.subarray(publicKey.length - POINT_BYTES), "buffer");
}

/** Critical basicConstraints: an authority that may sign leaves only (pathLen 0), or a leaf (empty). */
export function encodeBasicConstraints(role: "authority" | "leaf"): Buffer {
  const value =
    role === "authority"
      ? encodeSequence(encodeTrue(), encodeUnsignedInteger(Uint8Array.of(0)))
      : encodeSequence();
  return encodeExtension(BASIC_CONSTRAINTS, value, "critical");
}

/** Critical keyUsage: keyCertSign and cRLSign for an authority, digitalSignature for a leaf. */
export function encodeKeyUsage(role: "authority" | "leaf"): Buffer {
  const bits =
    role === "authority"
      ? encodeBitString(Uint8Array.of(0x06), 1)
      : encodeBitString(Uint8Array.of(0x80), 7);
  return encodeExtension(KEY_USAGE, bits, "critical");
}

/** extendedKeyUsage with serverAuth alone. */
export function encodeServerAuthUsage(): Buffer {
  return encodeExtension(EXTENDED_KEY_USAGE, encodeSequence(SERVER_AUTH), "optional");
}

/** subjectKeyIdentifier. */
export function encodeSubjectKeyId(keyId: Uint8Array): Buffer {
  return encodeExtension(SUBJECT_KEY_IDENTIFIER, encodeOctetString(keyId), "optional");
}

/** authorityKeyIdentifier with the key identifier alone. */
export function encodeAuthorityKeyId(keyId: Uint8Array): Buffer {
  return encodeExtension(
    AUTHORITY_KEY_IDENTIFIER,
    encodeSequence(encodeImplicit(0, keyId)),
    "optional",
  );
}

/** subjectAltName with one DNS name; RFC 5280 §4.2.1.6 wants it critical when the subject is empty. */
export function encodeDnsName(name: string, importance: "critical" | "optional"): Buffer {
  const value = encodeSequence(encodeImplicit(2, Buffer.from(name, "latin1")));
  return encodeExtension(SUBJECT_ALT_NAME, value, importance);
}

/** subjectAltName with DNS names and IP addresses (RFC 5280 §4.2.1.6), for a certificate that has a subject. */
export function encodeAlternativeNames(alternatives: {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}): Buffer {
  const value = encodeSequence(
    ...alternatives.names.map((name) => encodeImplicit(2, Buffer.from(name, "latin1"))),
    ...alternatives.addresses.map((address) => encodeImplicit(7, encodeAddress(address))),
  );
  return encodeExtension(SUBJECT_ALT_NAME, value, "optional");
}

/** Four bytes, or sixteen. */
function encodeAddress(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string) => text.split(":").filter((group) => group !== "");
  const [first, last] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => "0");
  const all = [...first, ...zeros, ...last].map((group) => Number.parseInt(group, 16));
  const isWhole =
    isIPv6(address) &&
    !address.includes(".") &&
    all.length === 8 &&
    all.every((group) => group <= 0xffff);
  if (!isWhole)
    throw new RangeError(`Cannot encode address "${address}": wanted IPv4, or IPv6 in hexadecimal`);
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function encodeExtension(
  oid: Uint8Array,
  value: Uint8Array,
  importance: "critical" | "optional",
): Buffer {
  return importance === "critical"
    ? encodeSequence(oid, encodeTrue(), encodeOctetString(value))
    : encodeSequence(oid, encodeOctetString(value));
}

function encodeAttribute(oid: Uint8Array, text: string): Buffer {
  return encodeSet(encodeSequence(oid, encodeUtf8String(text)));
}
