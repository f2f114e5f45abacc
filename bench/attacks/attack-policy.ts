/** The manifests of the gateways that are attacked: few hosts are allowed, each in a way that some technique tries to pass by. */
import type { Upstreams } from "../harness/upstreams.ts";
import {
  allowHosts,
  gatewayManifest,
  headerCredential,
  interceptingListeners,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import type { HostAliases } from "../harness/gateway-manifests.ts";

/** The three gateways: `strict` intercepts and denies, `raw` also passes bytes, `open` allows all that is not guarded. */
export const gatewayKinds = ["strict", "raw", "open"] as const;

/** One of them. */
export type GatewayKind = (typeof gatewayKinds)[number];

/** Names that the allowed upstreams answer to. */
export const allowedHosts = {
  tls: [
    ...["allowed.test", "other.test", "paths.test", "denied-paths.test", "methods.test"],
    ...["sockets.test", "query.test", "pass.test"],
  ],
  plain: ["plain.test", "plain-other.test", "plain-credential.test"],
} as const;

/** Names that no rule allows, with upstreams of their own whose every connection counts; public resolvers among them. */
export const forbiddenHosts = {
  tls: ["unlisted.test", "dns.google", "cloudflare-dns.com", "mask.icloud.com"],
  plain: ["plain-unlisted.test"],
} as const;

/** The one model that the rule for api.openai.com allows. */
export const allowedModel = "gpt-4o-mini";

/** Whom the policy is about. */
export interface AttackPolicyOptions {
  readonly allowed: Upstreams;
  /** Where the forbidden names lead */
  readonly forbiddenAliases: readonly HostAliases[];
  readonly otlp: { readonly port: number; readonly key: string };
  /** Port of the raw upstream that `raw` passes bytes to */
  readonly rawPort: number;
  /** Port of a listener of `open` and `raw` that passes TLS through to the allowed upstream */
  readonly trapPort: number;
  /** The gateways audit: they enforce nothing but what is always enforced */
  readonly audits?: boolean;
}

/** Manifest files of one gateway, by name. */
export function attackManifests(
  kind: GatewayKind,
  options: AttackPolicyOptions,
): Record<string, string> {
  const { allowed, forbiddenAliases, otlp, rawPort, trapPort, audits = false } = options;
  const gateway = (listeners: readonly object[], spec: object = {}) =>
    gatewayManifest({
      aliases: [...allowed.aliases, ...forbiddenAliases],
      upstreamCa: allowed.upstreamCa,
      listeners,
      spec: {
        otlp: {
          endpoint: `http://127.0.0.1:${otlp.port}`,
          headers: { "x-receiver-key": otlp.key },
        },
        ...(audits && { enforcement: "Audit" }),
        ...spec,
      },
    });
  const tcp = { name: "tcp", protocol: "TCP" };
  switch (kind) {
    case "strict":
      return { "gateway.yaml": gateway(interceptingListeners), "routes.yaml": strictRoutes() };
    case "raw": {
      const pass = { name: "pass", protocol: "TLS", port: allowed.tls.port };
      return {
        "gateway.yaml": gateway([pass, ...interceptingListeners, tcp]),
        "routes.yaml": rawRoutes(rawPort),
      };
    }
    case "open": {
      const pass = { name: "pass", protocol: "TLS", port: trapPort };
      const spec = { defaultPolicy: "allow-all" };
      return { "gateway.yaml": gateway([...interceptingListeners, pass, tcp], spec) };
    }
  }
}

function strictRoutes(): string {
  const http = (name: string) => ({ kind: "EgressHTTPRoute", name });
  const key = { secret: "upstream", headerName: "x-upstream-key" };
  return [
    ...["allowed", "other", "query"].map((name) => allowHosts(name, [`${name}.test`])),
    allowHosts("plain", ["plain.test", "plain-other.test"]),
    allowHosts("plain-credential", ["plain-credential.test"]),
    pathRoute("paths", "paths.test", [{ path: { value: "/public" } }]),
    pathRoute("a-no-admin", "denied-paths.test", [
      { path: { value: "/admin" } },
      { path: { value: "/x/admin" } },
    ]),
    objectManifest("EgressDenyPolicy", "no-admin", {
      targetRefs: [{ group: "clrk.apoxy.dev", ...http("a-no-admin") }],
    }),
    allowHosts("z-not-admin", ["denied-paths.test"]),
    pathRoute("methods", "methods.test", [
      { method: "GET" },
      { method: "POST", path: { value: "/sink" } },
    ]),
    pathRoute("sockets", "sockets.test", [{ method: "GET", path: { value: "/bytes" } }]),
    objectManifest("AIProviderRoute", "models", {
      rules: [
        {
          matches: [
            { provider: "openai", endpoints: ["/v1/chat/completions"], models: [allowedModel] },
          ],
        },
      ],
    }),
    objectManifest("AIProviderRoute", "by-plain-backend", {
      rules: [
        {
          matches: [{ provider: "anthropic" }],
          backendRefs: [{ group: "clrk.apoxy.dev", kind: "Backend", name: "in-the-clear" }],
        },
      ],
    }),
    objectManifest("Backend", "in-the-clear", {
      upstream: { host: "plain-credential.test", tls: false },
    }),
    headerCredential({
      ...key,
      secret: "plain",
      route: { kind: "AIProviderRoute", name: "by-plain-backend", sectionName: "in-the-clear" },
    }),
    headerCredential({ ...key, route: http("allowed") }),
    headerCredential({ ...key, secret: "other", route: http("other") }),
    headerCredential({ ...key, secret: "plain", route: http("plain-credential") }),
    ...["paths", "z-not-admin", "methods"].map((name) =>
      headerCredential({ ...key, secret: "paths", route: http(name) }),
    ),
    headerCredential({
      secret: "openai",
      route: { kind: "AIProviderRoute", name: "models" },
      headerName: "Authorization",
      valuePrefix: "Bearer ",
    }),
    objectManifest("CredentialInjectionPolicy", "in-query", {
      targetRefs: [{ group: "clrk.apoxy.dev", ...http("query") }],
      secretRef: { name: "query" },
      target: "QueryParam",
      queryParamName: "key",
    }),
  ].join("");
}

function rawRoutes(rawPort: number): string {
  return [
    sectionRoute("pass", "pass", {
      destinationCIDRs: ["127.0.0.1/32"],
      destinationHostnames: ["pass.test"],
    }),
    sectionRoute("raw", "tcp", {
      destinationCIDRs: ["127.0.0.1/32"],
      ports: [{ port: rawPort }],
    }),
    allowHosts("http", ["allowed.test", "plain.test"]),
  ].join("");
}

function pathRoute(name: string, host: string, matches: readonly object[]): string {
  return objectManifest("EgressHTTPRoute", name, { hostnames: [host], rules: [{ matches }] });
}

function sectionRoute(name: string, sectionName: string, match: object): string {
  return objectManifest("EgressL4Route", name, {
    parentRefs: [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress", sectionName }],
    rules: [{ matches: [match] }],
  });
}
