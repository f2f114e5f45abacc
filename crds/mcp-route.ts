/** MCPRoute: which MCP servers, tools and resources agents may use. */
import { enforcement } from "./enforcement.ts";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { globFormat, hostPatternFormat, regexFormat } from "./match-formats.ts";
import { payloadRule } from "./payload-rule.ts";
import { rateLimitFields } from "./rate-limit-policy.ts";
import { backendReferences, extensionReference, parentReferences } from "./references.ts";
import {
  array,
  emptyIfAbsent,
  enumeration,
  integer,
  object,
  optional,
  refine,
  string,
} from "./schema.ts";
import type { Infer } from "./schema.ts";

const match = object({
  description:
    "Messages that fulfil all of these; within a list, any of its entries; empty lists do not count",
  fields: {
    servers: globs("Globs of server URLs"),
    tools: globs("Globs of tool names"),
    toolsRegex: expressions("Expressions for whole tool names"),
    resources: globs("Globs of resource URIs"),
    prompts: globs("Globs of prompt names"),
    methods: globs("Globs of JSON-RPC methods"),
  },
});

const toolRateLimit = refine(
  object({
    description: "How often some tools may be called",
    fields: {
      tools: globs("Globs of tool names"),
      toolsRegex: expressions("Expressions for whole tool names"),
      ...rateLimitFields,
    },
  }),
  {
    description: "A tool limit names tools",
    fields: ["tools", "toolsRegex"],
    check({ tools, toolsRegex }, report) {
      if (tools.length + toolsRegex.length > 0) return;
      report({
        at: [],
        found: "no tools",
        wanted: "tools or toolsRegex",
        detail: 'for all tools write tools ["*"]',
      });
    },
  },
);

const toolPolicy = object({
  description:
    "Which tools may be called: those allowed (all when none is listed), without those denied",
  fields: {
    allowedTools: globs("Globs of allowed tools"),
    allowedToolsRegex: expressions("Expressions for allowed tools"),
    deniedTools: globs("Globs of denied tools"),
    deniedToolsRegex: expressions("Expressions for denied tools"),
    requireConfirmation: globs("Globs of tools that a person must confirm"),
    maxCallsPerExecution: optional(
      integer({
        description: "Most calls in one execution of an agent",
        min: 1,
        max: 2_147_483_647,
      }),
    ),
    rateLimits: emptyIfAbsent(
      array({
        description: "Limits; every one that names the tool applies",
        items: toolRateLimit,
        maxItems: 32,
      }),
    ),
  },
});

const filter = object({
  description: "Something that is done to the messages of a rule",
  fields: {
    type: enumeration({ description: "What is done", values: ["ToolPolicy", "ExtensionRef"] }),
    toolPolicy: optional(toolPolicy),
    extensionRef: optional(extensionReference(["RateLimitPolicy", "LoggingPolicy"])),
  },
  rules: [payloadRule("type", { ToolPolicy: "toolPolicy", ExtensionRef: "extensionRef" })],
});

const rule = object({
  description: "Messages that are allowed",
  fields: {
    matches: emptyIfAbsent(
      array({ description: "Any of these; every message when none", items: match, maxItems: 64 }),
    ),
    filters: emptyIfAbsent(array({ description: "In this order", items: filter, maxItems: 16 })),
    backendRefs: emptyIfAbsent(backendReferences),
  },
});

const spec = object({
  description: "What is allowed",
  fields: {
    parentRefs: parentReferences,
    enforcement: enforcement("the route"),
    hostnames: emptyIfAbsent(
      array({
        description: 'Hosts of MCP servers; "*." stands for any number of labels',
        items: string({ description: "Host", maxLength: 255, format: hostPatternFormat }),
        maxItems: 64,
        unique: "value",
      }),
    ),
    rules: array({
      description: "The first that matches decides",
      items: rule,
      minItems: 1,
      maxItems: 64,
    }),
  },
});

/** The schema of an MCPRoute. */
export const mcpRouteSchema = resource({
  kind: "MCPRoute",
  description: "MCP servers, tools and resources that agents may use",
  spec,
});

/** A parsed MCPRoute. */
export type MCPRoute = Infer<typeof mcpRouteSchema>;

/** The MCPRoute kind. */
export const mcpRouteKind = defineKind({
  kind: "MCPRoute",
  plural: "mcproutes",
  shortNames: ["mcpr"],
  printerColumns: [ageColumn],
  schema: mcpRouteSchema,
});

function globs(description: string) {
  const items = string({ description: "Glob", maxLength: 256, format: globFormat });
  return emptyIfAbsent(array({ description, items, maxItems: 128, unique: "value" }));
}

function expressions(description: string) {
  const items = string({ description: "RE2 expression", maxLength: 256, format: regexFormat });
  return emptyIfAbsent(array({ description, items, maxItems: 64, unique: "value" }));
}
