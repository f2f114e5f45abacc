/**
 * What a rule does with requests to one host: refuse, or forward with credentials, to backends and through the engine.
 * A credential goes where its most specific policy says: of a backend before of the route, of the route before of the
 * gateway.
 */

import { formatReference } from "../../crds/meta.ts";
import { readAddress } from "../../crds/cidr.ts";
import type { MintPlan, MintTask } from "../mint-plan.ts";
import type { SecretValue } from "../secret-value.ts";
import type {
  BackendTarget,
  CredentialUse,
  EnginePlan,
  GatewaySnapshot,
  HostAlias,
  HostMatch,
  HttpAction,
  ObjectName,
  Refusal,
} from "../snapshot.ts";
import type { CredentialBinding } from "./credential-policies.ts";
import type { PlanScope } from "./engine-plan.ts";
import { attemptPlan, enginePlan, planParts } from "./engine-plan.ts";
import { namesHost } from "./host-match.ts";
import type { McpWays } from "./mcp-ways.ts";
import { createMcpWays } from "./mcp-ways.ts";
import type { DenyAction } from "./refusal.ts";
import { refuseWithoutCredential } from "./refusal.ts";
import type { BackendDraft, ChoiceDraft, RuleDraft } from "./route-draft.ts";
import type { RuleChoice } from "./rule-choice.ts";
import { createChoice } from "./rule-choice.ts";
import { isSwapped, swapPlan, watchPlan } from "./swap-plan.ts";

/** What actions depend on besides the rule. */
export interface ActionScope extends PlanScope {
  /** Refuses all rules of the route */
  readonly deny: DenyAction | undefined;
  /** Would refuse all rules of the route, which audit mode lets by */
  readonly wouldDeny?: Refusal;
  readonly routeBindings: readonly CredentialBinding[];
  readonly gatewayBindings: readonly CredentialBinding[];
  readonly aliases: ReadonlyMap<string, HostAlias>;
  /** Takes the values of the credentials that are used */
  readonly credentials: Map<string, SecretValue>;
  /** Takes what is to be minted for those that are used, by resource */
  readonly mints: Map<string, MintPlan>;
  /** Of the gateway */
  readonly settings: Pick<GatewaySnapshot, "requestTimeoutMs" | "upstream" | "requestSize">;
}

/** What becomes of requests that a rule matches. */
export interface RuleOutcome {
  readonly action: HttpAction;
  /** Never on a refusal */
  readonly engine?: EnginePlan;
  /** Present for model calls that the engine reads; the rules of a host decide what becomes of it together */
  readonly choice?: RuleChoice;
  /** Present for requests to MCP servers that the engine sends one of these ways */
  readonly ways?: McpWays["ways"];
}

/** Gives the outcome of a rule for a host; the same object for all hosts between which it does not differ. */
export function createActionResolver(
  rule: RuleDraft,
  scope: ActionScope,
): (host: HostMatch) => RuleOutcome {
  const known = new Map<string, RuleOutcome>();
  const wide = [true, false].map((isNamed) => wideBindings(scope, isNamed));
  return (host) => {
    const isNamed = namesHost(host);
    const bindings = wide[isNamed ? 0 : 1] ?? [];
    const dependsOnHost = rule.backends.length === 0 && bindings.some(isHostDependent);
    const key = dependsOnHost ? `${host.kind} ${host.value}` : String(isNamed);
    const options = { host, bindings, scope };
    const outcome =
      known.get(key) ??
      (rule.choice === undefined
        ? resolveAction(rule, options)
        : resolveChoice({ ...rule, choice: rule.choice }, options));
    known.set(key, outcome);
    return outcome;
  };
}

/** Bindings for all requests of the route; those of the gateway never reach a host that the route does not name. */
function wideBindings(
  { routeBindings, gatewayBindings }: ActionScope,
  isNamed: boolean,
): readonly CredentialBinding[] {
  const own = routeBindings.filter(({ section }) => section === undefined);
  return isNamed ? override(own, gatewayBindings) : own;
}

/** The specific ones, and of the general ones those that write something else. */
function override(
  specific: readonly CredentialBinding[],
  general: readonly CredentialBinding[],
): readonly CredentialBinding[] {
  const slots = new Set(specific.map(({ slot }) => slot));
  return [...specific, ...general.filter(({ slot }) => !slots.has(slot))];
}

function isHostDependent({ source }: CredentialBinding): boolean {
  return source.kind !== "deny" && source.dependsOnHost;
}

