/**
 * LoggingPolicy: what of a request is kept in its record. Routes apply it by an ExtensionRef filter; what it leaves
 * open is for the EgressGateway's `otlp.captureBody` to say.
 */
import { headerNameFormat } from "./http-formats.ts";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { openNameFormat } from "./name-formats.ts";
import { array, boolean, emptyIfAbsent, object, optional, string } from "./schema.ts";
import type { Infer } from "./schema.ts";

const spec = object({
  description: "What is kept",
  fields: {
    captureRequest: optional(
      boolean({
        description: "Whether request bodies are kept; as the EgressGateway says when absent",
      }),
    ),
    captureResponse: optional(
      boolean({
        description: "Whether response bodies are kept; as the EgressGateway says when absent",
      }),
    ),
    redactHeaders: emptyIfAbsent(
      array({
        description:
          "Headers whose values are never kept, besides those that always hold credentials",
        items: string({
          description: "Header name, in any case",
          maxLength: 256,
          format: headerNameFormat,
        }),
        maxItems: 64,
        unique: "value",
      }),
    ),
    sinkRef: optional(
      string({ description: "Where records go", maxLength: 253, format: openNameFormat }),
    ),
  },
});

/** The schema of a LoggingPolicy. */
export const loggingPolicySchema = resource({
  kind: "LoggingPolicy",
  description: "What of a request is kept in its record",
  spec,
});

/** A parsed LoggingPolicy. */
export type LoggingPolicy = Infer<typeof loggingPolicySchema>;

/** The LoggingPolicy kind. */
export const loggingPolicyKind = defineKind({
  kind: "LoggingPolicy",
  plural: "loggingpolicies",
  shortNames: ["lp"],
  printerColumns: [ageColumn],
  schema: loggingPolicySchema,
});
