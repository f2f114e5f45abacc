/** The keys of an AWS credential in a Secret: two that must be there, and a session token that may. */

import type { CredentialInjectionPolicy } from "../../crds/credential-injection-policy.ts";
import { SecretValue } from "../secret-value.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { UnusableSecret } from "./secret-text.ts";
import { readSecretText } from "./secret-text.ts";

/** Values by their key in the Secret, or why there are none. */
export type AwsKeys =
  | {
      readonly kind: "found";
      readonly keys: ReadonlyMap<string, SecretValue>;
      readonly notes: readonly string[];
    }
  | UnusableSecret;

/** Reads the keys from the Secret that a policy names. */
export function readAwsKeys(policy: CredentialInjectionPolicy, index: ObjectIndex): AwsKeys {
  const { namespace } = policy.metadata;
  const keys = new Map<string, SecretValue>();
  const notes: string[] = [];
  for (const key of ["access_key_id", "secret_access_key", "session_token"]) {
    const read = readSecretText(index, { namespace, name: policy.spec.secretRef.name, key });
    if (read.kind === "found") {
      keys.set(key, new SecretValue(read.text));
      if (read.note !== undefined) notes.push(read.note);
    } else if (key !== "session_token" || read.reason !== "SecretKeyNotFound") {
      return read;
    }
  }
  return { kind: "found", keys, notes };
}
