import t from "tap";
import { sampleOf } from "./schema-sample.ts";

const cases = [
  { name: "nothing", schema: {}, samples: [null, null] },
  { name: "no schema", schema: undefined, samples: [null, null] },
  { name: "a constant", schema: { const: 7 }, samples: [7, 7] },
  { name: "one of some values", schema: { enum: ["a", "b"] }, samples: ["a", "b"] },
  { name: "text", schema: { type: "string" }, samples: ["value 1", "value 2"] },
  { name: "a whole number", schema: { type: "integer", maximum: 1 }, samples: [1, 1] },
  { name: "a number", schema: { type: "number", minimum: 3 }, samples: [3.5, 4.5] },
  { name: "a truth", schema: { type: "boolean" }, samples: [true, false] },
  {
    name: "a nullable text",
    schema: { type: ["null", "string"] },
    samples: ["value 1", "value 2"],
  },
  {
    name: "the first choice that is more than null",
    schema: { anyOf: [{ type: "null" }, { type: "integer" }] },
    samples: [1, 2],
  },
  {
    name: "a list",
    schema: { type: "array", items: { type: "integer" }, minItems: 3, maxItems: 3 },
    samples: [
      [1, 2, 3],
      [2, 3, 4],
    ],
  },
  {
    name: "an object in Google's notation",
    schema: { type: "OBJECT", properties: { city: { type: "STRING" } } },
    samples: [{ city: "city 1" }, { city: "city 2" }],
  },
  {
    name: "a reference",
    schema: {
      $ref: "#/$defs/a",
      $defs: { a: { type: "object", properties: { b: { enum: [1] } } } },
    },
    samples: [{ b: 1 }, { b: 1 }],
  },
];

for (const { name, schema, samples } of cases) {
  t.test(`sampleOf() makes samples of ${name}`, async (test) => {
    test.same([sampleOf(schema, 0), sampleOf(schema, 1)], samples);
  });
}

t.test("sampleOf() ends for a schema that holds itself", async (test) => {
  const schema = { type: "object", properties: { next: { $ref: "#" } } };
  test.match(JSON.stringify(sampleOf(schema, 0)), /"next":null\}+$/);
});
