/**
 * A parsed object as it may be shown: every value whose schema says that it may be secret is replaced. What is shown
 * otherwise is the value itself, never a copy that could differ from what is enforced.
 */
import { schemaOfField } from "./schema.ts";
import type { Schema } from "./schema.ts";

/** Stands in the place of every hidden value. */
export const hiddenValue = "[redacted]";

/** The value without what its schema marks as sensitive; keys of maps are kept. Never throws. */
export function hideSensitive(schema: Schema, value: unknown): unknown {
  switch (schema.kind) {
    case "string":
      return schema.sensitive && value !== "" ? hiddenValue : value;
    case "array":
      return Array.isArray(value) ? value.map((item) => hideSensitive(schema.items, item)) : value;
    case "map":
      return mapMembers(value, (_, item) =>
        schema.sensitive ? hiddenValue : hideSensitive(schema.values, item),
      );
    case "object":
      return mapMembers(value, (name, item) => {
        const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
        const inner = field && schemaOfField(field);
        return inner === undefined ? item : hideSensitive(inner, item);
      });
    default:
      return value;
  }
}

function mapMembers(value: unknown, change: (name: string, item: unknown) => unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const result: Record<string, unknown> = Object.create(null);
  for (const [name, item] of Object.entries(value)) result[name] = change(name, item);
  return result;
}
