/** A kind as Kubernetes is told of it: the CustomResourceDefinition that makes any API server serve the kind. */
import type { KindDefinition, PrinterColumn } from "./kind-definition.ts";
import { openApiSchema } from "./open-api.ts";

/** The CRD of a stored kind of our group, as plain JSON. Throws a TypeError for any other kind. */
export function customResourceDefinition(definition: KindDefinition<unknown>) {
  const { kind, plural, group, version, categories, shortNames } = definition;
  if (!definition.stored || group === "") {
    throw new TypeError(`Cannot define "${plural}": it is no stored kind of our group`);
  }
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames,
        categories,
      },
      scope: "Namespaced",
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: openApiSchema(definition) },
          ...(definition.hasStatus && { subresources: { status: {} } }),
          additionalPrinterColumns: definition.printerColumns.map(columnOf),
        },
      ],
    },
  };
}

function columnOf({ name, type, jsonPath, description, priority }: PrinterColumn) {
  return {
    name,
    type,
    jsonPath,
    ...(description !== undefined && { description }),
    ...(priority !== undefined && { priority }),
  };
}
