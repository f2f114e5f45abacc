import t from "tap";
import type { JsonMap } from "../json-tree.ts";
import { fieldSetOfPaths } from "./field-set.ts";
import { removeFields } from "./remove-fields.ts";
import { widget, widgetSchema } from "./testdata/widget.ts";

for (const { name, spec, paths, rest } of [
  {
    name: "a field with its inside",
    spec: { size: 1, inner: { first: "a" } },
    paths: [["f:inner"]],
    rest: { size: 1 },
  },
  {
    name: "a part, and leaves the emptied container",
    spec: { inner: { first: "a" } },
    paths: [["f:inner", "f:first"]],
    rest: { inner: {} },
  },
  {
    name: "an item, and a part of one",
    spec: { ports: [{ number: 1 }, { number: 2, note: "a" }] },
    paths: [
      ["f:ports", 'k:{"number":1,"protocol":"TCP"}'],
      ["f:ports", 'k:{"number":2,"protocol":"TCP"}', "f:note"],
    ],
    rest: { ports: [{ number: 2 }] },
  },
  {
    name: "a value of a set",
    spec: { tags: ["a", "b"] },
    paths: [["f:tags", 'v:"a"']],
    rest: { tags: ["b"] },
  },
  {
    name: "nothing inside what is atomic",
    spec: { whole: { first: "a" } },
    paths: [["f:whole", "f:first"]],
    rest: { whole: { first: "a" } },
  },
  {
    name: "nothing that is not there",
    spec: { size: 1 },
    paths: [["f:name"], ["f:inner", "f:first"]],
    rest: { size: 1 },
  },
] satisfies { name: string; spec: JsonMap; paths: string[][]; rest: JsonMap }[]) {
  t.test(`removeFields() removes ${name}`, (t) => {
    const set = fieldSetOfPaths(paths.map((path) => ["f:spec", ...path]));
    t.same(removeFields(widget("a", { spec }), set, widgetSchema), widget("a", { spec: rest }));
    t.end();
  });
}
