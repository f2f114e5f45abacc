/** Invocation: the record of one execution of an agent. Made from events and read only: nobody writes one by hand. */
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { dnsLabelFormat, patternFormat } from "./name-formats.ts";
import { array, emptyIfAbsent, enumeration, object, optional, string } from "./schema.ts";
import type { Infer } from "./schema.ts";
import { conditions, statusOf } from "./status.ts";

/** The phases of an execution in the order in which they may follow each other; the last four are its end. */
export const invocationPhases = [
  "Pending",
  "Dispatched",
  "Running",
  "Succeeded",
  "Failed",
  "Timeout",
  "Rejected",
] as const;

/** One of `invocationPhases`. */
export type InvocationPhase = (typeof invocationPhases)[number];

/** What may start an execution. */
export const invocationTriggers = ["HTTP", "Cron", "CLI"] as const;

/** One of `invocationTriggers`. */
export type InvocationTrigger = (typeof invocationTriggers)[number];

const idFormat = patternFormat({
  name: "invocation-id",
  wanted: "a UUID in lower case",
  pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
});

const spec = object({
  description: "What was run, and why",
  fields: {
    parentRef: object({
      description: "The agent, in the same namespace",
      fields: {
        kind: enumeration({
          description: "Kind of the agent",
          values: ["TaskAgent", "DaemonAgent"],
        }),
        name: string({ description: "Its name", maxLength: 63, format: dnsLabelFormat }),
      },
    }),
    trigger: object({
      description: "What made it run",
      fields: {
        type: enumeration({ description: "How", values: invocationTriggers }),
        source: optional(string({ description: "Who, where that is known", maxLength: 253 })),
      },
    }),
    identity: optional(
      object({
        description: "On whose behalf it ran",
        fields: {
          audiences: emptyIfAbsent(
            array({
              description: "Names of those",
              items: string({ description: "A name", maxLength: 253 }),
              maxItems: 64,
            }),
          ),
        },
      }),
    ),
  },
});

/** What is observed about an execution. */
export const invocationStatus = statusOf({
  phase: optional(enumeration({ description: "How far it is", values: invocationPhases })),
  conditions,
});

/** The schema of an Invocation; its name is a UUID. */
export const invocationSchema = resource({
  kind: "Invocation",
  description: "The record of one execution",
  spec,
  status: invocationStatus,
  nameFormat: idFormat,
});

/** A parsed Invocation, without its status. */
export type Invocation = Infer<typeof invocationSchema>;

/** The Invocation kind, which has no CRD. */
export const invocationKind = defineKind({
  kind: "Invocation",
  plural: "invocations",
  shortNames: ["inv"],
  printerColumns: [
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Trigger", type: "string", jsonPath: ".spec.trigger.type" },
    { name: "Parent", type: "string", jsonPath: ".spec.parentRef.kind" },
    { name: "ParentName", type: "string", jsonPath: ".spec.parentRef.name" },
    ageColumn,
  ],
  schema: invocationSchema,
  stored: false,
});
