/**
 * The contract between `compile`, `xds` and the pipeline: one immutable, plain-data value that says what the
 * gateway decides. Structured-cloneable and free of secrets: credentials are named here and travel beside it.
 */

import type { McpPlan } from "./mcp-plan.ts";
import type { FallbackPlan, RoutedRule, RoutingPlan } from "./routing-plan.ts";
import type {
  CapturePlan,
  CredentialUse,
  DenyReason,
  LimitPlan,
  ObjectName,
  RecordRule,
  Refusal,
  SinkTarget,
} from "./snapshot-terms.ts";

export type {
  BodyBounds,
  BodyRedactionPlan,
  BudgetCount,
  BudgetUnit,
  CapturePlan,
  CredentialUse,
  DenyReason,
  LimitPlan,
  ObjectName,
  PlaceholderPlace,
  RecordRule,
  Refusal,
  RuleBudget,
  SecretUse,
  SharedLimit,
  SinkTarget,
} from "./snapshot-terms.ts";

/** Everything the data plane decides by, at one revision. */
export interface Snapshot {
  /** Rises by one with every change; appears in records and in `clrk status` */
  readonly revision: number;
  /** One Envoy process serves each of these */
  readonly gateways: readonly GatewaySnapshot[];
}

/** One EgressGateway with all that attaches to it. */
export interface GatewaySnapshot {
  readonly namespace: string;
  readonly name: string;
  readonly defaultPolicy: DefaultPolicy;
  /** Present: what the gateway or any of its rules would refuse is let by, as far as `audit.ts` says so */
  readonly audits?: true;
  /** Routes on it that audit by themselves; absent: none */
  readonly auditedRoutes?: readonly ObjectName[];
  /** Of the object, where an API server gave it one */
  readonly uid?: string;
  /** Present when the object declares what is not enforced or cannot work: everything is refused with it */
  readonly refusal?: Refusal;
  readonly listeners: readonly ListenerSnapshot[];
  /** Where HTTP(S)_PROXY clients connect; port 0 takes a free one */
  readonly explicitProxy?: SocketEndpoint;
  /** Most specific pattern first; each carries every rule that can apply to it, in precedence order */
  readonly hosts: readonly HostPolicy[];
  /** In precedence order, first match decides */
  readonly l4Rules: readonly L4Rule[];
  readonly upstream: UpstreamSettings;
  /** Bound of the time to response headers in `ms` */
  readonly requestTimeoutMs: number;
  readonly otlp?: OtlpTarget;
  readonly requestSize?: RequestSizeLimits;
  /** Requests that one agent may have open at one time; absent: any */
  readonly maxConcurrentRequests?: number;
  /** Present where agents were given placeholders: lower-case digits that all of them hold in either case */
  readonly placeholderTag?: string;
  /** Absent: none */
  readonly sinks?: readonly SinkTarget[];
  /** Rules whose records are told apart; absent: none */
  readonly recordRules?: readonly RecordRule[];
}

/** Ceilings of every request's size. */
export interface RequestSizeLimits {
  /** Of a body as it is sent, in `bytes`; absent: any */
  readonly bodyBytes?: number;
  /** Of all headers, in `bytes`, a multiple of 1,024; absent: Envoy's own default */
  readonly headerBytes?: number;
}

/** What happens to traffic that no rule matches. */
export type DefaultPolicy = "allow-all" | "deny-all";

/** An IP address and TCP port. */
export interface SocketEndpoint {
  readonly address: string;
  readonly port: number;
}

/** How a listener treats connections whose bytes it fits. */
export type ListenerShape = "tls-terminate" | "https" | "http" | "tls-passthrough" | "tcp";

/** One entry of `EgressGateway.spec.listeners`. */
export interface ListenerSnapshot {
  readonly name: string;
  readonly shape: ListenerShape;
  /** Destination port that the agent dialled; absent: any */
  readonly port?: number;
}

/** A host name, a wildcard suffix, an IP literal, or every host. */
export interface HostMatch {
  readonly kind: "exact" | "wildcard" | "ip" | "any";
  /** Lower case; for a wildcard without the leading `*.`; empty for any */
  readonly value: string;
}

/** Rules for requests to one host pattern. */
export interface HostPolicy {
  readonly host: HostMatch;
  /** Fixed address to dial instead of asking DNS (`upstreamTLS.hostAliases`) */
  readonly alias?: HostAlias;
  /** First match decides; no match falls to the default policy of the gateway */
  readonly rules: readonly HttpRule[];
}

/** Dial this address for the host; port absent: that of the scheme for a request, the dialled one for raw bytes. */
export interface HostAlias {
  readonly address: string;
  readonly port?: number;
}

