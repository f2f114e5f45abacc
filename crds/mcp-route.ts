/** MCPRoute: which MCP servers, tools and resources agents may use. */
import { argumentConditions } from "./argument-condition.ts";
import { enforcement } from "./enforcement.ts";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { globFormat, hostPatternFormat, regexFormat } from "./match-formats.ts";
import { payloadRule } from "./payload-rule.ts";
import { rateLimitFields } from "./rate-limit-policy.ts";
import {
  backendReferences,
  extensionReference,
  findForeignNamespace,
  parentReferences,
} from "./references.ts";
import { requestSizeLimit } from "./request-size.ts";
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
import type { Infer, Report } from "./schema.ts";
import { toolConfirmation } from "./tool-confirmation.ts";

const match = refine(
  object({
    description:
      "Messages that fulfil all of these; within a list, any of its entries; empty lists do not count",
    fields: {
      servers: globs("Globs of server URLs"),
      tools: globs("Globs of tool names"),
      toolsRegex: expressions("Expressions for whole tool names"),
      arguments: emptyIfAbsent(argumentConditions),
      resources: globs("Globs of resource URIs"),
      prompts: globs("Globs of prompt names"),
      methods: globs("Globs of JSON-RPC methods"),
    },
  }),
  {
    description: "A match with arguments is about tools alone",
    fields: ["arguments", "resources", "prompts"],
    check({ arguments: conditions, resources, prompts }, report) {
      if (conditions.length === 0 || resources.length + prompts.length === 0) return;
      report({
        at: ["arguments"],
        found: "conditions beside resources or prompts",
        wanted: "a match of tools alone",
        detail: "only tools have arguments: write two matches",
      });
    },
  },
);

const toolNames = {
  tools: globs("Globs of tool names"),
  toolsRegex: expressions("Expressions for whole tool names"),
};

/** An entry about some tools must not be one about none. */
const namesTools = {
  description: "It names tools",
  fields: ["tools", "toolsRegex"],
  check(
    { tools, toolsRegex }: Readonly<Record<"tools" | "toolsRegex", readonly string[]>>,
    report: Report,
  ) {
    if (tools.length + toolsRegex.length > 0) return;
    report({
      at: [],
      found: "no tools",
      wanted: "tools or toolsRegex",
      detail: 'for all tools write tools ["*"]',
    });
  },
} as const;

const toolRateLimit = refine(
  object({
    description: "How often some tools may be called",
    fields: { ...toolNames, ...rateLimitFields },
  }),
  namesTools,
);

const deniedArguments = refine(
  object({
    description: "Arguments with which some tools may not be called",
    fields: {
      ...toolNames,
      arguments: array({ ...argumentConditions, minItems: 1 }),
    },
  }),
  namesTools,
);

const toolPolicy = refine(
  object({
    description:
      "Which tools may be called: those allowed (all when none is listed), without those denied",
    fields: {
      allowedTools: globs("Globs of allowed tools"),
      allowedToolsRegex: expressions("Expressions for allowed tools"),
      deniedTools: globs("Globs of denied tools"),
      deniedToolsRegex: expressions("Expressions for denied tools"),
      deniedArguments: emptyIfAbsent(
        array({
          description: "Denied are calls of such a tool of which all of its conditions hold",
          items: deniedArguments,
          maxItems: 32,
        }),
      ),
      requireConfirmation: globs("Globs of tools whose calls must be confirmed, one by one"),
      confirmation: optional(toolConfirmation),
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
  }),
  {
    description: "What is asked of nobody is a mistake",
    fields: ["requireConfirmation", "confirmation"],
    check({ requireConfirmation, confirmation }, report) {
      if (confirmation === undefined || requireConfirmation.length > 0) return;
      report({
        at: ["confirmation"],
        found: "a value",
        wanted: "none, because requireConfirmation names no tool",
      });
    },
  },
);

const filter = object({
  description: "Something that is done to the messages of a rule",
  fields: {
    type: enumeration({
      description: "What is done",
      values: ["ToolPolicy", "RequestSizeLimit", "ExtensionRef"],
    }),
    toolPolicy: optional(toolPolicy),
    requestSizeLimit: optional(requestSizeLimit),
    extensionRef: optional(extensionReference(["RateLimitPolicy", "LoggingPolicy"])),
  },
  rules: [
    payloadRule("type", {
      ToolPolicy: "toolPolicy",
      RequestSizeLimit: "requestSizeLimit",
      ExtensionRef: "extensionRef",
    }),
  ],
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
export const mcpRouteSchema = refine(
  resource({
    kind: "MCPRoute",
    description: "MCP servers, tools and resources that agents may use",
    spec,
  }),
  {
    description: "Secrets are named in the route's own namespace",
    fields: ["metadata", "spec"],
    check(route, report) {
      for (const [position, { filters }] of route.spec.rules.entries()) {
        for (const [at, { toolPolicy }] of filters.entries()) {
          const reference = toolPolicy?.confirmation?.webhook?.signingSecretRef;
          const foreign = findForeignNamespace(reference, route.metadata.namespace);
          if (foreign === undefined) continue;
          const path = ["spec", "rules", position, "filters", at, "toolPolicy", "confirmation"];
          report({ at: [...path, "webhook", "signingSecretRef", "namespace"], ...foreign });
        }
      }
    },
  },
);

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
