/**
 * Rules whose requests the engine reads before it is decided who serves them. Each becomes Envoy rules that only the
 * engine can pick, one for each way that a request may go, and one entry at which requests wait for it.
 */

import { formatReference } from "../../crds/meta.ts";
import type { Candidate, FallbackPlan, RoutedRule } from "../routing-plan.ts";
import type {
  AttemptPlan,
  BackendTarget,
  CapturePlan,
  CredentialUse,
  GatewaySnapshot,
  HttpAction,
  HttpRule,
  Refusal,
} from "../snapshot.ts";
import { gatewayKey } from "../snapshot.ts";
import type { PlanScope } from "./engine-plan.ts";
import type { AttemptSwaps } from "./swap-plan.ts";
import { attemptSwaps } from "./swap-plan.ts";
import { planId } from "./plan-id.ts";
import type { DenyAction } from "./refusal.ts";
import type { BackendDraft, ChoiceDraft, FallbackSettings, RuleDraft } from "./route-draft.ts";

type ForwardAction = Extract<HttpAction, { readonly kind: "forward" }>;

/** A rule that the engine chooses, and the ways that its requests may go. */
export interface RuleChoice {
  readonly routed: RoutedRule;
  /** Rules with a `pick`, for the host and listeners of the entry */
  readonly ways: readonly Pick<HttpRule, "pick" | "action">[];
  /** False: by itself the rule needs no choice, and its one way is known */
  readonly isNeeded: boolean;
  readonly asksUsage: boolean;
  /** True: by itself the rule does nothing that its other paths would not do as well */
  readonly isIdle: boolean;
  /** Present when the rule refuses all that it matches */
  readonly deny?: DenyAction;
}

/** Where the rule applies. */
export interface ChoiceScope extends PlanScope {
  /** Refuses all rules of the route */
  readonly deny: DenyAction | undefined;
  /** Would refuse all rules of the route, which audit mode lets by */
  readonly wouldDeny?: Refusal;
  readonly settings: Pick<GatewaySnapshot, "requestTimeoutMs" | "upstream">;
}

/** What a choice is made from. */
export interface ChoiceOptions {
  readonly rule: RuleDraft & { readonly choice: ChoiceDraft };
  readonly scope: ChoiceScope;
  readonly meters: boolean;
  readonly capture: CapturePlan | undefined;
  /** What becomes of requests that go to these backends alone; none: to the host that the agent asked for */
  readonly resolve: (backends: readonly BackendDraft[]) => { readonly action: HttpAction };
}

/** The choice of one rule at one host. */
export function createChoice(options: ChoiceOptions): RuleChoice {
  const { rule, scope, meters, capture } = options;
  const { choice, ruleIndex } = rule;
  const base = {
    route: scope.route,
    ruleIndex,
    endpoints: choice.endpoints,
    models: choice.models,
    meters,
    ...(capture !== undefined && { capture }),
    ...(rule.limits.length > 0 && { limits: rule.limits }),
    ...(rule.budget !== undefined && { budget: rule.budget }),
    ...(rule.maxRequestBytes !== undefined && { maxRequestBytes: rule.maxRequestBytes }),
    ...(scope.audits === true && { audits: scope.audits }),
  };
  const common = { asksUsage: choice.asksUsage, isIdle: isIdle(rule) };
  const whole = resolveWhole(options);
  const deny =
    scope.deny ??
    rule.deny ??
    (whole?.kind === "deny" ? whole : undefined) ??
    refuseSignedSwap(options);
  if (deny !== undefined) {
    const { status, reason, message } = deny;
    const routed = { ...base, candidates: [], refusal: { status, reason, message } };
    return { ...common, routed, ways: [], isNeeded: true, deny };
  }
  const isNeeded = choice.isNeeded || (whole?.kind === "forward" && hasOwnWork(rule, whole));
  const ways = waysOf(options, isNeeded);
  const candidates = ways.map(({ candidate }) => candidate);
  const fallback = choice.fallback && fallbackOf(options, choice.fallback, candidates);
  const uses = ways.map(({ action }) => (action === undefined ? [] : usesOf(action)));
  const swaps = fallback === undefined ? noSwaps : attemptSwaps(scope, uses);
  const routed = {
    ...base,
    ...(scope.wouldDeny !== undefined && { wouldDeny: scope.wouldDeny }),
    candidates: candidates.map((candidate, position) => {
      const swap = swaps.requests?.[position];
      return swap === undefined ? candidate : { ...candidate, swap: swap.id };
    }),
    ...(fallback !== undefined && { fallback }),
  };
  // Envoy takes no way whose shares are all 0, and nobody would be sent by it.
  const single = ways.flatMap(({ action, candidate: { pick, weight } }) =>
    action === undefined || weight === 0 ? [] : [{ pick, action }],
  );
  if (fallback === undefined) {
    return { ...common, routed, ways: single, isNeeded };
  }
  const action = fallbackAction(options, { routed, fallback, swaps });
  return {
    ...common,
    routed,
    ways: [...single, { pick: fallback.pick, action }],
    isNeeded: true,
    isIdle: false,
  };
}

