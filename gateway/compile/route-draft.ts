/**
 * What a route means before it is known on which gateway: rules with hosts and matches, connections, and what stands
 * in the way of enforcing it.
 */

import type { LoggingPolicy } from "../../crds/logging-policy.ts";
import type { McpPlan } from "../mcp-plan.ts";
import type { ModelRewrite } from "../routing-plan.ts";
import type {
  HeaderRewrite,
  HostMatch,
  HttpMatch,
  L4Rule,
  LimitPlan,
  ObjectName,
  Refusal,
  RuleBudget,
} from "../snapshot.ts";
import type { SecretValue } from "../secret-value.ts";
import type { RouteObject } from "./attachment.ts";
import type { DenyAction } from "./refusal.ts";
import type { Finding } from "./status-book.ts";

/** A route as it was understood. */
export interface RouteDraft {
  readonly object: RouteObject;
  readonly name: ObjectName;
  /** Why nothing of the route is enforced: if there is any, all its rules refuse */
  readonly obstacles: readonly Finding<"Accepted">[];
  readonly unresolved: readonly Finding<"ResolvedRefs">[];
  readonly problems: readonly string[];
  /** Values that its plans name besides credentials, by their names; absent: none */
  readonly secrets?: readonly (readonly [name: string, value: SecretValue])[];
  /** In the order of precedence; several may share a `ruleIndex` */
  readonly rules: readonly RuleDraft[];
  /** Of each rule of the object, in the order of its filters */
  readonly logging: readonly (readonly LoggingPolicy[])[];
  /** Without sections; the verdict of an obstacle or policy is not yet in it */
  readonly l4Rules: readonly L4Rule[];
}

/** Matches of one rule that share hosts. */
export interface RuleDraft {
  readonly ruleIndex: number;
  readonly hosts: readonly HostMatch[];
  readonly matches: readonly HttpMatch[];
  /** Only what agents speak this way; absent: both */
  readonly scheme?: "tls" | "plain";
  readonly provider?: string;
  readonly requestHeaders: HeaderRewrite;
  readonly responseHeaders: HeaderRewrite;
  /** Most bytes of a request's body; absent: any */
  readonly maxRequestBytes?: number;
  /** That the rule applies, in the order of its filters */
  readonly logging: readonly LoggingPolicy[];
  /** Present beside `mcp` where rules of the route apply different ones; `logging` is then empty */
  readonly ruleLogging?: readonly (readonly LoggingPolicy[])[];
  /** Of which requests take one each, in the order of the filters */
  readonly limits: readonly LimitPlan[];
  /** Of model calls */
  readonly budget?: RuleBudget;
  /** Empty: the host that the agent asked for */
  readonly backends: readonly BackendDraft[];
  /** Present when only this rule refuses, for a reason of its own */
  readonly deny?: DenyAction;
  /** Present where requests are messages to MCP servers */
  readonly mcp?: McpPlan;
  /** Present beside `mcp` where rules name backends; `backends` is then empty */
  readonly destinations?: readonly DestinationDraft[];
  /** Present for model calls that the engine reads before it is decided who serves them */
  readonly choice?: ChoiceDraft;
}

/** Who serves requests to some MCP servers. */
export interface DestinationDraft {
  /** Globs of servers; empty: every server */
  readonly servers: readonly string[];
  /** Empty: the host that the agent asked for */
  readonly backends: readonly BackendDraft[];
  /** Present when none of them can serve */
  readonly deny?: DenyAction;
}

/** What the engine compares with a model call. */
export interface ChoiceDraft {
  readonly models: readonly string[];
  readonly endpoints: readonly string[];
  /** False: only the body is changed on its way, and Envoy knows the way by the path */
  readonly isNeeded: boolean;
  /** The provider tells token counts of these calls' streams only if it is asked */
  readonly asksUsage: boolean;
  /** Present when the route has a FallbackRoutingPolicy */
  readonly fallback?: FallbackSettings;
}

/** What a FallbackRoutingPolicy says; what is absent is decided by the gateway or the number of backends. */
export interface FallbackSettings {
  readonly retries?: number;
  readonly statuses: readonly number[];
  readonly perTryTimeoutMs?: number;
  readonly connectTimeoutMs: number;
  readonly maxEjectionMs: number;
}

/** A backend that exists. */
export interface BackendDraft {
  readonly name: ObjectName;
  /** Empty for one that only refuses */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly weight: number;
  /** Lower ones are tried first */
  readonly tier: number;
  /** Canonical name of the provider that it speaks; empty: whatever it is sent */
  readonly provider: string;
  readonly basePath: string;
  readonly modelRewrites: readonly ModelRewrite[];
  readonly streamUsage: boolean;
  /** Serves nothing, and why */
  readonly refusal?: Refusal & { readonly status: number };
}
