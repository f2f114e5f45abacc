import t from "tap";
import type { JsonObject } from "../json-text.ts";
import { toJsonSchema } from "./openapi-schema.ts";

const schemas: readonly {
  readonly name: string;
  readonly schema: JsonObject;
  readonly wanted: JsonObject;
}[] = [
  {
    name: "types in upper case",
    schema: {
      type: "OBJECT",
      properties: { a: { type: "STRING" }, b: { type: "ARRAY", items: { type: "INTEGER" } } },
      required: ["a"],
    },
    wanted: {
      type: "object",
      properties: { a: { type: "string" }, b: { type: "array", items: { type: "integer" } } },
      required: ["a"],
    },
  },
  {
    name: "types in lower case",
    schema: { type: "object", additionalProperties: false },
    wanted: { type: "object", additionalProperties: false },
  },
  { name: "a type that is not said", schema: { type: "TYPE_UNSPECIFIED" }, wanted: {} },
  {
    name: "what may be null",
    schema: { type: "NUMBER", nullable: true },
    wanted: { type: ["number", "null"] },
  },
  {
    name: "what may not be null",
    schema: { type: "NUMBER", nullable: false },
    wanted: { type: "number" },
  },
  {
    name: "values of which one may be null",
    schema: { type: "STRING", format: "enum", enum: ["A", "B"], nullable: true },
    wanted: { type: ["string", "null"], enum: ["A", "B", null] },
  },
  {
    name: "alternatives of which one may be null",
    schema: { anyOf: [{ type: "STRING" }, { type: "INTEGER" }], nullable: true },
    wanted: { anyOf: [{ type: "string" }, { type: "integer" }, { type: "null" }] },
  },
  {
    name: "limits that are written as text",
    schema: { type: "ARRAY", minItems: "1", max_items: "20", maxLength: "x" },
    wanted: { type: "array", minItems: 1, maxItems: 20, maxLength: "x" },
  },
  {
    name: "formats other than enum",
    schema: { type: "STRING", format: "date-time" },
    wanted: { type: "string", format: "date-time" },
  },
  {
    name: "an example",
    schema: { type: "STRING", example: "x" },
    wanted: { type: "string", examples: ["x"] },
  },
  {
    name: "properties in an order of their own",
    schema: {
      type: "OBJECT",
      properties: { a: { type: "STRING" }, b: { type: "STRING" }, c: { type: "STRING" } },
      propertyOrdering: ["c", "a", "constructor", 7],
    },
    wanted: {
      type: "object",
      properties: { c: { type: "string" }, a: { type: "string" }, b: { type: "string" } },
    },
  },
  {
    name: "properties with names like keywords",
    schema: {
      type: "OBJECT",
      properties: {
        type: { type: "STRING" },
        nullable: { type: "BOOLEAN" },
        max_items: { type: "INTEGER" },
      },
    },
    wanted: {
      type: "object",
      properties: {
        type: { type: "string" },
        nullable: { type: "boolean" },
        max_items: { type: "integer" },
      },
    },
  },
  {
    name: "fields that are null",
    schema: { type: "STRING", description: null, default: null },
    wanted: { type: "string", default: null },
  },
  {
    name: "keywords that it does not know",
    schema: { type: "OBJECT", $ref: "#/$defs/a", $defs: { a: { type: "string" } } },
    wanted: { type: "object", $ref: "#/$defs/a", $defs: { a: { type: "string" } } },
  },
  {
    name: "values of the wrong sort",
    schema: { type: 7, properties: [], items: "x", anyOf: "y", enum: 3, nullable: true },
    wanted: { type: 7, properties: [], items: "x", anyOf: "y", enum: 3 },
  },
];

for (const { name, schema, wanted } of schemas) {
  t.test(`toJsonSchema() writes ${name}`, async (t) => {
    t.equal(JSON.stringify(toJsonSchema(schema)), JSON.stringify(wanted));
  });
}

t.test("toJsonSchema() does not change the schema", async (t) => {
  const schema = { type: "OBJECT", properties: { a: { type: "STRING", nullable: true } } };
  const before = JSON.stringify(schema);
  toJsonSchema(schema);
  t.equal(JSON.stringify(schema), before);
});

t.test("toJsonSchema() leaves what nests too deep as it is", async (t) => {
  let schema: JsonObject = { type: "STRING" };
  for (let depth = 0; depth < 5_000; depth++) schema = { type: "ARRAY", items: schema };
  const text = JSON.stringify(toJsonSchema(schema));
  t.equal(text.split('"array"').length - 1, 65);
  t.equal(text.split('"ARRAY"').length - 1, 4_935);
});
