/** MCPRoute: globs, expressions and limits of tools. */
import t from "tap";
import { mcpRouteKind as kind } from "./mcp-route.ts";
import {
  expectObject,
  objectOf,
  parentRef,
  testAcceptance,
  testRefusals,
} from "./testdata/kind-cases.ts";

const group = "clrk.apoxy.dev";
const most = objectOf("MCPRoute", {
  parentRefs: [parentRef],
  hostnames: ["MCP.linear.app"],
  rules: [
    {
      matches: [
        {
          servers: ["https://mcp.linear.app/*"],
          tools: ["issue_*"],
          toolsRegex: ["^list_[a-z]+$"],
          resources: ["file:///docs/*"],
          methods: ["tools/call"],
        },
      ],
      filters: [
        {
          type: "ToolPolicy",
          toolPolicy: {
            allowedTools: ["*"],
            deniedTools: ["delete_*"],
            deniedToolsRegex: ["drop.*"],
            deniedArguments: [{ tools: ["*"], arguments: [{ path: "force", operator: "Exists" }] }],
            requireConfirmation: ["create_*"],
            maxCallsPerExecution: 50,
            rateLimits: [{ tools: ["*"], requests: 5, window: "1s" }],
          },
        },
        { type: "ExtensionRef", extensionRef: { group, kind: "LoggingPolicy", name: "all" } },
      ],
      backendRefs: [{ group, kind: "Backend", name: "mcp" }],
    },
  ],
});

t.test("parse() keeps all that can be said, with defaults", (t) => {
  const { hostnames, rules } = expectObject(kind.parse(most)).spec;
  t.strictSame([...hostnames], ["mcp.linear.app"]);
  t.same(rules[0]?.filters[0]?.toolPolicy, {
    allowedTools: ["*"],
    allowedToolsRegex: [],
    deniedTools: ["delete_*"],
    deniedToolsRegex: ["drop.*"],
    deniedArguments: [
      {
        tools: ["*"],
        toolsRegex: [],
        arguments: [{ path: "force", operator: "Exists", values: [] }],
      },
    ],
    requireConfirmation: ["create_*"],
    maxCallsPerExecution: 50,
    rateLimits: [{ tools: ["*"], toolsRegex: [], requests: 5, window: "1s", scope: "PerAgent" }],
  });
  const least = objectOf("MCPRoute", { parentRefs: [parentRef], rules: [{}] });
  t.same(expectObject(kind.parse(least)).spec.rules, [
    { matches: [], filters: [], backendRefs: [] },
  ]);
  t.end();
});

const condition = { path: "repo.owner", operator: "In", values: ["a"] };
const policy = "spec.rules.0.filters.0.toolPolicy";
testAcceptance(kind, most, [
  ["spec.hostnames", undefined],
  [policy, {}],
  ["spec.rules.0.matches.0", {}],
  ["spec.rules.0.matches.0", { arguments: [condition] }],
]);

const at = "spec.rules[0].filters[0].toolPolicy";
testRefusals(kind, most, [
  ["spec.parentRefs", [], "spec.parentRefs: found an empty list, wanted a list of 1 to 32"],
  [
    "spec.hostnames.0",
    "https://mcp.linear.app",
    'spec.hostnames[0]: found "https://mcp.linear.app", wanted a DNS name, "*." and a DNS name, or an IP address: a scheme is not part of a host: write "mcp.linear.app"',
  ],
  [
    "spec.rules.0.matches.0.tools",
    [7],
    'spec.rules[0].matches[0].tools[0]: found 7, wanted a glob such as "claude-*"',
  ],
  [
    "spec.rules.0.matches.0.toolsRegex",
    ["(?!x)"],
    'spec.rules[0].matches[0].toolsRegex[0]: found "(?!x)", wanted an RE2 regular expression: RE2 has no lookaround ("(?!") at position 0',
  ],
  [
    "spec.rules.0.matches.0.tool",
    "x",
    'spec.rules[0].matches[0].tool: unknown field; known: "servers", "tools", "toolsRegex", "arguments", "resources", "prompts", "methods"',
  ],
  [
    "spec.rules.0.filters.0.type",
    "ToolsPolicy",
    'spec.rules[0].filters[0].type: found "ToolsPolicy", wanted "ToolPolicy", "RequestSizeLimit" or "ExtensionRef": did you mean "ToolPolicy"?',
  ],
  [
    "spec.rules.0.filters.0.toolPolicy",
    undefined,
    'spec.rules[0].filters[0].toolPolicy: not set, wanted a value, because type is "ToolPolicy"',
  ],
  [
    `${policy}.deniedToolsRegex`,
    ["("],
    `${at}.deniedToolsRegex[0]: found "(", wanted an RE2 regular expression: missing ")" for the group at position 0`,
  ],
  [
    `${policy}.allowedToolsRegex`,
    ["a**"],
    `${at}.allowedToolsRegex[0]: found "a**", wanted an RE2 regular expression: "*" after another repetition; RE2 has no possessive or double repetition at position 2`,
  ],
  [
    "spec.rules.0.matches.0.arguments",
    [condition],
    "spec.rules[0].matches[0].arguments: found conditions beside resources or prompts, wanted a match of tools alone: only tools have arguments: write two matches",
  ],
  [
    `${policy}.deniedArguments.0.tools`,
    [],
    `${at}.deniedArguments[0]: found no tools, wanted tools or toolsRegex: for all tools write tools ["*"]`,
  ],
  [
    `${policy}.deniedArguments.0.arguments`,
    [],
    `${at}.deniedArguments[0].arguments: found an empty list, wanted a list of 1 to 16`,
  ],
  [
    `${policy}.maxCallsPerExecution`,
    0,
    `${at}.maxCallsPerExecution: found 0, wanted an integer from 1 to 2147483647`,
  ],
  [
    `${policy}.rateLimits.0.requests`,
    0,
    `${at}.rateLimits[0].requests: found 0, wanted an integer from 1 to 2147483647`,
  ],
  [
    `${policy}.rateLimits.0.window`,
    "0s",
    `${at}.rateLimits[0].window: found "0s", wanted a duration such as "30s" or "5m": it must be more than 0`,
  ],
  [
    `${policy}.rateLimits.0.tools`,
    [],
    `${at}.rateLimits[0]: found no tools, wanted tools or toolsRegex: for all tools write tools ["*"]`,
  ],
  [
    "spec.rules.0.filters.1.extensionRef.kind",
    "MyPolicy",
    'spec.rules[0].filters[1].extensionRef.kind: found "MyPolicy", wanted "RateLimitPolicy" or "LoggingPolicy"',
  ],
]);
