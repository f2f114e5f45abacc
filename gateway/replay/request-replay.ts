/**
 * What becomes of one request on the routes of its host: as Envoy's filters ask, path first, then the size of the body,
 * then the engine, which may send it another way. Where a fact is missing, every outcome is found that it may have had.
 */

import type {
  DenyReason,
  EnginePlan,
  GatewaySnapshot,
  LimitPlan,
  RuleBudget,
} from "../snapshot.ts";
import { tryParseDecisionKey } from "../decision-key.ts";
import { isAudited } from "../audit.ts";
import type { envoy } from "../proto/gen/xds.js";
import type { EgressRecord, RecordRoute } from "../record.ts";
import type { RoutedRule } from "../routing-plan.ts";
import { letByPick, letByReasons, noPick } from "../routing-plan.ts";
import { ambiguousPathExpression } from "../xds/ambiguous-path.ts";
import { RESOURCE } from "../xds/resource-names.ts";
import { isMissing } from "./fact.ts";
import { FullMatch } from "./full-match.ts";
import type { ChooseRecorded, ReplayedWay } from "./model-choice.ts";
import type { KnownOutcome, ReplayedDestination, ReplayOutcome } from "./outcome.ts";
import { denied, joinOutcomes, known, notKnown, nothing } from "./outcome.ts";
import { fitsPath } from "./path-fact.ts";
import { inRanges } from "./ranges.ts";
import { bareHost } from "./connection-cases.ts";
import type { RecordedRequest } from "./request-facts.ts";
import type { HostRoutes } from "./route-table.ts";
import { possibleRoutes } from "./route-table.ts";
import type { RuleBook } from "./rule-book.ts";
import { credentialsOf, destinationsOf, routeNamed } from "./rule-book.ts";
import { judgeTold } from "./told-messages.ts";

type Route = envoy.config.route.v3.IRoute;

/** What requests of one gateway are decided by. */
export interface RequestRules {
  readonly gateway: GatewaySnapshot;
  readonly book: RuleBook;
  readonly choose: ChooseRecorded;
}

/** A request with the routes of its host. */
export interface PlacedRequest {
  readonly host: HostRoutes;
  readonly request: RecordedRequest;
  readonly record: EgressRecord;
}

/** What a route does, worked out once. */
interface RouteEnd {
  readonly outcome: KnownOutcome;
  readonly asked: { readonly plan: EnginePlan; readonly isEntry: boolean } | undefined;
  /** Most bytes of a body; undefined: any */
  readonly maxBytes: number | undefined;
  /** Addresses are dialled that the guard is in front of */
  readonly isGuarded: boolean;
}

/** The engine reads a request once: it cannot be sent on more often. */
const mostTurns = 3;

const ambiguousPath = new FullMatch(ambiguousPathExpression);

/** Replays requests of one gateway. */
export class RequestReplay {
  readonly #rules: RequestRules;
  readonly #ends = new Map<Route, RouteEnd>();
  readonly #isGuarded: (address: string) => boolean;

  constructor(rules: RequestRules) {
    this.#rules = rules;
    this.#isGuarded = inRanges(rules.gateway.upstream.guardedRanges);
  }

  /** The outcome; `view` is always `http`. */
  replay(placed: PlacedRequest): ReplayOutcome {
    return this.#turn(placed, undefined, 0);
  }

