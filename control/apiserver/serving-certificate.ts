/**
 * The certificate by which the API server is known, and the authority that kubeconfigs trust. The authority signs one
 * certificate and its key is forgotten: there is nothing that could sign another.
 */
import { X509Certificate, generateKeyPairSync } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { hasCode, replaceFile } from "../../certs/atomic-file.ts";
import {
  computeKeyId,
  encodeAlternativeNames,
  encodeAuthorityKeyId,
  encodeBasicConstraints,
  encodeKeyUsage,
  encodeName,
  encodeServerAuthUsage,
  encodeSubjectKeyId,
  signCertificate,
} from "../../certs/certificate.ts";
import { encodePem, parsePem } from "../../certs/pem.ts";
import { ClrkError } from "../../gateway/errors.ts";

/** A certificate with its key, and what to trust. */
export interface ServingCertificate {
  /** For clients */
  readonly authorityPem: string;
  readonly chainPem: string;
  /** Secret */
  readonly keyPem: string;
}

const dayMs = 86_400_000;
const lifeMs = 365 * dayMs;
/** Renewed at a start when so little is left; a server that runs for longer needs a restart. */
const renewBeforeMs = 60 * dayMs;
/** Clocks of clients may lag. */
const backdateMs = 3_600_000;

/** Names and addresses that a client on this machine may use. */
const names = ["localhost"];
const addresses = ["127.0.0.1", "::1"];

/**
 * Reads the certificate in `file`, or makes one where there is none or it ends soon. Raises CLRK_PRECONDITION_FAILED for
 * a file that others can read.
 */
export async function openServingCertificate(
  file: string,
  nowMs: number,
): Promise<ServingCertificate> {
  const found = await readStored(file);
  if (found !== undefined && isFresh(found, nowMs)) return found;
  const made = createServingCertificate(nowMs);
  await replaceFile(file, `${made.authorityPem}${made.chainPem}${made.keyPem}`, "owner");
  return made;
}

/** Makes a new authority and a certificate for this machine's own names. */
export function createServingCertificate(nowMs: number): ServingCertificate {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const leaf = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const authorityKey = authority.publicKey.export({ type: "spki", format: "der" });
  const leafKey = leaf.publicKey.export({ type: "spki", format: "der" });
  const authorityId = computeKeyId(authorityKey);
  const issuer = encodeName({
    organization: "CLRK",
    commonName: `API server ${authorityId.toString("hex").slice(0, 8)}`,
  });
  const validity = { notBeforeMs: nowMs - backdateMs, notAfterMs: nowMs + lifeMs };
  const root = signCertificate(
    {
      ...validity,
      issuer,
      subject: issuer,
      publicKey: authorityKey,
      extensions: [
        encodeBasicConstraints("authority"),
        encodeKeyUsage("authority"),
        encodeSubjectKeyId(authorityId),
        encodeAuthorityKeyId(authorityId),
      ],
    },
    authority.privateKey,
  );
  const chain = signCertificate(
    {
      ...validity,
      issuer,
      subject: encodeName({ commonName: "localhost" }),
      publicKey: leafKey,
      extensions: [
        encodeBasicConstraints("leaf"),
        encodeKeyUsage("leaf"),
        encodeServerAuthUsage(),
        encodeSubjectKeyId(computeKeyId(leafKey)),
        encodeAuthorityKeyId(authorityId),
        encodeAlternativeNames({ names, addresses }),
      ],
    },
    authority.privateKey,
  );
  return {
    authorityPem: encodePem("CERTIFICATE", root.der),
    chainPem: encodePem("CERTIFICATE", chain.der),
    keyPem: String(leaf.privateKey.export({ type: "pkcs8", format: "pem" })),
  };
}

async function readStored(file: string): Promise<ServingCertificate | undefined> {
  let text: string;
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) {
      const message = `Cannot use certificate "${file}": others can read its key; remove the file to get a new one`;
      throw new ClrkError("CLRK_PRECONDITION_FAILED", message, { expose: message });
    }
    text = await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  const blocks = parsePem(text);
  const [authority, chain, key] = blocks;
  if (authority === undefined || chain === undefined || key?.label !== "PRIVATE KEY")
    return undefined;
  return {
    authorityPem: encodePem("CERTIFICATE", authority.der),
    chainPem: encodePem("CERTIFICATE", chain.der),
    keyPem: encodePem("PRIVATE KEY", key.der),
  };
}

function isFresh({ authorityPem, chainPem }: ServingCertificate, nowMs: number): boolean {
  try {
    const chain = new X509Certificate(chainPem);
    const isSigned = chain.verify(new X509Certificate(authorityPem).publicKey);
    const isValid = chain.validFromDate.getTime() <= nowMs;
    return isSigned && isValid && chain.validToDate.getTime() - nowMs > renewBeforeMs;
  } catch {
    // A broken file is replaced: nothing but this server uses it.
    return false;
  }
}