/** One match with its outcome. */
export interface HttpRule {
  readonly route: ObjectName;
  /** Position in the route's `rules` */
  readonly ruleIndex: number;
  /** Listener names the route attaches to; absent: all */
  readonly sections?: readonly string[];
  readonly match: HttpMatch;
  /** Present: only for requests for which the engine picked it, whatever `match` says */
  readonly pick?: string;
  /** Present beside `pick`: requests are of an MCP server, and held only until they are judged */
  readonly isJudged?: true;
  readonly action: HttpAction;
  /** Present: what the rule would refuse is let by, as far as `audit.ts` says so */
  readonly audits?: true;
  /** Present where all of its requests would be refused, and audit mode lets them by */
  readonly wouldDeny?: Refusal;
  /** Canonical provider name when an AIProviderRoute matched */
  readonly provider?: string;
  /** Present when the rule needs more than Envoy's own filters: its requests pass the engine */
  readonly engine?: EnginePlan;
}

/**
 * What the engine does with requests of a rule. Found by its id, which says what it holds: a plan that did not change
 * keeps its id over revisions, so that Envoy and the engine may be at different ones.
 */
export interface EnginePlan {
  /** First 16 hex digits of SHA-256 over the rest of the plan */
  readonly id: string;
  /** `namespace/name` of the EgressGateway */
  readonly gateway: string;
  readonly route: ObjectName;
  readonly ruleIndex: number;
  /** Canonical name of the provider whose API is spoken; absent: unknown */
  readonly provider?: string;
  /** Model, tokens and times are read from the bodies as they pass */
  readonly meters: boolean;
  /** Absent: no header values and bodies are kept */
  readonly capture?: CapturePlan;
  /** Model calls whose body is read before it is decided who serves them; absent: Envoy knows by the path */
  readonly routing?: RoutingPlan;
  /** Messages to MCP servers, of which each must be allowed; absent: bodies are not read for that */
  readonly mcp?: McpPlan;
  /** Put into the query of the request, in this order */
  readonly queryCredentials: readonly Extract<CredentialUse, { readonly kind: "query" }>[];
  /** Present: the target is recorded as the agent sent it, because a value is put into it later */
  readonly hidesTarget?: true;
  /** A request takes one of each or of none; absent: no limit, or each rule of `routing` has its own */
  readonly limits?: readonly LimitPlan[];
  /** Present: what would be refused is let by, as far as `audit.ts` says so, and told as a fact of the record */
  readonly audits?: true;
  /** Why Envoy's own filters are not enough, one sentence part each; never empty */
  readonly why: readonly string[];
}

/** What the engine decides of new raw connections of a rule, before anything is dialled. */
export interface ConnectionPlan {
  /** First 16 hex digits of SHA-256 over the rest of the plan */
  readonly id: string;
  readonly route: ObjectName;
  readonly ruleIndex: number;
  /** A connection takes one of each or of none; never empty */
  readonly limits: readonly LimitPlan[];
}

/**
 * What the engine writes over on the way between agent and upstream, nearest to the upstream: placeholders in requests by
 * their values, values in answers.
 */
export interface SwapPlan {
  /** First 16 hex digits of SHA-256 over the rest of the plan */
  readonly id: string;
  readonly gateway: string;
  /** Those that are for the upstream; any other is refused */
  readonly placeholders: readonly Extract<CredentialUse, { readonly kind: "placeholder" }>[];
  /** Whose values are taken out of answers */
  readonly scrubs: readonly CredentialUse[];
  /** Of the gateway; absent where no placeholder was given to anybody */
  readonly tag?: string;
}

/** What the engine does with each attempt at an upstream, after everything else has changed the request. */
export interface AttemptPlan {
  /** First 16 hex digits of SHA-256 over the rest of the plan */
  readonly id: string;
  readonly gateway: string;
  /** By which the attempt is signed */
  readonly signing?: Extract<CredentialUse, { readonly kind: "aws-sigv4" }>;
  /** Present where the attempt is one of several: the request becomes what the candidate wants */
  readonly fallback?: AttemptOfFallback;
}

/** One attempt of several. */
export interface AttemptOfFallback {
  /** Canonical name of the provider that the agent asked */
  readonly provider: string;
  readonly rule: RoutedRule;
  /** Position among the rule's candidates */
  readonly candidate: number;
  /** CIDRs that its host's name must not resolve to */
  readonly guardedRanges: readonly string[];
}

/** All present members must match; an empty one matches everything. */
export interface HttpMatch {
  readonly method?: string;
  readonly path?: PathMatch;
  readonly headers?: readonly HeaderMatch[];
}

/** Compared with the normalised path, without the query. */
export interface PathMatch {
  readonly kind: "exact" | "prefix" | "regex";
  /** For a regex: RE2, anchored on both ends by Envoy */
  readonly value: string;
}

