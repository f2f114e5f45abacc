/**
 * Rules of one host that the engine chooses among, joined: one entry for each path at which requests wait, with every
 * rule that may be meant by them, and the ways that it may pick. All other rules stay as they are.
 */

import type { DefaultPolicy, EnginePlan, HttpRule } from "../snapshot.ts";
import { planId } from "./plan-id.ts";
import type { RuleChoice } from "./rule-choice.ts";
import { withoutPicks } from "./rule-choice.ts";

/** A rule as it was resolved for its host. */
export type ResolvedRule = HttpRule & {
  readonly choice?: RuleChoice;
  /** Present with `choice`: the plan without its routing and id */
  readonly plan?: Omit<EnginePlan, "id">;
};

type ChoosingRule = ResolvedRule & Required<Pick<ResolvedRule, "choice" | "plan">>;

/** The rules of one host in their order, entries and ways in place of the rules that the engine chooses. */
export function joinChoices(
  rules: readonly ResolvedRule[],
  defaultPolicy: DefaultPolicy,
): HttpRule[] {
  const joined = new Set<ResolvedRule>();
  return rules.flatMap((rule, index): HttpRule[] => {
    if (joined.has(rule)) return [];
    if (!isChoosing(rule)) return [rule];
    if (!rule.choice.isNeeded) return [aloneRule(rule)];
    const later = rules.slice(index + 1);
    const group = [rule, ...followers(rule, later)];
    for (const member of group) joined.add(member);
    const rest = later.filter((other) => !joined.has(other) && mayMatch(other, rule));
    const otherwise = rest.length > 0 || defaultPolicy === "allow-all" ? "next" : "deny";
    return [...group.flatMap(wayRules), entryRule(rule, group, otherwise)];
  });
}

function isChoosing(rule: ResolvedRule): rule is ChoosingRule {
  return rule.choice !== undefined && rule.plan !== undefined;
}

/** Rules for the same path and listeners, up to the first other one that could decide before them. */
function followers(first: ChoosingRule, later: readonly ResolvedRule[]): ChoosingRule[] {
  const found: ChoosingRule[] = [];
  for (const rule of later) {
    if (isChoosing(rule) && isSamePlace(rule, first)) found.push(rule);
    else if (mayMatch(rule, first)) break;
  }
  return found;
}

function isSamePlace(rule: HttpRule, other: HttpRule): boolean {
  return placeOf(rule) === placeOf(other);
}

function placeOf({ match, sections }: HttpRule): string {
  return JSON.stringify([match.method, match.path?.kind, match.path?.value, sections]);
}

/** Two exact paths exclude each other unless they are the same; of all others it is not known. */
function mayMatch({ match }: HttpRule, entry: HttpRule): boolean {
  if (match.path?.kind !== "exact" || entry.match.path?.kind !== "exact") return true;
  return match.path.value === entry.match.path.value;
}

/** A rule that needs no choice goes the way that its path says, its body read on the way. */
function aloneRule({ choice, plan, ...rule }: ChoosingRule): HttpRule {
  const routing = { rules: [withoutPicks(choice.routed)], otherwise: "next" } as const;
  return { ...rule, engine: withId({ ...plan, routing, why: whyOf([choice], plan) }) };
}

function entryRule(
  { choice: _choice, plan, ...rule }: ChoosingRule,
  group: readonly ChoosingRule[],
  otherwise: "next" | "deny",
): HttpRule {
  const choices = group.map(({ choice }) => choice);
  const routing = { rules: choices.map(({ routed }) => routed), otherwise };
  const engine = withId({ ...plan, routing, why: whyOf(choices, plan) });
  return { ...rule, action: { kind: "choose" }, engine };
}

function wayRules({ choice, plan: _plan, ...rule }: ChoosingRule): HttpRule[] {
  return choice.ways.map(({ pick, action }) => ({
    ...rule,
    match: {},
    ...(pick !== undefined && { pick }),
    action,
  }));
}

function withId(plan: Omit<EnginePlan, "id">): EnginePlan {
  return { id: planId(plan), ...plan };
}

function whyOf(choices: readonly RuleChoice[], { why }: Pick<EnginePlan, "why">): string[] {
  const isChoice = choices.some(({ isNeeded }) => isNeeded);
  return [...why, isChoice ? "chooses who serves model calls" : "asks for token counts of streams"];
}