const noSwaps: AttemptSwaps = { requests: undefined, answers: undefined };

/** A signature covers what stands in the place of a placeholder, and is made before each attempt knows it. */
function refuseSignedSwap({ rule, resolve }: ChoiceOptions): DenyAction | undefined {
  if (rule.choice.fallback === undefined) return undefined;
  const use = rule.backends
    .map((backend) => resolve([backend]).action)
    .flatMap((action) => (action.kind === "forward" ? [usesOf(action)] : []))
    .find((uses) => uses.some(({ kind }) => kind === "aws-sigv4"))
    ?.find(({ kind }) => kind === "placeholder");
  if (use === undefined) return undefined;
  return {
    kind: "deny",
    status: 403,
    reason: "not-enforced",
    message: `Refused because ${formatReference(use.policy)} has placeholder, which is not enforced in requests that are signed for a backend that is tried after another one`,
    policy: use.policy,
  };
}

function isIdle({ choice, budget }: ChoiceOptions["rule"]): boolean {
  return !choice.isNeeded && !choice.asksUsage && budget === undefined;
}

/** What becomes of all requests, where they go one way. */
function resolveWhole({ rule, resolve }: ChoiceOptions): HttpAction | undefined {
  const { backends, choice } = rule;
  return choice.isNeeded && backends.length > 0 ? undefined : resolve(backends).action;
}

/** What the engine does for one way alone; of Envoy's routes only those that it picks have nothing else to ask it. */
function hasOwnWork({ budget }: Pick<RuleDraft, "budget">, action: ForwardAction): boolean {
  const { attempt, backends } = action;
  const isAsked = backends.some((one) => one.engine !== undefined || one.attempt !== undefined);
  // What is done for one of several must never reach another.
  if (backends.length > 1 && isAsked) return true;
  if (budget === undefined) return false;
  return isAsked || attempt !== undefined || usesOf(action).some(({ kind }) => kind !== "header");
}

interface Way {
  readonly candidate: Candidate;
  /** Undefined for one that refuses */
  readonly action: ForwardAction | undefined;
}

/** Backends that serve requests as they are stay one way, whose shares Envoy deals by itself. */
function waysOf(options: ChoiceOptions, isNeeded: boolean): Way[] {
  const { backends } = options.rule;
  if (backends.length === 0 || !isNeeded) return [wayOf(options, backends, 0)];
  return backends.map((one, position) => wayOf(options, [one], position));
}

/** The position tells apart backends that a rule names twice. */
function wayOf(options: ChoiceOptions, backends: readonly BackendDraft[], position: number): Way {
  const { rule, scope } = options;
  const [backend] = backends;
  const outcome = backend?.refusal === undefined ? options.resolve(backends) : undefined;
  const action = outcome?.action.kind === "forward" ? outcome.action : undefined;
  const refusal = backend?.refusal ?? denialOf(outcome);
  const only = backends.length === 1 ? backend : undefined;
  const uses = action === undefined ? [] : usesOf(action);
  const signing = uses.find((use) => use.kind === "aws-sigv4");
  const pick = planId({
    gateway: gatewayKey(scope.gateway.metadata),
    route: scope.route,
    ruleIndex: rule.ruleIndex,
    position,
    backends: backends.map(({ name }) => name),
    provider: rule.provider,
    action: action ?? null,
  });
  return {
    action,
    candidate: {
      pick,
      backend: only?.name ?? null,
      provider: only === undefined ? (rule.provider ?? "") : only.provider,
      basePath: only?.basePath ?? "",
      authority: only === undefined ? "" : authorityOf(only),
      // Without a policy that says so nobody is tried after another one.
      tier: rule.choice.fallback === undefined ? 0 : (only?.tier ?? 0),
      weight: only?.weight ?? 1,
      modelRewrites: only?.modelRewrites ?? [],
      streamUsage: backends.every(({ streamUsage }) => streamUsage),
      queryCredentials: uses.filter((use) => use.kind === "query"),
      ...(signing !== undefined && { signing }),
      ...(refusal !== undefined && { refusal }),
    },
  };
}

