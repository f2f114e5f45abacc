import t from "tap";
import type { JsonMap } from "../json-tree.ts";
import { encodeFields } from "./fields-v1.ts";
import { fieldSetOfPaths } from "./field-set.ts";
import { fieldsOf, indexItems, withNamedFields } from "./owned-fields.ts";
import { widget, widgetSchema } from "./testdata/widget.ts";

for (const { name, spec, fields } of [
  {
    name: "scalars and parts of maps",
    spec: { size: 1, inner: { first: "a" } },
    fields: { "f:size": {}, "f:inner": { "f:first": {} } },
  },
  {
    name: "empty containers and nulls as a whole",
    spec: { inner: {}, name: null },
    fields: { "f:inner": {}, "f:name": {} },
  },
  { name: "nothing of an empty set", spec: { tags: [] }, fields: {} },
  {
    name: "atomic maps and lists as a whole",
    spec: { whole: { first: "a" }, plain: ["a"] },
    fields: { "f:whole": {}, "f:plain": {} },
  },
  { name: "keys of free maps", spec: { free: { a: "b" } }, fields: { "f:free": { "f:a": {} } } },
  {
    name: "keys of free maps with parts",
    spec: { groups: { a: { first: "b" } } },
    fields: { "f:groups": { "f:a": { ".": {}, "f:first": {} } } },
  },
  { name: "values of sets", spec: { tags: ["a"] }, fields: { "f:tags": { 'v:"a"': {} } } },
  {
    name: "items by keys",
    spec: { ports: [{ number: 1, note: "a" }] },
    fields: {
      "f:ports": { 'k:{"number":1,"protocol":"TCP"}': { ".": {}, "f:number": {}, "f:note": {} } },
    },
  },
  {
    name: "items that are there twice as a whole",
    spec: {
      ports: [
        { number: 1, note: "a" },
        { number: 1, note: "b" },
      ],
    },
    fields: { "f:ports": { 'k:{"number":1,"protocol":"TCP"}': {} } },
  },
  {
    name: "what no schema knows",
    spec: { anything: { list: [1], map: { a: 1 } } },
    fields: { "f:anything": { "f:list": {}, "f:map": { ".": {}, "f:a": {} } } },
  },
] satisfies { name: string; spec: JsonMap; fields: JsonMap }[]) {
  t.test(`fieldsOf() lists ${name}`, (t) => {
    const found = encodeFields(fieldsOf(widget("a", { spec }), widgetSchema));
    t.same(found["f:spec"] ?? {}, fields);
    t.end();
  });
}

t.test("indexItems() leaves out what has no key", (t) => {
  const shape = { kind: "list", relation: "map", keys: ["a"], items: undefined } as const;
  const items = indexItems([{ a: 1 }, "x", { b: 1 }, { a: 1, c: 1 }], shape);
  t.same([...items], [['k:{"a":1}', [{ a: 1 }, { a: 1, c: 1 }]]]);
  t.end();
});

t.test("withNamedFields() adds the fields of the schema, not the keys of free maps", (t) => {
  const set = fieldSetOfPaths([
    ["f:spec", "f:inner", "f:first"],
    ["f:spec", "f:groups", "f:a", "f:first"],
    ["f:spec", "f:ports", 'k:{"number":1}', "f:labels", "f:a"],
  ]);
  t.same(encodeFields(withNamedFields(set, widgetSchema)), {
    "f:spec": {
      ".": {},
      "f:groups": { ".": {}, "f:a": { "f:first": {} } },
      "f:inner": { ".": {}, "f:first": {} },
      "f:ports": { ".": {}, 'k:{"number":1}': { "f:labels": { ".": {}, "f:a": {} } } },
    },
  });
  t.end();
});
