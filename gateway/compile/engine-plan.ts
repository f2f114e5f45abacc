/**
 * What the engine is to do for a rule beside Envoy's own filters, if anything: read what a model call cost, keep
 * bodies, put credentials into the query, sign attempts. Without any of it requests never leave Envoy.
 */

import type { EgressGateway } from "../../crds/egress-gateway.ts";
import { formatReference } from "../../crds/meta.ts";
import { findProviderByName } from "../../providers/registry.ts";
import type { McpPlan } from "../mcp-plan.ts";
import type { AttemptPlan, CredentialUse, EnginePlan, ObjectName } from "../snapshot.ts";
import { gatewayKey } from "../snapshot.ts";
import type { Capture } from "./capture-plan.ts";
import { capturePlan } from "./capture-plan.ts";
import { planId } from "./plan-id.ts";
import type { RuleDraft } from "./route-draft.ts";

/** Where a rule applies. */
export interface PlanScope {
  readonly gateway: EgressGateway;
  readonly route: ObjectName;
  /** What all placeholders hold; absent where there are none */
  readonly placeholderTag?: string | undefined;
  /** The gateway or the route only audits */
  readonly audits?: boolean;
}

/** A rule as far as its plan depends on it. */
export type PlannedRule = Pick<
  RuleDraft,
  "ruleIndex" | "provider" | "logging" | "ruleLogging" | "limits" | "budget" | "mcp"
>;

/** The plan for requests of a rule that forwards with these credentials; undefined when Envoy alone suffices. */
export function enginePlan(
  rule: PlannedRule,
  scope: PlanScope,
  credentials: readonly CredentialUse[],
): EnginePlan | undefined {
  const plan = planParts(rule, scope, credentials);
  return plan.why.length === 0 ? undefined : { id: planId(plan), ...plan };
}

/** What a plan says before it has an id; `why` is empty when Envoy alone suffices. */
export function planParts(
  { ruleIndex, provider, logging, ruleLogging, limits, budget, mcp: judged }: PlannedRule,
  { gateway, route, audits }: PlanScope,
  credentials: readonly CredentialUse[],
): Omit<EnginePlan, "id"> {
  const meters = provider !== undefined && isMetered(provider);
  const capture = ruleLogging === undefined ? capturePlan(logging, gateway) : undefined;
  const kept = ruleLogging?.map((policies) => capturePlan(policies, gateway)) ?? [];
  const mcp = judged && kept.length > 0 ? keptByRule(judged, kept) : judged;
  const queryCredentials = credentials.filter((use) => use.kind === "query");
  const hidesTarget = credentials.some(({ kind }) => kind === "placeholder");
  const why = [
    ...(meters ? [`reads tokens of ${provider} calls`] : []),
    ...new Set([capture, ...kept].flatMap((one) => one?.why ?? [])),
    ...(queryCredentials.length > 0 ? ["puts a credential into the query"] : []),
    ...(hidesTarget ? ["swaps placeholders"] : []),
    ...(credentials.some(({ scrub }) => scrub) ? ["takes credentials out of answers"] : []),
    ...(mcp === undefined ? [] : ["judges MCP messages"]),
    ...limits.map(({ policy }) => `counts requests for ${formatReference(policy)}`),
    ...(budget === undefined ? [] : ["keeps calls within a budget"]),
  ];
  return {
    gateway: gatewayKey(gateway.metadata),
    route,
    ruleIndex,
    ...(provider !== undefined && { provider }),
    meters,
    ...(capture !== undefined && { capture: capture.plan }),
    queryCredentials,
    ...(hidesTarget && { hidesTarget }),
    ...(limits.length > 0 && { limits }),
    ...(mcp !== undefined && { mcp }),
    ...(audits === true && { audits }),
    why,
  };
}

function keptByRule(mcp: McpPlan, kept: readonly (Capture | undefined)[]): McpPlan {
  const rules = mcp.rules.map((rule, position) => {
    const plan = kept[position]?.plan;
    return { ...rule, ...(plan !== undefined && { capture: plan }) };
  });
  return { ...mcp, rules, isKeptByRule: true };
}

/** The plan for attempts with these credentials; undefined when none of them is a signature. */
export function attemptPlan(
  { gateway }: Pick<PlanScope, "gateway">,
  credentials: readonly CredentialUse[],
): AttemptPlan | undefined {
  const signing = credentials.find((use) => use.kind === "aws-sigv4");
  if (signing === undefined) return undefined;
  const plan = { gateway: gatewayKey(gateway.metadata), signing };
  return { id: planId(plan), ...plan };
}

/** Whether the calls of a provider (canonical name) are understood, and so read for models and tokens. */
function isMetered(provider: string): boolean {
  return (findProviderByName(provider)?.operations?.length ?? 0) > 0;
}
