/**
 * MCPRoute to draft: one rule for all requests to its hosts, whose messages the engine judges by the rules of the route.
 */

import type { ArgumentCondition } from "../../crds/argument-condition.ts";
import type { MCPRoute } from "../../crds/mcp-route.ts";
import { parseDuration } from "../../crds/duration.ts";
import { referenceOf } from "../../crds/meta.ts";
import type { Path } from "../../crds/problem.ts";
import type { McpConfirmation, McpMatch, McpRule, McpToolPolicy } from "../mcp-plan.ts";
import { canCompile } from "../re2-expression.ts";
import type { HttpMatch, ObjectName } from "../snapshot.ts";
import { maxTotal } from "../snapshot-terms.ts";
import { anyHost, hostMatch } from "./host-match.ts";
import { unchanged } from "./header-rewrite.ts";
import { resolveDestinations } from "./mcp-destinations.ts";
import type { ObjectIndex } from "./object-index.ts";
import { globPathMatch } from "./path-match.ts";
import { notEnforced, refuseUnresolved } from "./refusal.ts";
import { requestBound } from "./request-bound.ts";
import type { RouteDraft } from "./route-draft.ts";
import { readConfirmation, usualConfirmation } from "./rule-confirmation.ts";
import type { ExtensionFindings } from "./rule-extensions.ts";
import { sinkOf } from "./record-rules.ts";
import { judgeExtensions } from "./rule-extensions.ts";
import type { Finding } from "./status-book.ts";

type Rule = MCPRoute["spec"]["rules"][number];
type Match = Rule["matches"][number];
type ToolPolicy = NonNullable<Rule["filters"][number]["toolPolicy"]>;

/** Calls of an execution that makes none for so long are forgotten: nobody tells when one has ended. */
const rememberedMs = 7 * 24 * 3_600_000;

/** Drafts one route. Without host names it judges whatever no other route decides. */
export function draftMcpRoute(route: MCPRoute, index: ObjectIndex): RouteDraft {
  const name = referenceOf(route);
  const { hostnames, rules } = route.spec;
  const extensions = rules.map((rule, position) =>
    judgeExtensions(rule.filters, ["spec", "rules", position], {
      index,
      namespace: name.namespace,
    }),
  );
  const confirmations = rules.map((rule, position) =>
    readConfirmation(rule, ["spec", "rules", position], { index, namespace: name.namespace }),
  );
  const unresolved = [...extensions, ...confirmations].flatMap(({ missing }) => missing);
  const served = resolveDestinations(rules, { index, route: name });
  const obstacles = [
    ...[...extensions, ...confirmations].flatMap((findings) => findings.obstacles),
    ...loggingObstacles(extensions),
    ...rules.flatMap((rule, position) => ruleObstacles(rule, ["spec", "rules", position])),
    ...served.obstacles,
  ];
  const isUsable = obstacles.length === 0;
  return {
    object: route,
    name,
    obstacles,
    unresolved: [...unresolved, ...served.missing],
    problems: notesOf(route),
    secrets: confirmations.flatMap(({ secrets }) => secrets),
    rules: [
      {
        ruleIndex: 0,
        hosts: hostnames.length === 0 ? [anyHost] : hostnames.map(hostMatch),
        matches: pathMatches(rules),
        requestHeaders: unchanged,
        responseHeaders: unchanged,
        ...loggingOf(extensions),
        limits: [],
        backends: [],
        ...(served.destinations.length > 0 && { destinations: served.destinations }),
        ...(unresolved[0] !== undefined && { deny: refuseUnresolved(name, unresolved[0]) }),
        ...(isUsable && {
          mcp: {
            rules: rules.map((rule, position) =>
              mcpRule(rule, {
                ruleIndex: position,
                name,
                limits: extensions[position]?.limits ?? [],
                confirmation: confirmations[position]?.confirmation ?? usualConfirmation,
              }),
            ),
          },
        }),
      },
    ],
    // Envoy's log tells all rules of the route as one.
    logging: [unique(extensions.flatMap(({ logging }) => logging))],
    l4Rules: [],
  };
}

/** Messages that no rule decides about have records, too, and each record goes to one sink. */
function loggingObstacles(extensions: readonly ExtensionFindings[]): Finding<"Accepted">[] {
  const sinks = extensions.map(({ logging }) => sinkOf(logging));
  if (new Set(sinks).size < 2) return [];
  return [notEnforced(["spec", "rules"], "with LoggingPolicies that name different sinks")];
}

/** What all rules say alike is known before it is known which rule a message is of. */
function loggingOf(extensions: readonly ExtensionFindings[]) {
  const each = extensions.map(({ logging }) => logging);
  const texts = new Set(each.map((policies) => JSON.stringify(policies.map(referenceOf))));
  return texts.size < 2 ? { logging: each[0] ?? [] } : { logging: [], ruleLogging: each };
}

function unique<Item>(items: readonly Item[]): Item[] {
  return [...new Set(items)];
}

function ruleObstacles(rule: Rule, path: Path): Finding<"Accepted">[] {
  const { filters } = rule;
  const odd = expressionsOf(rule).find((expression) => !canCompile(expression));
  return [
    ...(odd === undefined ? [] : [notEnforced(path, `with expression ${JSON.stringify(odd)}`)]),
    ...filters.flatMap(({ toolPolicy }, position) => {
      if ((toolPolicy?.maxCallsPerExecution ?? 0) <= maxTotal) return [];
      const at = [...path, "filters", position, "toolPolicy", "maxCallsPerExecution"];
      return [notEnforced(at, `more than ${maxTotal}`)];
    }),
  ];
}

