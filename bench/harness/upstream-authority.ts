/**
 * A throw-away authority for upstream servers in tests and the demo, with good and deliberately bad
 * certificates. It shares no code with `certs/`, so that a fault there cannot hide itself here.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { ipAddressBytes } from "./ip-address-bytes.ts";

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const BOOLEAN_TRUE = Buffer.from("0101ff", "hex");

// Object identifiers, already encoded: RFC 5280 appendix A, RFC 5758 section 3.2.
const COMMON_NAME = "550403";
const ECDSA_WITH_SHA256 = "2a8648ce3d040302";
const SUBJECT_KEY_ID = "551d0e";
const KEY_USAGE = "551d0f";
const SUBJECT_ALT_NAME = "551d11";
const BASIC_CONSTRAINTS = "551d13";
const AUTHORITY_KEY_ID = "551d23";
const EXTENDED_KEY_USAGE = "551d25";
const SERVER_AUTH = "2b06010505070301";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** What is wrong with a certificate; otherwise it is like a good one for the same names. */
export type CertificateFault =
  | "expired"
  | "not-yet-valid"
  | "wrong-name"
  | "self-signed"
  | "untrusted-authority";

/** A server certificate with its key. */
export interface UpstreamCertificate {
  /** PEM, leaf only: the authority is the root */
  readonly certificatePem: string;
  /** PEM, PKCS#8 */
  readonly privateKeyPem: string;
}

/** An authority that signs server certificates. */
export interface UpstreamAuthority {
  /** PEM to trust */
  readonly certificatePem: string;
  /** A certificate for DNS names, wildcards and IP literals, valid from a day ago for 30 days. Throws TypeError for no names. */
  issue(names: readonly string[]): UpstreamCertificate;
  /** A certificate for the names that a verifier must refuse for the one named reason. */
  issueBad(names: readonly string[], fault: CertificateFault): UpstreamCertificate;
}

interface Issuer {
  readonly commonName: string;
  readonly privateKey: KeyObject;
  readonly keyId: Buffer;
}

interface Subject {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Makes a new authority with a fresh P-256 key; nothing touches the disk. `nowMs` is Unix time in `ms`. */
export function createUpstreamAuthority(nowMs: number = Date.now()): UpstreamAuthority {
  const root = createRoot(nowMs);
  const issue = (
    names: readonly string[],
    notBeforeMs = nowMs - dayMs,
    notAfterMs = nowMs + 30 * dayMs,
  ) => issueServer(root.issuer, { names, notBeforeMs, notAfterMs });
  return {
    certificatePem: root.certificatePem,
    issue: (names) => issue(names),
    issueBad: (names, fault) => {
      switch (fault) {
        case "expired":
          return issue(names, nowMs - 10 * dayMs, nowMs - dayMs);
        case "not-yet-valid":
          return issue(names, nowMs + dayMs, nowMs + 10 * dayMs);
        case "wrong-name":
          return issue(["wrong-name.invalid"]);
        case "self-signed":
          return issueSelfSigned(names, nowMs);
        case "untrusted-authority":
          return createUpstreamAuthority(nowMs).issue(names);
        default:
          return assertNever(fault);
      }
    },
  };
}

function createRoot(nowMs: number): { issuer: Issuer; certificatePem: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const keyId = keyIdentifier(publicKey);
  const commonName = `Harness upstream authority ${keyId.toString("hex", 0, 4)}`;
  const issuer = { commonName, privateKey, keyId };
  const certificatePem = signCertificate(issuer, {
    commonName,
    publicKey,
    notBeforeMs: nowMs - 30 * dayMs,
    notAfterMs: nowMs + 365 * dayMs,
    extensions: [
      extension(BASIC_CONSTRAINTS, der(SEQUENCE, BOOLEAN_TRUE), "critical"),
      extension(KEY_USAGE, Buffer.from("03020106", "hex"), "critical"), // keyCertSign, cRLSign
      extension(SUBJECT_KEY_ID, der(OCTET_STRING, keyId)),
    ],
  });
  return { issuer, certificatePem };
}

function issueServer(
  issuer: Issuer,
  want: { names: readonly string[]; notBeforeMs: number; notAfterMs: number },
): UpstreamCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const certificatePem = signCertificate(issuer, {
    commonName: want.names[0] ?? "",
    publicKey,
    notBeforeMs: want.notBeforeMs,
    notAfterMs: want.notAfterMs,
    extensions: serverExtensions(want.names, publicKey, issuer.keyId),
  });
  return { certificatePem, privateKeyPem: toPem(privateKey) };
}