  #turn(placed: PlacedRequest, pick: string | undefined, turns: number): ReplayOutcome {
    if (turns > mostTurns) throw new TypeError("Cannot replay a request: it is chosen for again");
    const { host, request } = placed;
    const { path, header } = request;
    const routes = possibleRoutes(host, { path, header, pick });
    const outcomes = routes.map(({ route }) =>
      route === undefined ? unmatched : this.#take(route, placed, { pick, turns }),
    );
    const missing = routes.find((one) => one.missing !== undefined)?.missing?.missing;
    const [only] = outcomes;
    if (outcomes.length === 1 && only !== undefined) return only;
    const by = JSON.stringify(routes.map(({ route }) => route?.match ?? null));
    return joinOutcomes(outcomes, { missing, by });
  }

  #take(route: Route, placed: PlacedRequest, { pick, turns }: Turn): ReplayOutcome {
    const { request } = placed;
    const doubt = route.metadata ? fitsPath(ambiguousPath, request.path) : false;
    if (doubt === true) return ambiguous;
    const end = this.#endOf(route, placed.host, pick);
    const outcome = this.#pass(end, placed, turns);
    return isMissing(doubt)
      ? joinOutcomes([outcome, ambiguous], { missing: doubt.missing, by: "" })
      : outcome;
  }

  #endOf(route: Route, { domains }: HostRoutes, pick: string | undefined): RouteEnd {
    const made = this.#ends.get(route);
    if (made !== undefined) return made;
    const end = this.#createEnd(route, domains, pick);
    this.#ends.set(route, end);
    return end;
  }

  #createEnd(route: Route, domains: readonly string[], pick: string | undefined): RouteEnd {
    const { book, gateway } = this.#rules;
    const name = route.name ?? "";
    const key = tryParseDecisionKey(name);
    if (key === undefined)
      throw new TypeError(`Cannot replay route "${name}": its name says nothing`);
    const named = routeNamed(name);
    if (key.verdict === "deny") {
      const outcome = denied(key.reason ?? "default-policy", named);
      return { outcome, asked: undefined, maxBytes: undefined, isGuarded: false };
    }
    const rule = book.find(named, { pick, domains });
    const asked = book.planOf(route);
    const isPicked = pick !== undefined && rule?.pick === pick;
    const outcome = known({
      ...nothing,
      verdict: "allow",
      wouldDeny: key.wouldDeny ?? null,
      route: named,
      credentials: rule === undefined ? [] : credentialsOf(rule),
      destinations: destinationsOf(route, rule),
      audits: rule?.audits === true,
      tier: asked !== undefined || isPicked ? "engine" : "native",
      view: "http",
    });
    const cluster = route.route?.cluster ?? "";
    return {
      outcome,
      asked,
      maxBytes: rule?.action.maxRequestBytes ?? gateway.requestSize?.bodyBytes,
      isGuarded: cluster === RESOURCE.forwardPlain || cluster === RESOURCE.forwardTls,
    };
  }

  /** Filters ask in this order: the size of the body, the engine, and last the address. */
  #pass(end: RouteEnd, placed: PlacedRequest, turns: number): ReplayOutcome {
    const { outcome, asked, maxBytes, isGuarded } = end;
    if (outcome.verdict === "deny") return outcome;
    const { bytes, isWhole } = placed.request.body;
    const isBounded = turns === 0 && maxBytes !== undefined;
    if (isBounded && bytes > maxBytes) return tooLarge;
    const passed = asked === undefined ? outcome : this.#ask(end, asked, placed, turns);
    if (isBounded && !isWhole && placed.request.hasBody !== false) {
      return joinOutcomes([passed, tooLarge], {
        missing: "size of the body",
        by: String(maxBytes),
      });
    }
    const isInside = isGuarded && this.#isGuarded(bareHost(placed.request.host));
    return isInside && passed.verdict === "allow" ? guarded : passed;
  }

  #ask(
    end: RouteEnd,
    { plan, isEntry }: NonNullable<RouteEnd["asked"]>,
    placed: PlacedRequest,
    turns: number,
  ): ReplayOutcome {
    const { mcp, routing, limits = [], audits = false } = plan;
    if (mcp !== undefined) return this.#judge(end, { ...plan, mcp }, placed, turns);
    if (routing === undefined) return counted(end.outcome, { limits, budget: null, audits });
    const { hasBody, path, model } = placed.request;
    if (hasBody === false)
      return this.#refuse(end, { plan, reason: "body-malformed" }, placed, turns);
    if (isMissing(hasBody)) return notKnown(hasBody.missing, plan.id);
    if (path.missing !== undefined) return notKnown(path.missing.missing, plan.id);
    const { method } = placed.record.request;
    const served = servedOf(placed.record);
    const choice = this.#rules.choose(plan, { method, path: path.known, model, served });
    switch (choice.kind) {
      case "unknown":
        return notKnown(choice.missing, plan.id);
      case "next":
        return isEntry ? this.#turn(placed, noPick, turns + 1) : end.outcome;
      case "refuse":
        return this.#refuse(end, { plan, ...choice }, placed, turns);
      case "serve":
        return this.#serve(end, choice, placed, turns);
    }
  }

  /** In audit mode a call goes on of which nobody can say which rule it means. */
  #refuse(
    { outcome }: RouteEnd,
    { plan, reason }: { readonly plan: EnginePlan; readonly reason: DenyReason },
    placed: PlacedRequest,
    turns: number,
  ): ReplayOutcome {
    const letBy = plan.routing?.letBy;
    const isOpen = reason === "no-rule" || reason === "body-malformed";
    if (letBy === undefined || !isOpen) return denied(reason, outcome.route);
    if (letBy === "onward") return known({ ...outcome, wouldDeny: reason, tier: "engine" });
    return this.#turn(placed, letByPick(reason), turns + 1);
  }

  #serve(
    end: RouteEnd,
    { rule, ways }: { readonly rule: RoutedRule; readonly ways: readonly ReplayedWay[] },
    placed: PlacedRequest,
    turns: number,
  ): ReplayOutcome {
    const picks = new Set(ways.map(({ candidate }) => rule.fallback?.pick ?? candidate.pick));
    const outcomes = [...picks].map((pick) =>
      pick === "" ? end.outcome : this.#turn(placed, pick, turns + 1),
    );
    const allowed = outcomes.filter((one) => one.kind === "known" && one.verdict === "allow");
    const [first] = allowed;
    if (first?.kind !== "known" || allowed.length < outcomes.length) {
      return joinOutcomes(outcomes, { missing: "which backend is drawn", by: "" });
    }
    const credentials = allowed.flatMap((one) => (one.kind === "known" ? one.credentials : []));
    const { limits = [], budget = null, audits = false, wouldDeny } = rule;
    const told = first.wouldDeny ?? wouldDeny?.reason ?? null;
    return known({
      ...first,
      wouldDeny: told,
      credentials: [...new Map(credentials.map((one) => [JSON.stringify(one), one])).values()],
      destinations: ways.map((way) => destinationOf(way, first)),
      // What is let by although it would be refused takes nothing.
      limits: told === null ? limits : [],
      budget: told === null ? budget : null,
      audits,
      tier: "engine",
    });
  }

  #judge(
    { outcome }: RouteEnd,
    plan: EnginePlan & { readonly mcp: NonNullable<EnginePlan["mcp"]> },
    placed: PlacedRequest,
    turns: number,
  ): ReplayOutcome {
    const { request, record } = placed;
    if (request.path.missing !== undefined) return notKnown(request.path.missing.missing, plan.id);
    const { method, scheme, authority } = record.request;
    const told = judgeTold(plan, {
      ...{ method, scheme, authority, mcp: record.mcp },
      path: request.path.known,
      header: request.header,
    });
    if (told.kind === "unknown") return notKnown(told.missing, plan.id);
    const { limits = [], audits = false } = plan;
    if (told.kind === "allow") {
      return counted(outcome, { limits: [...limits, ...told.limits], budget: null, audits });
    }
    const { reason, isRuled } = told;
    if (!audits || !isAudited(reason)) return denied(reason, outcome.route);
    if (isRuled) return known({ ...outcome, wouldDeny: reason, tier: "engine" });
    const pick = letByReasons.find((one) => one === reason) ?? "mcp-denied";
    return this.#turn(placed, letByPick(pick), turns + 1);
  }
}

