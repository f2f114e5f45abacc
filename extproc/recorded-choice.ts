/**
 * Chooses who would serve a recorded model call, by the code that chooses for real ones. Bodies are not in records: what
 * depends on more of a body than its model is known only where the record shows that it went well.
 */

import type {
  ChooseRecorded,
  RecordedCall,
  ReplayedChoice,
  ReplayedWay,
} from "../gateway/replay.ts";
import { rewriteModel } from "../gateway/model-match.ts";
import type { Candidate, RoutedRule } from "../gateway/routing-plan.ts";
import type { PriceEntry } from "../providers/prices.ts";
import { findPrice } from "../providers/prices.ts";
import type { Provider } from "../providers/provider.ts";
import { findProviderByName } from "../providers/registry.ts";
import { AskedCall } from "./asked-call.ts";
import type { BoundedOutcome } from "./bounded-request.ts";
import { boundedRequestFor } from "./bounded-request.ts";
import { findMeantRule } from "./call-choice.ts";

/** So many answers of a rule are remembered: its calls are much the same. */
const mostKnown = 1_024;

type Ability =
  | { readonly kind: "able"; readonly way: ReplayedWay }
  | { readonly kind: "unable"; readonly reason: "not-translatable" | "body-malformed" }
  | { readonly kind: "unknown"; readonly missing: string; readonly way: ReplayedWay };

/** The chooser of the engine, with the prices that it would have. */
export function createRecordedChoice(prices: readonly PriceEntry[]): ChooseRecorded {
  const known = new WeakMap<RoutedRule, Map<string, ReplayedChoice>>();
  return (plan, call) => {
    const { routing } = plan;
    const provider = findProviderByName(plan.provider ?? "");
    if (routing === undefined || provider === undefined) return { kind: "next" };
    const asked = askedCall(provider, call);
    if (asked === undefined) return modelMissing;
    const { model } = asked;
    if (model.kind === "malformed") return malformed;
    const rule = findMeantRule(routing, call.path, model.model);
    if (rule === undefined) {
      return routing.otherwise === "next"
        ? { kind: "next" }
        : { kind: "refuse", reason: "no-rule", rule };
    }
    if (rule.refusal !== undefined) return { kind: "refuse", reason: rule.refusal.reason, rule };
    const made = known.get(rule) ?? new Map<string, ReplayedChoice>();
    known.set(rule, made);
    const key = JSON.stringify([provider.name, call.method, call.path, model.model, call.served]);
    const before = made.get(key);
    if (before !== undefined) return before;
    const choice = chooseWays(rule, { asked, call, prices });
    if (made.size >= mostKnown) made.clear();
    made.set(key, choice);
    return choice;
  };
}

const modelMissing: ReplayedChoice = { kind: "unknown", missing: "model of the request" };
const malformed: ReplayedChoice = { kind: "refuse", reason: "body-malformed", rule: undefined };

/** The call with a body that says its model and nothing else; undefined where nobody knows what that would be. */
function askedCall(provider: Provider, { method, path, model }: RecordedCall) {
  const bodyOf = (name: string | null) =>
    Buffer.from(JSON.stringify(name === null ? {} : { model: name }));
  const isKnown = model === null || typeof model === "string";
  const call = new AskedCall(provider, {
    method,
    path,
    header: () => undefined,
    headerNames: () => [],
    body: bodyOf(isKnown ? model : null),
  });
  const isInPath = call.pathModel !== null || call.operation === undefined;
  return isKnown || isInPath ? call : undefined;
}

interface AskedCandidate {
  readonly asked: AskedCall;
  readonly call: RecordedCall;
  readonly prices: readonly PriceEntry[];
}

function chooseWays(rule: RoutedRule, asked: AskedCandidate): ReplayedChoice {
  const usable = rule.candidates.filter(
    ({ weight, refusal }) => weight > 0 && refusal === undefined,
  );
  const abilities = usable.map((candidate) => abilityOf(rule, candidate, asked));
  const ways = abilities.flatMap((one) => (one.kind === "unable" ? [] : [one.way]));
  // One that can serve it is enough; who else could makes no refusal of it.
  if (abilities.some(({ kind }) => kind === "able")) return { kind: "serve", rule, ways };
  const doubt = abilities.find((one) => one.kind === "unknown");
  if (doubt !== undefined) return { kind: "unknown", missing: doubt.missing };
  const bad = abilities.find((one) => one.kind === "unable" && one.reason === "body-malformed");
  if (bad?.kind === "unable") return { kind: "refuse", reason: bad.reason, rule };
  const [first] = rule.candidates;
  const areRefused = rule.candidates.every(({ refusal }) => refusal !== undefined);
  const reason = areRefused && first?.refusal ? first.refusal.reason : "not-translatable";
  return { kind: "refuse", reason, rule };
}

function abilityOf(rule: RoutedRule, candidate: Candidate, asked: AskedCandidate): Ability {
  const { prices } = asked;
  const { budget } = rule;
  const bounds = { prices, ...(budget !== undefined && { budget }) };
  const outcome = boundedRequestFor(asked.asked, candidate, bounds);
  if (outcome.kind === "unable") return { kind: "unable", reason: "not-translatable" };
  if (isTranslated(asked.asked, candidate, outcome)) return translatedBy(rule, candidate, asked);
  if (outcome.kind === "malformed") return { kind: "unable", reason: "body-malformed" };
  const { provider, model } = outcome.request;
  return { kind: "able", way: { candidate, provider: provider.name, model } };
}

/** What the same two dialects could say once they can say again. */
function translatedBy(
  { budget }: RoutedRule,
  candidate: Candidate,
  { asked, call, prices }: AskedCandidate,
): Ability {
  const { provider, modelRewrites } = candidate;
  const { model: named } = asked;
  const model =
    named.kind === "ok" && named.model !== null ? rewriteModel(modelRewrites, named.model) : null;
  const wantsPrice = budget?.counts.some(({ unit }) => unit === "usd") === true;
  if (model === null || (wantsPrice && findPrice(prices, provider, model) === undefined)) {
    return { kind: "unable", reason: "not-translatable" };
  }
  const way = { candidate, provider, model };
  const { served } = call;
  if (served?.provider === provider && served.translation !== null) return { kind: "able", way };
  return { kind: "unknown", missing: `whether ${provider} can express the request`, way };
}

function isTranslated(call: AskedCall, candidate: Candidate, outcome: BoundedOutcome): boolean {
  if (outcome.kind === "ok") return outcome.request.answer.kind === "translate";
  return candidate.provider !== "" && candidate.provider !== call.provider.name;
}
