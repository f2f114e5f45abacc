import t from "tap";
import type { JsonValue } from "../json-tree.ts";
import { defaultOf, shapeOf } from "./field-shape.ts";
import type { FieldSchema } from "./field-shape.ts";

for (const { name, schema, value, shape } of [
  {
    name: "a text",
    schema: { type: "string" },
    value: {},
    shape: { kind: "scalar", type: "string" },
  },
  {
    name: "a whole number",
    schema: { type: "integer" },
    value: 1,
    shape: { kind: "scalar", type: "number" },
  },
  {
    name: "a number or text",
    schema: { "x-kubernetes-int-or-string": true },
    value: {},
    shape: { kind: "scalar", type: undefined },
  },
  {
    name: "a list",
    schema: { type: "array" },
    value: [],
    shape: { kind: "list", relation: "atomic" },
  },
  {
    name: "a set",
    schema: { type: "array", "x-kubernetes-list-type": "set" },
    value: [],
    shape: { kind: "list", relation: "set" },
  },
  {
    name: "a list that is a map",
    schema: { type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"] },
    value: [],
    shape: { kind: "list", relation: "map", keys: ["a"] },
  },
  {
    name: "an atomic map",
    schema: { type: "object", "x-kubernetes-map-type": "atomic" },
    value: {},
    shape: { kind: "map", isAtomic: true },
  },
  { name: "an unknown map", schema: undefined, value: {}, shape: { kind: "map", isAtomic: false } },
  {
    name: "an unknown list",
    schema: undefined,
    value: [],
    shape: { kind: "list", relation: "atomic" },
  },
  { name: "an unknown scalar", schema: undefined, value: 1, shape: { kind: "scalar" } },
] satisfies { name: string; schema: FieldSchema; value: JsonValue; shape: object }[]) {
  t.test(`shapeOf() knows ${name}`, (t) => {
    t.match(shapeOf(schema, value), shape);
    t.end();
  });
}

t.test("shapeOf() tells fields from keys, and both from what may not be", (t) => {
  const shape = shapeOf({ type: "object", properties: { a: { type: "string" } } }, {});
  const free = shapeOf({ type: "object", additionalProperties: { type: "integer" } }, {});
  const open = shapeOf(
    { type: "object", properties: { a: {} }, "x-kubernetes-preserve-unknown-fields": true },
    {},
  );
  if (shape.kind !== "map" || free.kind !== "map" || open.kind !== "map") throw new Error("No map");
  t.same(
    [shape.isField("a"), shape.isAllowed("b"), shape.isField("constructor")],
    [true, false, false],
  );
  t.same(shape.schemaOf("a"), { type: "string" });
  t.same([free.isField("a"), free.isAllowed("a")], [false, true]);
  t.same(free.schemaOf("a"), { type: "integer" });
  t.same([open.isField("a"), open.isField("b"), open.isAllowed("b")], [true, false, true]);
  t.end();
});

t.test("shapeOf() throws for a reference, which it could only ignore", (t) => {
  t.throws(
    () => shapeOf({ $ref: "#/x" }, {}),
    new TypeError('Cannot merge by schema reference "#/x"'),
  );
  t.end();
});

t.test("defaultOf() finds the default of a field", (t) => {
  t.equal(defaultOf({ properties: { a: { default: 1 } } }, "a"), 1);
  t.equal(defaultOf({ properties: {} }, "constructor"), undefined);
  t.equal(defaultOf(undefined, "a"), undefined);
  t.end();
});
