/** Kubernetes' core Namespace, as far as listeners select routes by its labels. */
import { ageColumn } from "./kind-definition.ts";
import type { KindDefinition, ParseResult } from "./kind-definition.ts";
import { objectMeta } from "./meta.ts";
import { dnsLabelFormat } from "./name-formats.ts";
import { parseSchema } from "./parse-schema.ts";
import { createProblem, quote } from "./problem.ts";
import { enumeration, ignored, object } from "./schema.ts";
import type { Infer } from "./schema.ts";

/** The label that every namespace has, whether it is described or not: its name. */
const NAME_LABEL = "kubernetes.io/metadata.name";

/** The schema of a Namespace as it is written. */
export const namespaceSchema = object({
  description: "A namespace with its labels",
  fields: {
    apiVersion: enumeration({ description: "Group and version of the kind", values: ["v1"] }),
    kind: enumeration({ description: "Kind of the object", values: ["Namespace"] }),
    metadata: objectMeta(dnsLabelFormat),
    spec: ignored("Finalizers of the API server"),
    status: ignored("What is observed; never read from manifests"),
  },
});

/** A parsed Namespace; its `metadata.namespace` is its own name. */
export type Namespace = Infer<typeof namespaceSchema>;

/** The Namespace kind of Kubernetes' core group. */
export const namespaceKind: KindDefinition<Namespace> = {
  kind: "Namespace",
  plural: "namespaces",
  shortNames: ["ns"],
  group: "",
  version: "v1",
  apiVersion: "v1",
  namespaced: true,
  printerColumns: [ageColumn],
  schema: namespaceSchema,
  parse: parseNamespace,
};

/** Labels that a selector is held against; `namespace` is absent for one that nothing describes. */
export function namespaceLabels(
  name: string,
  namespace: Pick<Namespace, "metadata"> | undefined,
): ReadonlyMap<string, string> {
  return new Map([...Object.entries(namespace?.metadata.labels ?? {}), [NAME_LABEL, name]]);
}

function parseNamespace(value: unknown): ParseResult<Namespace> {
  const result = parseSchema(namespaceSchema, value);
  if (result.kind === "invalid") return result;
  const { metadata } = result.value;
  const written = writtenNamespace(value);
  if (written !== undefined && written !== metadata.name) {
    const problem = createProblem({
      path: ["metadata", "namespace"],
      found: quote(metadata.namespace),
      wanted: "none, because a Namespace is in no namespace",
    });
    return { kind: "invalid", problems: [problem] };
  }
  const own = Object.freeze({ ...metadata, namespace: metadata.name });
  return { kind: "valid", object: Object.freeze({ ...result.value, metadata: own }), warnings: [] };
}

function writtenNamespace(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("metadata" in value)) return undefined;
  const { metadata } = value;
  return typeof metadata === "object" && metadata !== null && "namespace" in metadata
    ? metadata.namespace
    : undefined;
}
