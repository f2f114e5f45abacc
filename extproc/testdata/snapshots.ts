/** Builds snapshots and parts of plans, with any part replaced. */
import type {
  AttemptPlan,
  BackendTarget,
  BodyBounds,
  CapturePlan,
  CredentialUse,
  GatewaySnapshot,
  HttpAction,
  HttpRule,
  SecretUse,
} from "../../gateway/snapshot.ts";

type ForwardAction = Extract<HttpAction, { readonly kind: "forward" }>;
type UseOf<Kind extends CredentialUse["kind"]> = Extract<CredentialUse, { readonly kind: Kind }>;

const policy = { kind: "CredentialInjectionPolicy", namespace: "default", name: "inject" };

/** A gateway with these rules for one host. */
export function gatewayWith(...rules: readonly HttpRule[]): GatewaySnapshot {
  return {
    namespace: "default",
    name: "egress",
    defaultPolicy: "deny-all",
    listeners: [],
    hosts: [{ host: { kind: "exact", value: "a.example.com" }, rules }],
    l4Rules: [],
    upstream: { lookupFamily: "V4Preferred", additionalTrustPem: "", guardedRanges: [] },
    requestTimeoutMs: 30_000,
  };
}

/** A rule that matches everything and forwards. */
export function httpRule(changes: Partial<HttpRule> = {}): HttpRule {
  return {
    route: { kind: "EgressHTTPRoute", namespace: "default", name: "route" },
    ruleIndex: 0,
    match: {},
    action: forward(),
    ...changes,
  };
}

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

/** A backend that takes all traffic. */
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

/** Resource of the value of Secret default/<name>; parts of AWS credentials stand below it. */
export function resourceOf(name: string): string {
  return `secret/default/${name}/token`;
}

/** `Authorization: Bearer <secret>`, which Envoy injects. */
export function headerUse(name: string): UseOf<"header"> {
  const secret = secretOf(name);
  return { kind: "header", policy, secret, header: "authorization", valuePrefix: "Bearer " };
}

/** `?key=<secret>`. */
export function queryUse(name: string): UseOf<"query"> {
  return { kind: "query", policy, secret: secretOf(name), parameter: "key", valuePrefix: "" };
}

/** A signature for Bedrock in us-east-1. */
export function signatureUse(name: string): UseOf<"aws-sigv4"> {
  const region = "us-east-1";
  return { kind: "aws-sigv4", policy, secret: secretOf(name), region, service: "bedrock" };
}

/** A plan that signs attempts for Bedrock in us-east-1. */
export function attemptPlan(
  name: string,
  id = "00000000000000aa",
): AttemptPlan & Required<Pick<AttemptPlan, "signing">> {
  return { id, gateway: "default/egress", signing: signatureUse(name) };
}

/** Keeps nothing unless told, and of bodies 1,024 bytes of JSON unless `bounds` says otherwise. */
export function capturePlan(
  changes: Partial<CapturePlan> = {},
  bounds: Partial<BodyBounds> = {},
): CapturePlan {
  const body = { maxBytes: 1_024, contentTypes: ["application/json"], ...bounds };
  return {
    request: false,
    response: false,
    requestBody: body,
    responseBody: body,
    sample: 1,
    keepsErrors: true,
    redactHeaders: [],
    redactQuery: [],
    redactBody: { jsonPaths: [], shapes: [], patterns: [] },
    ...changes,
  };
}

function secretOf(name: string): SecretUse {
  return {
    secret: { kind: "Secret", namespace: "default", name },
    resource: resourceOf(name),
  };
}
