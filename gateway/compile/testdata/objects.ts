/**
 * Builds parsed objects for tests: short forms of every kind, in namespace `default` unless the name says otherwise
 * (`team/name`), each through the same parser that reads manifests.
 */
import type { ParsedObject } from "../../../crds/kinds.ts";
import { parseAnyObject } from "../../../crds/kinds.ts";
import { API_VERSION, GROUP } from "../../../crds/meta.ts";
import type { CompileResult, ObjectStatus } from "../../compile.ts";
import { compile } from "../../compile.ts";
import type { GatewaySnapshot, HostPolicy, HttpAction } from "../../snapshot.ts";

type Fields = Readonly<Record<string, unknown>>;

/** TLS decrypted, plain HTTP read, all the rest raw. */
export const usualListeners: readonly Fields[] = [
  { name: "tls", protocol: "TLS", tls: { mode: "Terminate" } },
  { name: "http", protocol: "HTTP" },
  { name: "tcp", protocol: "TCP" },
];

/** Any object of our group. */
export function object(kind: string, name: string, spec: Fields): ParsedObject {
  return parsed({ apiVersion: API_VERSION, kind, metadata: metadata(name), spec });
}

/** An EgressGateway with the usual listeners. */
export function gateway(spec: Fields = {}, name = "egress"): ParsedObject {
  return object("EgressGateway", name, { listeners: usualListeners, ...spec });
}

/** A parentRef to the EgressGateway. */
export function parent(name = "egress", more: Fields = {}): Fields {
  return { group: GROUP, kind: "EgressGateway", name, ...more };
}

/** An EgressHTTPRoute that allows everything on hosts. */
export function httpRoute(name: string, hostnames: readonly string[], spec: Fields = {}) {
  return object("EgressHTTPRoute", name, { parentRefs: [parent()], hostnames, rules: [{}], ...spec });
}

/** An AIProviderRoute with one rule. */
export function aiRoute(name: string, provider: string, rule: Fields = {}, spec: Fields = {}) {
  return object("AIProviderRoute", name, {
    parentRefs: [parent()],
    rules: [{ matches: [{ provider }], ...rule }],
    ...spec,
  });
}

/** An EgressL4Route with one rule of one match. */
export function l4Route(name: string, match: Fields, rule: Fields = {}, spec: Fields = {}) {
  return object("EgressL4Route", name, {
    parentRefs: [parent()],
    rules: [{ matches: [match], ...rule }],
    ...spec,
  });
}

/** A Backend at a host. */
export function backend(name: string, host: string, spec: Fields = {}): ParsedObject {
  return object("Backend", name, { upstream: { host }, ...spec });
}

/** A backendRef. */
export function backendRef(name: string, more: Fields = {}): Fields {
  return { group: GROUP, kind: "Backend", name, ...more };
}

/** A targetRef. */
export function target(kind: string, name: string, more: Fields = {}): Fields {
  return { group: GROUP, kind, name, ...more };
}

/** A policy that writes the authorization header from key `token` of a Secret. */
export function headerCredential(
  name: string,
  targetRefs: readonly Fields[],
  spec: Fields = {},
): ParsedObject {
  return object("CredentialInjectionPolicy", name, {
    targetRefs,
    secretRef: { name: "key" },
    target: "Header",
    headerName: "Authorization",
    ...spec,
  });
}

/** A policy that writes query parameter `key` from key `token` of a Secret. */
export function queryCredential(
  name: string,
  targetRefs: readonly Fields[],
  spec: Fields = {},
): ParsedObject {
  return object("CredentialInjectionPolicy", name, {
    targetRefs,
    secretRef: { name: "key" },
    target: "QueryParam",
    queryParamName: "key",
    ...spec,
  });
}

/** A LoggingPolicy. */
export function logging(name: string, spec: Fields): ParsedObject {
  return object("LoggingPolicy", name, spec);
}

/** Filters that apply LoggingPolicies. */
export function loggedBy(...names: readonly string[]): readonly Fields[] {
  return names.map((name) => ({
    type: "ExtensionRef",
    extensionRef: target("LoggingPolicy", name),
  }));
}

