/** AIProviderRoute to draft: providers become their hosts, endpoints become paths, backends are resolved. */

import type { AIProviderRoute } from "../../crds/ai-provider-route.ts";
import { referenceOf } from "../../crds/meta.ts";
import type { Path } from "../../crds/problem.ts";
import { formatPath, quote } from "../../crds/problem.ts";
import { findSuggestion } from "../../crds/suggestion.ts";
import type { Provider } from "../../providers/provider.ts";
import { findProviderByName, providerNames } from "../../providers/registry.ts";
import type { HttpMatch, ObjectName, PathMatch } from "../snapshot.ts";
import type { BackendFindings } from "./backend-reference.ts";
import { isPlain, resolveBackends } from "./backend-reference.ts";
import { hostMatch } from "./host-match.ts";
import type { ObjectIndex } from "./object-index.ts";
import { globPathMatch } from "./path-match.ts";
import type { DenyAction } from "./refusal.ts";
import {
  notEnforced,
  refuseUncounted,
  refuseUnresolved,
  refuseUntranslatable,
  refuseWithoutBackend,
} from "./refusal.ts";
import { operationPaths } from "./operation-paths.ts";
import type { FallbackSettings, RouteDraft, RuleDraft } from "./route-draft.ts";
import { unchanged } from "./header-rewrite.ts";
import { requestBound } from "./request-bound.ts";
import { judgeBudgets } from "./rule-budgets.ts";
import type { ExtensionFindings } from "./rule-extensions.ts";
import { judgeExtensions } from "./rule-extensions.ts";
import type { Finding } from "./status-book.ts";

type Rule = AIProviderRoute["spec"]["rules"][number];
type Match = Rule["matches"][number];

/** Drafts one route. */
export function draftAiProviderRoute(
  route: AIProviderRoute,
  index: ObjectIndex,
  fallback: FallbackSettings | undefined,
): RouteDraft {
  const name = referenceOf(route);
  const drafted = route.spec.rules.map((rule, ruleIndex) =>
    draftRule(rule, ruleIndex, { name, index, fallback }),
  );
  return {
    object: route,
    name,
    obstacles: drafted.flatMap(({ obstacles }) => obstacles),
    unresolved: drafted.flatMap(({ unresolved }) => unresolved),
    problems: [],
    rules: drafted.flatMap(({ rules }) => rules),
    logging: drafted.map(({ logging }) => logging),
    l4Rules: [],
  };
}

interface RouteContext {
  readonly name: ObjectName;
  readonly index: ObjectIndex;
  readonly fallback: FallbackSettings | undefined;
}

type DraftedRule = Pick<RouteDraft, "obstacles" | "unresolved" | "rules"> &
  Pick<ExtensionFindings, "logging">;

function draftRule(
  rule: Rule,
  ruleIndex: number,
  { name, index, fallback }: RouteContext,
): DraftedRule {
  const { namespace } = name;
  const path: Path = ["spec", "rules", ruleIndex];
  const extensions = judgeExtensions(rule.filters, path, {
    index,
    namespace,
  });
  const resolved = resolveBackends(rule.backendRefs, path, { index, namespace });
  const { budget, obstacles } = judgeBudgets(rule.filters, path, { index, route: name, ruleIndex });
  const deny = refusalOf(name, extensions, resolved);
  return {
    obstacles: [
      ...rule.matches.flatMap((match, position) =>
        judgeMatch(match, [...path, "matches", position]),
      ),
      ...obstacles,
      ...extensions.obstacles,
      ...resolved.obstacles,
    ],
    unresolved: [...extensions.missing, ...resolved.missing],
    logging: extensions.logging,
    rules: rule.matches.flatMap((match): RuleDraft[] => {
      const provider = findSpoken(match);
      if (provider === undefined || isNowhere(match)) return [];
      const { logging, limits } = extensions;
      const { backends } = resolved;
      const common = { ruleIndex, logging, limits, backends, ...requestBound(rule.filters) };
      const drafts = draftMatch(match, provider, {
        name,
        rule: { ...common, ...(budget !== undefined && { budget }) },
        fallback,
      });
      return deny === undefined ? drafts : drafts.map((draft) => ({ ...draft, deny }));
    }),
  };
}

interface MatchContext {
  readonly name: ObjectName;
  readonly rule: Pick<
    RuleDraft,
    "ruleIndex" | "logging" | "limits" | "backends" | "budget" | "maxRequestBytes"
  >;
  readonly fallback: FallbackSettings | undefined;
}

