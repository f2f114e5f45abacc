/**
 * Chooses who serves a model call: the rule that the request means, and of its candidates those that can express it, in
 * the order in which they are to be asked.
 */

import type { Candidate, RoutedRule, RoutingPlan } from "../gateway/routing-plan.ts";
import type { PriceEntry } from "../providers/prices.ts";
import type { AskedCall } from "./asked-call.ts";
import { boundedRequestFor } from "./bounded-request.ts";
import type { CandidateRequest } from "./candidate-request.ts";
import type { Refusal } from "./refusal.ts";
import { RuleIndex } from "./rule-index.ts";

/** What a choice may ask of its thread. */
export interface ChoiceTools {
  /** Whether a candidate is left out for now, by its `pick` */
  readonly isEjected: (pick: string) => boolean;
  /** From 0 to below 1 */
  readonly random: () => number;
  /** Of models, the first that fits */
  readonly prices: readonly PriceEntry[];
}

/** Who serves the call. `wouldDeny` is why it would be refused, where audit mode lets it by. */
export type CallChoice = (
  | { readonly kind: "refuse"; readonly refusal: Refusal; readonly rule: RoutedRule | undefined }
  /** No rule of the plan is meant: Envoy's next one decides */
  | { readonly kind: "next" }
  /** One candidate, and its answer stands */
  | {
      readonly kind: "single";
      readonly rule: RoutedRule;
      readonly candidate: Candidate;
      readonly request: CandidateRequest;
    }
  /** Several, one after another */
  | {
      readonly kind: "walk";
      readonly rule: RoutedRule;
      readonly pick: string;
      /** Able ones in the order of asking, with what each is asked */
      readonly ways: readonly Way[];
    }
) & { readonly wouldDeny?: AuditedRefusal };

/** Why a call would be refused. */
export type AuditedRefusal = Pick<Refusal, "reason" | "message">;

/** A candidate with its request. */
export interface Way {
  readonly candidate: Candidate;
  readonly request: CandidateRequest;
}

/** Chooses for one call. May throw what a codec throws. */
export function chooseCall(plan: RoutingPlan, call: AskedCall, tools: ChoiceTools): CallChoice {
  const asked = call.model;
  if (asked.kind === "malformed") return refuse(malformedBody(asked.reason), undefined);
  const rule = findMeantRule(plan, call.request.path, asked.model);
  if (rule === undefined) {
    if (plan.otherwise === "next") return { kind: "next" };
    return refuse(noRule(call, asked.model), undefined);
  }
  if (rule.refusal !== undefined) return refuse(rule.refusal, rule);
  return chooseCandidate(rule, call, tools);
}

/** The first rule of a plan that is about calls to a path (a query is left aside) for a model; null: they name none. */
export function findMeantRule(
  plan: RoutingPlan,
  path: string,
  model: string | null,
): RoutedRule | undefined {
  return indexOf(plan).find(spellings(pathOf(path)), model);
}

/** Whether some rule of the plan has a budget: then prompts are measured. */
export function mayHaveBudget(plan: RoutingPlan): boolean {
  return indexOf(plan).hasBudget;
}

/** Plans are kept as long as requests may ask by them, and so is what was made of them. */
const indexes = new WeakMap<RoutingPlan, RuleIndex>();

function indexOf(plan: RoutingPlan): RuleIndex {
  const known = indexes.get(plan);
  if (known !== undefined) return known;
  const made = new RuleIndex(plan.rules);
  indexes.set(plan, made);
  return made;
}

function chooseCandidate(rule: RoutedRule, call: AskedCall, tools: ChoiceTools): CallChoice {
  const { fallback, budget, audits, wouldDeny } = rule;
  const bounds = {
    prices: tools.prices,
    ...(budget !== undefined && { budget }),
    ...(audits !== undefined && { audits }),
  };
  const unable: Unable[] = [];
  const ways: Way[] = [];
  // In audit mode: who would serve it but for the budget.
  const spare: Way[] = [];
  for (const candidate of orderCandidates(rule.candidates, tools)) {
    if (candidate.refusal !== undefined) {
      unable.push({ candidate, reason: candidate.refusal.message });
      continue;
    }
    const outcome = boundedRequestFor(call, candidate, bounds);
    if (outcome.kind === "malformed") return refuse(malformedBody(outcome.reason), rule);
    if (outcome.kind === "unable") {
      unable.push({ candidate, reason: outcome.reason });
      continue;
    }
    const { request, objection } = outcome;
    if (objection?.kind === "malformed") {
      const denied = malformedBody(objection.reason);
      return chosen(rule, [{ candidate, request }], denied);
    }
    if (objection !== undefined) {
      unable.push({ candidate, reason: objection.reason });
      spare.push({ candidate, request });
      continue;
    }
    if (fallback === undefined) return chosen(rule, [{ candidate, request }], wouldDeny);
    ways.push({ candidate, request });
  }
  if (ways.length > 0) return chosen(rule, ways, wouldDeny);
  const refusal = nobody(rule, unable);
  return spare.length > 0 ? chosen(rule, spare, wouldDeny ?? refusal) : refuse(refusal, rule);
}

