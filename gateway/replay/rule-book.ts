/** What the rules of a gateway do with requests that Envoy's routes send their way, found by what stands in a route. */

import { tryUnpackAny } from "../any.ts";
import { tryParseDecisionKey } from "../decision-key.ts";
import { CLRK_HEADERS } from "../headers.ts";
import { envoy } from "../proto/gen/xds.js";
import type { RecordRoute } from "../record.ts";
import type {
  BackendTarget,
  CredentialUse,
  EnginePlan,
  GatewaySnapshot,
  HostPolicy,
  HttpRule,
} from "../snapshot.ts";
import { credentialName } from "../rule-facts.ts";
import { HTTP_FILTER } from "../xds/http-filter-names.ts";
import type { ReplayedCredential, ReplayedDestination } from "./outcome.ts";

type Route = envoy.config.route.v3.IRoute;
type ForwardRule = HttpRule & {
  readonly action: Extract<HttpRule["action"], { readonly kind: "forward" }>;
};

/** The rules of one gateway. */
export class RuleBook {
  readonly #plans = new Map<string, EnginePlan>();
  readonly #byPick = new Map<string, ForwardRule>();
  readonly #byRule = new Map<string, { readonly host: HostPolicy; readonly rule: ForwardRule }[]>();

  constructor(gateway: GatewaySnapshot) {
    for (const host of gateway.hosts) {
      for (const rule of host.rules) this.#add(host, rule);
    }
  }

  #add(host: HostPolicy, rule: HttpRule): void {
    if (rule.engine !== undefined) this.#plans.set(rule.engine.id, rule.engine);
    if (!isForward(rule)) return;
    for (const { engine } of rule.action.backends) {
      if (engine !== undefined) this.#plans.set(engine.id, engine);
    }
    if (rule.pick !== undefined) {
      this.#byPick.set(rule.pick, rule);
      return;
    }
    const key = ruleKey({ ...rule.route, rule: rule.ruleIndex });
    const known = this.#byRule.get(key);
    if (known === undefined) this.#byRule.set(key, [{ host, rule }]);
    else known.push({ host, rule });
  }

  /** The rule that made a forwarding route of a virtual host; undefined for what goes as by default. */
  find(
    route: RecordRoute | null,
    { pick, domains }: { readonly pick: string | undefined; readonly domains: readonly string[] },
  ): ForwardRule | undefined {
    const picked = pick === undefined ? undefined : this.#byPick.get(pick);
    if (picked !== undefined) return picked;
    if (route === null) return undefined;
    const places = this.#byRule.get(ruleKey(route)) ?? [];
    const own = places.find(({ host }) => domains.some((domain) => isFor(host, domain)));
    return (own ?? places[0])?.rule;
  }

  /** The plan by which the engine is asked about requests of a route, and whether they wait there for its choice. */
  planOf(route: Route): { readonly plan: EnginePlan; readonly isEntry: boolean } | undefined {
    const entry = this.#planIn(route, HTTP_FILTER.choice);
    if (entry !== undefined) return { plan: entry, isEntry: true };
    const plan =
      this.#planIn(route, HTTP_FILTER.engine) ??
      (route.route?.weightedClusters?.clusters ?? [])
        .map((cluster) => this.#planIn(cluster, HTTP_FILTER.engine))
        .find((one) => one !== undefined);
    return plan === undefined ? undefined : { plan, isEntry: false };
  }

  #planIn(
    { typedPerFilterConfig }: Pick<Route, "typedPerFilterConfig">,
    filter: string,
  ): EnginePlan | undefined {
    const any = typedPerFilterConfig?.[filter];
    if (!any) return undefined;
    const { ExtProcPerRoute } = envoy.extensions.filters.http.ext_proc.v3;
    const metadata = tryUnpackAny(any, ExtProcPerRoute)?.overrides?.grpcInitialMetadata ?? [];
    const id = metadata.find(({ key }) => key === CLRK_HEADERS.plan)?.value ?? "";
    const plan = this.#plans.get(id);
    if (plan === undefined) throw new TypeError(`Cannot replay a route: nobody knows plan "${id}"`);
    return plan;
  }
}

/** The rule that the name of a route tells; null where it tells none. */
export function routeNamed(name: string): RecordRoute | null {
  const key = tryParseDecisionKey(name);
  return key?.route === undefined ? null : { ...key.route, rule: key.ruleIndex ?? 0 };
}

/** Credentials that a rule writes into requests, those of its backends among them. */
export function credentialsOf({ action }: ForwardRule): readonly ReplayedCredential[] {
  const uses = [...action.credentials, ...action.backends.flatMap((one) => one.credentials)];
  const named = uses.map(replayedCredential);
  return [...new Map(named.map((one) => [JSON.stringify(one), one])).values()];
}

function replayedCredential(use: CredentialUse): ReplayedCredential {
  const { name, header } = credentialName(use);
  return { name, place: header, form: formOf(use) };
}

function formOf(use: CredentialUse): string {
  switch (use.kind) {
    case "header":
    case "query":
      return `${use.secret.resource} ${use.valuePrefix}`;
    case "aws-sigv4":
      return `${use.region} ${use.service}`;
    case "placeholder":
      return `${use.secret.resource} ${use.places.join(",")}`;
  }
}

/** Where requests of a route go; of a rule with backends to these. */
export function destinationsOf(
  route: Route,
  rule: ForwardRule | undefined,
): readonly ReplayedDestination[] {
  const backends = rule?.action.backends ?? [];
  if (backends.length > 0) return backends.filter(({ weight }) => weight > 0).map(toBackend);
  const cluster = route.route?.cluster ?? "";
  const alias = /^alias-[^/]+\/(.*)$/.exec(cluster)?.[1] ?? "";
  return [{ backend: "", address: alias, provider: "", model: null, weight: 1 }];
}

function toBackend({ backend, alias, weight }: BackendTarget): ReplayedDestination {
  const address = alias === undefined ? "" : `${alias.address}:${alias.port ?? ""}`;
  const name = `${backend.kind} ${backend.namespace}/${backend.name}`;
  return { backend: name, address, provider: "", model: null, weight };
}

function isForward(rule: HttpRule): rule is ForwardRule {
  return rule.action.kind === "forward";
}

function isFor({ host: { kind, value } }: HostPolicy, domain: string): boolean {
  switch (kind) {
    case "exact":
    case "ip":
      return domain === value || domain === `[${value}]`;
    case "wildcard":
      return domain === `*.${value}` || domain.endsWith(`.${value}`);
    case "any":
      return true;
  }
}

function ruleKey({ kind, namespace, name, rule }: RecordRoute): string {
  return `${kind}/${namespace}/${name}/${rule}`;
}