/** Model calls that the engine reads, path by path, and then everything else of the provider's API. */
function draftMatch(match: Match, provider: Provider, context: MatchContext): RuleDraft[] {
  const { rule, fallback } = context;
  const draft = {
    ...rule,
    hosts: (match.hostnames.length > 0 ? match.hostnames : provider.hosts).map(hostMatch),
    provider: provider.name,
    requestHeaders: unchanged,
    responseHeaders: unchanged,
  };
  const models = match.models.some(isEverything) ? [] : match.models;
  const isNeeded =
    models.length > 0 ||
    (fallback !== undefined && rule.backends.length > 1) ||
    rule.backends.some((backend) => !isPlain(backend, provider.name));
  const isCounted = rule.budget !== undefined || rule.maxRequestBytes !== undefined;
  const choice = {
    models,
    endpoints: match.endpoints,
    isNeeded,
    ...(fallback !== undefined && { fallback }),
  };
  const calls = operationPaths(provider, match.endpoints).map(
    ({ match: path, operation }): RuleDraft => ({
      ...draft,
      matches: [{ method: "POST", path }],
      choice: {
        ...choice,
        // Envoy cannot compare what stands for a placeholder with globs, and calls of no rule must not go on uncounted.
        isNeeded: isNeeded || (isCounted && !isWhole(path, match)),
        asksUsage: operation.streamUsage !== undefined,
      },
    }),
  );
  // A request that names no model is none that a rule of models is about.
  if (models.length > 0) return calls;
  const rest = { ...draft, matches: endpointMatches(match) };
  if (rule.budget !== undefined) {
    return [
      ...calls,
      { ...rest, backends: [], deny: refuseUncounted(context.name, provider.name) },
    ];
  }
  return [...calls, isNeeded ? asItIs(rest, provider, context.name) : rest];
}

/** Whether all calls of a path are the match's. */
function isWhole(path: PathMatch, { endpoints }: Match): boolean {
  return endpoints.length === 0 || path.kind === "exact";
}

/** Whatever is not a model call goes only to backends that speak the provider's API themselves. */
function asItIs(draft: RuleDraft, provider: Provider, route: ObjectName): RuleDraft {
  const speaking = draft.backends.filter(
    (backend) =>
      backend.refusal === undefined &&
      backend.basePath === "" &&
      (backend.provider === "" || backend.provider === provider.name),
  );
  const isServed = speaking.some(({ weight }) => weight > 0);
  if (isServed || draft.backends.length === 0) return { ...draft, backends: speaking };
  const deny = refuseUntranslatable(route, provider.name);
  return { ...draft, backends: [], deny };
}

/** Why the whole rule refuses, by what it names and does not get. */
function refusalOf(
  name: ObjectName,
  extensions: ExtensionFindings,
  { backends, missing }: BackendFindings,
): DenyAction | undefined {
  const [extension] = extensions.missing;
  if (extension !== undefined) return refuseUnresolved(name, extension);
  const [backend] = missing;
  if (backend !== undefined && backends.length === 0) {
    return refuseWithoutBackend(name, backend.message);
  }
  if (backends.length > 0 && backends.every(({ weight }) => weight === 0)) {
    return refuseWithoutBackend(name, "all of its backends have weight 0");
  }
  return undefined;
}

function judgeMatch(match: Match, path: Path): Finding<"Accepted">[] {
  const at = [...path, "provider"];
  if (isNowhere(match)) {
    const message = `${formatPath(at)} "custom" names no hosts and is not enforced without them: name those of the server in hostnames`;
    return [{ reason: "NotEnforced", message }];
  }
  if (findSpoken(match) === undefined) return [unknownProvider(match.provider, at)];
  return match.hostnames.flatMap((host, position) =>
    hostMatch(host).kind === "ip"
      ? [notEnforced([...path, "hostnames", position], "an address")]
      : [],
  );
}

/** Whose API is spoken: servers of one's own speak OpenAI's dialects, unless the match names another provider. */
function findSpoken(match: Match): Provider | undefined {
  return findProviderByName(isCustom(match) ? openaiCompatible : match.provider);
}

const openaiCompatible = "openai_compatible";

/** Nobody knows where a server of one's own is. */
function isNowhere(match: Match): boolean {
  return isCustom(match) && match.hostnames.length === 0;
}

function isCustom({ provider }: Match): boolean {
  return provider.toLowerCase() === "custom";
}

function isEverything(glob: string): boolean {
  return /^\*+$/.test(glob);
}

function unknownProvider(name: string, path: Path): Finding<"Accepted"> {
  const names = providerNames();
  const suggestion = findSuggestion(name, names);
  const hint = suggestion === undefined ? "" : `did you mean "${suggestion}"? `;
  const known = `known are ${names.join(", ")}`;
  const effect = "nothing is refused by it, because its hosts are unknown";
  return {
    reason: "ProviderNotFound",
    message: `${formatPath(path)}: no provider ${quote(name)}: ${hint}${known} (${effect})`,
  };
}

/** Any path when there is no endpoint. */
function endpointMatches({ endpoints }: Match): HttpMatch[] {
  const paths = endpoints.map(globPathMatch);
  if (paths.length === 0) return [{}];
  return paths.map((path) => (path === undefined ? {} : { path }));
}
