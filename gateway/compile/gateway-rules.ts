/** The rules of the routes that attach to one gateway, placed at their hosts in the order of precedence. */

import type { CredentialUse, L4Rule, ListenerSnapshot } from "../snapshot.ts";
import type { Attachment } from "./attachment.ts";
import { httpShapes } from "./attachment.ts";
import { planParts } from "./engine-plan.ts";
import { isSwapped } from "./swap-plan.ts";
import { anyHost } from "./host-match.ts";
import type { PlacedRule } from "./host-policies.ts";
import type { ResolvedRule } from "./joined-choices.ts";
import type { DenyAction } from "./refusal.ts";
import type { ActionScope } from "./rule-action.ts";
import { auditedRule } from "./audited-rule.ts";
import { createActionResolver } from "./rule-action.ts";
import type { RuleChoice } from "./rule-choice.ts";
import type { RouteDraft, RuleDraft } from "./route-draft.ts";

/** A route on this gateway. */
export interface AttachedRoute {
  readonly draft: RouteDraft;
  readonly attachment: Attachment;
  readonly scope: ActionScope;
}

const schemeShapes: Record<"tls" | "plain", ReadonlySet<ListenerSnapshot["shape"]>> = {
  tls: new Set(["https", "tls-terminate"]),
  plain: new Set(["http"]),
};

/**
 * HTTP rules of routes in precedence. Rules that only stand in for something else come last: connections of L4
 * routes, and MCP routes that name no host.
 */
export function placeRules(
  routes: readonly AttachedRoute[],
  listeners: readonly ListenerSnapshot[],
): PlacedRule[] {
  const first = routes.filter(({ draft }) => !comesLast(draft));
  const last = routes.filter(({ draft }) => comesLast(draft));
  return [...first, ...last].flatMap((route) =>
    route.draft.rules.flatMap((rule) => placeRule(rule, route, listeners)),
  );
}

/** L4 rules of routes in precedence. */
export function connectionRules(
  routes: readonly AttachedRoute[],
  listeners: readonly ListenerSnapshot[],
): L4Rule[] {
  return routes.flatMap(({ draft, attachment, scope }) => {
    const sections = sectionsOf(attachment, listeners);
    return draft.l4Rules.map((written) => {
      const rule = scope.audits === true ? uncounted(written) : written;
      const limited = sections === undefined ? rule : { ...rule, sections };
      if (scope.wouldDeny !== undefined && rule.verdict === "allow") {
        return { ...limited, verdict: "deny", reason: scope.wouldDeny.reason, audits: true };
      }
      return scope.deny === undefined ? limited : refuseConnections(limited, scope.deny);
    });
  });
}

/** Whom Envoy asks about a connection can only refuse it: audit mode does not ask. */
function uncounted({ engine: _, ...rule }: L4Rule): L4Rule {
  return rule;
}

function comesLast({ object, rules }: RouteDraft): boolean {
  if (object.kind === "EgressL4Route") return true;
  return object.kind === "MCPRoute" && rules.some(({ hosts }) => hosts.includes(anyHost));
}

/** A refusal covers guarded addresses too, where an allowing rule would leave them to the guard. */
function refuseConnections(rule: L4Rule, { reason }: DenyAction): L4Rule {
  const cidrs = rule.cidrs.map(({ cidr }) => ({ cidr, namesGuarded: true }));
  return { ...uncounted(rule), cidrs, verdict: "deny", reason };
}

function placeRule(
  written: RuleDraft,
  { draft, attachment, scope: whole }: AttachedRoute,
  listeners: readonly ListenerSnapshot[],
): PlacedRule[] {
  const { rule, scope, wouldDeny } = auditedRule(written, whole);
  const sections = httpSections(rule, attachment, listeners);
  if (sections?.length === 0) return [];
  const outcomeFor = createActionResolver(rule, scope);
  // One rule object for all hosts with one outcome, so that merging sees that they are the same.
  const rules = new Map<unknown, ResolvedRule[]>();
  return rule.hosts.flatMap((host) => {
    const key = outcomeFor(host);
    const { ways = [], ...outcome } = key;
    const about = {
      route: draft.name,
      ruleIndex: rule.ruleIndex,
      ...(sections !== undefined && { sections }),
      ...(scope.audits === true && { audits: scope.audits }),
    };
    const placed = (): ResolvedRule[] => [
      ...ways.map((way) => ({ ...about, match: {}, ...way })),
      ...rule.matches.map((match) => ({
        ...about,
        match,
        ...outcome,
        ...(wouldDeny !== undefined && outcome.action.kind !== "deny" && { wouldDeny }),
        // Which rule's limits count is known with the body.
        ...(outcome.choice !== undefined && {
          plan: planParts({ ...rule, limits: [] }, scope, swappedBy(outcome.choice)),
        }),
        ...(rule.provider !== undefined && { provider: rule.provider }),
      })),
    ];
    const known = rules.get(key) ?? placed();
    rules.set(key, known);
    return known.map((httpRule) => ({ host, rule: httpRule }));
  });
}

/** What is written over on some way of the choice; what goes into queries is a matter of each way. */
function swappedBy({ ways }: RuleChoice): CredentialUse[] {
  const uses = ways.flatMap(({ action }) =>
    action.kind === "forward"
      ? [...action.credentials, ...action.backends.flatMap(({ credentials }) => credentials)]
      : [],
  );
  return uses.filter((use) => isSwapped(use) && use.kind !== "query");
}

/** Listeners whose requests the rule is about, of those that read HTTP; undefined: all. */
function httpSections(
  { scheme }: RuleDraft,
  attachment: Attachment,
  listeners: readonly ListenerSnapshot[],
): readonly string[] | undefined {
  const readable = listeners.filter(({ shape }) => httpShapes.has(shape));
  const fitting =
    scheme === undefined
      ? readable
      : readable.filter(({ shape }) => schemeShapes[scheme].has(shape));
  const isWhole = attachment.isWhole && fitting.length === readable.length;
  if (isWhole && fitting.length > 0) return undefined;
  return namesOf(fitting).filter((name) => attachment.listeners.has(name));
}

function sectionsOf(
  { isWhole, listeners: attached }: Attachment,
  listeners: readonly ListenerSnapshot[],
): readonly string[] | undefined {
  return isWhole ? undefined : namesOf(listeners).filter((name) => attached.has(name));
}

function namesOf(listeners: readonly ListenerSnapshot[]): string[] {
  return listeners.map(({ name }) => name);
}
