/**
 * A kind's schema in the dialect of Kubernetes' CRDs: a structural OpenAPI v3 schema with defaults, list types and CEL.
 * Plain JSON. What only our own parser can say is left out; it is never said more strictly than the parser does.
 */
import type { KindDefinition } from "./kind-definition.ts";
import { statusSchemaOf } from "./kind-definition.ts";
import type { CelRule, Constraint } from "./open-api-constraint.ts";
import { dnsSubdomainFormat } from "./name-formats.ts";
import { maxQuantityLength, quantityFormat } from "./quantity.ts";
import type {
  ArraySchema,
  Field,
  Fields,
  IntegerSchema,
  MapSchema,
  ObjectSchema,
  Schema,
  StringFormat,
  StringSchema,
} from "./schema.ts";

/** A node of an OpenAPI schema. */
export interface OpenApiSchema {
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly required?: readonly string[];
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly allOf?: readonly Constraint[];
  readonly anyOf?: readonly (Constraint | { readonly type: string })[];
  readonly oneOf?: readonly Constraint[];
  readonly not?: Constraint;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-int-or-string"?: true;
  readonly "x-kubernetes-preserve-unknown-fields"?: true;
  readonly "x-kubernetes-validations"?: readonly CelRule[];
}

/** Largest number that needs no more than 32 bits. */
const MAX_INT32 = 2_147_483_647;

/** Kubernetes checks only formats that it knows, and means something else by some names of ours. */
const sharedFormats: ReadonlySet<string> = new Set(["date-time"]);

/** The schema of whole objects of a kind: apiVersion, kind, metadata, spec, and status where it has one. */
export function openApiSchema(definition: Pick<KindDefinition<unknown>, "schema">): OpenApiSchema {
  const { metadata, status: _, apiVersion, kind, ...own } = definition.schema.fields;
  const status = statusSchemaOf(definition.schema);
  const body = objectNode({ ...definition.schema, fields: own });
  return {
    ...body,
    properties: {
      apiVersion: { type: "string", description: descriptionOf(apiVersion) },
      kind: { type: "string", description: descriptionOf(kind) },
      metadata: metadataNode(metadata),
      ...body.properties,
      ...(status !== undefined && { status: schemaNode(status) }),
    },
  };
}

/** The schema of one value, such as a `spec` by itself. */
export function schemaNode(schema: Schema): OpenApiSchema {
  switch (schema.kind) {
    case "string":
      return stringNode(schema);
    case "integer":
      return integerNode(schema);
    case "boolean":
      return { description: schema.description, type: "boolean" };
    case "enumeration":
      return { description: schema.description, type: "string", enum: schema.values };
    case "quantity":
      return {
        description: schema.description,
        "x-kubernetes-int-or-string": true,
        anyOf: [{ type: "integer" }, { type: "string" }],
        minimum: 1,
        maxLength: maxQuantityLength,
        ...formatWords(quantityFormat),
      };
    case "json":
      return {
        description: schema.description,
        ...(schema.shape === "object" && { type: "object" }),
        "x-kubernetes-preserve-unknown-fields": true,
      };
    case "array":
      return arrayNode(schema);
    case "map":
      return mapNode(schema);
    case "object":
      return objectNode(schema);
  }
}

function stringNode(schema: StringSchema): OpenApiSchema {
  const { description, minLength, maxLength, format } = schema;
  const words = format === undefined ? {} : formatWords(format);
  return {
    description,
    type: "string",
    ...(minLength > 0 && { minLength }),
    maxLength,
    ...words,
  };
}

function formatWords(format: StringFormat): OpenApiSchema {
  const { pattern, constraint } = format;
  return {
    ...(sharedFormats.has(format.name) && { format: format.name }),
    ...(pattern !== undefined && { pattern }),
    ...(constraint?.pattern === undefined ? constraint : { allOf: [constraint] }),
    ...validations(format.cel ?? []),
  };
}

function integerNode({ description, min, max }: IntegerSchema): OpenApiSchema {
  const format = max > MAX_INT32 || min < -MAX_INT32 ? "int64" : "int32";
  return { description, type: "integer", format, minimum: min, maximum: max };
}

function arrayNode(schema: ArraySchema<Schema>): OpenApiSchema {
  const { description, items, minItems, maxItems, cel = [] } = schema;
  return {
    description,
    type: "array",
    ...(minItems > 0 && { minItems }),
    maxItems,
    ...listType(schema),
    items: schemaNode(items),
    ...validations(cel),
  };
}

/** A set or map is merged item by item, and the API server itself refuses an item that is there twice. */
function listType({ unique, items }: ArraySchema<Schema>): OpenApiSchema {
  if (unique === undefined) return { "x-kubernetes-list-type": "atomic" };
  if (unique === "value") return { "x-kubernetes-list-type": "set" };
  const isKey = items.kind === "object" && isRequired(items.fields[unique.field]);
  if (!isKey) return { "x-kubernetes-list-type": "atomic" };
  return { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [unique.field] };
}

function mapNode(schema: MapSchema<Schema>): OpenApiSchema {
  const { description, keys, values, maxProperties } = schema;
  return {
    description,
    type: "object",
    maxProperties,
    additionalProperties: schemaNode(values),
    ...validations(keys.mapCel ?? []),
  };
}

function objectNode(schema: ObjectSchema<Fields>): OpenApiSchema {
  const entries = Object.entries(schema.fields);
  const required = entries.filter(([, field]) => isRequired(field)).map(([name]) => name);
  const constraints = schema.rules.flatMap(({ constraint }) => constraint ?? []);
  return {
    description: schema.description,
    type: "object",
    properties: Object.fromEntries(entries.flatMap(([name, field]) => fieldNode(name, field))),
    ...(required.length > 0 && { required }),
    ...(constraints.length > 0 && { allOf: constraints }),
    ...validations(schema.rules.flatMap((rule) => rule.cel ?? [])),
  };
}

function fieldNode(name: string, field: Field): [string, OpenApiSchema][] {
  switch (field.kind) {
    case "ignored":
      return field.schema === undefined ? [] : [[name, schemaNode(field.schema)]];
    case "optional":
      return [[name, schemaNode(field.schema)]];
    case "defaulted":
      return [[name, { ...schemaNode(field.schema), default: field.default }]];
    case "empty-if-absent": {
      const empty = field.schema.kind === "array" ? [] : {};
      return [[name, { ...schemaNode(field.schema), default: empty }]];
    }
    default:
      return [[name, schemaNode(field)]];
  }
}

/** Kubernetes checks metadata itself; a CRD may only say more about the name. */
function metadataNode(field: Field | undefined): OpenApiSchema {
  const name = field?.kind === "object" ? field.fields["name"] : undefined;
  if (name?.kind !== "string" || name.format === dnsSubdomainFormat) return { type: "object" };
  return { type: "object", properties: { name: stringNode(name) } };
}

function descriptionOf(field: Field | undefined): string {
  if (field === undefined) return "";
  return field.kind === "optional" || field.kind === "defaulted" || field.kind === "empty-if-absent"
    ? field.schema.description
    : field.description;
}

function isRequired(field: Field | undefined): boolean {
  if (field === undefined) return false;
  const { kind } = field;
  return (
    kind !== "optional" && kind !== "defaulted" && kind !== "empty-if-absent" && kind !== "ignored"
  );
}

function validations(rules: readonly CelRule[]): OpenApiSchema {
  return rules.length === 0 ? {} : { "x-kubernetes-validations": rules };
}
