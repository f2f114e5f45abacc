/** Signed assertions (RFC 7519, RFC 7515) by RS256, the one algorithm that Google and GitHub take from such keys. */

import { sign } from "node:crypto";
import type { SecretValue } from "../secret-value.ts";

/** What is signed, and by which key. */
export interface AssertionOptions {
  readonly claims: Readonly<Record<string, string | number>>;
  /** PEM, RSA; checked before */
  readonly privateKey: SecretValue;
  /** `kid` of the header; absent: none */
  readonly keyId?: string;
}

/** A token in the compact form, which is a secret for as long as it lives. Throws what OpenSSL says of a bad key. */
export function signAssertion({ claims, privateKey, keyId }: AssertionOptions): string {
  const header = { alg: "RS256", typ: "JWT", ...(keyId !== undefined && { kid: keyId }) };
  const input = `${encode(header)}.${encode(claims)}`;
  const signature = sign("RSA-SHA256", Buffer.from(input), privateKey.reveal());
  return `${input}.${signature.toString("base64url")}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
