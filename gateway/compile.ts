/**
 * Objects to Snapshot: everything the gateway decides is worked out here once, and what cannot be enforced is refused.
 * Pure: the same objects in any order give the same result; no clock, no I/O.
 */

import type { ParsedObject } from "../crds/kinds.ts";
import { formatReference, referenceOf } from "../crds/meta.ts";
import type { AddressGuard } from "./address-guard.ts";
import { createAddressGuard } from "./address-guard.ts";
import { auditSentence } from "./audit.ts";
import { draftAiProviderRoute } from "./compile/ai-provider-route.ts";
import type { Attachments, RouteObject } from "./compile/attachment.ts";
import { attachRoute, routeKinds } from "./compile/attachment.ts";
import { unknownSchema } from "./compile/backend-reference.ts";
import type { CredentialBindings } from "./compile/credential-policies.ts";
import { bindCredentials, hasPlaceholders } from "./compile/credential-policies.ts";
import type { RouteDenials } from "./compile/deny-policies.ts";
import { denyRoutes, isDeniedByPolicy } from "./compile/deny-policies.ts";
import { draftEgressHttpRoute } from "./compile/egress-http-route.ts";
import { draftEgressL4Route } from "./compile/egress-l4-route.ts";
import type { AttachedRoute } from "./compile/gateway-rules.ts";
import { connectionRules, placeRules } from "./compile/gateway-rules.ts";
import type { RouteFallbacks } from "./compile/fallback-policies.ts";
import { fallbackRoutes } from "./compile/fallback-policies.ts";
import { gatewayLimits, limitRoute, unenforcedLimit } from "./compile/gateway-limits.ts";
import { gatewaySettings, hostAliases } from "./compile/gateway-settings.ts";
import type { PlacedRule } from "./compile/host-policies.ts";
import { mergeHostPolicies } from "./compile/host-policies.ts";
import { draftMcpRoute } from "./compile/mcp-route.ts";
import type { ObjectIndex, ObjectOf } from "./compile/object-index.ts";
import { compareNames, indexObjects, objectKey } from "./compile/object-index.ts";
import type { DenyAction } from "./compile/refusal.ts";
import { notEnforced, refuseUnenforced } from "./compile/refusal.ts";
import type { RouteDraft } from "./compile/route-draft.ts";
import type { ActionScope } from "./compile/rule-action.ts";
import { findUnknownSink, recordRules } from "./compile/record-rules.ts";
import { unenforcedLogging } from "./compile/rule-extensions.ts";
import type { ListenerAttachments, ObjectStatus } from "./compile/status-book.ts";
import { StatusBook } from "./compile/status-book.ts";
import type { MintPlan } from "./mint-plan.ts";
import { placeholderTag as createPlaceholderTag } from "./placeholder.ts";
import type { SecretValue } from "./secret-value.ts";
import type { GatewaySnapshot, ListenerSnapshot, Snapshot } from "./snapshot.ts";

export type {
  CompiledCondition,
  ListenerAttachments,
  ObjectStatus,
  ParentName,
  ParentStatus,
} from "./compile/status-book.ts";

/** What a snapshot is made from. */
export interface CompileInput {
  /** Valid and defaulted, as `crds` parses them, in any order */
  readonly objects: readonly ParsedObject[];
  readonly revision: number;
  readonly environment: {
    /** IP addresses of this machine, which no agent may reach through the gateway */
    readonly ownAddresses: readonly string[];
    /** Whether limits can be counted together with other replicas; absent: they cannot */
    readonly sharesLimits?: boolean;
    /** By which placeholders are made; absent: policies that ask for them refuse */
    readonly placeholderKey?: Uint8Array;
  };
  /**
   * Why there is none now of minted credentials, a clause by `MintPlan.resource`: what would need one is refused. All
   * others count as there; absent: every one does
   */
  readonly withheld?: ReadonlyMap<string, string>;
}

/** The snapshot, the secrets that stay beside it, and what is to be said about each object. */
export interface CompileResult {
  readonly snapshot: Snapshot;
  /**
   * Values that the snapshot names, and no others: a header or query credential under its `SecretUse.resource`
   * (`secret/<namespace>/<name>/<key>`, or of a template `secret/<namespace>/<name>/template/<hash of its text>`); an
   * `aws-sigv4` use, whose resource is `secret/<namespace>/<name>/aws`, under
   * `<resource>/access_key_id`, `<resource>/secret_access_key` and, if there is one, `<resource>/session_token`; a
   * placeholder under `placeholder/<namespace>/<name>/<key>`, beside its value; OTLP headers under
   * `otlp/<namespace>/<gateway>/<header>`; keys that sign questions to webhooks under
   * `secret/<namespace>/<name>/<key>`.
   */
  readonly credentials: ReadonlyMap<string, SecretValue>;
  /**
   * What has to be minted for the snapshot, by resource, none that is withheld: the value of a token belongs among
   * the credentials under the resource, the parts of an AWS credential below it, as above
   */
  readonly mints: ReadonlyMap<string, MintPlan>;
  /** One for each object, by namespace, name and kind */
  readonly statuses: readonly ObjectStatus[];
}

