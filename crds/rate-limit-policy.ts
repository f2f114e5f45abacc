/** RateLimitPolicy: how many requests in how much time. Routes apply it by an ExtensionRef filter. */
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { durationFormat } from "./match-formats.ts";
import { defaulted, enumeration, integer, object, optional, string } from "./schema.ts";
import type { Infer } from "./schema.ts";
import { conditionsStatus } from "./status.ts";

/** The fields that any limit has; MCPRoute's tool limits have them too. */
export const rateLimitFields = {
  requests: integer({ description: "Most requests in one window", min: 1, max: 2_147_483_647 }),
  window: string({ description: "Length of a window", maxLength: 32, format: durationFormat }),
  scope: defaulted(
    enumeration({
      description: "What is counted together",
      values: ["PerAgent", "PerExecution", "PerRoute"],
    }),
    "PerAgent",
  ),
} as const;

const spec = object({
  description: "The limit",
  fields: {
    ...rateLimitFields,
    shared: optional(
      object({
        description: "Counts together with all replicas of the gateway; by itself when absent",
        fields: {
          onUnreachable: defaulted(
            enumeration({
              description:
                "While replicas cannot be asked: refuse, let an equal part of the limit by, or count as if alone",
              values: ["Refuse", "LocalShare", "Local"],
            }),
            "Refuse",
          ),
        },
      }),
    ),
  },
});

/** The schema of a RateLimitPolicy. */
export const rateLimitPolicySchema = resource({
  kind: "RateLimitPolicy",
  description: "How many requests in how much time",
  spec,
  status: conditionsStatus,
});

/** A parsed RateLimitPolicy. */
export type RateLimitPolicy = Infer<typeof rateLimitPolicySchema>;

/** The RateLimitPolicy kind. */
export const rateLimitPolicyKind = defineKind({
  kind: "RateLimitPolicy",
  plural: "ratelimitpolicies",
  shortNames: ["rlp"],
  printerColumns: [
    { name: "Requests", type: "integer", jsonPath: ".spec.requests" },
    { name: "Window", type: "string", jsonPath: ".spec.window" },
    { name: "Scope", type: "string", jsonPath: ".spec.scope" },
    ageColumn,
  ],
  schema: rateLimitPolicySchema,
});