function expressionsOf({ matches, filters }: Rule): string[] {
  const policies = filters.flatMap(({ toolPolicy }) => toolPolicy ?? []);
  return [
    ...matches.flatMap(({ toolsRegex }) => toolsRegex),
    ...matches.flatMap((match) => match.arguments.flatMap(patternOf)),
    ...policies.flatMap(({ allowedToolsRegex, deniedToolsRegex, rateLimits, deniedArguments }) => [
      ...allowedToolsRegex,
      ...deniedToolsRegex,
      ...[...rateLimits, ...deniedArguments].flatMap(({ toolsRegex }) => toolsRegex),
      ...deniedArguments.flatMap((denied) => denied.arguments.flatMap(patternOf)),
    ]),
  ];
}

function patternOf({ pattern }: ArgumentCondition): string[] {
  return pattern === undefined ? [] : [pattern];
}

function notesOf({ spec }: MCPRoute): string[] {
  return spec.hostnames.length === 0
    ? [
        "It names no host, so every request that no other route decides must be one to an MCP server",
      ]
    : [];
}

/**
 * Paths of the servers, if every rule names them: other requests to the hosts are then left to other routes. Wider than
 * what the globs mean, which the engine judges.
 */
function pathMatches(rules: readonly Rule[]): HttpMatch[] {
  const matches = rules.flatMap((rule) =>
    rule.matches.length === 0 ? [everything] : rule.matches,
  );
  const globs = matches.flatMap(({ servers }) => (servers.length === 0 ? ["*"] : servers));
  const paths = [...new Set(globs.map(pathOf))];
  if (paths.includes("*")) return [{}];
  return paths.map((glob) => {
    const path = globPathMatch(glob);
    return path === undefined ? {} : { path };
  });
}

function pathOf(glob: string): string {
  const scheme = glob.indexOf("://");
  const slash = scheme < 0 ? -1 : glob.indexOf("/", scheme + 3);
  return slash < 0 ? "*" : glob.slice(slash);
}

const everything: Match = {
  servers: [],
  tools: [],
  toolsRegex: [],
  arguments: [],
  resources: [],
  prompts: [],
  methods: [],
};

/** What a rule needs besides what it says. */
interface RuleParts {
  readonly ruleIndex: number;
  readonly name: ObjectName;
  readonly limits: McpRule["limits"];
  readonly confirmation: McpConfirmation;
}

function mcpRule(
  { matches, filters }: Rule,
  { ruleIndex, name, limits, confirmation }: RuleParts,
): McpRule {
  const placeOf = (position: number) => `${name.name}/rules/${ruleIndex}/filters/${position}`;
  return {
    ruleIndex,
    matches: (matches.length === 0 ? [everything] : matches).map(mcpMatch),
    toolPolicies: filters.flatMap(({ toolPolicy }, position) =>
      toolPolicy === undefined
        ? []
        : [{ ...mcpToolPolicy(toolPolicy, placeOf(position), name), confirmation }],
    ),
    limits,
    ...requestBound(filters),
  };
}

function mcpMatch({
  servers,
  methods,
  tools,
  toolsRegex,
  resources,
  prompts,
  ...more
}: Match): McpMatch {
  const conditions = more.arguments;
  // Only tools have arguments, so that a match that asks for some is about tools, and about all when it names none.
  const isAboutAll = conditions.length > 0 && tools.length + toolsRegex.length === 0;
  return {
    servers,
    methods,
    tools: { globs: isAboutAll ? ["*"] : tools, expressions: toolsRegex },
    conditions,
    resources,
    prompts,
  };
}

function mcpToolPolicy(
  policy: ToolPolicy,
  place: string,
  route: ObjectName,
): Omit<McpToolPolicy, "confirmation"> {
  return {
    allowed: { globs: policy.allowedTools, expressions: policy.allowedToolsRegex },
    denied: { globs: policy.deniedTools, expressions: policy.deniedToolsRegex },
    deniedArguments: policy.deniedArguments.map(({ tools, toolsRegex, ...more }) => ({
      tools: { globs: tools, expressions: toolsRegex },
      conditions: more.arguments,
    })),
    confirmed: policy.requireConfirmation,
    limits: [
      ...policy.rateLimits.map(({ tools, toolsRegex, requests, window, scope }, position) => ({
        tools: { globs: tools, expressions: toolsRegex },
        limit: {
          policy: { ...route, name: `${place}/rateLimits/${position}` },
          requests,
          windowMs: parseDuration(window),
          scope,
        },
      })),
      ...callLimits(policy, place, route),
    ],
  };
}

function callLimits(
  { maxCallsPerExecution }: ToolPolicy,
  place: string,
  route: ObjectName,
): McpToolPolicy["limits"] {
  if (maxCallsPerExecution === undefined) return [];
  const limit = {
    policy: { ...route, name: `${place}/maxCallsPerExecution` },
    requests: maxCallsPerExecution,
    windowMs: rememberedMs,
    isTotal: true,
    scope: "PerExecution",
  } as const;
  return [{ tools: { globs: ["*"], expressions: [] }, limit }];
}