/**
 * Compiles objects. Never fails for what objects say: statuses tell what is wrong with them. Throws a RangeError
 * when the environment's addresses are none.
 */
export function compile(input: CompileInput): CompileResult {
  const { objects, revision, environment, withheld } = input;
  const index = indexObjects(objects, environment);
  const book = new StatusBook();
  const guard = createAddressGuard(environment.ownAddresses);
  const credentials = new Map<string, SecretValue>();
  const denials = denyRoutes(index, book);
  const { placeholderKey } = environment;
  const bindings = bindCredentials(index, book, { withheld, placeholderKey });
  const placeholderTag =
    placeholderKey !== undefined && hasPlaceholders(bindings)
      ? createPlaceholderTag(placeholderKey)
      : undefined;
  const fallbacks = fallbackRoutes(index, book);
  const routes = understandRoutes({ index, book, guard, denials, fallbacks });
  reportUnenforcedObjects(index, book);
  const mints = new Map<string, MintPlan>();
  const compilation: Compilation = {
    index,
    book,
    guard,
    bindings,
    routes,
    credentials,
    mints,
    placeholderTag,
  };
  const gateways = index
    .list("EgressGateway")
    .map((gateway) => compileGateway(gateway, compilation));
  return {
    snapshot: { revision, gateways },
    credentials,
    mints,
    statuses: book.build(index),
  };
}

interface Compilation {
  readonly index: ObjectIndex;
  readonly book: StatusBook;
  readonly guard: AddressGuard;
  readonly bindings: CredentialBindings;
  readonly routes: readonly UnderstoodRoute[];
  readonly credentials: Map<string, SecretValue>;
  readonly mints: Map<string, MintPlan>;
  readonly placeholderTag: string | undefined;
}

interface UnderstoodRoute {
  readonly draft: RouteDraft;
  readonly attachments: Attachments;
  /** By a policy */
  readonly deny: DenyAction | undefined;
  /** Because it asks for what is not enforced */
  readonly unenforced: DenyAction | undefined;
}

function understandRoutes(options: {
  readonly index: ObjectIndex;
  readonly book: StatusBook;
  readonly guard: AddressGuard;
  readonly denials: RouteDenials;
  readonly fallbacks: RouteFallbacks;
}): UnderstoodRoute[] {
  const { index, book, denials } = options;
  const objects = routeKinds.flatMap((kind): readonly RouteObject[] => index.list(kind));
  const drafts = objects.map((route) => draftRoute(route, options));
  return drafts
    .toSorted((left, right) => compareNames(left.name, right.name))
    .map((draft) => {
      const { object, name, obstacles, unresolved, problems } = draft;
      for (const finding of obstacles) book.reject(object, finding);
      for (const finding of unresolved) book.reportUnresolved(object, finding);
      for (const problem of problems) book.note(object, problem);
      const denial = denials.get(objectKey(object));
      const attachments = attachRoute(object, index, book);
      if (denial?.policy) {
        const verb = isOnlyAudited(object, attachments, index) ? "would be" : "is";
        book.note(
          object,
          `All of its traffic ${verb} refused by ${formatReference(denial.policy)}`,
        );
      }
      const [obstacle] = obstacles;
      return {
        draft,
        attachments,
        deny: denial,
        unenforced: obstacle === undefined ? undefined : refuseUnenforced(name, obstacle),
      };
    });
}

function isOnlyAudited(
  { spec }: RouteObject,
  attachments: Attachments,
  index: ObjectIndex,
): boolean {
  const gateways = index
    .list("EgressGateway")
    .filter((gateway) => attachments.has(objectKey(gateway)));
  return (
    spec.enforcement === "Audit" ||
    (gateways.length > 0 && gateways.every((gateway) => gateway.spec.enforcement === "Audit"))
  );
}

function draftRoute(
  route: RouteObject,
  options: {
    readonly index: ObjectIndex;
    readonly guard: AddressGuard;
    readonly fallbacks: RouteFallbacks;
  },
): RouteDraft {
  const { index, guard, fallbacks } = options;
  switch (route.kind) {
    case "AIProviderRoute":
      return draftAiProviderRoute(route, index, fallbacks.get(objectKey(route)));
    case "EgressHTTPRoute":
      return draftEgressHttpRoute(route, index);
    case "EgressL4Route":
      return draftEgressL4Route(route, index, guard);
    case "MCPRoute":
      return draftMcpRoute(route, index);
  }
}

/** Objects that only others refer to, and that ask for more than this gateway does. */
function reportUnenforcedObjects(index: ObjectIndex, book: StatusBook): void {
  for (const backend of index.list("Backend")) {
    const unknown = unknownSchema(backend);
    if (unknown !== undefined) book.reject(backend, unknown);
  }
  for (const policy of index.list("RateLimitPolicy")) {
    for (const field of unenforcedLimit(policy, index)) book.reject(policy, notEnforced(field));
  }
  for (const policy of index.list("LoggingPolicy")) {
    for (const field of unenforcedLogging(policy)) book.reject(policy, notEnforced(field));
  }
}

