/**
 * Builds gateway snapshots for tests: a minimal one, single rules with any part replaced, and one that holds every
 * shape at once.
 */
import type {
  AttemptPlan,
  BackendTarget,
  CredentialUse,
  EnginePlan,
  GatewaySnapshot,
  HostPolicy,
  HttpAction,
  HttpRule,
  L4Rule,
  SecretUse,
} from "../snapshot.ts";
import type { Deployment } from "../xds.ts";

/** Ranges that stand for the guard; loopback is left out where a test's own upstream listens there. */
export const guardedRanges = ["10.0.0.0/8", "169.254.0.0/16", "127.0.0.0/8", "::1/128", "fc00::/7"];

/** A gateway that intercepts TLS and HTTP on every port and denies all. */
export function gatewaySnapshot(changes: Partial<GatewaySnapshot> = {}): GatewaySnapshot {
  return {
    namespace: "default",
    name: "egress",
    defaultPolicy: "deny-all",
    listeners: [
      { name: "tls", shape: "https" },
      { name: "plain", shape: "http" },
    ],
    hosts: [],
    l4Rules: [],
    upstream: { lookupFamily: "V4Preferred", additionalTrustPem: "", guardedRanges },
    requestTimeoutMs: 30_000,
    ...changes,
  };
}

/** Facts of the process, without listeners unless given. */
export function deployment(changes: Partial<Deployment> = {}): Deployment {
  return { runs: [], engineSockets: [], ...changes };
}

type ForwardAction = Extract<HttpAction, { kind: "forward" }>;

/** Forwards to the host that was asked for, unchanged. */
export function forward(changes: Partial<ForwardAction> = {}): ForwardAction {
  return {
    kind: "forward",
    requestHeaders: { set: [], add: [], remove: [] },
    responseHeaders: { set: [], add: [], remove: [] },
    credentials: [],
    backends: [],
    ...changes,
  };
}

/** A rule of EgressHTTPRoute default/route that matches everything and forwards. */
export function httpRule(changes: Partial<HttpRule> = {}): HttpRule {
  return {
    route: { kind: "EgressHTTPRoute", namespace: "default", name: "route" },
    ruleIndex: 0,
    match: {},
    action: forward(),
    ...changes,
  };
}

/** Rules for one host pattern: `api.example.com`, `*.example.com`, `10.0.0.5`, `[fd00::1]` or `*`. */
export function hostPolicy(pattern: string, ...rules: HttpRule[]): HostPolicy {
  if (pattern === "*") return { host: { kind: "any", value: "" }, rules };
  if (pattern.startsWith("*.")) {
    return { host: { kind: "wildcard", value: pattern.slice(2) }, rules };
  }
  const address = pattern.replace(/^\[|\]$/g, "");
  const isAddress = /^[0-9.]+$/.test(address) || address.includes(":");
  return { host: { kind: isAddress ? "ip" : "exact", value: address }, rules };
}

/** A rule of EgressL4Route default/raw that names nothing, so that it fits every connection. */
export function l4Rule(changes: Partial<L4Rule> = {}): L4Rule {
  return {
    route: { kind: "EgressL4Route", namespace: "default", name: "raw" },
    ruleIndex: 0,
    cidrs: [],
    hosts: [],
    ports: [],
    verdict: "allow",
    ...changes,
  };
}

/** Key `token` of the Secret default/<name>. */
export function secretUse(name: string): SecretUse {
  return {
    secret: { kind: "Secret", namespace: "default", name },
    resource: `secret/default/${name}/token`,
  };
}

/** `Authorization: Bearer <secret>`. */
export function bearer(name: string): CredentialUse {
  return {
    kind: "header",
    policy: { kind: "CredentialInjectionPolicy", namespace: "default", name: "inject" },
    secret: secretUse(name),
    header: "authorization",
    valuePrefix: "Bearer ",
  };
}

/** `?key=<secret>`. */
export function query(name: string): CredentialUse {
  return {
    kind: "query",
    policy: { kind: "CredentialInjectionPolicy", namespace: "default", name: "inject" },
    secret: secretUse(name),
    parameter: "key",
    valuePrefix: "",
  };
}

/** Signing for Bedrock in us-east-1. */
export function sigv4(name: string): CredentialUse {
  return {
    kind: "aws-sigv4",
    policy: { kind: "CredentialInjectionPolicy", namespace: "default", name: "sign" },
    secret: secretUse(name),
    region: "us-east-1",
    service: "bedrock",
  };
}

/** A plan that signs attempts for Bedrock in us-east-1. */
export function attempt(name: string): AttemptPlan {
  const signing = sigv4(name);
  if (signing.kind !== "aws-sigv4") throw new TypeError("Cannot make a plan: want a signature");
  return { id: "00000000000000aa", gateway: "default/default", signing };
}

/** A plan that reads tokens of OpenAI calls. */
export function enginePlan(changes: Partial<EnginePlan> = {}): EnginePlan {
  return {
    id: "00000000000000ee",
    gateway: "default/default",
    route: { kind: "AIProviderRoute", namespace: "default", name: "openai" },
    ruleIndex: 0,
    provider: "openai",
    meters: true,
    queryCredentials: [],
    why: ["reads tokens of openai calls"],
    ...changes,
  };
}

