/** Manifests that most stories need: the EgressGateway with its aliases to fake upstreams, and the authority it trusts. */

const apiVersion = "clrk.apoxy.dev/v1alpha1";

/** Names that lead to one upstream instead of DNS. */
export interface HostAliases {
  readonly address?: string;
  readonly port: number;
  readonly hostnames: readonly string[];
}

/** What differs between gateways of stories. */
export interface GatewayManifestOptions {
  /** "egress" when absent */
  readonly name?: string;
  readonly aliases?: readonly HostAliases[];
  /** PEM of the authority behind the upstreams' certificates */
  readonly upstreamCa?: string;
  /** Terminated TLS and plain HTTP on every port when absent */
  readonly listeners?: readonly object[];
  /** More of `spec`; wins over all above */
  readonly spec?: object;
}

/** Listeners that intercept TLS and HTTP on every port. */
export const interceptingListeners: readonly object[] = [
  { name: "tls", protocol: "TLS", tls: { mode: "Terminate" } },
  { name: "http", protocol: "HTTP" },
];

/** A manifest file with the EgressGateway and, with `upstreamCa`, the Secret of the trusted authority. */
export function gatewayManifest(options: GatewayManifestOptions = {}): string {
  const { name = "egress", aliases = [], upstreamCa, listeners = interceptingListeners } = options;
  const secretName = `${name}-upstream-ca`;
  const gateway = {
    apiVersion,
    kind: "EgressGateway",
    metadata: { name },
    spec: {
      listeners,
      explicitProxy: {},
      upstreamTLS: {
        hostAliases: aliases.map(({ address = "127.0.0.1", port, hostnames }) => ({
          ip: address,
          port,
          hostnames,
        })),
        ...(upstreamCa !== undefined && { additionalTrustBundleSecretRef: { name: secretName } }),
      },
      ...options.spec,
    },
  };
  if (upstreamCa === undefined) return toDocuments([gateway]);
  const stringData = { "ca.crt": upstreamCa };
  return toDocuments([
    gateway,
    { apiVersion: "v1", kind: "Secret", metadata: { name: secretName }, stringData },
  ]);
}

/** One object of our group as a manifest document; attached to the gateway "egress" where its kind has parents. */
export function objectManifest(kind: string, name: string, spec: object): string {
  const isRoute = kind.endsWith("Route");
  const parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress" }];
  return toDocuments([
    { apiVersion, kind, metadata: { name }, spec: { ...(isRoute && { parentRefs }), ...spec } },
  ]);
}

/** A route that allows every request to some hosts. */
export function allowHosts(name: string, hostnames: readonly string[]): string {
  return objectManifest("EgressHTTPRoute", name, { hostnames, rules: [{}] });
}

/** A policy that puts the key `token` of a Secret of the same name into a header of one route's requests. */
export function headerCredential(options: {
  readonly secret: string;
  readonly route: { readonly kind: string; readonly name: string; readonly sectionName?: string };
  readonly headerName: string;
  readonly valuePrefix?: string;
}): string {
  const { secret, route, headerName, valuePrefix } = options;
  const suffix = route.sectionName === undefined ? "" : `-${route.sectionName}`;
  return objectManifest("CredentialInjectionPolicy", `${secret}-for-${route.name}${suffix}`, {
    targetRefs: [{ group: "clrk.apoxy.dev", ...route }],
    secretRef: { name: secret },
    target: "Header",
    headerName,
    ...(valuePrefix !== undefined && { valuePrefix }),
  });
}

// JSON is YAML: no text needs quoting by hand.
function toDocuments(objects: readonly object[]): string {
  return objects.map((object) => `---\n${JSON.stringify(object, undefined, 2)}\n`).join("");
}
