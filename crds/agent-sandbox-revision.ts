/** AgentSandboxRevision: what one agent ran from some time on. Written by the control plane, read by workers. */
import {
  agentDelivery,
  agentSandboxFields,
  agentState,
  egressReferences,
  executionResources,
} from "./agent-sandbox.ts";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { dnsSubdomainFormat, patternFormat } from "./name-formats.ts";
import { array, boolean, object, optional, string } from "./schema.ts";
import type { Infer } from "./schema.ts";
import { conditions, count, statusOf, time } from "./status.ts";

/** Most workers that a revision reports on. */
const maxWorkers = 1000;

const endpointFormat = patternFormat({
  name: "endpoint",
  wanted: 'an address and a port such as "10.0.0.7:8090" or "[fd00::7]:8090"',
  pattern: "^(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\]):[1-9][0-9]{0,4}$",
});

const spec = object({
  description: "What runs in the sandbox, and all that the sandbox is made from",
  fields: {
    ...agentSandboxFields,
    resources: optional(executionResources),
    egressRefs: egressReferences,
    state: optional(agentState),
    delivery: optional(agentDelivery),
  },
});

/** What is observed about a revision. */
export const agentSandboxRevisionStatus = statusOf({
  conditions,
  readyWorkers: optional(count("Workers that can run it")),
  workers: optional(
    array({
      description: "How each worker stands with the revision",
      items: object({
        description: "How one worker stands with the revision",
        fields: {
          podName: string({
            description: "Name of the worker",
            maxLength: 253,
            format: dnsSubdomainFormat,
          }),
          endpoint: optional(
            string({
              description: "Where it takes calls; it is given none when absent",
              maxLength: 259,
              format: endpointFormat,
            }),
          ),
          imagePulled: boolean({ description: "Whether it has the image" }),
          warmCount: optional(count("Sandboxes that it keeps ready")),
          activeExecutions: optional(count("Executions that have not ended")),
          lastHeartbeat: optional(time("When it last said so")),
        },
      }),
      maxItems: maxWorkers,
      unique: { field: "podName" },
    }),
  ),
});

/** The schema of an AgentSandboxRevision. */
export const agentSandboxRevisionSchema = resource({
  kind: "AgentSandboxRevision",
  description: "What an agent ran from some time on",
  spec,
  status: agentSandboxRevisionStatus,
});

/** A parsed AgentSandboxRevision. */
export type AgentSandboxRevision = Infer<typeof agentSandboxRevisionSchema>;

/** The AgentSandboxRevision kind. */
export const agentSandboxRevisionKind = defineKind({
  kind: "AgentSandboxRevision",
  plural: "agentsandboxrevisions",
  shortNames: ["asr"],
  printerColumns: [
    { name: "Image", type: "string", jsonPath: ".spec.image" },
    { name: "Ready Workers", type: "integer", jsonPath: ".status.readyWorkers" },
    {
      name: "Ready",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
    },
    ageColumn,
  ],
  schema: agentSandboxRevisionSchema,
});
