/** Which secret values one gateway needs: its Envoy is never given the credentials of another. */

import type { SecretValue } from "./secret-value.ts";
import type { CredentialUse, GatewaySnapshot } from "./snapshot.ts";

/** Values of one gateway, apart by who reads them. */
export interface GatewayCredentials {
  /** By the resource names that Envoy asks for */
  readonly headers: ReadonlyMap<string, SecretValue>;
  /** Parts of AWS credentials by `<resource>/<part>`: they reach Envoy in files, and are no resources */
  readonly signing: ReadonlyMap<string, SecretValue>;
}

/** Every use of a credential in the rules of a gateway; the same one may come more than once. */
export function credentialUses({ hosts }: Pick<GatewaySnapshot, "hosts">): CredentialUse[] {
  return hosts.flatMap(({ rules }) =>
    rules.flatMap(({ action }) =>
      action.kind === "forward"
        ? [...action.credentials, ...action.backends.flatMap((target) => target.credentials)]
        : [],
    ),
  );
}

/** The values among `all` that rules of the gateway name; those of OTLP headers are none of its Envoy's matters. */
export function credentialsOf(
  gateway: Pick<GatewaySnapshot, "hosts">,
  all: ReadonlyMap<string, SecretValue>,
): GatewayCredentials {
  const headers = new Map<string, SecretValue>();
  const signing = new Map<string, SecretValue>();
  for (const { kind, secret } of credentialUses(gateway)) {
    const [names, found] =
      kind === "header"
        ? [[secret.resource], headers]
        : [awsParts.map((part) => `${secret.resource}/${part}`), signing];
    for (const name of names) {
      const value = all.get(name);
      if (value !== undefined) found.set(name, value);
    }
  }
  return { headers, signing };
}

const awsParts = ["access_key_id", "secret_access_key", "session_token"] as const;
