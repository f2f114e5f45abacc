/**
 * The credential that one CredentialInjectionPolicy gives: its Secret read and checked, or why there is none. Values
 * stay inside `SecretValue`; only names go into the snapshot.
 */

import { createHash } from "node:crypto";
import type { CredentialInjectionPolicy } from "../../crds/credential-injection-policy.ts";
import { defaultPlaceholderPlaces } from "../../crds/credential-injection-policy.ts";
import { referenceOf } from "../../crds/meta.ts";
import { createPlaceholder } from "../placeholder.ts";
import { SecretValue } from "../secret-value.ts";
import type { CredentialUse, SecretUse } from "../snapshot.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { UnusableSecret } from "./secret-text.ts";
import { readSecretText } from "./secret-text.ts";
import { renderSecretTemplate } from "./secret-template.ts";
import type { Finding } from "./status-book.ts";

/** Key of a Secret where a policy names none. */
const defaultSecretKey = "token";

/** Header that a signature stands in; a policy that writes it otherwise decides the same thing. */
const signatureHeader = "authorization";

/** What can be injected, before it is known into which host's requests. */
export type CredentialSource =
  | {
      readonly kind: CredentialUse["kind"];
      readonly slot: string;
      readonly notes: readonly string[];
      /** Values by their key in the compilation's credentials */
      readonly values: ReadonlyMap<string, SecretValue>;
      /** The use for requests to a host; undefined when the host tells no region and the policy neither */
      readonly useFor: (host: string) => CredentialUse | undefined;
      /** Whether the use differs between hosts */
      readonly dependsOnHost: boolean;
    }
  | {
      readonly kind: "unresolved";
      readonly slot: string;
      readonly finding: Finding<"ResolvedRefs">;
    };

/**
 * Reads what a policy gives. `slot` says what it writes: of two policies with one slot only one can apply. Placeholders are
 * made by the key.
 */
export function readCredentialSource(
  policy: CredentialInjectionPolicy,
  index: ObjectIndex,
  placeholderKey?: Uint8Array,
): CredentialSource {
  const source = readUnscrubbed(policy, index, placeholderKey);
  if (source.kind === "unresolved" || !policy.spec.scrubResponse) return source;
  return {
    ...source,
    useFor(host) {
      const use = source.useFor(host);
      return use && { ...use, scrub: true };
    },
  };
}

function readUnscrubbed(
  policy: CredentialInjectionPolicy,
  index: ObjectIndex,
  placeholderKey: Uint8Array | undefined,
): CredentialSource {
  const { headerName, queryParamName, providerAuth, placeholder } = policy.spec;
  if (placeholder !== undefined) {
    const places = placeholder.in ?? defaultPlaceholderPlaces;
    return readPlaceholder(policy, index, { key: placeholderKey, places });
  }
  if (providerAuth !== undefined) return readSigning(policy, providerAuth, index);
  const value = readValue(policy, index);
  const { valuePrefix } = policy.spec;
  const base = { policy: referenceOf(policy), valuePrefix };
  if (queryParamName !== undefined) {
    return written(`?${queryParamName}`, value, (secret) => ({
      kind: "query",
      ...base,
      secret,
      parameter: queryParamName,
    }));
  }
  const header = (headerName ?? "").toLowerCase();
  return written(header, value, (secret) => ({ kind: "header", ...base, secret, header }));
}

/** One value with its name, or why there is none. */
type Value =
  | {
      readonly kind: "found";
      readonly text: string;
      readonly notes: readonly string[];
      readonly secret: SecretUse;
    }
  | UnusableSecret;

function readValue(policy: CredentialInjectionPolicy, index: ObjectIndex): Value {
  const { secretRef, secretKey: key = defaultSecretKey, valueTemplate } = policy.spec;
  const { namespace } = policy.metadata;
  const { name } = secretRef;
  if (valueTemplate !== undefined) {
    const rendered = renderSecretTemplate(index, { namespace, name }, valueTemplate);
    if (rendered.kind === "unusable") return rendered;
    // A name that does not depend on the values: a changed Secret changes what it names, and no route.
    const digest = createHash("sha256").update(valueTemplate).digest("hex").slice(0, 16);
    return { ...rendered, secret: secretUse(policy, `template/${digest}`) };
  }
  const read = readSecretText(index, { namespace, name, key });
  if (read.kind === "unusable") return read;
  const { kind, text, note } = read;
  return { kind, text, notes: note === undefined ? [] : [note], secret: secretUse(policy, key) };
}

function written(
  slot: string,
  value: Value,
  useOf: (secret: SecretUse) => CredentialUse,
): CredentialSource {
  if (value.kind === "unusable") return unresolved(slot, value);
  const { text, notes, secret } = value;
  const use = useOf(secret);
  return {
    kind: use.kind,
    slot,
    notes,
    values: new Map([[secret.resource, new SecretValue(text)]]),
    useFor: () => use,
    dependsOnHost: false,
  };
}

function readPlaceholder(
  policy: CredentialInjectionPolicy,
  index: ObjectIndex,
  options: {
    readonly key: Uint8Array | undefined;
    readonly places: Extract<CredentialUse, { kind: "placeholder" }>["places"];
  },
): CredentialSource {
  const { key, places } = options;
  const value = readValue(policy, index);
  const { secretRef, secretKey = defaultSecretKey } = policy.spec;
  const place = `${policy.metadata.namespace}/${secretRef.name}/${secretKey}`;
  const slot = `placeholder of ${place}`;
  if (value.kind === "unusable") return unresolved(slot, value);
  const { text, notes, secret } = value;
  const made =
    key === undefined
      ? ({ kind: "impossible", reason: "is read where no key for placeholders is" } as const)
      : createPlaceholder(text, { key, name: place });
  if (made.kind === "impossible") {
    const label = `key "${secretKey}" of Secret ${policy.metadata.namespace}/${secretRef.name}`;
    const message = `${label} ${made.reason}, so that it can have no placeholder`;
    return unresolved(slot, { kind: "unusable", reason: "SecretInvalid", message });
  }
  const use = {
    kind: "placeholder",
    policy: referenceOf(policy),
    secret,
    placeholder: `placeholder/${place}`,
    places: [...new Set(places)].sort(),
  } as const;
  return {
    kind: "placeholder",
    slot,
    notes,
    values: new Map([
      [secret.resource, new SecretValue(text)],
      [use.placeholder, new SecretValue(made.text)],
    ]),
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

function unresolved(slot: string, { reason, message }: UnusableSecret): CredentialSource {
  return { kind: "unresolved", slot, finding: { reason, message } };
}
