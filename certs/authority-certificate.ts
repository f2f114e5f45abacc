/**
 * One certificate authority of an EgressGateway: created, written to text, read back with every check.
 * Invariant: a value of this type has a P-256 key that matches a self-signed CA certificate.
 */
import type { KeyObject } from "node:crypto";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { Buffer } from "node:buffer";
import { ClrkError } from "../gateway/errors.ts";
import {
  COMMON_NAME_MAX,
  computeKeyId,
  encodeAuthorityKeyId,
  encodeBasicConstraints,
  encodeKeyUsage,
  encodeName,
  encodeSubjectKeyId,
  signCertificate,
} from "./certificate.ts";
import { decodeCertificate } from "./decode-certificate.ts";
import type { LeafIssuer } from "./leaf.ts";
import { leafBackdateMs } from "./leaf.ts";
import { encodePem, parsePem } from "./pem.ts";

/** An authority with its key. Printing it shows no secret: the key is a KeyObject. */
export interface AuthorityCertificate extends LeafIssuer {
  /** Subject key identifier in hex; tells authorities apart */
  readonly id: string;
  /** The certificate alone, for trust bundles */
  readonly certificatePem: string;
  /** Unix `ms` from which leaves are minted with it; before that it is only trusted */
  readonly mintFromMs: number;
}

/** What a new authority is made of. */
export interface NewAuthority {
  /** `namespace/name` of the EgressGateway; stands in the subject, cut to fit */
  readonly egressGateway: string;
  /** Unix `ms` */
  readonly nowMs: number;
  /** Unix `ms` from which it may mint */
  readonly mintFromMs: number;
  /** Validity after `nowMs`, in `ms` */
  readonly lifeMs: number;
}

const MINT_FROM = "Mint-From: ";
const keyIdCharacters = 8;

/**
 * Creates an authority: P-256, self-signed, critical basicConstraints with pathLen 0, keyCertSign and cRLSign.
 * The subject ends in a piece of the key identifier, since verifiers look issuers up by name and
 * two authorities of one gateway must not be mistaken for each other during a rotation.
 */
export function createAuthorityCertificate(options: NewAuthority): AuthorityCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKeyDer = publicKey.export({ type: "spki", format: "der" });
  const keyId = computeKeyId(publicKeyDer);
  const id = keyId.toString("hex");
  const subject = encodeName({
    organization: "CLRK",
    commonName: commonName(options.egressGateway, id.slice(0, keyIdCharacters)),
  });
  const notBeforeMs = wholeSeconds(options.nowMs - leafBackdateMs);
  const notAfterMs = wholeSeconds(options.nowMs + options.lifeMs);
  const { der } = signCertificate(
    {
      issuer: subject,
      subject,
      notBeforeMs,
      notAfterMs,
      publicKey: publicKeyDer,
      extensions: [
        encodeBasicConstraints("authority"),
        encodeKeyUsage("authority"),
        encodeSubjectKeyId(keyId),
        encodeAuthorityKeyId(keyId),
      ],
    },
    privateKey,
  );
  const certificatePem = encodePem("CERTIFICATE", der);
  const mintFromMs = wholeSeconds(options.mintFromMs);
  return { id, certificatePem, mintFromMs, subject, keyId, privateKey, notBeforeMs, notAfterMs };
}

/** Text of the authority's file: one `Mint-From` line, the certificate, the PKCS#8 key. Secret. */
export function encodeAuthority(authority: AuthorityCertificate): string {
  const key = authority.privateKey.export({ type: "pkcs8", format: "pem" });
  return `${MINT_FROM}${new Date(authority.mintFromMs).toISOString()}\n${authority.certificatePem}${key}`;
}

/**
 * Reads the text of `encodeAuthority` back. Raises ClrkError unless it holds exactly one certificate and
 * its key, the key is P-256 and matches, and the certificate is a CA that signed itself. Validity is the caller's.
 */
export function parseAuthority(text: string): AuthorityCertificate {
  const mintFromMs = parseMintFrom(text);
  const [certificate, key, ...rest] = parsePem(text);
  if (certificate?.label !== "CERTIFICATE" || key?.label !== "PRIVATE KEY" || rest.length > 0) {
    throw fault("content is not one CERTIFICATE followed by one PRIVATE KEY");
  }
  const x509 = readX509(certificate.der);
  const privateKey = readKey(key.der);
  if (!x509.checkPrivateKey(privateKey)) throw fault("key does not belong to the certificate");
  if (!x509.ca) throw fault("certificate is not one of a CA");
  if (!x509.checkIssued(x509) || !x509.verify(x509.publicKey)) {
    throw fault("certificate is not signed by itself");
  }
  const { subject, subjectKeyId } = decodeCertificate(certificate.der);
  if (subjectKeyId === undefined) throw fault("certificate has no subject key identifier");
  return {
    id: Buffer.from(subjectKeyId).toString("hex"),
    certificatePem: encodePem("CERTIFICATE", certificate.der),
    mintFromMs,
    subject,
    keyId: subjectKeyId,
    privateKey,
    notBeforeMs: x509.validFromDate.getTime(),
    notAfterMs: x509.validToDate.getTime(),
  };
}

function commonName(egressGateway: string, keyId: string): string {
  // Control characters would only confuse whoever lists trusted certificates.
  const printable = egressGateway.replace(/[^\x20-\x7e]/g, "?");
  return `EgressGateway ${printable}`
    .slice(0, COMMON_NAME_MAX - keyId.length - 1)
    .concat(` ${keyId}`);
}

function parseMintFrom(text: string): number {
  const line = /^Mint-From: (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/m.exec(text)?.[1];
  const mintFromMs = line === undefined ? Number.NaN : Date.parse(line);
  if (Number.isNaN(mintFromMs)) throw fault(`no "${MINT_FROM.trim()}" line with a time`);
  return mintFromMs;
}

function readX509(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw fault("certificate cannot be decoded", cause);
  }
}

function readKey(der: Buffer): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } catch (cause) {
    throw fault("key cannot be decoded", cause);
  }
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw fault("key is not P-256");
  return key;
}

function fault(detail: string, cause?: unknown): ClrkError {
  return new ClrkError("CLRK_MALFORMED_MESSAGE", `Cannot parse authority: ${detail}`, { cause });
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
