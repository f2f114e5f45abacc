/**
 * Objects that our kinds refuse and a plain Kubernetes API server takes, with the reason. The gateway parses whatever it
 * is given by the kinds again, so none of these is ever in force. Nothing that the kinds take is refused by Kubernetes.
 */

/** One case of the kinds' tables. */
export interface KnownDifference {
  readonly kind: string;
  /** As the table's test is called: the place and what was put there */
  readonly name: string;
  readonly reason: string;
}

const nullIsAbsent = "Kubernetes drops null before it validates, so that it means absent";
const anyCase =
  "comparing all names in lower case exceeds the cost that CEL may have in nested lists";
const ownNamespace = "CEL of a CRD sees no namespace, and OpenAPI cannot compare two fields";
const expression =
  "neither OpenAPI nor CEL can tell whether a text is an RE2 expression at this cost";
const blocks = "OpenAPI knows no arithmetic, and CEL may not run so often in nested lists";

const headers = "spec.rules.0.matches.0.headers";
const modifier = "spec.rules.0.filters.0.requestHeaderModifier";
const policy = "spec.rules.0.filters.0.toolPolicy";

/** All of them; `kinds.kube.ts` fails when one no longer differs. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    kind: "CredentialInjectionPolicy",
    name: 'spec.secretRef.namespace "other"',
    reason: ownNamespace,
  },
  { kind: "CredentialInjectionPolicy", name: "spec.valuePrefix null", reason: nullIsAbsent },
  {
    kind: "EgressGateway",
    name: 'spec.upstreamTLS.hostAliases.0.hostnames ["x.com","X.com"]',
    reason: anyCase,
  },
  {
    kind: "EgressGateway",
    name: 'spec.upstreamTLS.additionalTrustBundleSecretRef.namespace "other"',
    reason: ownNamespace,
  },
  {
    kind: "EgressGateway",
    name: 'spec.listeners.0.tls.caCertRef.namespace "other"',
    reason: ownNamespace,
  },
  { kind: "EgressHTTPRoute", name: "spec.rules.0.matches null", reason: nullIsAbsent },
  {
    kind: "EgressHTTPRoute",
    name: `${headers} [{"name":"a","value":"b"},{"name":"A","value":"c"}]`,
    reason: anyCase,
  },
  {
    kind: "EgressHTTPRoute",
    name: `${headers} [{"type":"RegularExpression","name":"a","value":"(?=b)"}]`,
    reason: expression,
  },
  {
    kind: "EgressHTTPRoute",
    name: `${modifier}.set.1 {"name":"x-a","value":"c"}`,
    reason: anyCase,
  },
  { kind: "EgressHTTPRoute", name: `${modifier}.remove ["x-a"]`, reason: anyCase },
  {
    kind: "EgressL4Route",
    name: 'spec.rules.0.matches.0.destinationCIDRs.0 "10.0.0.1/8"',
    reason: blocks,
  },
  {
    kind: "EgressL4Route",
    name: 'spec.rules.0.matches.0.destinationCIDRs.1 "::ffff:10.0.0.0/104"',
    reason: blocks,
  },
  { kind: "MCPRoute", name: 'spec.rules.0.matches.0.toolsRegex ["(?!x)"]', reason: expression },
  { kind: "MCPRoute", name: `${policy}.deniedToolsRegex ["("]`, reason: expression },
  { kind: "MCPRoute", name: `${policy}.allowedToolsRegex ["a**"]`, reason: expression },
];
