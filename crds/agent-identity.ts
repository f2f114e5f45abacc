/** `identity` of a TaskAgent: which parts of a request say on whose behalf it runs. */
import { argumentPathFormat } from "./argument-path.ts";
import { headerNameFormat } from "./http-formats.ts";
import { openNameFormat, patternFormat } from "./name-formats.ts";
import { payloadRule } from "./payload-rule.ts";
import { array, enumeration, object, optional, string } from "./schema.ts";
import type { Infer } from "./schema.ts";

/** The parsed extractors. */
export type AgentIdentity = Infer<typeof agentIdentity>;

const claimFormat = patternFormat({
  name: "jwt-claim",
  wanted: 'a claim such as "sub"',
  pattern: "^[!-~]+$",
});

const field = string({
  description: "Name under which the value is kept",
  maxLength: 63,
  format: openNameFormat,
});

const extractor = object({
  description: "Where one part of the identity stands",
  fields: {
    type: enumeration({ description: "Part of the request", values: ["Header", "Body", "JWT"] }),
    header: optional(
      object({
        description: "A header",
        fields: {
          name: string({ description: "Its name", maxLength: 256, format: headerNameFormat }),
          field,
        },
      }),
    ),
    body: optional(
      object({
        description: "A value in a JSON body",
        fields: {
          jsonPath: string({
            description: "Path to the value",
            maxLength: 256,
            format: argumentPathFormat,
          }),
          field,
        },
      }),
    ),
    jwt: optional(
      object({
        description: "A claim of the bearer token",
        fields: {
          claim: string({ description: "Its name", maxLength: 253, format: claimFormat }),
          field,
        },
      }),
    ),
  },
  rules: [payloadRule("type", { Header: "header", Body: "body", JWT: "jwt" })],
});

/** The schema of `identity`. */
export const agentIdentity = object({
  description: "On whose behalf an execution runs",
  fields: {
    extractors: array({
      description: "All of these are read",
      items: extractor,
      minItems: 1,
      maxItems: 16,
    }),
  },
});
