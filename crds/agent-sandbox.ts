/** What agents of both sorts have in common: what is run, with how much of the machine, and which way out it has. */
import { imageFormat } from "./image-format.ts";
import { templateMetadata } from "./meta.ts";
import { sandboxMountPathFormat } from "./mount-path.ts";
import { dnsLabelFormat, patternFormat } from "./name-formats.ts";
import {
  array,
  defaulted,
  emptyIfAbsent,
  enumeration,
  integer,
  object,
  optional,
  quantity,
  string,
} from "./schema.ts";
import type { Infer } from "./schema.ts";

/** What runs in a sandbox, parsed. */
export type AgentSandbox = Infer<typeof agentSandbox>;

/** Name of an environment variable. */
export const environmentNameFormat = patternFormat({
  name: "environment-name",
  wanted: 'a variable name such as "LOG_LEVEL"',
  pattern: "^[-._a-zA-Z][-._a-zA-Z0-9]*$",
});

/** Name of an image's field. */
export function image(description: string) {
  return string({ description, maxLength: 512, format: imageFormat });
}

const words = (description: string) =>
  emptyIfAbsent(
    array({
      description,
      items: string({ description: "One word", minLength: 0, maxLength: 32_768 }),
      maxItems: 256,
    }),
  );

/** Variables with literal values: what a sandbox is given is all in the object. */
const environment = emptyIfAbsent(
  array({
    description: "Environment variables; what the image sets is not carried over",
    items: object({
      description: "One variable",
      fields: {
        name: string({ description: "Its name", maxLength: 253, format: environmentNameFormat }),
        value: optional(
          string({
            description: "Its value, as it is; empty when absent",
            minLength: 0,
            maxLength: 32_768,
            sensitive: true,
          }),
        ),
      },
    }),
    maxItems: 256,
    unique: { field: "name" },
  }),
);

/** The fields of what runs in a sandbox. */
export const agentSandboxFields = {
  image: image("Image that is run"),
  command: words("Program and its first arguments; the image's own entry point when empty"),
  args: words("Further arguments; the image's own when empty and command is too"),
  env: environment,
};

/** The schema of what runs in a sandbox. */
export const agentSandbox = object({
  description: "What runs in the sandbox",
  fields: agentSandboxFields,
});

/** `template` of an agent: what its revisions are made from. */
export const agentTemplate = object({
  description: "What is run",
  fields: { metadata: optional(templateMetadata("revisions")), spec: agentSandbox },
});

/** `resources` of an agent: what one execution may use at most. */
export const executionResources = object({
  description: "How much of the machine one execution may use",
  fields: {
    cpu: optional(quantity({ description: "Processors; 1 when absent" })),
    memory: optional(
      quantity({ description: "Memory of all that runs in the sandbox; 512Mi when absent" }),
    ),
    ephemeralStorage: optional(quantity({ description: "Disk that is gone with the execution" })),
  },
});

/** `state` of an agent: a database that outlives its executions. */
export const agentState = object({
  description: "A database that outlives the executions",
  fields: {
    backend: defaulted(enumeration({ description: "What keeps it", values: ["sqlite"] }), "sqlite"),
    sizeLimitMB: defaulted(
      integer({ description: "Largest size in MB", min: 1, max: 1_048_576 }),
      100,
    ),
    mountPath: defaulted(
      string({
        description: "Folder in the sandbox",
        maxLength: 1024,
        format: sandboxMountPathFormat,
      }),
      "/var/clrk/state",
    ),
  },
});

/** `delivery` of an agent: how it is given its input. */
export const agentDelivery = object({
  description: "How it is given its input",
  fields: {
    mode: defaulted(
      enumeration({
        description: "On standard input, or by the metadata server of the sandbox",
        values: ["Stdin", "Metadata"],
      }),
      "Stdin",
    ),
  },
});

/** `workerPoolRef` of an agent. */
export const workerPoolReference = string({
  description: "Name of the WorkerPool that runs it, in the agent's namespace",
  maxLength: 63,
  format: dnsLabelFormat,
});

/** `egressRefs` of an agent. */
export const egressReferences = emptyIfAbsent(
  array({
    description: "EgressGateways through which it gets out, in the agent's namespace",
    items: object({
      description: "One way out",
      fields: {
        gatewayRef: string({
          description: "Name of the EgressGateway",
          maxLength: 63,
          format: dnsLabelFormat,
        }),
      },
    }),
    maxItems: 8,
    unique: { field: "gatewayRef" },
  }),
);
