/**
 * What an agent trusts: the machine's public roots, the gateway's authorities and the user's own roots, as one bundle.
 * Invariant: public roots are always in it, because the variables that point to a bundle replace a trust store.
 */
import type { Buffer } from "node:buffer";
import { hash, X509Certificate } from "node:crypto";
import { getCACertificates } from "node:tls";
import { ClrkError } from "../gateway/errors.ts";
import { decodeCertificate } from "./decode-certificate.ts";
import { computeNameHash } from "./name-hash.ts";
import { encodePem, parsePem } from "./pem.ts";

/** Public roots and where they came from. */
export interface PublicRoots {
  /** One PEM certificate each */
  readonly certificatesPem: readonly string[];
  /** The operating system's store, or Node's copy of Mozilla's where that is empty */
  readonly source: "system" | "bundled";
}

/** What goes into a bundle. */
export interface TrustBundleSources {
  /** The authorities' certificates (`Authority.trustAnchorsPem`) */
  readonly authoritiesPem: readonly string[];
  /** Public roots (`readPublicRoots`) */
  readonly publicRootsPem: readonly string[];
  /** PEM text with further certificates that the user wants trusted */
  readonly extraPem?: string;
}

/** A bundle ready to be written. */
export interface TrustBundle {
  /** All certificates, the authorities first, without duplicates */
  readonly pem: string;
  /** File name (`<subject hash>.<n>`) to PEM text, the layout of SSL_CERT_DIR */
  readonly hashedFiles: ReadonlyMap<string, string>;
  /** SHA-256 of `pem` in hex; changes whenever the bundle does */
  readonly digest: string;
  /** Public roots left out because they could not be decoded */
  readonly skipped: number;
}

/** The machine's public roots. SSL_CERT_FILE and SSL_CERT_DIR of this process count as the system's, as OpenSSL has it. */
export function readPublicRoots(): PublicRoots {
  const system = getCACertificates("system");
  return system.length > 0
    ? { certificatesPem: system, source: "system" }
    : { certificatesPem: getCACertificates("bundled"), source: "bundled" };
}

/**
 * Merges the sources. Public roots that cannot be decoded are counted and left out; an authority or an extra one
 * raises ClrkError, as does anything in `extraPem` that is not a certificate (a key pasted by mistake
 * would become readable to every agent).
 */
export function createTrustBundle(sources: TrustBundleSources): TrustBundle {
  const merged: MergedCertificates = { byFingerprint: new Set(), pems: [], hashedFiles: new Map() };
  for (const pem of sources.authoritiesPem) addAll(merged, pem, "authority");
  if (sources.extraPem !== undefined) addAll(merged, sources.extraPem, "extra certificates");
  let skipped = 0;
  for (const pem of sources.publicRootsPem) {
    try {
      addAll(merged, pem, "public root");
    } catch (error) {
      if (!(error instanceof ClrkError)) throw error;
      skipped++;
    }
  }
  const pem = merged.pems.join("");
  return { pem, hashedFiles: merged.hashedFiles, digest: hash("sha256", pem), skipped };
}

interface MergedCertificates {
  readonly byFingerprint: Set<string>;
  readonly pems: string[];
  readonly hashedFiles: Map<string, string>;
}

function addAll(merged: MergedCertificates, text: string, source: string): void {
  const blocks = parseBlocks(text, source);
  if (blocks.length === 0) {
    throw new ClrkError(
      "CLRK_INVALID_ARGUMENT",
      `Cannot add ${source} to trust bundle: no certificate in the text`,
    );
  }
  for (const [index, { label, der }] of blocks.entries()) {
    if (label !== "CERTIFICATE") {
      throw new ClrkError(
        "CLRK_INVALID_ARGUMENT",
        `Cannot add ${source} to trust bundle: block ${index + 1} is ${label}, wanted CERTIFICATE`,
      );
    }
    addCertificate(merged, der, `${source} to trust bundle: block ${index + 1}`);
  }
}

function addCertificate(merged: MergedCertificates, der: Buffer, place: string): void {
  const fingerprint = hash("sha256", der);
  if (merged.byFingerprint.has(fingerprint)) return;
  let nameHash: string;
  try {
    new X509Certificate(der);
    nameHash = computeNameHash(decodeCertificate(der).subject);
  } catch (cause) {
    throw new ClrkError("CLRK_INVALID_ARGUMENT", `Cannot add ${place} is not a certificate`, {
      cause,
    });
  }
  const pem = encodePem("CERTIFICATE", der);
  merged.byFingerprint.add(fingerprint);
  merged.pems.push(pem);
  // OpenSSL tries .0, .1, … and stops at the first that is missing.
  let number = 0;
  while (merged.hashedFiles.has(`${nameHash}.${number}`)) number++;
  merged.hashedFiles.set(`${nameHash}.${number}`, pem);
}

function parseBlocks(text: string, source: string): ReturnType<typeof parsePem> {
  try {
    return parsePem(text);
  } catch (cause) {
    if (!(cause instanceof ClrkError)) throw cause;
    const detail = cause.message.slice(cause.message.indexOf(": ") + 2);
    throw new ClrkError(
      "CLRK_INVALID_ARGUMENT",
      `Cannot add ${source} to trust bundle: ${detail}`,
      { cause },
    );
  }
}
