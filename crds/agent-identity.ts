/** `identity` of a TaskAgent: which parts of a call say on whose behalf it runs. */
import { argumentPathFormat } from "./argument-path.ts";
import { callHeaderNameFormat } from "./http-formats.ts";
import { openNameFormat } from "./name-formats.ts";
import { payloadRule } from "./payload-rule.ts";
import { array, enumeration, object, optional, string } from "./schema.ts";
import type { Infer } from "./schema.ts";

/** The parsed extractors. */
export type AgentIdentity = Infer<typeof agentIdentity>;

const field = string({
  description: "Name under which the value is kept",
  maxLength: 63,
  format: openNameFormat,
});

const extractor = object({
  description: "Where one part of the identity stands",
  fields: {
    type: enumeration({
      description: "Part of the call",
      values: ["Header", "Body"],
      refused: {
        JWT: "nothing here says whose signature such a token must have, so that anybody could write its claims; let whatever checks the token send the value in a header",
      },
    }),
    header: optional(
      object({
        description: "A header, as whoever may call the agent sends it",
        fields: {
          name: string({ description: "Its name", maxLength: 256, format: callHeaderNameFormat }),
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
  },
  rules: [payloadRule("type", { Header: "header", Body: "body" })],
});

/** The schema of `identity`. */
export const agentIdentity = object({
  description: "On whose behalf an execution runs: a call that does not say so is refused",
  fields: {
    extractors: array({
      description: "All of these are read; those of one field must not differ",
      items: extractor,
      minItems: 1,
      maxItems: 16,
    }),
  },
});
