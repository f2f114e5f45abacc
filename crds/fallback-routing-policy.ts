/** FallbackRoutingPolicy: makes the order of a route's backends a priority, with retries and ejection. */
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { renameSpecFields } from "./legacy.ts";
import { durationFormat } from "./match-formats.ts";
import { cel } from "./open-api-constraint.ts";
import { policyTarget, policyTargets } from "./references.ts";
import { array, emptyIfAbsent, integer, object, optional, refine, string } from "./schema.ts";
import type { Infer } from "./schema.ts";
import { policyStatus } from "./status.ts";

const target = refine(policyTarget(["AIProviderRoute"]), {
  description: "Fallback is a matter of the whole route",
  fields: ["sectionName"],
  cel: [cel("!has(self.sectionName)", "fallback is a matter of the whole route: no sectionName")],
  check({ sectionName }, report) {
    if (sectionName === undefined) return;
    const wanted = "none, because fallback is a matter of the whole route";
    report({ at: ["sectionName"], found: `"${sectionName}"`, wanted });
  },
});

const spec = object({
  description: "When the next backend is tried",
  fields: {
    targetRefs: policyTargets(target),
    retry: optional(
      object({
        description: "When a request is tried again",
        fields: {
          numRetries: optional(
            integer({
              description: "Most retries; one less than there are backends when absent",
              min: 0,
              max: 5,
            }),
          ),
          retriableStatusCodes: emptyIfAbsent(
            array({
              description:
                "Statuses tried again, besides connection failures; 429, 500, 502, 503, 504 and 529 when none",
              items: integer({ description: "HTTP status", min: 400, max: 599 }),
              maxItems: 32,
              unique: "value",
            }),
          ),
          connectTimeout: optional(
            string({
              description: "Longest time to connect to a backend; 5s when absent",
              maxLength: 32,
              format: durationFormat,
            }),
          ),
          perTryTimeout: optional(
            string({
              description:
                "Longest time from an attempt's begin to its response headers; the gateway's requestTimeout when absent",
              maxLength: 32,
              format: durationFormat,
            }),
          ),
        },
      }),
    ),
    ejection: optional(
      object({
        description: "How long a failing backend is left out",
        fields: {
          maxEjectionTime: optional(
            string({
              description: "Longest time; 5m when absent",
              maxLength: 32,
              format: durationFormat,
            }),
          ),
        },
      }),
    ),
  },
});

/** The schema of a FallbackRoutingPolicy. */
export const fallbackRoutingPolicySchema = resource({
  kind: "FallbackRoutingPolicy",
  description: "When the next backend of a route is tried",
  spec,
  status: policyStatus(["AIProviderRoute"]),
});

/** A parsed FallbackRoutingPolicy. */
export type FallbackRoutingPolicy = Infer<typeof fallbackRoutingPolicySchema>;

/** The FallbackRoutingPolicy kind. Takes the old `spec.parentRefs` for `spec.targetRefs`. */
export const fallbackRoutingPolicyKind = defineKind({
  kind: "FallbackRoutingPolicy",
  plural: "fallbackroutingpolicies",
  shortNames: ["frp"],
  printerColumns: [ageColumn],
  schema: fallbackRoutingPolicySchema,
  convert: (value) => renameSpecFields(value, [{ from: "parentRefs", to: ["targetRefs"] }]),
});