interface Turn {
  readonly pick: string | undefined;
  readonly turns: number;
}

const unmatched = denied("no-rule", null);
const ambiguous = denied("ambiguous-path", null);
const tooLarge = denied("body-too-large", null);
const guarded = denied("guarded-address", null);

function counted(
  outcome: KnownOutcome,
  counts: {
    readonly limits: readonly LimitPlan[];
    readonly budget: RuleBudget | null;
    readonly audits: boolean;
  },
): KnownOutcome {
  return known({ ...outcome, ...counts, tier: "engine" });
}

function destinationOf(
  { candidate, provider, model }: ReplayedWay,
  { destinations }: KnownOutcome,
) {
  const { backend, weight } = candidate;
  const name = backend === null ? "" : `${backend.kind} ${backend.namespace}/${backend.name}`;
  const address = destinations.find((one) => one.backend === name)?.address ?? "";
  return { backend: name, address, provider, model, weight } satisfies ReplayedDestination;
}

function servedOf({ routing, provider }: EgressRecord) {
  if (routing !== null) return { provider: routing.provider, translation: routing.translation };
  return provider === null ? null : { provider, translation: null };
}

/** The rule of a record as text, for keys. */
export function ruleText(route: RecordRoute | null): string {
  return route === null ? "" : `${route.kind} ${route.namespace}/${route.name} rule ${route.rule}`;
}
