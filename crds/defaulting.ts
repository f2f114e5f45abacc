/**
 * The defaults of a kind alone, as a Kubernetes API server fills them in from the CRD: what is written stays as it is
 * written. `parse` of a kind does the same and reads the texts besides. For kinds of our group; a Secret has no CRD.
 */
import type { KindDefinition } from "./kind-definition.ts";
import { schemaOfField } from "./schema.ts";
import type { Field, Fields, ObjectSchema, Schema } from "./schema.ts";

/**
 * A new object with the defaults of `spec`; metadata and status, whose defaults are the API server's own, and whatever
 * does not fit the schema, are left as they are. Shares what it does not change. Never throws.
 */
export function fillDefaults(
  definition: Pick<KindDefinition<unknown>, "schema">,
  value: unknown,
): unknown {
  const { metadata: _, status: __, ...fields } = definition.schema.fields;
  return fillObject({ ...definition.schema, fields }, value);
}

function fillSchema(schema: Schema, value: unknown): unknown {
  switch (schema.kind) {
    case "object":
      return fillObject(schema, value);
    case "array":
      return Array.isArray(value) ? value.map((item) => fillSchema(schema.items, item)) : value;
    case "map":
      if (!isObject(value)) return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, fillSchema(schema.values, item)]),
      );
    default:
      return value;
  }
}

function fillObject(schema: ObjectSchema<Fields>, value: unknown): unknown {
  if (!isObject(value)) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [name, field] of Object.entries(schema.fields)) {
    if (Object.hasOwn(value, name)) {
      const inner = schemaOfField(field);
      if (inner !== undefined) filled[name] = fillSchema(inner, value[name]);
      continue;
    }
    const missing = defaultOf(field);
    if (missing !== undefined) filled[name] = missing;
  }
  return filled;
}

function defaultOf(field: Field): unknown {
  if (field.kind === "defaulted") return field.default;
  if (field.kind === "empty-if-absent") return field.schema.kind === "array" ? [] : {};
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
