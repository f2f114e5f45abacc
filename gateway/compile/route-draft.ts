/**
 * What a route means before it is known on which gateway: rules with hosts and matches, connections, and what stands
 * in the way of enforcing it.
 */

import type { LoggingPolicy } from "../../crds/logging-policy.ts";
import type { L4Rule, HeaderRewrite, HostMatch, HttpMatch, ObjectName } from "../snapshot.ts";
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
  /** In the order of precedence; several may share a `ruleIndex` */
  readonly rules: readonly RuleDraft[];
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
  /** That the rule applies, in the order of its filters */
  readonly logging: readonly LoggingPolicy[];
  /** Empty: the host that the agent asked for */
  readonly backends: readonly BackendDraft[];
  /** Present when only this rule refuses, for a reason of its own */
  readonly deny?: DenyAction;
}

/** A backend that exists and speaks what the rule is about. */
export interface BackendDraft {
  readonly name: ObjectName;
  readonly host: string;
  readonly port: number;
  readonly weight: number;
}
