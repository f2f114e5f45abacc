import t from "tap";
import { toStrictSchema } from "./strict-schema.ts";

const closed = {
  type: "object",
  properties: {
    a: { type: "string", enum: ["x"], description: "d" },
    b: { type: "array", items: { $ref: "#/$defs/c" } },
  },
  required: ["a", "b"],
  additionalProperties: false,
  $defs: { c: { anyOf: [{ type: "null" }, { type: "string", format: "date-time" }] } },
};

t.test("toStrictSchema() leaves a schema as it is that needs no change", async (t) => {
  t.strictSame(toStrictSchema(closed), closed);
});

const cases = [
  {
    name: "closes objects",
    schema: { type: "object" },
    strict: { type: "object", additionalProperties: false },
  },
  {
    name: "closes objects that are open",
    schema: { type: "object", additionalProperties: { type: "string" } },
    strict: { type: "object", additionalProperties: false },
  },
  {
    name: "closes what may be an object",
    schema: { type: ["object", "null"] },
    strict: { type: ["object", "null"], additionalProperties: false },
  },
  {
    name: "closes objects without a type",
    schema: { properties: { a: {} } },
    strict: { properties: { a: {} }, additionalProperties: false },
  },
  {
    name: "tells bounds of numbers",
    schema: { type: "integer", minimum: 1, maximum: 9 },
    strict: { type: "integer", description: '{"minimum":1,"maximum":9}' },
  },
  {
    name: "tells bounds behind the description",
    schema: { type: "string", description: "A name", maxLength: 5 },
    strict: { type: "string", description: 'A name\n\n{"maxLength":5}' },
  },
  {
    name: "tells formats that are not known",
    schema: { type: "string", format: "phone" },
    strict: { type: "string", description: '{"format":"phone"}' },
  },
  {
    name: "keeps formats that are",
    schema: { type: "string", format: "uuid" },
    strict: { type: "string", format: "uuid" },
  },
  {
    name: "keeps a least count of one",
    schema: { type: "array", minItems: 1 },
    strict: { type: "array", minItems: 1 },
  },
  {
    name: "tells a greater count",
    schema: { type: "array", minItems: 2 },
    strict: { type: "array", description: '{"minItems":2}' },
  },
  {
    name: "leaves out the dialect's name",
    schema: { $schema: "https://a", type: "string" },
    strict: { type: "string" },
  },
  {
    name: "takes one of for any of",
    schema: { oneOf: [{ type: "string" }, { type: "object" }] },
    strict: { anyOf: [{ type: "string" }, { type: "object", additionalProperties: false }] },
  },
  {
    name: "goes into properties, items, definitions and lists",
    schema: {
      type: "object",
      properties: { minimum: { type: "object" } },
      $defs: { d: { type: "array", items: { type: "object" } } },
      allOf: [{ type: "object" }],
    },
    strict: {
      type: "object",
      properties: { minimum: { type: "object", additionalProperties: false } },
      $defs: { d: { type: "array", items: { type: "object", additionalProperties: false } } },
      allOf: [{ type: "object", additionalProperties: false }],
      additionalProperties: false,
    },
  },
  {
    name: "leaves values alone that look like schemas",
    schema: { const: { type: "object" }, enum: [{ minimum: 1 }], default: { type: "object" } },
    strict: { const: { type: "object" }, enum: [{ minimum: 1 }], default: { type: "object" } },
  },
];
for (const { name, schema, strict } of cases) {
  t.test(`toStrictSchema() ${name}`, async (t) => {
    t.strictSame(JSON.parse(JSON.stringify(toStrictSchema(schema))), strict);
  });
}

t.test("toStrictSchema() gives the same for what it gave", async (t) => {
  for (const { schema, name } of cases) {
    const once = toStrictSchema(schema);
    t.strictSame(toStrictSchema(once), once, name);
  }
});

t.test("toStrictSchema() does not change what it was given", async (t) => {
  const schema = { type: "object", properties: { a: { type: "integer", minimum: 1 } } };
  const before = JSON.stringify(schema);
  toStrictSchema(schema);
  t.equal(JSON.stringify(schema), before);
});

t.test("toStrictSchema() keeps a property with the name of the prototype", async (t) => {
  const schema = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}');
  t.equal(
    JSON.stringify(toStrictSchema(schema)),
    '{"type":"object","properties":{"__proto__":{"type":"string"}},"additionalProperties":false}',
  );
});