function issueSelfSigned(names: readonly string[], nowMs: number): UpstreamCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const commonName = names[0] ?? "";
  const keyId = keyIdentifier(publicKey);
  const certificatePem = signCertificate(
    { commonName, privateKey, keyId },
    {
      commonName,
      publicKey,
      notBeforeMs: nowMs - dayMs,
      notAfterMs: nowMs + 30 * dayMs,
      extensions: serverExtensions(names, publicKey, keyId),
    },
  );
  return { certificatePem, privateKeyPem: toPem(privateKey) };
}

function serverExtensions(
  names: readonly string[],
  publicKey: KeyObject,
  issuerKeyId: Buffer,
): Buffer[] {
  if (names.length === 0) throw new TypeError("Cannot issue certificate: no names given");
  return [
    extension(BASIC_CONSTRAINTS, der(SEQUENCE), "critical"),
    extension(KEY_USAGE, Buffer.from("03020780", "hex"), "critical"), // digitalSignature
    extension(EXTENDED_KEY_USAGE, der(SEQUENCE, identifier(SERVER_AUTH))),
    extension(SUBJECT_ALT_NAME, der(SEQUENCE, ...names.map(generalName))),
    extension(SUBJECT_KEY_ID, der(OCTET_STRING, keyIdentifier(publicKey))),
    extension(AUTHORITY_KEY_ID, der(SEQUENCE, der(0x80, issuerKeyId))),
  ];
}

function signCertificate(issuer: Issuer, subject: Subject): string {
  const algorithm = der(SEQUENCE, identifier(ECDSA_WITH_SHA256));
  const serial = randomBytes(16);
  serial[0] = (serial.readUInt8(0) & 0x7f) | 0x40; // positive and without leading zeros: RFC 5280 section 4.1.2.2
  const body = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Uint8Array.of(2))),
    der(INTEGER, serial),
    algorithm,
    distinguishedName(issuer.commonName),
    der(SEQUENCE, utcTime(subject.notBeforeMs), utcTime(subject.notAfterMs)),
    distinguishedName(subject.commonName),
    subject.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(SEQUENCE, ...subject.extensions)),
  );
  const signature = sign("sha256", body, { key: issuer.privateKey, dsaEncoding: "der" });
  const certificate = der(SEQUENCE, body, algorithm, der(BIT_STRING, Uint8Array.of(0), signature));
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(content);
  const length = value.length;
  if (length < 0x80) return Buffer.concat([Uint8Array.of(tag, length), value]);
  if (length < 0x100) return Buffer.concat([Uint8Array.of(tag, 0x81, length), value]);
  return Buffer.concat([Uint8Array.of(tag, 0x82, length >> 8, length & 0xff), value]);
}

function identifier(encodedHex: string): Buffer {
  return der(OBJECT_IDENTIFIER, Buffer.from(encodedHex, "hex"));
}

function extension(identifierHex: string, value: Buffer, critical?: "critical"): Buffer {
  const flag = critical === undefined ? [] : [BOOLEAN_TRUE];
  return der(SEQUENCE, identifier(identifierHex), ...flag, der(OCTET_STRING, value));
}

function distinguishedName(commonName: string): Buffer {
  const value = der(UTF8_STRING, Buffer.from(commonName.slice(0, 64), "utf8")); // ub-common-name is 64
  return der(SEQUENCE, der(SET, der(SEQUENCE, identifier(COMMON_NAME), value)));
}

function generalName(name: string): Buffer {
  if (isIP(name) !== 0) return der(0x87, ipAddressBytes(name));
  return der(0x82, Buffer.from(name, "latin1"));
}

function utcTime(timeMs: number): Buffer {
  const digits = new Date(timeMs).toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return der(UTC_TIME, Buffer.from(`${digits}Z`, "latin1"));
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash("sha1")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest();
}

function toPem(privateKey: KeyObject): string {
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

function assertNever(value: never): never {
  throw new TypeError(`Cannot issue certificate: unknown fault "${String(value)}"`);
}