type ForwardAction = Extract<HttpAction, { readonly kind: "forward" }>;

interface ActionOptions {
  readonly host: HostMatch;
  readonly bindings: readonly CredentialBinding[];
  readonly scope: ActionScope;
}

/** By itself: how the rules of a host join is not known yet. */
function resolveChoice(
  rule: RuleDraft & { readonly choice: ChoiceDraft },
  options: ActionOptions,
): RuleOutcome {
  const { scope } = options;
  const { meters, capture } = planParts(rule, scope, []);
  const choice = createChoice({
    rule,
    scope,
    meters,
    capture,
    resolve: (backends) => resolveAction({ ...rule, backends }, options),
  });
  const [way] = choice.ways;
  return { action: choice.deny ?? way?.action ?? { kind: "choose" }, choice };
}

function resolveAction(rule: RuleDraft, options: ActionOptions): RuleOutcome {
  const { host, bindings, scope } = options;
  const deny = scope.deny ?? rule.deny;
  if (deny !== undefined) return { action: deny };
  if (rule.mcp !== undefined && rule.destinations !== undefined) {
    return resolveJudged({ ...rule, mcp: rule.mcp, destinations: rule.destinations }, options);
  }
  if (rule.backends.length > 0) return resolveBackendAction(rule, bindings, scope);
  const credentials = usesFor(bindings, host.value, scope);
  if (!Array.isArray(credentials)) return { action: credentials };
  const attempt = attemptPlan(scope, credentials);
  return forward(rule, scope, {
    credentials,
    backends: [],
    ...(attempt !== undefined && { attempt }),
  });
}

/** Requests wait at an entry until they are judged, and go the way that the engine picks. */
function resolveJudged(
  { destinations: drafts, ...rule }: RuleDraft & Required<Pick<RuleDraft, "mcp" | "destinations">>,
  options: ActionOptions,
): RuleOutcome {
  const { scope } = options;
  const resolve = (backends: RuleDraft["backends"]) =>
    resolveAction({ ...rule, backends }, options).action;
  const { destinations, ways, credentials, deny } = createMcpWays({ drafts, scope, resolve });
  if (deny !== undefined) return { action: deny };
  // What goes into queries is a matter of each way.
  const swapped = credentials.filter((use) => isSwapped(use) && use.kind !== "query");
  const engine = enginePlan({ ...rule, mcp: { ...rule.mcp, destinations } }, scope, swapped);
  return { action: { kind: "choose" }, ways, ...(engine !== undefined && { engine }) };
}

function forward(
  rule: RuleDraft,
  scope: ActionScope,
  way: Pick<ForwardAction, "credentials" | "backends" | "attempt">,
): RuleOutcome {
  const { requestHeaders, responseHeaders, maxRequestBytes } = rule;
  // What goes into the query of one backend has a plan of its own there.
  const own = way.backends
    .flatMap(({ credentials }) => credentials)
    .filter((use) => isSwapped(use) && use.kind !== "query");
  const engine = enginePlan(rule, scope, [...way.credentials, ...own]);
  const swap = swapPlan(scope, way.credentials);
  const ceiling = scope.settings.requestSize?.bodyBytes ?? Number.POSITIVE_INFINITY;
  // A rule may only say less than the gateway.
  const size = maxRequestBytes !== undefined && maxRequestBytes < ceiling && { maxRequestBytes };
  return {
    action: {
      kind: "forward",
      requestHeaders,
      responseHeaders,
      ...size,
      ...way,
      ...(swap !== undefined && { swap }),
    },
    ...(engine !== undefined && { engine }),
  };
}

function resolveBackendAction(
  rule: RuleDraft,
  bindings: readonly CredentialBinding[],
  scope: ActionScope,
): RuleOutcome {
  const perBackend: CredentialUse[][] = [];
  for (const backend of rule.backends) {
    const own = scope.routeBindings.filter(({ section }) => section === backend.name.name);
    // What the agent's own provider is given must never reach another one.
    const general = isForeign(backend, rule) ? [] : bindings;
    const uses = usesFor(override(own, general), backend.host, scope);
    if (!Array.isArray(uses)) return { action: uses };
    const [use] = uses;
    if (!backend.tls && use !== undefined) return { action: refusePlain(use, backend) };
    perBackend.push(uses);
  }
  const common = commonUses(perBackend);
  const isCommon = new Set(common.map(identityOf));
  const differ = perBackend.flat().some((use) => isSwapped(use) && !isCommon.has(identityOf(use)));
  return forward(rule, scope, {
    credentials: common,
    backends: rule.backends.map((backend, index) => {
      const uses = perBackend[index] ?? [];
      const credentials = uses.filter((use) => !isCommon.has(identityOf(use)));
      const ownQuery = credentials.some(({ kind }) => kind === "query");
      const engine = ownQuery ? enginePlan(rule, scope, [...common, ...credentials]) : undefined;
      const attempt = attemptPlan(scope, credentials);
      // Where one backend has a placeholder of its own, the others must refuse it.
      const swap = differ ? (swapPlan(scope, uses) ?? watchPlan(scope)) : undefined;
      return {
        ...backendTarget(backend, credentials, scope),
        ...(swap !== undefined && { swap }),
        ...(engine !== undefined && { engine }),
        ...(attempt !== undefined && { attempt }),
      };
    }),
  });
}