function compileGateway(
  gateway: ObjectOf<"EgressGateway">,
  compilation: Compilation,
): GatewaySnapshot {
  const { book, bindings, credentials, mints, placeholderTag } = compilation;
  const settings = gatewaySettings(gateway, compilation);
  const aliases = hostAliases(gateway, book);
  const key = objectKey(gateway);
  const { limits } = gatewayLimits(gateway, compilation.index);
  const attached = compilation.routes.flatMap((understood): AttachedRoute[] => {
    const { attachments, deny } = understood;
    const attachment = attachments.get(key);
    if (attachment === undefined) return [];
    const draft = limitRoute(understood.draft, limits);
    const { object, secrets = [] } = draft;
    for (const [name, value] of secrets) credentials.set(name, value);
    const audits = settings.audits === true || object.spec.enforcement === "Audit";
    const unknown = findUnknownSink(draft, gateway);
    if (unknown !== undefined) book.reportUnresolved(object, unknown.finding);
    const scope = {
      gateway,
      route: draft.name,
      ...auditScope({ deny, unenforced: understood.unenforced ?? unknown?.deny }, audits),
      routeBindings: bindings.get(objectKey(object)) ?? [],
      // An EgressL4Route allows connections; what is said on them is none of its matters.
      gatewayBindings: object.kind === "EgressL4Route" ? [] : (bindings.get(key) ?? []),
      aliases,
      credentials,
      mints,
      settings,
      placeholderTag,
    };
    return [{ draft, attachment, scope }];
  });
  reportAudits(gateway, attached, book);
  const { listeners } = settings;
  book.reportAttachedRoutes(gateway, countAttachments(listeners, attached));
  const placed = placeRules(attached, listeners);
  noteRefusedCredentials(attached, placed, book);
  const auditedRoutes = attached.flatMap(({ draft }) =>
    draft.object.spec.enforcement === "Audit" ? [draft.name] : [],
  );
  const told = attached.flatMap(({ draft }) => recordRules(draft));
  return {
    ...settings,
    ...(placeholderTag !== undefined && { placeholderTag }),
    ...(auditedRoutes.length > 0 && { auditedRoutes }),
    ...(told.length > 0 && { recordRules: told }),
    hosts: mergeHostPolicies(placed, aliases, settings.defaultPolicy),
    l4Rules: connectionRules(attached, listeners),
  };
}

/** Says of what audits that it does: of a gateway, of all routes on it, and of routes by themselves. */
function reportAudits(
  gateway: ObjectOf<"EgressGateway">,
  attached: readonly AttachedRoute[],
  book: StatusBook,
): void {
  const isWhole = gateway.spec.enforcement === "Audit";
  const name = formatReference(referenceOf(gateway));
  if (isWhole) book.reportAudit(gateway, auditSentence([name]));
  for (const { draft, scope } of attached) {
    if (scope.audits !== true) continue;
    const { object } = draft;
    const own = formatReference(draft.name);
    const isOwn = object.spec.enforcement === "Audit";
    book.reportAudit(object, isOwn ? auditSentence([own]) : `${name} audits all of its routes`);
  }
}

/** In audit mode what a policy refuses is only said; what cannot be enforced is refused all the same. */
function auditScope(
  { deny, unenforced }: Pick<UnderstoodRoute, "deny" | "unenforced">,
  audits: boolean,
): Pick<ActionScope, "audits" | "deny" | "wouldDeny"> {
  const isAudited = audits && deny !== undefined && isDeniedByPolicy(deny);
  if (!isAudited) return { audits, deny: deny ?? unenforced };
  if (unenforced !== undefined) return { audits, deny: unenforced };
  const { reason, message } = deny;
  return { audits, deny: undefined, wouldDeny: { reason, message } };
}

function countAttachments(
  listeners: readonly ListenerSnapshot[],
  routes: readonly AttachedRoute[],
): ListenerAttachments[] {
  return listeners.map(({ name }) => ({
    listener: name,
    count: routes.filter(({ attachment }) => attachment.listeners.has(name)).length,
  }));
}

/** Tells authors of routes that a credential of another object refuses their traffic. */
function noteRefusedCredentials(
  routes: readonly AttachedRoute[],
  placed: readonly PlacedRule[],
  book: StatusBook,
): void {
  const objects = new Map(
    routes.map(({ draft }) => [formatReference(draft.name), draft.object] as const),
  );
  for (const { route, action } of new Set(placed.map(({ rule }) => rule))) {
    if (action.kind !== "deny" || action.policy?.kind !== "CredentialInjectionPolicy") continue;
    const object = objects.get(formatReference(route));
    if (object !== undefined) book.note(object, action.message);
  }
}
