/** Resources of Kubernetes' core group, Namespaces, ConfigMaps and Secrets, with what may not change in them; and our own. */
import { isDeepStrictEqual } from "node:util";
import { fillDefaults } from "../../crds/defaulting.ts";
import { statusSchemaOf } from "../../crds/kind-definition.ts";
import type { KindDefinition } from "../../crds/kind-definition.ts";
import { openApiSchema } from "../../crds/open-api.ts";
import { parseSchema } from "../../crds/parse-schema.ts";
import { secretKind } from "../../crds/secret.ts";
import { configMapKind, namespaceKind } from "./core-kinds.ts";
import { metadataFields } from "./field-query.ts";
import { isRecord } from "./kube-object.ts";
import type { KubeObject } from "./kube-object.ts";
import {
  causesBelow,
  parseWithoutUnknown,
  refuseUnknown,
  resourceOfKind,
  unknownText,
} from "./kind-resource.ts";
import type { CheckedObject, FieldValidation, ServedResource } from "./served-resource.ts";
import { invalid } from "./status-error.ts";
import type { StatusCause } from "./status-error.ts";
import { ageColumn, columnsOf, nameColumn } from "./table-columns.ts";

/** The finalizer that stands in the spec of a Namespace until what is in it is gone. */
export const namespaceFinalizer = "kubernetes";

/** Namespaces belong to no namespace, and their status says whether they end. */
export const namespaceResource: ServedResource = resourceOfKind(namespaceKind, {
  schema: () => openApiSchema(namespaceKind),
  namespaced: false,
  hasStatus: true,
  columns: columnsOf(namespaceKind.printerColumns),
  fields: { ...metadataFields, "status.phase": ({ status }) => textIn(status, "phase") },
});

/** ConfigMaps, with the number of their keys as a column. */
export const configMapResource: ServedResource = resourceOfKind(configMapKind, {
  schema: () => openApiSchema(configMapKind),
  columns: [
    nameColumn,
    {
      name: "Data",
      type: "integer",
      description: "Number of keys",
      priority: 0,
      cell: ({ data, binaryData }) => countKeys(data) + countKeys(binaryData),
    },
    ageColumn,
  ],
  checkUpdate: (before, after) => refuseImmutable(before, after, ["data", "binaryData"]),
});

/** Secrets: what they hold is in no message. */
export const secretResource: ServedResource = resourceOfKind(secretKind, {
  // Clients in Go send an empty type for none.
  prepare: (written) => {
    const { type, ...rest } = written;
    return type === "" ? rest : written;
  },
  schema: () => openApiSchema(secretKind),
  columns: [
    nameColumn,
    {
      name: "Type",
      type: "string",
      description: "What the Secret is for",
      priority: 0,
      cell: ({ type }) => type ?? null,
    },
    {
      name: "Data",
      type: "integer",
      description: "Number of keys",
      priority: 0,
      cell: ({ data }) => countKeys(data),
    },
    ageColumn,
  ],
  fields: { ...metadataFields, type: ({ type }) => (typeof type === "string" ? type : "") },
  finish: ({ parsed: { data, ...rest } }) => (countKeys(data) === 0 ? rest : { ...rest, data }),
  checkUpdate: (before, after) => [
    ...(before["type"] === after["type"] ? [] : [immutableField("type", after["type"])]),
    ...refuseImmutable(before, after, ["data"]),
  ],
});

/** A kind of our own as a resource. */
export function ownResource(definition: KindDefinition<object>): ServedResource {
  return resourceOfKind(definition, {
    schema: () => openApiSchema(definition),
    categories: definition.categories,
    hasStatus: definition.hasStatus,
    // What was written is kept as it was written, as a server with our CRDs does: `kubectl apply` compares with it.
    finish: ({ written }) => asRecord(fillDefaults(definition, written)),
    checkStatus: (object, validation) => checkStatus(definition, object, validation),
  });
}

function checkStatus(
  definition: KindDefinition<object>,
  object: KubeObject,
  validation: FieldValidation,
): CheckedObject {
  const schema = statusSchemaOf(definition.schema);
  const { status } = object;
  if (schema === undefined || status === undefined) return { object, warnings: [] };
  const { kind, group, version } = definition;
  const { result, written, unknown } = parseWithoutUnknown(asRecord(status), (value) => {
    const read = parseSchema(schema, value);
    return read.kind === "invalid" ? read : { kind: "valid", object: read.value, warnings: [] };
  });
  const paths = unknown.map((path) => ["status", ...path]);
  refuseUnknown({ kind, version, validation, unknown: paths });
  if (result.kind === "invalid") {
    const causes = causesBelow("status", result.problems);
    throw invalid({ group, kind, name: object.metadata.name }, causes);
  }
  return {
    object: { ...object, status: written },
    warnings: validation === "Warn" ? paths.map(unknownText) : [],
  };
}

function refuseImmutable(
  before: KubeObject,
  after: KubeObject,
  fields: readonly string[],
): readonly StatusCause[] {
  if (before["immutable"] !== true) return [];
  const isLoosened = after["immutable"] === true ? [] : ["immutable"];
  const changed = fields.filter((name) => !isSame(before[name], after[name]));
  return [...isLoosened, ...changed].map((field) => ({
    reason: "FieldValueForbidden",
    message: "Forbidden: field is immutable when `immutable` is set",
    field,
  }));
}

/** For fields that are no secret: the message shows the value. */
function immutableField(field: string, value: unknown): StatusCause {
  const message = `Invalid value: ${JSON.stringify(value)}: field is immutable`;
  return { reason: "FieldValueInvalid", message, field };
}

/** Parsed maps have no prototype, stored ones do. */
function isSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual({ ...asRecord(a) }, { ...asRecord(b) });
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function countKeys(value: unknown): number {
  return isRecord(value) ? Object.keys(value).length : 0;
}

function textIn(value: unknown, field: string): string {
  const found = isRecord(value) ? value[field] : undefined;
  return typeof found === "string" ? found : "";
}