/** A backend at port 443 that takes all traffic. */
export function backend(host: string, changes: Partial<BackendTarget> = {}): BackendTarget {
  return {
    backend: { kind: "Backend", namespace: "default", name: "backend" },
    host,
    port: 443,
    weight: 1,
    credentials: [],
    ...changes,
  };
}

/** Every shape of listener, rule, match, action and credential at once. */
export function everythingSnapshot(changes: Partial<GatewaySnapshot> = {}): GatewaySnapshot {
  return gatewaySnapshot({
    listeners: [
      { name: "https", shape: "https", port: 443 },
      { name: "any-tls", shape: "tls-terminate" },
      { name: "http", shape: "http", port: 80 },
      { name: "any-http", shape: "http" },
      { name: "pass", shape: "tls-passthrough", port: 443 },
      { name: "smtp", shape: "tcp", port: 25 },
      { name: "any-tcp", shape: "tcp" },
    ],
    explicitProxy: { address: "127.0.0.1", port: 0 },
    hosts: everyHost(),
    l4Rules: everyL4Rule(),
    ...changes,
  });
}

function everyHost(): HostPolicy[] {
  const rewrite = {
    set: [{ name: "x-set", value: "100% %REQ(authorization)% %%" }],
    add: [{ name: "x-add", value: "%START_TIME%" }],
    remove: ["x-remove"],
  };
  const backends = [
    backend("a.example.com", { weight: 3, credentials: [bearer("first")] }),
    backend("b.example.com", { port: 8443, weight: 0 }),
    backend("fd00::5", { weight: 1, alias: { address: "10.9.9.9", port: 9443 } }),
  ];
  return [
    {
      ...hostPolicy(
        "api.openai.com",
        httpRule({
          match: { method: "POST", path: { kind: "exact", value: "/v1/chat/completions" } },
          action: forward({ credentials: [bearer("openai")] }),
          provider: "openai",
        }),
        httpRule({
          ruleIndex: 1,
          match: {
            path: { kind: "regex", value: "/v1/(?:models|files)/[a-z0-9-]+" },
            headers: [
              { kind: "exact", name: "x-team", value: "research" },
              { kind: "regex", name: "user-agent", value: "OpenAI/.*" },
            ],
          },
          sections: ["https", "any-tls"],
        }),
      ),
      alias: { address: "10.0.0.9", port: 8443 },
    },
    hostPolicy(
      "rewrite.example.com",
      httpRule({
        match: { path: { kind: "prefix", value: "/v1/" } },
        action: forward({ requestHeaders: rewrite, responseHeaders: rewrite }),
      }),
      httpRule({ ruleIndex: 1, action: forward({ backends, credentials: [bearer("all")] }) }),
    ),
    hostPolicy(
      "bedrock-runtime.us-east-1.amazonaws.com",
      httpRule({
        action: forward({ credentials: [sigv4("aws")], attempt: attempt("aws") }),
        provider: "aws_bedrock",
      }),
    ),
    hostPolicy(
      "signed.example.com",
      httpRule({
        action: forward({
          backends: [
            backend("bedrock.example.com", {
              credentials: [sigv4("aws")],
              attempt: attempt("aws"),
            }),
          ],
        }),
      }),
    ),
    hostPolicy(
      "denied.example.com",
      httpRule({
        action: {
          kind: "deny",
          status: 451,
          reason: "deny-policy",
          message: 'Not "here" %REQ(authorization)% 100%',
        },
      }),
    ),
    hostPolicy("10.1.2.3", httpRule()),
    hostPolicy("[fd00::1]", httpRule()),
    hostPolicy("*.wild.example.com", httpRule()),
    hostPolicy("*", httpRule({ match: { path: { kind: "prefix", value: "/public" } } })),
  ];
}

function everyL4Rule(): L4Rule[] {
  return [
    l4Rule({
      hosts: [
        { kind: "exact", value: "db.example.com" },
        { kind: "wildcard", value: "cache.example.com" },
      ],
      ports: [{ start: 5432, end: 5439 }],
    }),
    l4Rule({
      ruleIndex: 1,
      cidrs: [
        { cidr: "10.20.0.0/16", namesGuarded: true },
        { cidr: "203.0.113.0/24", namesGuarded: false },
        { cidr: "2001:db8::/32", namesGuarded: false },
      ],
    }),
    l4Rule({
      ruleIndex: 2,
      verdict: "deny",
      hosts: [{ kind: "exact", value: "bad.example.com" }],
      cidrs: [{ cidr: "198.51.100.0/24", namesGuarded: false }],
      ports: [{ start: 1, end: 65_535 }],
    }),
    l4Rule({
      ruleIndex: 3,
      sections: ["pass"],
      hosts: [{ kind: "exact", value: "pinned.example.com" }],
    }),
    l4Rule({ ruleIndex: 4, ports: [{ start: 22, end: 22 }] }),
  ];
}
