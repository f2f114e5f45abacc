/**
 * Rules of one host that the engine chooses among, joined: one entry for each path at which requests wait, with every
 * rule that may be meant by them, and the ways that it may pick: after an entry no other rule's engine reads a request.
 * All other rules stay as they are.
 */

import type { DefaultPolicy, EnginePlan, HttpRule } from "../snapshot.ts";
import { planId } from "./plan-id.ts";
import type { RuleChoice } from "./rule-choice.ts";
import { withoutPicks } from "./rule-choice.ts";
import { mayOverlap } from "./rule-overlap.ts";

/** A rule as it was resolved for its host. */
export type ResolvedRule = HttpRule & {
  readonly choice?: RuleChoice;
  /** Present with `choice`: the plan without its routing and id */
  readonly plan?: Omit<EnginePlan, "id">;
};

type ChoosingRule = ResolvedRule & Required<Pick<ResolvedRule, "choice" | "plan">>;

/**
 * The rules of one host in their order, with entries in place of the rules that the engine chooses. Ways come before
 * all of them: what was picked is decided, whatever the request has become.
 */
export function joinChoices(
  rules: readonly ResolvedRule[],
  defaultPolicy: DefaultPolicy,
): HttpRule[] {
  const placed = splitSections(rules);
  const joined = new Set<ResolvedRule>();
  const entries: ChoosingRule[] = [];
  const ways = new Map<string, HttpRule>();
  const others = placed.flatMap((rule, index): HttpRule[] => {
    if (joined.has(rule)) return [];
    if (rule.pick !== undefined) {
      ways.set(wayKey(rule), rule);
      return [];
    }
    if (!isChoosing(rule)) return [rule];
    if (rule.choice.isIdle) return [];
    if (refusesAll(rule)) return [plainRule(rule)];
    const isLate = entries.some((entry) => isInWayOf(entry, rule));
    if (!rule.choice.isNeeded && !(isLate && isBudgeted(rule))) return [aloneRule(rule)];
    const later = placed.slice(index + 1);
    const group = [rule, ...followers(rule, later)];
    for (const member of group) joined.add(member);
    for (const way of group.flatMap(wayRules)) ways.set(wayKey(way), way);
    entries.push(rule);
    const goesOn = later.some((other) => !isChoosing(other) && mayOverlap(other, rule));
    const isOpen = goesOn || defaultPolicy === "allow-all";
    return [entryRule(rule, group, isLate ? "late" : isOpen ? "next" : "deny")];
  });
  return [...ways.values(), ...others];
}

function isChoosing(rule: ResolvedRule): rule is ChoosingRule {
  return rule.choice !== undefined && rule.plan !== undefined;
}

/**
 * Rules that choose for the same path on some listeners and on all: a request is read once, so that each listener that
 * any of them names has copies of its own. Those for all listeners come after them and are never reached there.
 */
function splitSections(rules: readonly ResolvedRule[]): readonly ResolvedRule[] {
  const choosing = rules.filter(isChoosing);
  const keys = new Set(choosing.map(({ sections }) => JSON.stringify(sections)));
  if (keys.size < 2) return rules;
  const names = [...new Set(choosing.flatMap(({ sections = [] }) => sections))];
  return rules.flatMap((rule) => {
    if (!isChoosing(rule)) return [rule];
    const { sections } = rule;
    const copies = (sections ?? names).map((name) => ({ ...rule, sections: [name] }));
    return sections === undefined ? [...copies, rule] : copies;
  });
}

/** A refusal that depends on nothing but the path is Envoy's to give. */
function refusesAll({ choice: { deny, routed } }: ChoosingRule): boolean {
  return deny !== undefined && routed.models.length === 0 && routed.endpoints.length === 0;
}

/** Rules for the same path and listeners, up to the first other one that could decide before them. */
function followers(first: ChoosingRule, later: readonly ResolvedRule[]): ChoosingRule[] {
  const found: ChoosingRule[] = [];
  for (const rule of later) {
    if (!isChoosing(rule)) {
      if (mayOverlap(rule, first)) break;
    } else if (isSamePlace(rule, first)) found.push(rule);
    else if (isInWayOf(rule, first)) break;
  }
  return found;
}

function isSamePlace(rule: ChoosingRule, other: ChoosingRule): boolean {
  return rule.provider === other.provider && placeOf(rule) === placeOf(other);
}

function placeOf({ match, sections }: HttpRule): string {
  return JSON.stringify([match.method, match.path?.kind, match.path?.value, sections]);
}

/**
 * Whether a request may come to both, where they are not joined: on the same listeners, by the same path or one that
 * is not known to be another, which of one provider's operations it is.
 */
function isInWayOf(rule: ChoosingRule, other: ChoosingRule): boolean {
  if (JSON.stringify(rule.sections) !== JSON.stringify(other.sections)) return false;
  if (rule.provider === other.provider) return placeOf(rule) === placeOf(other);
  return mayOverlap(rule, other);
}

function plainRule({ choice: { deny }, plan: _plan, ...rule }: ChoosingRule): HttpRule {
  return deny === undefined ? rule : { ...rule, action: deny };
}

/** A rule that needs no choice goes the way that its path says, its body read on the way. */
function aloneRule({ choice, plan, ...rule }: ChoosingRule): HttpRule {
  const rules = [withoutPicks(choice.routed)];
  // Nobody would count a call that goes on without its rule.
  const routing = {
    rules,
    otherwise: choice.routed.budget === undefined ? "next" : "deny",
    ...(rule.audits && { letBy: "onward" as const }),
  } as const;
  return { ...rule, engine: withId({ ...plan, routing, why: whyOf([choice], plan) }) };
}

function isBudgeted({ choice }: ChoosingRule): boolean {
  return choice.routed.budget !== undefined;
}

/** What becomes of requests that none of the rules of an entry is about; after another entry nobody could read them. */
function entryRule(
  { choice: _choice, plan, wouldDeny: _wouldDeny, ...rule }: ChoosingRule,
  group: readonly ChoosingRule[],
  otherwise: "next" | "deny" | "late",
): HttpRule {
  const choices = group.map(({ choice }) => choice);
  const isLate = otherwise === "late";
  const routing = {
    rules: choices.map(({ routed }) => routed),
    otherwise: isLate ? "deny" : otherwise,
    // What is refused here is refused by all of them together.
    ...(group.every(({ audits }) => audits) && { letBy: "elsewhere" as const }),
  } as const;
  const engine = withId({ ...plan, routing, why: whyOf(choices, plan) });
  return { ...rule, action: { kind: "choose", ...(isLate && { isLate }) }, engine };
}

function wayRules({ choice, plan: _plan, ...rule }: ChoosingRule): HttpRule[] {
  return choice.ways.map(({ pick, action }) => ({
    ...rule,
    match: {},
    ...(pick !== undefined && { pick }),
    action,
  }));
}

/** Every path of a rule has the same ways. */
function wayKey({ pick, sections }: HttpRule): string {
  return JSON.stringify([pick, sections]);
}

function withId(plan: Omit<EnginePlan, "id">): EnginePlan {
  return { id: planId(plan), ...plan };
}

function whyOf(choices: readonly RuleChoice[], { why }: Pick<EnginePlan, "why">): string[] {
  if (choices.some(({ isNeeded }) => isNeeded)) return [...why, "chooses who serves model calls"];
  const asks = choices.some(({ asksUsage }) => asksUsage);
  return asks ? [...why, "asks for token counts of streams"] : [...why];
}
