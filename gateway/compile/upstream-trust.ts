/** Roots that an EgressGateway adds to the public ones: every value of its Secret, checked to hold certificates only. */

import { X509Certificate } from "node:crypto";
import type { EgressGateway } from "../../crds/egress-gateway.ts";
import { readSecretValue } from "../../crds/secret.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { Finding } from "./status-book.ts";

/** PEM, empty when nothing is added; or why the Secret cannot be used. */
export type UpstreamTrust =
  | { readonly kind: "trusted"; readonly pem: string }
  | { readonly kind: "unusable"; readonly finding: Finding<"ResolvedRefs"> };

const block = /-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/=\s]*-----END \1-----/g;

/** Reads the bundle that a gateway names. What is between the blocks (comments of bundles) is left out. */
export function readUpstreamTrust(gateway: EgressGateway, index: ObjectIndex): UpstreamTrust {
  const reference = gateway.spec.upstreamTLS?.additionalTrustBundleSecretRef;
  if (reference === undefined) return { kind: "trusted", pem: "" };
  const { namespace } = gateway.metadata;
  const label = `Secret ${namespace}/${reference.name}`;
  const secret = index.find("Secret", namespace, reference.name);
  if (secret === undefined) return unusable("SecretNotFound", `${label} does not exist`);
  const keys = Object.keys(secret.data).toSorted();
  if (keys.length === 0) return unusable("SecretInvalid", `${label} is empty`);
  const certificates: string[] = [];
  for (const key of keys) {
    const text = Buffer.from(readSecretValue(secret, key) ?? "").toString("latin1");
    const blocks = [...text.matchAll(block)];
    const mistake = findMistake(text, blocks);
    if (mistake !== undefined) {
      return unusable("SecretInvalid", `key "${key}" of ${label} ${mistake}`);
    }
    certificates.push(...blocks.map(([pem]) => `${pem.trim()}\n`));
  }
  return { kind: "trusted", pem: [...new Set(certificates)].join("") };
}

function findMistake(text: string, blocks: readonly RegExpExecArray[]): string | undefined {
  if (blocks.length === 0) return "holds no PEM certificate";
  if (blocks.length !== text.split("-----BEGIN ").length - 1) return "holds a malformed PEM block";
  for (const [position, [pem, label]] of blocks.entries()) {
    if (label !== "CERTIFICATE") return `holds a PEM block that is no certificate: ${label}`;
    if (!isCertificate(pem)) return `holds a malformed certificate at position ${position}`;
  }
  return undefined;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    // The only reason to throw is that it cannot be parsed, which is the answer.
    return false;
  }
}

function unusable(reason: "SecretNotFound" | "SecretInvalid", message: string): UpstreamTrust {
  return {
    kind: "unusable",
    finding: { reason, message: `spec.upstreamTLS.additionalTrustBundleSecretRef: ${message}` },
  };
}
