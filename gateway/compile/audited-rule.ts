/**
 * A rule in audit mode: where all of its requests would be refused they go on as if nothing refused them, and take
 * nothing of limits and budgets, as those that are refused. Rules that are enforced stay as they are.
 */

import type { Refusal } from "../snapshot.ts";
import type { RuleDraft } from "./route-draft.ts";
import type { ActionScope } from "./rule-action.ts";

/** A rule with its scope, and why its requests would be refused. */
export interface AuditedRule {
  readonly rule: RuleDraft;
  readonly scope: ActionScope;
  readonly wouldDeny: Refusal | undefined;
}

/** What becomes of the rule. */
export function auditedRule(rule: RuleDraft, scope: ActionScope): AuditedRule {
  const { wouldDeny } = scope;
  if (wouldDeny !== undefined) return { rule: withoutCounts(rule), scope, wouldDeny };
  // Of the refusals of single rules this one is a decision about requests; the others could not be carried out.
  if (scope.audits !== true || rule.deny?.reason !== "no-rule") {
    return { rule, scope, wouldDeny: undefined };
  }
  const { reason, message } = rule.deny;
  const { deny: _deny, ...open } = rule;
  return {
    rule: withoutCounts({ ...open, backends: [] }),
    // No rule gives these requests a credential.
    scope: { ...scope, routeBindings: [], gatewayBindings: [] },
    wouldDeny: { reason, message },
  };
}

function withoutCounts({
  budget: _budget,
  mcp: _mcp,
  destinations = [],
  ...rule
}: RuleDraft): RuleDraft {
  const [first] = destinations;
  if (first === undefined) return { ...rule, limits: [] };
  // Nobody reads the request: where only that tells its backends, it goes to the host that was asked for.
  const { backends, deny } = destinations.length === 1 ? first : { backends: [] };
  const usable = backends.filter(({ refusal }) => refusal === undefined);
  const refusal = backends.length > usable.length ? backends[0]?.refusal : undefined;
  const stands =
    deny ?? (usable.length === 0 && refusal ? { kind: "deny" as const, ...refusal } : undefined);
  return { ...rule, backends: usable, limits: [], ...(stands !== undefined && { deny: stands }) };
}
