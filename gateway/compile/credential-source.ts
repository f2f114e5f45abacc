/**
 * The credential that one CredentialInjectionPolicy gives: its Secret read and checked, or why there is none. Values
 * stay inside `SecretValue`; only names go into the snapshot.
 */

import { createHash } from "node:crypto";
import type { CredentialInjectionPolicy } from "../../crds/credential-injection-policy.ts";
import { defaultPlaceholderPlaces } from "../../crds/credential-injection-policy.ts";
import { referenceOf } from "../../crds/meta.ts";
import type { MintTask } from "../mint-plan.ts";
import { createPlaceholder } from "../placeholder.ts";
import { SecretValue } from "../secret-value.ts";
import type { CredentialUse, SecretUse } from "../snapshot.ts";
import { readAwsKeys } from "./aws-keys.ts";
import { readMintTask } from "./mint-task.ts";
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
      /** Present: the values are minted, and none of them stand in `values` */
      readonly mint?: MintTask;
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

/** What sources depend on beside the objects. */
export interface SourceOptions {
  /** Why there is none now of minted credentials, a clause by their resource; absent: every one is there */
  readonly withheld?: ReadonlyMap<string, string> | undefined;
  /** By which placeholders are made; absent: policies that ask for one give nothing */
  readonly placeholderKey?: Uint8Array | undefined;
}

/** Reads what a policy gives. `slot` says what it writes: of two policies with one slot only one can apply. */
export function readCredentialSource(
  policy: CredentialInjectionPolicy,
  index: ObjectIndex,
  options: SourceOptions = {},
): CredentialSource {
  const source = readUnscrubbed(policy, index, options);
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
  { withheld = new Map(), placeholderKey: key }: SourceOptions,
): CredentialSource {
  const { headerName, queryParamName, valuePrefix, providerAuth, placeholder } = policy.spec;
  if (placeholder !== undefined) {
    const places = placeholder.in ?? defaultPlaceholderPlaces;
    return readPlaceholder(policy, index, { key, places });
  }
  if (providerAuth !== undefined) return readMinted({ policy, providerAuth, index, withheld });
  const value = readValue(policy, index);
  const place = placeOf(policy, { headerName, queryParamName, valuePrefix });
  if (value.kind === "unusable") return unresolved(place.slot, value);
  const { text, notes, secret } = value;
  const use = place.useOf(secret);
  return {
    kind: use.kind,
    slot: place.slot,
    notes,
    values: new Map([[secret.resource, new SecretValue(text)]]),
    useFor: () => use,
    dependsOnHost: false,
  };
}

/** Where a value is written. */
interface Place {
  readonly slot: string;
  readonly useOf: (secret: SecretUse) => CredentialUse;
}

function placeOf(
  policy: CredentialInjectionPolicy,
  place: {
    readonly headerName: string | undefined;
    readonly queryParamName: string | undefined;
    readonly valuePrefix: string;
  },
): Place {
  const { headerName = "", queryParamName: parameter, valuePrefix } = place;
  const base = { policy: referenceOf(policy), valuePrefix };
  if (parameter !== undefined) {
    const useOf = (secret: SecretUse) => ({ kind: "query" as const, ...base, secret, parameter });
    return { slot: `?${parameter}`, useOf };
  }
  const header = headerName.toLowerCase();
  const useOf = (secret: SecretUse) => ({ kind: "header" as const, ...base, secret, header });
  return { slot: header, useOf };
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

/** The value with a fake of its shape; a value that can have none is unusable. */
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

type ReadyAuth = NonNullable<CredentialInjectionPolicy["spec"]["providerAuth"]>;

/** A signature by keys of the Secret, or whatever has to be minted first. */
function readMinted(options: {
  readonly policy: CredentialInjectionPolicy;
  readonly providerAuth: ReadyAuth;
  readonly index: ObjectIndex;
  readonly withheld: ReadonlyMap<string, string>;
}): CredentialSource {
  const { policy, providerAuth, index, withheld } = options;
  const isSigning = providerAuth.type === "AWSv4";
  if (isSigning && providerAuth.assumeRole === undefined) {
    return readSigning(policy, providerAuth, index);
  }
  const place = isSigning ? undefined : placeOf(policy, tokenPlace(providerAuth));
  const slot = place?.slot ?? signatureHeader;
  const read = readMintTask(policy, providerAuth, index);
  if (read.kind === "unusable") return unresolved(slot, read);
  const { task, notes } = read;
  const message = withheld.get(task.resource);
  if (message !== undefined) {
    return { kind: "unresolved", slot, finding: { reason: "CredentialNotMinted", message } };
  }
  const { secret, resource } = task;
  const minted = { slot, notes, values: new Map(), mint: task };
  if (place === undefined) {
    return { ...minted, ...signing(policy, providerAuth, { secret, resource }) };
  }
  const use = place.useOf({ secret, resource });
  return { ...minted, kind: use.kind, useFor: () => use, dependsOnHost: false };
}

function tokenPlace(providerAuth: ReadyAuth) {
  const { headerName = "Authorization", queryParamName, valuePrefix, valueTemplate } = providerAuth;
  const isPlain = queryParamName === undefined && valueTemplate === undefined;
  const isUsual = isPlain && headerName.toLowerCase() === "authorization";
  return { headerName, queryParamName, valuePrefix: valuePrefix ?? (isUsual ? "Bearer " : "") };
}

function readSigning(
  policy: CredentialInjectionPolicy,
  providerAuth: ReadyAuth,
  index: ObjectIndex,
): CredentialSource {
  const read = readAwsKeys(policy, index);
  if (read.kind === "unusable") return unresolved(signatureHeader, read);
  const secret = secretUse(policy, "aws");
  const values = new Map(
    [...read.keys].map(([key, value]) => [`${secret.resource}/${key}`, value] as const),
  );
  const base = signing(policy, providerAuth, secret);
  return { ...base, slot: signatureHeader, notes: read.notes, values };
}

function signing(
  policy: CredentialInjectionPolicy,
  { region, service = "bedrock" }: ReadyAuth,
  secret: SecretUse,
) {
  const base = { kind: "aws-sigv4", policy: referenceOf(policy), secret, service } as const;
  return {
    kind: base.kind,
    useFor(host: string): CredentialUse | undefined {
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