/** A policy that signs for AWS from Secret `aws`. */
export function awsCredential(name: string, targetRefs: readonly Fields[], auth: Fields = {}) {
  return object("CredentialInjectionPolicy", name, {
    targetRefs,
    secretRef: { name: "aws" },
    target: "ProviderAuth",
    providerAuth: { type: "AWSv4", ...auth },
  });
}

/** A Secret with texts. */
export function secret(name: string, stringData: Readonly<Record<string, string>>): ParsedObject {
  return parsed({ apiVersion: "v1", kind: "Secret", metadata: metadata(name), stringData });
}

/** Compiles objects as revision 1 on a machine without addresses. */
export function compiled(...objects: readonly ParsedObject[]): CompileResult {
  return compile({ objects, revision: 1, environment: { ownAddresses: [] } });
}

/** The gateway of a result, `default/egress` unless named. */
export function gatewayOf({ snapshot }: CompileResult, name = "egress"): GatewaySnapshot {
  const found = snapshot.gateways.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`Cannot find gateway "${name}" in the snapshot`);
  return found;
}

/** The policy of a host: `api.example.com`, `*.example.com`, an address, or `*` for any. */
export function hostPolicy(result: CompileResult, host: string): HostPolicy {
  const found = gatewayOf(result).hosts.find((policy) => hostText(policy) === host);
  if (found === undefined) throw new Error(`Cannot find host "${host}" in the snapshot`);
  return found;
}

/** What a rule of a host, by default its first, does to what it forwards. Throws when it does not forward. */
export function forwardOf(
  result: CompileResult,
  host: string,
  index = 0,
): Extract<HttpAction, { readonly kind: "forward" }> {
  const action = hostPolicy(result, host).rules[index]?.action;
  if (action?.kind !== "forward") throw new Error(`Cannot read action: it is ${action?.kind}`);
  return action;
}

/** Every host of a gateway as text, in its order. */
export function hostTexts(snapshot: GatewaySnapshot): string[] {
  return snapshot.hosts.map(hostText);
}

/** What decides at a host, rule by rule: `allow Kind name/index` or `deny reason Kind name/index`. */
export function decisions(policy: HostPolicy): string[] {
  return policy.rules.map(({ action, route, ruleIndex }) => {
    const verdict = action.kind === "deny" ? `deny ${action.reason}` : "allow";
    return `${verdict} ${route.kind} ${route.name}/${ruleIndex}`;
  });
}

/** The status of `Kind namespace/name`. */
export function statusOf({ statuses }: CompileResult, label: string): ObjectStatus {
  const found = statuses.find(
    ({ ref }) => `${ref.kind} ${ref.namespace}/${ref.name}` === label,
  );
  if (found === undefined) throw new Error(`Cannot find status of "${label}"`);
  return found;
}

/** A condition of an object as `reason: message`. */
export function conditionOf(result: CompileResult, label: string, type: string): string {
  const condition = statusOf(result, label).conditions.find((candidate) => candidate.type === type);
  return condition === undefined ? "none" : `${condition.reason}: ${condition.message}`;
}

/** The Accepted condition for each parent or target as `Kind namespace/name[/section] reason: message`. */
export function parentsOf(result: CompileResult, label: string): string[] {
  return (statusOf(result, label).parents ?? []).map(({ parent: to, conditions }) => {
    const [first] = conditions;
    const section = to.sectionName === undefined ? "" : `/${to.sectionName}`;
    return `${to.kind} ${to.namespace}/${to.name}${section} ${first?.reason}: ${first?.message}`;
  });
}

function hostText({ host }: HostPolicy): string {
  if (host.kind === "any") return "*";
  return host.kind === "wildcard" ? `*.${host.value}` : host.value;
}

function metadata(name: string): Fields {
  const [namespace, rest] = name.includes("/") ? name.split("/") : ["default", name];
  return { namespace, name: rest };
}

function parsed(value: unknown): ParsedObject {
  const result = parseAnyObject(value);
  if (result.kind === "valid") return result.object;
  throw new Error(`Cannot parse object: ${result.problems.map(({ message }) => message).join("; ")}`);
}