function isForeign({ provider }: BackendDraft, rule: RuleDraft): boolean {
  return provider !== "" && rule.provider !== undefined && provider !== rule.provider;
}

function refusePlain({ policy }: CredentialUse, { name }: BackendDraft): DenyAction {
  return {
    kind: "deny",
    status: 403,
    reason: "credential-needs-tls",
    message: `Refused because ${formatReference(policy)} injects a credential, which never travels by plain HTTP, and ${formatReference(name)} has upstream.tls false`,
    policy,
  };
}

/** The uses of bindings for a host, or the refusal of the first that gives none. */
function usesFor(
  bindings: readonly CredentialBinding[],
  host: string,
  scope: ActionScope,
): CredentialUse[] | DenyAction {
  const uses: CredentialUse[] = [];
  const values: [string, SecretValue][] = [];
  const mints: MintTask[] = [];
  for (const { source, policy } of bindings) {
    if (source.kind === "deny") return source;
    const use = source.useFor(host);
    if (use === undefined) return refuseWithoutCredential(policy, describeRegion(policy, host));
    uses.push(use);
    values.push(...source.values);
    if (source.mint !== undefined) mints.push(source.mint);
  }
  for (const [resource, value] of values) scope.credentials.set(resource, value);
  for (const task of mints) noteMint(task, scope);
  return uses;
}

/** A token endpoint is verified by whatever roots the gateways trust whose requests are given the token. */
function noteMint(task: MintTask, { mints, settings }: ActionScope): void {
  const { additionalTrustPem } = settings.upstream;
  const known = mints.get(task.resource)?.additionalTrustPem ?? "";
  const isKnown = known.includes(additionalTrustPem);
  mints.set(task.resource, {
    ...task,
    additionalTrustPem: isKnown ? known : `${known}${additionalTrustPem}`,
  });
}

function describeRegion(policy: ObjectName, host: string): string {
  const place = host === "" ? "any host" : `host "${host}"`;
  return `no region can be read from ${place}, set spec.providerAuth.region of ${formatReference(policy)}`;
}

/** What every backend is given, stated once for the rule; attempts are signed for the backend that they go to. */
function commonUses([
  first = [],
  ...others
]: readonly (readonly CredentialUse[])[]): CredentialUse[] {
  const sets = others.map((uses) => new Set(uses.map(identityOf)));
  return first.filter(
    (use) => use.kind !== "aws-sigv4" && sets.every((set) => set.has(identityOf(use))),
  );
}

function identityOf(use: CredentialUse): string {
  return `${use.kind} ${detailOf(use)} ${formatReference(use.policy)}`;
}

function detailOf(use: CredentialUse): string {
  switch (use.kind) {
    case "header":
      return use.header;
    case "query":
      return use.parameter;
    case "aws-sigv4":
      return `${use.region} ${use.service}`;
    case "placeholder":
      return use.placeholder;
  }
}

function backendTarget(
  { name, host, port, tls, weight }: BackendDraft,
  credentials: readonly CredentialUse[],
  { aliases }: ActionScope,
): BackendTarget {
  const alias = aliases.get(host);
  const fixed = alias ? { port, ...alias } : addressAlias(host, port);
  return {
    backend: name,
    host,
    port,
    weight,
    credentials,
    ...(!tls && { isPlain: true }),
    ...(fixed !== undefined && { alias: fixed }),
  };
}

/** A Backend that is an address names it on purpose: it is dialled as it is, without the guard of names. */
function addressAlias(host: string, port: number): HostAlias | undefined {
  return readAddress(host).kind === "valid" ? { address: host, port } : undefined;
}
