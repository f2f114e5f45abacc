/**
 * The credential that one CredentialInjectionPolicy gives: its Secret read and checked, or why there is none. Values
 * stay inside `SecretValue`; only names go into the snapshot.
 */

import type { CredentialInjectionPolicy } from "../../crds/credential-injection-policy.ts";
import { referenceOf } from "../../crds/meta.ts";
import { SecretValue } from "../secret-value.ts";
import type { CredentialUse, SecretUse } from "../snapshot.ts";
import type { ObjectIndex } from "./object-index.ts";
import { notEnforced } from "./refusal.ts";
import type { SecretText } from "./secret-text.ts";
import { readSecretText } from "./secret-text.ts";
import type { Finding } from "./status-book.ts";

/** Header that a signature stands in; a policy that writes it otherwise decides the same thing. */
const signatureHeader = "authorization";

/** What can be injected, before it is known into which host's requests. */
export type CredentialSource =
  | {
      readonly kind: "header" | "aws-sigv4";
      readonly slot: string;
      readonly notes: readonly string[];
      /** Values by their key in the compilation's credentials */
      readonly values: ReadonlyMap<string, SecretValue>;
      /** The use for requests to a host; undefined when the host tells no region and the policy neither */
      readonly useFor: (host: string) => CredentialUse | undefined;
      /** Whether the use differs between hosts */
      readonly dependsOnHost: boolean;
    }
  | { readonly kind: "not-enforced"; readonly slot: string; readonly finding: Finding<"Accepted"> }
  | {
      readonly kind: "unresolved";
      readonly slot: string;
      readonly finding: Finding<"ResolvedRefs">;
    };

/** Reads what a policy gives. `slot` says what it writes: of two policies with one slot only one can apply. */
export function readCredentialSource(
  policy: CredentialInjectionPolicy,
  index: ObjectIndex,
): CredentialSource {
  const { target, headerName, queryParamName = "", providerAuth } = policy.spec;
  if (target === "QueryParam") {
    const finding = notEnforced(["spec", "target"], "QueryParam");
    return { kind: "not-enforced", slot: `?${queryParamName}`, finding };
  }
  if (providerAuth !== undefined) return readSigning(policy, providerAuth, index);
  return readHeader(policy, (headerName ?? "").toLowerCase(), index);
}

function readHeader(
  policy: CredentialInjectionPolicy,
  header: string,
  index: ObjectIndex,
): CredentialSource {
  const { secretRef, secretKey, valuePrefix } = policy.spec;
  const { namespace } = policy.metadata;
  const read = readSecretText(index, { namespace, name: secretRef.name, key: secretKey });
  if (read.kind === "unusable") return unresolved(header, read);
  const secret = secretUse(policy, secretKey);
  const use: CredentialUse = {
    kind: "header",
    policy: referenceOf(policy),
    secret,
    header,
    valuePrefix,
  };
  return {
    kind: "header",
    slot: header,
    notes: read.note === undefined ? [] : [read.note],
    values: new Map([[secret.resource, new SecretValue(read.text)]]),
    useFor: () => use,
    dependsOnHost: false,
  };
}

function readSigning(
  policy: CredentialInjectionPolicy,
  { region, service = "bedrock" }: NonNullable<CredentialInjectionPolicy["spec"]["providerAuth"]>,
  index: ObjectIndex,
): CredentialSource {
  const { namespace } = policy.metadata;
  const secret = secretUse(policy, "aws");
  const values = new Map<string, SecretValue>();
  const notes: string[] = [];
  for (const key of ["access_key_id", "secret_access_key", "session_token"]) {
    const read = readSecretText(index, { namespace, name: policy.spec.secretRef.name, key });
    if (read.kind === "found") {
      values.set(`${secret.resource}/${key}`, new SecretValue(read.text));
      if (read.note !== undefined) notes.push(read.note);
    } else if (key !== "session_token" || read.reason !== "SecretKeyNotFound") {
      return unresolved(signatureHeader, read);
    }
  }
  const base = { kind: "aws-sigv4", policy: referenceOf(policy), secret, service } as const;
  return {
    kind: "aws-sigv4",
    slot: signatureHeader,
    notes,
    values,
    useFor(host) {
      const signedRegion = region ?? findAwsRegion(host);
      return signedRegion === undefined ? undefined : { ...base, region: signedRegion };
    },
    dependsOnHost: region === undefined,
  };
}

/** The region in the name of a Bedrock endpoint: public, FIPS, or private (`*.bedrock-runtime.<region>.vpce.…`). */
export function findAwsRegion(host: string): string | undefined {
  const pattern =
    /(?:^|\.)bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?amazonaws\.com(?:\.cn)?$/;
  return pattern.exec(host)?.[1];
}

function secretUse({ metadata, spec }: CredentialInjectionPolicy, part: string): SecretUse {
  const { namespace } = metadata;
  const { name } = spec.secretRef;
  return {
    secret: { kind: "Secret", namespace, name },
    resource: `secret/${namespace}/${name}/${part}`,
  };
}

function unresolved(
  slot: string,
  { reason, message }: Extract<SecretText, { kind: "unusable" }>,
): CredentialSource {
  return { kind: "unresolved", slot, finding: { reason, message } };
}
