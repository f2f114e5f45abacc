/** The OpenAPI form of schemas that Google's older fields take. https://ai.google.dev/api/caching#Schema */
import { googleFieldError, googleRuleError } from "./google-error.ts";
import { schemaRules } from "./google-rules.ts";
import { findFieldProblem, isJsonObject } from "./json-fields.ts";
import type { FieldPath, JsonObject } from "./json-fields.ts";
import type { Reply } from "./reply.ts";

/** The answer to a schema that is not of that form; undefined for one that is. */
export function findOpenApiProblem(schema: JsonObject, path: FieldPath): Reply | undefined {
  const problem = findFieldProblem(schema, schemaRules, path);
  if (problem !== undefined) return googleFieldError(problem);
  const clause = findClause(schema);
  if (clause !== undefined) return googleRuleError([...path, clause.field], clause.text);
  for (const [step, child] of childrenOf(schema)) {
    const found = isJsonObject(child) ? findOpenApiProblem(child, [...path, ...step]) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function findClause(schema: JsonObject): { field: string; text: string } | undefined {
  const { type, properties, required, items, enum: values, anyOf } = schema;
  if (type === undefined && !Array.isArray(anyOf)) {
    return { field: "type", text: "must be specified" };
  }
  if (values !== undefined && type !== "STRING") {
    return { field: "enum", text: "only allowed for STRING type" };
  }
  if (type === "ARRAY" && items === undefined) return { field: "items", text: "missing field." };
  if (type !== "OBJECT") return undefined;
  const names = isJsonObject(properties) ? Object.keys(properties) : [];
  if (names.length === 0) {
    return { field: "properties", text: "should be non-empty for OBJECT type" };
  }
  const listed: readonly unknown[] = Array.isArray(required) ? required : [];
  const at = listed.findIndex((name) => !names.includes(String(name)));
  return at < 0 ? undefined : { field: `required[${at}]`, text: "property is not defined" };
}

function childrenOf(schema: JsonObject): [FieldPath, unknown][] {
  const { properties, items, anyOf } = schema;
  const named = isJsonObject(properties) ? Object.entries(properties) : [];
  const choices: readonly unknown[] = Array.isArray(anyOf) ? anyOf : [];
  return [
    ...named.map(([name, child]): [FieldPath, unknown] => [["properties", name], child]),
    ...choices.map((child, index): [FieldPath, unknown] => [["anyOf", index], child]),
    [["items"], items],
  ];
}
