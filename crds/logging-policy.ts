/**
 * LoggingPolicy: what of a request is kept in its record. Routes apply it by an ExtensionRef filter; what it leaves
 * open is for the EgressGateway's `otlp.captureBody` to say.
 */
import { headerNameFormat, mediaTypeFormat, queryParamNameFormat } from "./http-formats.ts";
import { jsonPathFormat } from "./json-path.ts";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { regexFormat } from "./match-formats.ts";
import { dnsLabelFormat } from "./name-formats.ts";
import { areExpressions, cel } from "./open-api-constraint.ts";
import { percentageFormat } from "./percentage.ts";
import {
  array,
  boolean,
  defaulted,
  emptyIfAbsent,
  enumeration,
  integer,
  object,
  optional,
  refine,
  string,
} from "./schema.ts";
import type { Infer } from "./schema.ts";
import { conditionsStatus } from "./status.ts";

/** Most body bytes that may be kept for one direction: a record must still fit one OTLP message. */
export const maxCaptureBytes = 1_048_576;

/** Most of a body that is searched by expressions, whose search takes milliseconds for so much. */
export const maxPatternBytes = 65_536;

/** Forms of personal data that are known by themselves. */
export const textShapes = [
  "Email",
  "PhoneNumber",
  "PaymentCard",
  "IBAN",
  "IPAddress",
  "USSocialSecurityNumber",
] as const;

/** One of `textShapes`. */
export type TextShape = (typeof textShapes)[number];

function direction(what: string) {
  return optional(
    object({
      description: `How much of ${what} bodies is kept, where they are; as the EgressGateway says when absent`,
      fields: {
        maxBytes: optional(
          integer({
            description: "Most `bytes` of one body; 0 keeps headers only",
            min: 0,
            max: maxCaptureBytes,
          }),
        ),
        contentTypes: emptyIfAbsent(
          array({
            description: "Media types that are kept, and no others",
            items: string({ description: "Media type", maxLength: 127, format: mediaTypeFormat }),
            maxItems: 32,
            unique: "value",
          }),
        ),
      },
    }),
  );
}

const spec = refine(
  object({
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
      request: direction("request"),
      response: direction("response"),
      sample: optional(
        string({
          description: "Share of traces of which headers and bodies are kept; all when absent",
          maxLength: 9,
          format: percentageFormat,
        }),
      ),
      keepErrors: defaulted(
        boolean({
          description:
            "Whether what was refused, not answered or answered with a status from 400 on is kept besides the sample",
        }),
        true,
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
      redactQuery: emptyIfAbsent(
        array({
          description:
            "Query parameters whose values are never kept, besides those whose names say that they are secret",
          items: string({
            description: "Parameter name, in any case",
            maxLength: 256,
            format: queryParamNameFormat,
          }),
          maxItems: 64,
          unique: "value",
        }),
      ),
      redactJsonPaths: emptyIfAbsent(
        array({
          description: "Values in JSON bodies and in events of streams that are never kept",
          items: string({
            description: "JSON path (RFC 9535) of names, indexes and wildcards",
            maxLength: 256,
            format: jsonPathFormat,
          }),
          maxItems: 32,
          unique: "value",
        }),
      ),
      redactShapes: emptyIfAbsent(
        array({
          description: "Forms of personal data that are never kept, wherever they stand in bodies",
          items: enumeration({ description: "What it is", values: textShapes }),
          maxItems: textShapes.length,
          unique: "value",
        }),
      ),
      redactPatterns: emptyIfAbsent(
        array({
          description: `Expressions (RE2) for text that is never kept; of bodies then at most ${maxPatternBytes} bytes are kept`,
          items: string({ description: "Expression", maxLength: 256, format: regexFormat }),
          cel: [areExpressions],
          maxItems: 8,
          unique: "value",
        }),
      ),
      sinkRef: optional(
        string({
          description:
            "Name of the sink of the EgressGateway that records go to in place of others",
          maxLength: 63,
          format: dnsLabelFormat,
        }),
      ),
    },
  }),
  {
    description: "Bodies that are searched by expressions are bounded",
    fields: ["request", "response", "redactPatterns"],
    cel: (["request", "response"] as const).map((name) =>
      cel(
        `self.redactPatterns.size() == 0 || !has(self.${name}) || !has(self.${name}.maxBytes) || self.${name}.maxBytes <= ${maxPatternBytes}`,
        `${name}.maxBytes is at most ${maxPatternBytes} where redactPatterns are searched for`,
      ),
    ),
    check({ request, response, redactPatterns }, report) {
      if (redactPatterns.length === 0) return;
      for (const [name, part] of Object.entries({ request, response })) {
        const maxBytes = part?.maxBytes ?? 0;
        if (maxBytes <= maxPatternBytes) continue;
        report({
          at: [name, "maxBytes"],
          found: String(maxBytes),
          wanted: `at most ${maxPatternBytes}, because redactPatterns are searched for`,
        });
      }
    },
  },
);

/** The schema of a LoggingPolicy. */
export const loggingPolicySchema = resource({
  kind: "LoggingPolicy",
  description: "What of a request is kept in its record",
  spec,
  status: conditionsStatus,
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
