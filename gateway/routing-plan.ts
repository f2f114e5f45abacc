/**
 * How the engine chooses who serves a model call: which rules may match by what the request says, which backends are
 * candidates, in which order they are tried. Part of the snapshot: plain data, without secrets.
 */

import type {
  CapturePlan,
  CredentialUse,
  DenyReason,
  LimitPlan,
  ObjectName,
  Refusal,
  RuleBudget,
} from "./snapshot-terms.ts";

/** What the engine decides about requests that a rule's path matches. */
export interface RoutingPlan {
  /** In the order of precedence: the first whose endpoints and models match decides */
  readonly rules: readonly RoutedRule[];
  /** When none matches: Envoy's next rule, or the refusal of requests that no rule allows */
  readonly otherwise: "next" | "deny";
  /**
   * Present in audit mode: what becomes of requests that would be refused before it is known which rule they mean.
   * `elsewhere`: they go as by default, without credentials; `onward`: the way that their path says
   */
  readonly letBy?: "elsewhere" | "onward";
}

/** One rule as the engine chooses it. */
export interface RoutedRule {
  readonly route: ObjectName;
  readonly ruleIndex: number;
  /** Globs of paths; empty: any */
  readonly endpoints: readonly string[];
  /** Globs of models; empty: any, also none */
  readonly models: readonly string[];
  readonly meters: boolean;
  readonly capture?: CapturePlan;
  /** A request takes one of each or of none */
  readonly limits?: readonly LimitPlan[];
  /** Absent: calls may use what they like */
  readonly budget?: RuleBudget;
  /** Most bytes of a body as it is sent; absent: any */
  readonly maxRequestBytes?: number;
  /** Refuses what it matches */
  readonly refusal?: Refusal & { readonly status: number };
  /** Present: what its limits and its budget would refuse is let by */
  readonly audits?: true;
  /** Present where it would refuse what it matches, and audit mode lets that by */
  readonly wouldDeny?: Refusal;
  /** At least one, unless it refuses */
  readonly candidates: readonly Candidate[];
  /** Absent: one candidate is asked, and its answer stands */
  readonly fallback?: FallbackPlan;
}

/** Who may serve a request. */
export interface Candidate {
  /** Picks the way to it: metadata that Envoy's route matches, or names the group of its cluster */
  readonly pick: string;
  /** Null: the host that the agent asked for */
  readonly backend: ObjectName | null;
  /** Canonical name of the provider whose API it speaks; empty: whatever it is sent */
  readonly provider: string;
  /** Empty: the provider's own */
  readonly basePath: string;
  /** `:authority` of requests to it; empty: the agent's own */
  readonly authority: string;
  /** Lower ones are tried first */
  readonly tier: number;
  /** Share within the tier; 0 takes no traffic */
  readonly weight: number;
  /** The first that matches applies */
  readonly modelRewrites: readonly ModelRewrite[];
  /** Asks for token counts at the end of streams whose dialect tells them only then */
  readonly streamUsage: boolean;
  /** Put into the query of requests to it */
  readonly queryCredentials: readonly Extract<CredentialUse, { readonly kind: "query" }>[];
  /** By which requests to it are signed */
  readonly signing?: Extract<CredentialUse, { readonly kind: "aws-sigv4" }>;
  /** Id of the plan by which an attempt at it is written over; absent: the request is, or nothing */
  readonly swap?: string;
  /** It cannot serve anything, and why */
  readonly refusal?: Refusal & { readonly status: number };
}

/** A model that is asked for in place of others. */
export interface ModelRewrite {
  /** Glob of model names */
  readonly from: string;
  readonly to: string;
}

/** When the next candidate is tried. */
export interface FallbackPlan {
  /** Picks the Envoy route that walks the candidates */
  readonly pick: string;
  readonly retries: number;
  readonly statuses: readonly number[];
  /** From the attempt's begin to its response headers in `ms` */
  readonly perTryTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Longest time that a failing candidate is left out in `ms` */
  readonly maxEjectionMs: number;
}

/** Name of Envoy's cluster for a candidate of a rule that falls back; it comes back with the answer. */
export function candidateCluster(fallback: Pick<FallbackPlan, "pick">, pick: string): string {
  return `${candidateClusterPrefix}${fallback.pick}/${pick}`;
}

/** What names of such clusters begin with. */
export const candidateClusterPrefix = "candidate/";

/** `address:port` where nobody listens: asked in the place of a candidate whose name has no address, so that it fails. */
export const unresolvedAddress = "127.0.0.1:1";

/** Value of `pick` for a request that none of the rules of its plan matches. */
export const noPick = "none";

/** Why a request may be let by in audit mode after the engine has read it, without any rule that is about it. */
export const letByReasons = [
  "no-rule",
  "body-malformed",
  "mcp-denied",
  "ambiguous-path",
] as const satisfies readonly DenyReason[];

/** Value of `pick` for a request that goes as by default, and would be refused for this reason. */
export function letByPick(reason: (typeof letByReasons)[number]): string {
  return `let-by/${reason}`;
}
