/**
 * The subset of JSON Schema that structured outputs need, by OpenAI's and by Anthropic's published rules: every
 * object closed, and only the keywords that they enforce. Pure.
 * https://platform.openai.com/docs/guides/structured-outputs
 * https://platform.claude.com/docs/en/build-with-claude/structured-outputs
 */
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";

/** What a provider's structured outputs do not take. */
export interface SchemaDialect {
  /** Every property of an object must be in `required` */
  readonly allRequired: boolean;
  readonly refusedKeywords: readonly string[];
}

/** OpenAI, also in Azure. */
export const openAiSchemas: SchemaDialect = {
  allRequired: true,
  refusedKeywords: [
    "allOf",
    "not",
    "dependentRequired",
    "dependentSchemas",
    "if",
    "then",
    "else",
    "oneOf",
    "patternProperties",
  ],
};

/** Anthropic, also in Bedrock. */
export const anthropicSchemas: SchemaDialect = {
  allRequired: false,
  refusedKeywords: [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "if",
    "then",
    "else",
    "not",
    "patternProperties",
  ],
};

/** First thing that a dialect does not take: the place as names joined by commas, empty at the top, and a clause. */
export interface SchemaProblem {
  readonly place: string;
  readonly reason: string;
}

/** Checks a schema whose top must be an object. */
export function findSchemaProblem(
  schema: JsonObject,
  dialect: SchemaDialect,
): SchemaProblem | undefined {
  if (schema["type"] !== "object") {
    return { place: "", reason: `schema must be of type "object"` };
  }
  return findProblem(schema, dialect, []);
}

function findProblem(
  schema: unknown,
  dialect: SchemaDialect,
  path: readonly string[],
): SchemaProblem | undefined {
  if (!isJsonObject(schema)) return undefined;
  const place = path.join(", ");
  const refused = dialect.refusedKeywords.find((keyword) => Object.hasOwn(schema, keyword));
  if (refused !== undefined) return { place, reason: `'${refused}' is not permitted` };
  const own = schema["type"] === "object" ? findObjectProblem(schema, dialect, place) : undefined;
  if (own !== undefined) return own;
  for (const [step, child] of childrenOf(schema)) {
    const problem = findProblem(child, dialect, [...path, ...step]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findObjectProblem(
  schema: JsonObject,
  dialect: SchemaDialect,
  place: string,
): SchemaProblem | undefined {
  if (schema["additionalProperties"] !== false) {
    return { place, reason: "'additionalProperties' is required to be supplied and to be false" };
  }
  const { properties, required } = schema;
  const names = isJsonObject(properties) ? Object.keys(properties) : [];
  const listed: readonly unknown[] = Array.isArray(required) ? required : [];
  const missing = names.find((name) => !listed.includes(name));
  if (!dialect.allRequired || missing === undefined) return undefined;
  return {
    place,
    reason: `'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'`,
  };
}

function childrenOf(schema: JsonObject): [readonly string[], unknown][] {
  const named = ["properties", "$defs", "definitions"].flatMap((keyword) => {
    const value = schema[keyword];
    if (!isJsonObject(value)) return [];
    return Object.entries(value).map(([name, child]): [readonly string[], unknown] => [
      [`'${keyword}'`, `'${name}'`],
      child,
    ]);
  });
  const listed = ["anyOf", "oneOf", "prefixItems"].flatMap((keyword) => {
    const value = schema[keyword];
    if (!Array.isArray(value)) return [];
    return value.map((child, index): [readonly string[], unknown] => [
      [`'${keyword}'`, String(index)],
      child,
    ]);
  });
  const single: [readonly string[], unknown][] =
    schema["items"] === undefined ? [] : [[["'items'"], schema["items"]]];
  return [...named, ...listed, ...single];
}
