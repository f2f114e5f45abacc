/**
 * Mints leaf certificates for one issuer. All leaves of a minter share one P-256 key, made in memory and never
 * written to disk. Invariant: no leaf outlives its issuer or starts before it.
 */
import type { KeyObject } from "node:crypto";
import { generateKeyPairSync } from "node:crypto";
import type { Leaf } from "../gateway/certificate-provider.ts";
import {
  COMMON_NAME_MAX,
  computeKeyId,
  encodeAuthorityKeyId,
  encodeBasicConstraints,
  encodeDnsName,
  encodeKeyUsage,
  encodeName,
  encodeServerAuthUsage,
  encodeSubjectKeyId,
  signCertificate,
} from "./certificate.ts";
import { encodePem } from "./pem.ts";

/** Life of a leaf in `ms` where the caller says nothing: a day keeps minting rare and a stolen leaf key short-lived. */
export const defaultLeafLifeMs = 24 * 3_600_000;

/**
 * How far notBefore lies in the past, in `ms`: a guest clock may lag. A day covers the two common faults,
 * local time read as UTC (up to 14 hours off) and a sandbox that was frozen for a night and resumed.
 */
export const leafBackdateMs = 24 * 3_600_000;

/** What minting needs to know of a self-signed authority. */
export interface LeafIssuer {
  /** Subject of the authority as encoded Name */
  readonly subject: Uint8Array;
  /** Subject key identifier of the authority */
  readonly keyId: Uint8Array;
  /** P-256 signing key; secret */
  readonly privateKey: KeyObject;
  /** Start of the authority's validity in Unix `ms` */
  readonly notBeforeMs: number;
  /** End of the authority's validity in Unix `ms` */
  readonly notAfterMs: number;
}

/** Mints leaves that share one key. */
export interface LeafMinter {
  /**
   * One leaf for a canonical name (see `parseServerName`), valid from `leafBackdateMs` ago for the minter's life.
   * Takes about 40 µs. Names over 64 characters stand only in the SAN, which is then critical.
   * Raises RangeError when the issuer is not valid at `nowMs`.
   */
  mint(name: string, nowMs: number): Leaf;
}

/** Creates a minter and its leaf key; raises RangeError when `lifeMs` is under a minute. */
export function createLeafMinter(issuer: LeafIssuer, lifeMs = defaultLeafLifeMs): LeafMinter {
  if (!(lifeMs >= 60_000)) {
    throw new RangeError(`Cannot create leaf minter: life is ${lifeMs} ms, wanted at least 60000`);
  }
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKeyDer = publicKey.export({ type: "spki", format: "der" });
  const privateKeyPem = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  const emptyName = encodeName({});
  const extensions = [
    encodeBasicConstraints("leaf"),
    encodeKeyUsage("leaf"),
    encodeServerAuthUsage(),
    encodeSubjectKeyId(computeKeyId(publicKeyDer)),
    encodeAuthorityKeyId(issuer.keyId),
  ];
  return {
    mint(name, nowMs) {
      assertIssuerValid(issuer, nowMs);
      const short = name.length <= COMMON_NAME_MAX;
      const notAfterMs = wholeSeconds(Math.min(nowMs + lifeMs, issuer.notAfterMs));
      const { der, serialHex } = signCertificate(
        {
          issuer: issuer.subject,
          subject: short ? encodeName({ commonName: name }) : emptyName,
          notBeforeMs: Math.max(nowMs - leafBackdateMs, issuer.notBeforeMs),
          notAfterMs,
          publicKey: publicKeyDer,
          extensions: [...extensions, encodeDnsName(name, short ? "optional" : "critical")],
        },
        issuer.privateKey,
      );
      return {
        certificateChainPem: encodePem("CERTIFICATE", der),
        privateKeyPem,
        notAfterMs,
        version: serialHex,
      };
    },
  };
}

function assertIssuerValid(issuer: LeafIssuer, nowMs: number): void {
  if (nowMs >= issuer.notBeforeMs && nowMs < issuer.notAfterMs) return;
  const [from, to, now] = [issuer.notBeforeMs, issuer.notAfterMs, nowMs].map((ms) =>
    new Date(ms).toISOString(),
  );
  throw new RangeError(`Cannot mint leaf: authority is valid from ${from} to ${to}, now is ${now}`);
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
