/** Reads the three fields of a certificate that node:crypto does not give as bytes. Raises ClrkError, never guesses. */
import { ClrkError } from "../gateway/errors.ts";
import type { DerElement } from "./der-reader.ts";
import { readElement, readElements } from "./der-reader.ts";
import { encodeOid } from "./der.ts";

const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
const EXPLICIT_VERSION = 0xa0;
const EXPLICIT_EXTENSIONS = 0xa3;
const SUBJECT_KEY_IDENTIFIER = encodeOid("2.5.29.14");

/** Fields as they stand in the certificate, sharing its memory. */
export interface CertificateFields {
  /** Name of the issuer, encoded */
  readonly issuer: Uint8Array;
  /** Name of the subject, encoded */
  readonly subject: Uint8Array;
  /** Value of subjectKeyIdentifier; absent in certificates without that extension */
  readonly subjectKeyId?: Uint8Array;
}

/** Decodes one DER certificate (RFC 5280 §4.1); signatures and validity are not looked at. */
export function decodeCertificate(der: Uint8Array): CertificateFields {
  const [toBeSigned] = readElements(readElement(der, SEQUENCE).content);
  if (toBeSigned === undefined || toBeSigned.tag !== SEQUENCE) throw fault("tbsCertificate");
  const fields = readElements(toBeSigned.content);
  // v1 certificates, still found among public roots, leave the version out.
  const first = fields[0]?.tag === EXPLICIT_VERSION ? 1 : 0;
  const issuer = fields[first + 2];
  const subject = fields[first + 4];
  if (issuer?.tag !== SEQUENCE) throw fault("issuer");
  if (subject?.tag !== SEQUENCE) throw fault("subject");
  const extensions = fields.find(({ tag }) => tag === EXPLICIT_EXTENSIONS);
  const subjectKeyId = extensions === undefined ? undefined : findSubjectKeyId(extensions);
  return {
    issuer: issuer.bytes,
    subject: subject.bytes,
    ...(subjectKeyId !== undefined && { subjectKeyId }),
  };
}

function findSubjectKeyId(extensions: DerElement): Uint8Array | undefined {
  for (const extension of readElements(readElement(extensions.content, SEQUENCE).content)) {
    const parts = readElements(extension.content);
    const value = parts.at(-1);
    if (parts[0] === undefined || !equalBytes(parts[0].bytes, SUBJECT_KEY_IDENTIFIER)) continue;
    if (value?.tag !== OCTET_STRING) throw fault("subjectKeyIdentifier");
    return readElement(value.content, OCTET_STRING).content;
  }
  return undefined;
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((octet, index) => octet === right[index]);
}

function fault(field: string): ClrkError {
  return new ClrkError(
    "CLRK_MALFORMED_MESSAGE",
    `Cannot decode certificate: ${field} is missing or malformed`,
  );
}
