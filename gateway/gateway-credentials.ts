/** Which secret values one gateway needs, and who reads them: its Envoy is never given the credentials of another. */

import type { SecretValue } from "./secret-value.ts";
import type { CredentialUse, GatewaySnapshot, HttpAction, ObjectName } from "./snapshot.ts";
import { gatewayKey } from "./snapshot.ts";

/** Values of one gateway, apart by who reads them; what agents may never see again is in one of them. */
export interface GatewayCredentials {
  /** By the resource names that Envoy asks for */
  readonly headers: ReadonlyMap<string, SecretValue>;
  /**
   * Of query parameters by resource name, parts of AWS credentials by `<resource>/<part>`, values with their placeholders,
   * of which Envoy gets none; and whatever is taken out of answers
   */
  readonly engine: ReadonlyMap<string, SecretValue>;
}

/** Every use of a credential in the rules of a gateway; the same one may come more than once. */
export function credentialUses({ hosts }: Pick<GatewaySnapshot, "hosts">): CredentialUse[] {
  return hosts.flatMap(({ rules }) => rules.flatMap(({ action }) => usesOf(action)));
}

function usesOf(action: HttpAction): CredentialUse[] {
  if (action.kind !== "forward") return [];
  return [...action.credentials, ...action.backends.flatMap((target) => target.credentials)];
}

/** Which of the minted credentials each rule gives, by `formatRule`; rules that give none are not in it. */
export function mintedResources(
  gateways: readonly GatewaySnapshot[],
  mints: { has(resource: string): boolean },
): Map<string, Set<string>> {
  const byRule = new Map<string, Set<string>>();
  for (const gateway of gateways) {
    for (const { route, ruleIndex, action } of gateway.hosts.flatMap(({ rules }) => rules)) {
      for (const { secret } of usesOf(action)) {
        if (!mints.has(secret.resource)) continue;
        const rule = formatRule(gatewayKey(gateway), route, ruleIndex);
        byRule.set(rule, (byRule.get(rule) ?? new Set()).add(secret.resource));
      }
    }
  }
  return byRule;
}

/** One rule of a route on one gateway. */
export function formatRule(gateway: string, route: ObjectName, ruleIndex: number): string {
  return `${gateway} ${route.kind}/${route.namespace}/${route.name}/${ruleIndex}`;
}

/** The values among `all` that rules of the gateway name; those of OTLP headers are none of its Envoy's matters. */
export function credentialsOf(
  gateway: Pick<GatewaySnapshot, "hosts">,
  all: ReadonlyMap<string, SecretValue>,
): GatewayCredentials {
  const headers = new Map<string, SecretValue>();
  const engine = new Map<string, SecretValue>();
  for (const use of credentialUses(gateway)) {
    for (const name of valueNamesOf(use)) {
      const value = all.get(name);
      if (value === undefined) continue;
      if (use.kind === "header") headers.set(name, value);
      // The engine takes them out of answers.
      if (use.kind !== "header" || use.scrub === true) engine.set(name, value);
    }
  }
  return { headers, engine };
}

/** Parts of an AWS credential, the names under which they stand below the resource of its use. */
const awsParts = ["access_key_id", "secret_access_key", "session_token"] as const;

/** Keys under which values of a use stand beside the snapshot, whether they have arrived or not. */
export function valueNamesOf(use: CredentialUse): readonly string[] {
  const { resource } = use.secret;
  switch (use.kind) {
    case "aws-sigv4":
      return awsParts.map((part) => `${resource}/${part}`);
    case "placeholder":
      return [resource, use.placeholder];
    case "header":
    case "query":
      return [resource];
  }
}
