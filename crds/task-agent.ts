/** TaskAgent: an agent that is run once for each call, by HTTP, by a schedule or from the command line. */
import { agentIdentity } from "./agent-identity.ts";
import {
  agentDelivery,
  agentState,
  agentTemplate,
  egressReferences,
  executionResources,
  workerPoolReference,
} from "./agent-sandbox.ts";
import { cronScheduleFormat } from "./cron-schedule.ts";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { durationFormat } from "./match-formats.ts";
import { dnsLabelFormat } from "./name-formats.ts";
import { boolean, defaulted, integer, json, object, optional, refine, string } from "./schema.ts";
import type { Infer } from "./schema.ts";
import { conditions, count, revisionName, statusOf, time } from "./status.ts";

/** Most bytes of what a schedule says to its agent. */
const maxInputBytes = 65_536;

const spec = refine(
  object({
    description: "What is run, when and how often",
    fields: {
      template: agentTemplate,
      workerPoolRef: workerPoolReference,
      resources: optional(executionResources),
      timeout: defaulted(
        string({
          description: "Longest time of one execution",
          maxLength: 32,
          format: durationFormat,
        }),
        "1m40s",
      ),
      maxConcurrent: optional(
        count("Most executions at the same time; any number when 0 or absent"),
      ),
      warmPoolSize: optional(
        integer({
          description: "Sandboxes that each worker keeps ready; none when absent",
          min: 0,
          max: 1000,
        }),
      ),
      warmPoolIdleTTL: optional(
        string({
          description: "How long such a sandbox is kept unused; 10m when absent",
          maxLength: 32,
          format: durationFormat,
        }),
      ),
      schedule: optional(
        string({
          description: "When it is run besides calls, as cron writes it",
          maxLength: 256,
          format: cronScheduleFormat,
        }),
      ),
      scheduleInput: optional(
        json({
          description: "What it is given by the schedule; an empty object when absent",
          maxBytes: maxInputBytes,
        }),
      ),
      egressRefs: egressReferences,
      identity: optional(agentIdentity),
      streaming: optional(
        object({
          description: "How answers are given",
          fields: {
            enabled: defaulted(
              boolean({ description: "Whether output is passed on while it is written" }),
              false,
            ),
          },
        }),
      ),
      state: optional(agentState),
      delivery: optional(agentDelivery),
    },
  }),
  {
    description: "scheduleInput goes with schedule",
    fields: ["schedule", "scheduleInput"],
    constraint: {
      anyOf: [{ required: ["schedule"] }, { not: { required: ["scheduleInput"] } }],
    },
    check({ schedule, scheduleInput }, report) {
      if (scheduleInput === undefined || schedule !== undefined) return;
      const wanted = "none, because there is no schedule that would give it";
      report({ at: ["scheduleInput"], found: "a value", wanted });
    },
  },
);

/** What is observed about a TaskAgent. */
export const taskAgentStatus = statusOf({
  conditions,
  observedGeneration: optional(count("Generation that this is about", Number.MAX_SAFE_INTEGER)),
  activeExecutions: optional(count("Executions that have not ended")),
  warmSandboxes: optional(count("Sandboxes that are ready on all workers")),
  latestCreatedRevisionName: optional(revisionName("Newest revision")),
  latestReadyRevisionName: optional(revisionName("Newest revision that a worker can run")),
  lastScheduleTime: optional(time("When the schedule last ran it")),
  nextScheduleTime: optional(time("When the schedule will run it")),
});

/** The schema of a TaskAgent. */
export const taskAgentSchema = resource({
  kind: "TaskAgent",
  description: "An agent that is run once for each call",
  spec,
  status: taskAgentStatus,
  // Its name becomes a label value and a part of the names of its revisions.
  nameFormat: dnsLabelFormat,
});

/** A parsed TaskAgent. */
export type TaskAgent = Infer<typeof taskAgentSchema>;

/** The TaskAgent kind. */
export const taskAgentKind = defineKind({
  kind: "TaskAgent",
  plural: "taskagents",
  shortNames: ["ta"],
  printerColumns: [
    { name: "Pool", type: "string", jsonPath: ".spec.workerPoolRef" },
    { name: "Latest Ready", type: "string", jsonPath: ".status.latestReadyRevisionName" },
    { name: "Active", type: "integer", jsonPath: ".status.activeExecutions" },
    { name: "Warm", type: "integer", jsonPath: ".status.warmSandboxes" },
    { name: "Image", type: "string", jsonPath: ".spec.template.spec.image", priority: 1 },
    { name: "Schedule", type: "string", jsonPath: ".spec.schedule", priority: 1 },
    { name: "Last Run", type: "date", jsonPath: ".status.lastScheduleTime", priority: 1 },
    ageColumn,
  ],
  schema: taskAgentSchema,
});