/** Compared with one request header; names are lower case. */
export interface HeaderMatch {
  readonly kind: "exact" | "regex";
  readonly name: string;
  readonly value: string;
}

/**
 * Forward, perhaps changed and with credentials, or deny with the shape the caller's SDK raises, or `choose`: the engine
 * reads the request and picks another rule by its `pick`.
 */
export type HttpAction =
  | {
      readonly kind: "choose";
      /** Present: requests that an entry before it has let by are refused, because a request is read only once */
      readonly isLate?: true;
    }
  | {
      readonly kind: "forward";
      readonly requestHeaders: HeaderRewrite;
      readonly responseHeaders: HeaderRewrite;
      /** Applied whatever the destination is */
      readonly credentials: readonly CredentialUse[];
      /** Most bytes of a request's body; absent: what the gateway says */
      readonly maxRequestBytes?: number;
      /** Empty: the host that the agent asked for */
      readonly backends: readonly BackendTarget[];
      /** Of requests to the host that the agent asked for */
      readonly attempt?: AttemptPlan;
      /** Of all requests, but for backends with one of their own */
      readonly swap?: SwapPlan;
      /** Present: the backends are tried one after another, in the order that the engine gives */
      readonly fallback?: FallbackPlan;
    }
  | {
      readonly kind: "deny";
      readonly status: number;
      readonly reason: DenyReason;
      /** Shown to the agent */
      readonly message: string;
      /** Object that decided, when it is not the route itself */
      readonly policy?: ObjectName;
    };

/** Header changes, applied in the order remove, set, add. */
export interface HeaderRewrite {
  readonly set: readonly HeaderField[];
  readonly add: readonly HeaderField[];
  readonly remove: readonly string[];
}

/** One header; the name is lower case. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

/** One weighted destination of a rule. */
export interface BackendTarget {
  readonly backend: ObjectName;
  readonly host: string;
  readonly port: number;
  /** 0 takes no traffic */
  readonly weight: number;
  /** Spoken to by plain HTTP, by which no credential travels */
  readonly isPlain?: true;
  /** Only for attempts at this backend (`sectionName` of the policy) */
  readonly credentials: readonly CredentialUse[];
  readonly alias?: HostAlias;
  /** In place of the rule's, where credentials of this backend need the engine */
  readonly engine?: EnginePlan;
  readonly attempt?: AttemptPlan;
  readonly swap?: SwapPlan;
}

/** One match of an EgressL4Route rule; all present members must match. */
export interface L4Rule {
  readonly route: ObjectName;
  readonly ruleIndex: number;
  readonly sections?: readonly string[];
  /** Canonical CIDRs of the dialled address; empty with no `hosts`: any address */
  readonly cidrs: readonly L4Cidr[];
  /** SNI on TLS, otherwise the name that was dialled; a wildcard covers exactly one label */
  readonly hosts: readonly HostMatch[];
  /** Inclusive; empty: any port */
  readonly ports: readonly PortRange[];
  readonly verdict: "allow" | "deny";
  /** Present when the engine is asked about raw connections; never on a refusal */
  readonly engine?: ConnectionPlan;
  /** Only on deny; absent: `deny-policy` */
  readonly reason?: DenyReason;
  /** Only on deny: connections are let by as by default, and recorded with the reason */
  readonly audits?: true;
}

/** A range of addresses. */
export interface L4Cidr {
  readonly cidr: string;
  /** True when the range lies inside a guarded one, so that the guard yields to it */
  readonly namesGuarded: boolean;
}

/** Inclusive on both ends. */
export interface PortRange {
  readonly start: number;
  readonly end: number;
}

/** How upstreams are resolved, verified and guarded. */
export interface UpstreamSettings {
  readonly lookupFamily: "V4Preferred" | "V4Only" | "V6Only" | "Auto" | "All";
  /** PEM roots beside the machine's */
  readonly additionalTrustPem: string;
  /** CIDRs that are never dialled unless a rule or alias names them */
  readonly guardedRanges: readonly string[];
}

/** Where records of one gateway are sent as OTLP/HTTP, beside the local file. */
export interface OtlpTarget {
  readonly endpoint: string;
  /** Values are held beside the snapshot under `otlp/<namespace>/<gateway>/<header>` */
  readonly headerNames: readonly string[];
}

/** Names the gateway in file names, node ids and records: `namespace/name`. */
export function gatewayKey(gateway: Pick<GatewaySnapshot, "namespace" | "name">): string {
  return `${gateway.namespace}/${gateway.name}`;
}

/** What `gatewayKey()` named. */
export function parseGatewayKey(key: string): Pick<GatewaySnapshot, "namespace" | "name"> {
  const [namespace = "", name = ""] = key.split("/");
  return { namespace, name };
}
