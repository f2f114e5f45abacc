/** DaemonAgent: an agent of which one instance runs all the time, and which nothing calls. */
import {
  agentTemplate,
  egressReferences,
  executionResources,
  workerPoolReference,
} from "./agent-sandbox.ts";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { dnsLabelFormat } from "./name-formats.ts";
import { defaulted, enumeration, object, optional } from "./schema.ts";
import type { Infer } from "./schema.ts";
import { conditions, count, revisionName, statusOf, time } from "./status.ts";

const spec = object({
  description: "What is run, and what happens when it ends",
  fields: {
    template: agentTemplate,
    workerPoolRef: workerPoolReference,
    resources: optional(executionResources),
    restartPolicy: defaulted(
      enumeration({
        description: "After which ends it is started again",
        values: ["Always", "OnFailure", "Never"],
      }),
      "Always",
    ),
    maxRestarts: optional(count("Most restarts; any number when 0 or absent")),
    maxLifetimeSeconds: optional(
      count("Longest life in seconds, after which it is ended; for ever when 0 or absent"),
    ),
    egressRefs: egressReferences,
  },
});

/** What is observed about a DaemonAgent. */
export const daemonAgentStatus = statusOf({
  conditions,
  observedGeneration: optional(count("Generation that this is about", Number.MAX_SAFE_INTEGER)),
  phase: optional(
    enumeration({
      description: "What it does",
      values: ["Running", "Stopped", "CrashLoopBackOff"],
    }),
  ),
  upSince: optional(time("When it was last started")),
  restartCount: optional(count("How often it was started again")),
  latestCreatedRevisionName: optional(revisionName("Newest revision")),
  latestReadyRevisionName: optional(revisionName("Newest revision that a worker can run")),
});

/** The schema of a DaemonAgent. */
export const daemonAgentSchema = resource({
  kind: "DaemonAgent",
  description: "An agent that runs all the time",
  spec,
  status: daemonAgentStatus,
  // Its name becomes a label value and a part of the names of its revisions.
  nameFormat: dnsLabelFormat,
});

/** A parsed DaemonAgent. */
export type DaemonAgent = Infer<typeof daemonAgentSchema>;

/** The DaemonAgent kind. */
export const daemonAgentKind = defineKind({
  kind: "DaemonAgent",
  plural: "daemonagents",
  shortNames: ["da"],
  printerColumns: [
    { name: "Pool", type: "string", jsonPath: ".spec.workerPoolRef" },
    { name: "Latest Ready", type: "string", jsonPath: ".status.latestReadyRevisionName" },
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Restarts", type: "integer", jsonPath: ".status.restartCount" },
    { name: "Image", type: "string", jsonPath: ".spec.template.spec.image", priority: 1 },
    ageColumn,
  ],
  schema: daemonAgentSchema,
});
