/** AIProviderRoute: which calls of which LLM providers are allowed, within what budget, and who may serve them. */
import { enforcement } from "./enforcement.ts";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { moneyFormat } from "./money.ts";
import { globFormat, hostPatternFormat, pathGlobFormat } from "./match-formats.ts";
import { openNameFormat } from "./name-formats.ts";
import { payloadRule } from "./payload-rule.ts";
import { backendReferences, openExtensionReference, parentReferences } from "./references.ts";
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
import type { Infer } from "./schema.ts";

const match = object({
  description: "Calls of one provider",
  fields: {
    provider: string({
      description:
        "Name or alias of a provider, or custom; resolved later, against all that are known",
      maxLength: 128,
    }),
    hostnames: emptyIfAbsent(
      array({
        description:
          'Hosts where it is spoken, in place of the provider\'s own; "*." stands for any number of labels',
        items: string({ description: "Host", maxLength: 255, format: hostPatternFormat }),
        maxItems: 64,
        unique: "value",
      }),
    ),
    models: emptyIfAbsent(
      array({
        description: "Globs of model names; any model when none",
        items: string({ description: "Glob", maxLength: 256, format: globFormat }),
        maxItems: 64,
        unique: "value",
      }),
    ),
    endpoints: emptyIfAbsent(
      array({
        description: "Globs of URL paths; the provider's own when none",
        items: string({ description: "Glob of a path", maxLength: 256, format: pathGlobFormat }),
        maxItems: 64,
        unique: "value",
      }),
    ),
  },
});

const tokenBudget = refine(
  object({
    description: "Limits in tokens and money; those left out do not apply",
    fields: {
      maxTokensPerExecution: optional(tokens("Most tokens in one execution of an agent")),
      maxTokensPerDay: optional(tokens("Most tokens in one day (UTC)")),
      maxOutputTokensPerRequest: optional(
        tokens("Most output tokens that one request may ask for"),
      ),
      budgetRef: optional(
        string({
          description: "Budget shared with other rules",
          maxLength: 63,
          format: openNameFormat,
        }),
      ),
      maxCostPerExecution: optional(dollars("Most that one execution of an agent may cost")),
      maxCostPerDay: optional(dollars("Most that calls of one day (UTC) may cost")),
    },
  }),
  {
    description: "A budget limits something",
    fields: [
      "maxTokensPerExecution",
      "maxTokensPerDay",
      "maxOutputTokensPerRequest",
      "budgetRef",
      "maxCostPerExecution",
      "maxCostPerDay",
    ],
    check(value, report) {
      if (Object.values(value).some((limit) => limit !== undefined)) return;
      const wanted =
        "maxTokensPerExecution, maxTokensPerDay, maxOutputTokensPerRequest, budgetRef, maxCostPerExecution or maxCostPerDay";
      report({ at: [], found: "no limit", wanted });
    },
  },
);

const filter = object({
  description: "Something that is done to the calls of a rule",
  fields: {
    type: enumeration({
      description: "What is done",
      values: ["TokenBudget", "RequestSizeLimit", "ExtensionRef"],
    }),
    tokenBudget: optional(tokenBudget),
    requestSizeLimit: optional(requestSizeLimit),
    extensionRef: optional(openExtensionReference),
  },
  rules: [
    payloadRule("type", {
      TokenBudget: "tokenBudget",
      RequestSizeLimit: "requestSizeLimit",
      ExtensionRef: "extensionRef",
    }),
  ],
});

const rule = object({
  description: "Calls that are allowed, and who serves them",
  fields: {
    matches: array({ description: "Any of these", items: match, minItems: 1, maxItems: 64 }),
    filters: emptyIfAbsent(array({ description: "In this order", items: filter, maxItems: 16 })),
    backendRefs: emptyIfAbsent(backendReferences),
  },
});

const spec = object({
  description: "What is allowed",
  fields: {
    parentRefs: parentReferences,
    enforcement: enforcement("the route"),
    rules: array({
      description: "The first that matches decides",
      items: rule,
      minItems: 1,
      maxItems: 64,
    }),
  },
});

/** The schema of an AIProviderRoute. */
export const aiProviderRouteSchema = resource({
  kind: "AIProviderRoute",
  description: "LLM calls that agents may make",
  spec,
});

/** A parsed AIProviderRoute. */
export type AIProviderRoute = Infer<typeof aiProviderRouteSchema>;

/** The AIProviderRoute kind. */
export const aiProviderRouteKind = defineKind({
  kind: "AIProviderRoute",
  plural: "aiproviderroutes",
  shortNames: ["aipr"],
  printerColumns: [ageColumn],
  schema: aiProviderRouteSchema,
});

function dollars(description: string) {
  return string({ description: `${description}, in USD`, maxLength: 24, format: moneyFormat });
}

function tokens(description: string) {
  return integer({ description, min: 1, max: Number.MAX_SAFE_INTEGER });
}
