/** EgressDenyPolicy: what an agent is told when a route turns its request away; and a route that only denies. */
import { textLineFormat } from "./http-formats.ts";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { renameSpecFields } from "./legacy.ts";
import { policyTarget, policyTargets } from "./references.ts";
import { defaulted, integer, object, optional, string } from "./schema.ts";
import type { Infer } from "./schema.ts";
import { policyStatus } from "./status.ts";

const targetKinds = ["AIProviderRoute", "EgressHTTPRoute", "EgressL4Route", "MCPRoute"] as const;

const spec = object({
  description: "What is denied, and with which answer",
  fields: {
    targetRefs: policyTargets(policyTarget(targetKinds)),
    denyResponse: optional(
      object({
        description: "The answer to a denied request",
        fields: {
          statusCode: defaulted(integer({ description: "HTTP status", min: 400, max: 599 }), 403),
          message: optional(
            string({
              description: "Text for the agent, in one line",
              maxLength: 1024,
              format: textLineFormat,
            }),
          ),
        },
      }),
    ),
  },
});

/** The schema of an EgressDenyPolicy. */
export const egressDenyPolicySchema = resource({
  kind: "EgressDenyPolicy",
  description: "Routes whose requests are denied",
  spec,
  status: policyStatus(targetKinds),
});

/** A parsed EgressDenyPolicy. */
export type EgressDenyPolicy = Infer<typeof egressDenyPolicySchema>;

/** The EgressDenyPolicy kind. Takes the old `spec.targetRef` for `spec.targetRefs`. */
export const egressDenyPolicyKind = defineKind({
  kind: "EgressDenyPolicy",
  plural: "egressdenypolicies",
  shortNames: ["edp"],
  printerColumns: [ageColumn],
  schema: egressDenyPolicySchema,
  convert: (value) =>
    renameSpecFields(value, [{ from: "targetRef", to: ["targetRefs"], single: true }]),
});
