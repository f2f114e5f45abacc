/** Backend: a place that can serve requests, and what it speaks. Holds no credential. */
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { basePathFormat, globFormat, hostFormat } from "./match-formats.ts";
import { dnsSubdomainFormat, kindFormat } from "./name-formats.ts";
import { payloadRule } from "./payload-rule.ts";
import { port } from "./references.ts";
import {
  array,
  boolean,
  defaulted,
  emptyIfAbsent,
  enumeration,
  object,
  optional,
  string,
} from "./schema.ts";
import type { Infer } from "./schema.ts";
import { conditionsStatus } from "./status.ts";

const upstream = object({
  description: "A host reached over TLS, unless it says otherwise",
  fields: {
    host: string({ description: "DNS name or IP address", maxLength: 254, format: hostFormat }),
    port: defaulted(port("Port"), 443),
    tls: defaulted(
      boolean({
        description:
          "False speaks plain HTTP, for servers on the machine or in the cluster; no credential is ever sent by it",
      }),
      true,
    ),
  },
});

const inferencePoolReference = object({
  description: "An InferencePool of the Gateway API inference extension",
  fields: {
    group: string({
      description: "API group of the pool",
      maxLength: 253,
      format: dnsSubdomainFormat,
    }),
    kind: string({ description: "Kind of the pool", maxLength: 63, format: kindFormat }),
    name: string({ description: "Name of the pool", maxLength: 253, format: dnsSubdomainFormat }),
  },
});

const spec = object({
  description: "Where requests go and what is spoken there",
  fields: {
    type: defaulted(
      enumeration({ description: "What the backend is", values: ["Upstream", "InferencePool"] }),
      "Upstream",
    ),
    schema: optional(
      object({
        description: "What is spoken there",
        fields: {
          name: string({ description: "Name or alias of a provider, or custom", maxLength: 128 }),
          basePath: optional(
            string({
              description:
                "Path in front of the provider's own, such as /openai/v1; the provider's default when absent",
              maxLength: 256,
              format: basePathFormat,
            }),
          ),
        },
      }),
    ),
    upstream: optional(upstream),
    inferencePoolRef: optional(inferencePoolReference),
    modelRewrites: emptyIfAbsent(
      array({
        description:
          "Models asked for in place of those that the agent named; the first that matches applies",
        items: object({
          description: "One rewrite",
          fields: {
            from: string({
              description: "Glob of model names",
              maxLength: 256,
              format: globFormat,
            }),
            to: string({ description: "Model name", maxLength: 256 }),
          },
        }),
        maxItems: 64,
      }),
    ),
    bodyMutation: optional(
      object({
        description: "Changes to request bodies",
        fields: {
          ensureStreamUsage: optional(
            boolean({
              description:
                "Asks for token counts at the end of OpenAI streams, which the agent does not see; true when absent",
            }),
          ),
        },
      }),
    ),
  },
  rules: [payloadRule("type", { Upstream: "upstream", InferencePool: "inferencePoolRef" })],
});

/** What a Backend object may hold; the source of its type and defaults. */
export const backendSchema = resource({
  kind: "Backend",
  description: "A place that can serve requests",
  spec,
  status: conditionsStatus,
});

/** A parsed Backend. */
export type Backend = Infer<typeof backendSchema>;

/** How Backends are named, listed and parsed. */
export const backendKind = defineKind({
  kind: "Backend",
  plural: "backends",
  shortNames: ["be"],
  printerColumns: [
    { name: "Type", type: "string", jsonPath: ".spec.type" },
    { name: "Schema", type: "string", jsonPath: ".spec.schema.name" },
    ageColumn,
  ],
  schema: backendSchema,
});