function usesOf({ credentials, backends }: ForwardAction): CredentialUse[] {
  return [...credentials, ...backends.flatMap((target) => target.credentials)];
}

function denialOf(
  outcome: { readonly action: HttpAction } | undefined,
): (Refusal & { readonly status: number }) | undefined {
  if (outcome?.action.kind !== "deny") return undefined;
  const { status, reason, message } = outcome.action;
  return { status, reason, message };
}

/** `:authority` of requests to a backend, with the port unless it is that of the scheme. */
function authorityOf({ host, port, tls }: BackendDraft): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`;
}

function fallbackOf(
  { rule, scope }: ChoiceOptions,
  settings: FallbackSettings,
  candidates: readonly Candidate[],
): FallbackPlan | undefined {
  const usable = candidates.filter(({ weight, refusal }) => weight > 0 && refusal === undefined);
  const retries = settings.retries ?? Math.min(usable.length - 1, mostRetries);
  if (rule.backends.length === 0 || usable.length === 0 || retries <= 0) return undefined;
  return {
    pick: planId({ route: scope.route, picks: usable.map(({ pick }) => pick), settings, retries }),
    retries,
    statuses: settings.statuses,
    perTryTimeoutMs: settings.perTryTimeoutMs ?? scope.settings.requestTimeoutMs,
    connectTimeoutMs: settings.connectTimeoutMs,
    maxEjectionMs: settings.maxEjectionMs,
  };
}

const mostRetries = 5;

/** Every attempt brings its own credentials: none of one backend may be seen by the next. */
function fallbackAction(
  options: ChoiceOptions,
  {
    routed,
    fallback,
    swaps,
  }: {
    readonly routed: RoutedRule;
    readonly fallback: FallbackPlan;
    readonly swaps: AttemptSwaps;
  },
): ForwardAction {
  const { rule } = options;
  const targets = rule.backends.flatMap((backend, index): BackendTarget[] => {
    const candidate = routed.candidates[index];
    if (candidate === undefined || candidate.refusal !== undefined || backend.weight === 0)
      return [];
    const { action } = options.resolve([backend]);
    const [target] = action.kind === "forward" ? action.backends : [];
    if (action.kind !== "forward" || target === undefined) return [];
    const { engine: _engine, swap: _swap, ...plain } = target;
    const swap = swaps.requests?.[index];
    // An address, or a host with a fixed one, is dialled on purpose.
    const guardedRanges = target.alias ? [] : options.scope.settings.upstream.guardedRanges;
    const attempt = attemptOf(options, routed, { candidate: index, guardedRanges });
    return [
      { ...plain, credentials: usesOf(action), attempt, ...(swap !== undefined && { swap }) },
    ];
  });
  return {
    kind: "forward",
    requestHeaders: rule.requestHeaders,
    responseHeaders: rule.responseHeaders,
    credentials: [],
    backends: targets,
    ...(swaps.answers !== undefined && { swap: swaps.answers }),
    fallback,
  };
}

function attemptOf(
  { rule: { provider = "" }, scope }: ChoiceOptions,
  rule: RoutedRule,
  place: { readonly candidate: number; readonly guardedRanges: readonly string[] },
): AttemptPlan {
  const signing = rule.candidates[place.candidate]?.signing;
  const plan = {
    gateway: gatewayKey(scope.gateway.metadata),
    ...(signing !== undefined && { signing }),
    fallback: { provider, rule, ...place },
  };
  return { id: planId(plan), ...plan };
}

/** The engine's rule that knows its way by the path: nothing needs to be picked, and attempts are signed on it. */
export function withoutPicks(routed: RoutedRule): RoutedRule {
  return {
    ...routed,
    candidates: routed.candidates.map(({ signing: _signing, ...one }) => ({ ...one, pick: "" })),
  };
}
