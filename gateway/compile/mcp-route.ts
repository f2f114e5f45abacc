/**
 * MCPRoute to draft: one rule for all requests to its hosts, whose messages the engine judges by the rules of the route.
 */

import type { MCPRoute } from "../../crds/mcp-route.ts";
import { parseDuration } from "../../crds/duration.ts";
import { referenceOf } from "../../crds/meta.ts";
import type { Path } from "../../crds/problem.ts";
import type { McpMatch, McpRule, McpToolPolicy } from "../mcp-plan.ts";
import { canCompile } from "../mcp/name-pattern.ts";
import type { HttpMatch, ObjectName } from "../snapshot.ts";
import { maxTotal } from "../snapshot-terms.ts";
import { anyHost, hostMatch } from "./host-match.ts";
import { unchanged } from "./header-rewrite.ts";
import type { ObjectIndex } from "./object-index.ts";
import { globPathMatch } from "./path-match.ts";
import { notEnforced, refuseUnresolved } from "./refusal.ts";
import type { RouteDraft } from "./route-draft.ts";
import type { ExtensionFindings } from "./rule-extensions.ts";
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
      countsRequests: true,
    }),
  );
  const unresolved = extensions.flatMap(({ missing }) => missing);
  const obstacles = [
    ...extensions.flatMap((findings) => findings.obstacles),
    ...loggingObstacles(extensions),
    ...rules.flatMap((rule, position) => ruleObstacles(rule, ["spec", "rules", position])),
  ];
  const isUsable = obstacles.length === 0;
  return {
    object: route,
    name,
    obstacles,
    unresolved,
    problems: notesOf(route),
    rules: [
      {
        ruleIndex: 0,
        hosts: hostnames.length === 0 ? [anyHost] : hostnames.map(hostMatch),
        matches: pathMatches(rules),
        requestHeaders: unchanged,
        responseHeaders: unchanged,
        logging: extensions[0]?.logging ?? [],
        limits: [],
        backends: [],
        ...(unresolved[0] !== undefined && { deny: refuseUnresolved(name, unresolved[0]) }),
        ...(isUsable && {
          mcp: {
            rules: rules.map((rule, position) =>
              mcpRule(rule, { ruleIndex: position, name, extensions: extensions[position] }),
            ),
          },
        }),
      },
    ],
    logging: extensions.map(({ logging }) => logging),
    l4Rules: [],
  };
}

/** What is kept is decided before it is known which rule a message is of. */
function loggingObstacles(extensions: readonly ExtensionFindings[]): Finding<"Accepted">[] {
  const texts = extensions.map(({ logging }) => JSON.stringify(logging.map(referenceOf)));
  if (new Set(texts).size < 2) return [];
  return [notEnforced(["spec", "rules"], "with different LoggingPolicies")];
}

function ruleObstacles(rule: Rule, path: Path): Finding<"Accepted">[] {
  const { filters, backendRefs } = rule;
  const odd = expressionsOf(rule).find((expression) => !canCompile(expression));
  return [
    ...(odd === undefined ? [] : [notEnforced(path, `with expression ${JSON.stringify(odd)}`)]),
    ...(backendRefs.length > 0 ? [notEnforced([...path, "backendRefs"])] : []),
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
    ...policies.flatMap(({ allowedToolsRegex, deniedToolsRegex, rateLimits }) => [
      ...allowedToolsRegex,
      ...deniedToolsRegex,
      ...rateLimits.flatMap(({ toolsRegex }) => toolsRegex),
    ]),
  ];
}

function notesOf({ spec }: MCPRoute): string[] {
  const confirms = spec.rules.some(({ filters }) =>
    filters.some(({ toolPolicy }) => (toolPolicy?.requireConfirmation.length ?? 0) > 0),
  );
  return [
    ...(spec.hostnames.length === 0
      ? [
          "It names no host, so every request that no other route decides must be one to an MCP server",
        ]
      : []),
    ...(confirms
      ? ["Tools that require confirmation are refused: nobody can be asked for it yet"]
      : []),
  ];
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
  resources: [],
  prompts: [],
  methods: [],
};

function mcpRule(
  { matches, filters }: Rule,
  {
    ruleIndex,
    name,
    extensions,
  }: {
    readonly ruleIndex: number;
    readonly name: ObjectName;
    readonly extensions: ExtensionFindings | undefined;
  },
): McpRule {
  return {
    ruleIndex,
    matches: (matches.length === 0 ? [everything] : matches).map(mcpMatch),
    toolPolicies: filters.flatMap(({ toolPolicy }, position) =>
      toolPolicy === undefined
        ? []
        : [mcpToolPolicy(toolPolicy, `${name.name}/rules/${ruleIndex}/filters/${position}`, name)],
    ),
    limits: extensions?.limits ?? [],
  };
}

function mcpMatch({ servers, methods, tools, toolsRegex, resources, prompts }: Match): McpMatch {
  return { servers, methods, tools: { globs: tools, expressions: toolsRegex }, resources, prompts };
}

function mcpToolPolicy(policy: ToolPolicy, place: string, route: ObjectName): McpToolPolicy {
  return {
    allowed: { globs: policy.allowedTools, expressions: policy.allowedToolsRegex },
    denied: { globs: policy.deniedTools, expressions: policy.deniedToolsRegex },
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