/** The first of the ways, or all of them one after another where the rule falls back. */
function chosen(
  rule: RoutedRule,
  ways: readonly Way[],
  denied: AuditedRefusal | undefined,
): CallChoice {
  const audited = denied && { reason: denied.reason, message: denied.message };
  const would = audited !== undefined && { wouldDeny: audited };
  const { fallback } = rule;
  if (fallback !== undefined) return { kind: "walk", rule, pick: fallback.pick, ways, ...would };
  const [first] = ways;
  if (first === undefined) return refuse(nobody(rule, []), rule);
  return { kind: "single", rule, ...first, ...would };
}

/** Tier after tier, within each by chance and weight; those that are left out for now come last, before nobody does. */
function orderCandidates(candidates: readonly Candidate[], tools: ChoiceTools): Candidate[] {
  const tiers = Map.groupBy(candidates, ({ tier }) => tier);
  const ordered = [...tiers.keys()]
    .toSorted((left, right) => left - right)
    .flatMap((tier) => drawByWeight(tiers.get(tier) ?? [], tools.random));
  const isLeftOut = ({ pick }: Candidate) => tools.isEjected(pick);
  return [...ordered.filter((one) => !isLeftOut(one)), ...ordered.filter(isLeftOut)];
}

function drawByWeight(candidates: readonly Candidate[], random: () => number): Candidate[] {
  const left = candidates.filter(({ weight, refusal }) => weight > 0 || refusal !== undefined);
  const drawn: Candidate[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    let at = random() * total;
    const index = left.findIndex(({ weight }) => {
      at -= weight;
      return at < 0;
    });
    drawn.push(...left.splice(index < 0 ? left.length - 1 : index, 1));
  }
  return drawn;
}

interface Unable {
  readonly candidate: Candidate;
  readonly reason: string;
}

function refuse(refusal: Refusal, rule: RoutedRule | undefined): CallChoice {
  return { kind: "refuse", refusal, rule };
}

function malformedBody(reason: string): Refusal {
  return {
    status: 400,
    reason: "body-malformed",
    message: `Refused because the body cannot be read, and a rule decides by it: ${reason}`,
  };
}

function noRule({ provider }: AskedCall, model: string | null): Refusal {
  const what =
    model === null ? "a call that names no model" : `model ${JSON.stringify(shown(model))}`;
  return {
    status: 403,
    reason: "no-rule",
    message: `No rule for ${provider.name} allows ${what}`,
  };
}

/** Client errors, because SDKs try again what fails with a server's: a pool alone is answered as one. */
function nobody({ route, candidates }: RoutedRule, unable: readonly Unable[]): Refusal {
  const [first] = candidates;
  if (first?.refusal !== undefined && candidates.every(({ refusal }) => refusal !== undefined)) {
    return first.refusal;
  }
  const reasons = unable.map(({ candidate, reason }) => `${nameOf(candidate)}: ${reason}`);
  const text = reasons.length === 0 ? "all of its backends have weight 0" : reasons.join("; ");
  return {
    status: 400,
    reason: "not-translatable",
    message: `Refused because no backend of ${route.kind} ${route.namespace}/${route.name} can serve this request: ${text}`,
  };
}

function nameOf({ backend, provider }: Candidate): string {
  if (backend === null) return provider;
  const name = `${backend.kind} ${backend.namespace}/${backend.name}`;
  return provider === "" ? name : `${name} (${provider})`;
}

/** As it was sent and as its server reads it: no escape leads around a rule. */
function spellings(path: string): readonly string[] {
  if (!path.includes("%")) return [path];
  try {
    return [path, decodeURIComponent(path)];
  } catch {
    return [path];
  }
}

/** Enough of a name to know it again. */
function shown(model: string): string {
  return model.length <= 200 ? model : `${model.slice(0, 200)}…`;
}

function pathOf(path: string): string {
  const query = path.indexOf("?");
  return query < 0 ? path : path.slice(0, query);
}
