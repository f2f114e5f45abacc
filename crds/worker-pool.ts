/** WorkerPool: the workers that run agents, how many there are and how they look. */
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { convertPodTemplate } from "./legacy-pod-template.ts";
import { dnsLabelFormat } from "./name-formats.ts";
import { boolean, defaulted, integer, object, optional } from "./schema.ts";
import type { Infer } from "./schema.ts";
import { conditions, count, statusOf } from "./status.ts";
import { workerPod } from "./worker-pod.ts";

const spec = object({
  description: "How many workers there are, and how they look",
  fields: {
    replicas: defaulted(integer({ description: "Workers", min: 0, max: 10_000 }), 1),
    template: workerPod,
    maxExecutionsPerWorker: optional(
      count("Most executions at the same time on one worker; 10 when absent"),
    ),
    warmPool: optional(
      integer({ description: "Sandboxes that each worker keeps ready", min: 0, max: 1000 }),
    ),
    imageCache: optional(
      object({
        description: "Whether images are kept",
        fields: {
          enabled: defaulted(boolean({ description: "Whether unpacked images are kept" }), false),
        },
      }),
    ),
  },
});

/** What is observed about a WorkerPool. */
export const workerPoolStatus = statusOf({
  conditions,
  observedGeneration: optional(count("Generation that this is about", Number.MAX_SAFE_INTEGER)),
  readyReplicas: optional(count("Workers that are ready")),
  activeExecutions: optional(count("Executions that have not ended")),
  capacity: optional(
    object({
      description: "How much can run",
      fields: {
        maxExecutions: optional(count("Most executions at the same time on all workers")),
        availableExecutions: optional(count("How many more can be started now")),
      },
    }),
  ),
});

/** The schema of a WorkerPool. */
export const workerPoolSchema = resource({
  kind: "WorkerPool",
  description: "Workers that run agents",
  spec,
  status: workerPoolStatus,
  // Its name becomes a label value and a part of the name of a Service.
  nameFormat: dnsLabelFormat,
});

/** A parsed WorkerPool. */
export type WorkerPool = Infer<typeof workerPoolSchema>;

/** The WorkerPool kind. Takes the old `spec.podTemplate` for `spec.template`. */
export const workerPoolKind = defineKind({
  kind: "WorkerPool",
  plural: "workerpools",
  shortNames: ["wp"],
  printerColumns: [
    { name: "Replicas", type: "integer", jsonPath: ".spec.replicas" },
    { name: "Ready", type: "integer", jsonPath: ".status.readyReplicas" },
    { name: "Active", type: "integer", jsonPath: ".status.activeExecutions" },
    ageColumn,
  ],
  schema: workerPoolSchema,
  convert: convertPodTemplate,
});
