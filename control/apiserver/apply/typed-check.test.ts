import t from "tap";
import type { JsonValue } from "../json-tree.ts";
import { randomWidget, seededRandom } from "./testdata/random-widget.ts";
import { widget, widgetSchema } from "./testdata/widget.ts";
import { objectSchema } from "./object-schemas.ts";
import { checkTyped } from "./typed-check.ts";

for (const { spec, message } of [
  { spec: { nope: 1 }, message: ".spec.nope: field not declared in schema" },
  { spec: { constructor: 1 }, message: ".spec.constructor: field not declared in schema" },
  { spec: { size: "x" }, message: ".spec.size: expected numeric (int or float), got string" },
  { spec: { name: 1 }, message: ".spec.name: expected string, got int" },
  { spec: { name: 1.5 }, message: ".spec.name: expected string, got float" },
  { spec: { on: [] }, message: ".spec.on: expected boolean, got list" },
  { spec: { either: {} }, message: ".spec.either: expected scalar, got map" },
  { spec: { inner: "x" }, message: ".spec.inner: expected map, got string" },
  { spec: { tags: true }, message: ".spec.tags: expected list, got boolean" },
  { spec: { tags: ["a", "a"] }, message: '.spec.tags: duplicate entries for key [="a"]' },
  { spec: { plain: [1] }, message: ".spec.plain[0]: expected string, got int" },
  {
    spec: { ports: [{ number: 1, labels: { a: 1 } }] },
    message: '.spec.ports[number=1,protocol="TCP"].labels.a: expected string, got int',
  },
  {
    spec: { ports: ["x"] },
    message: ".spec.ports: element 0: associative list with keys may not have non-map elements",
  },
  { spec: "x", message: ".spec: expected map, got string" },
] satisfies { spec: JsonValue; message: string }[]) {
  t.test(`checkTyped() refuses ${JSON.stringify(spec)}`, (t) => {
    t.equal(checkTyped(widget("a", { spec }), objectSchema(widgetSchema)), message);
    t.end();
  });
}

t.test("checkTyped() tells several mistakes at once, and not all of very many", (t) => {
  const schema = objectSchema(widgetSchema);
  t.equal(
    checkTyped(widget("a", { spec: { a: 1, b: 1 } }), schema),
    "errors:\n  .spec.a: field not declared in schema\n  .spec.b: field not declared in schema\n",
  );
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`x${index}`, 1]));
  t.equal(checkTyped(widget("a", { spec: many }), schema)?.split("\n").length, 34);
  t.end();
});

t.test("checkTyped() accepts whatever fits", (t) => {
  const schema = objectSchema(widgetSchema);
  for (let seed = 0; seed < 200; seed++) {
    t.equal(checkTyped(randomWidget(seededRandom(seed), "a", false), schema), undefined);
  }
  t.equal(checkTyped(widget("a", { spec: null }), schema), undefined);
  t.equal(checkTyped(widget("a", { spec: { anything: { a: [1, { b: 1 }] } } }), schema), undefined);
  t.end();
});
