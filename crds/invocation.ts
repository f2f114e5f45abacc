/** Invocation: the record of one execution of an agent. Made from events and read only: nobody writes one by hand. */
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { dnsLabelFormat, patternFormat } from "./name-formats.ts";
import { array, emptyIfAbsent, enumeration, integer, object, optional, string } from "./schema.ts";
import type { Infer } from "./schema.ts";
import { conditions, count, statusOf, time } from "./status.ts";

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

/** Kinds of agents that have executions; `Process` is a command of `clrk run`, which is no object itself. */
export const invocationAgentKinds = ["TaskAgent", "DaemonAgent", "Process"] as const;

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
          values: invocationAgentKinds,
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

const most = Number.MAX_SAFE_INTEGER;

const usageFields = {
  requests: count("Requests, those that were refused included", most),
  denials: count("Requests that were refused", most),
  inputTokens: count("Tokens that models were sent", most),
  outputTokens: count("Tokens that models answered with", most),
  cost: string({
    description: "USD, of the calls whose price is known; decimal text",
    maxLength: 32,
  }),
  unpriced: count("Calls that took tokens and have no known price", most),
};

/** What is observed about an execution. */
export const invocationStatus = statusOf({
  phase: optional(enumeration({ description: "How far it is", values: invocationPhases })),
  startTime: optional(time("When it began to run")),
  completionTime: optional(time("When it ended")),
  exitCode: optional(integer({ description: "Of a command that ended", min: 0, max: 255 })),
  trace: optional(
    object({
      description: "The trace of its requests, unless the agent has one of its own",
      fields: {
        traceID: string({ description: "32 hexadecimal digits", maxLength: 32 }),
        rootSpanID: string({ description: "16 hexadecimal digits", maxLength: 16 }),
      },
    }),
  ),
  usage: optional(
    object({
      description: "What its requests used",
      fields: {
        ...usageFields,
        models: array({
          description: "The same of each model, by name",
          items: object({
            description: "What calls of one model used",
            fields: {
              model: string({ description: "As it was asked for", maxLength: 128 }),
              ...usageFields,
            },
          }),
          maxItems: 33,
        }),
      },
    }),
  ),
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
    { name: "Agent", type: "string", jsonPath: ".spec.parentRef.name" },
    { name: "Trigger", type: "string", jsonPath: ".spec.trigger.type" },
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Calls", type: "integer", jsonPath: ".status.usage.requests" },
    { name: "Cost", type: "string", jsonPath: ".status.usage.cost" },
    { name: "Exit", type: "integer", jsonPath: ".status.exitCode", priority: 1 },
    { name: "Trace", type: "string", jsonPath: ".status.trace.traceID", priority: 1 },
    ageColumn,
  ],
  schema: invocationSchema,
  stored: false,
});
