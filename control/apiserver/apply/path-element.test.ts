import t from "tap";
import type { JsonValue } from "../json-tree.ts";
import type { ListShape } from "./field-shape.ts";
import { fieldElement, formatPath, itemElement, tryParseElement } from "./path-element.ts";

const keyed: ListShape = {
  kind: "list",
  relation: "map",
  keys: ["port", "name"],
  items: { type: "object", properties: { name: { type: "string", default: "tcp" } } },
};
const set: ListShape = { kind: "list", relation: "set", keys: [], items: { type: "string" } };

for (const { name, shape, item, element } of [
  {
    name: "by keys in order of name",
    shape: keyed,
    item: { port: 1, name: "a" },
    element: 'k:{"name":"a","port":1}',
  },
  {
    name: "by the default of a key",
    shape: keyed,
    item: { port: 1 },
    element: 'k:{"name":"tcp","port":1}',
  },
  { name: "by value", shape: set, item: "a", element: 'v:"a"' },
  {
    name: "as Go escapes it",
    shape: set,
    item: "<&>\u2028",
    element: 'v:"\\u003c\\u0026\\u003e\\u2028"',
  },
] satisfies { name: string; shape: ListShape; item: JsonValue; element: string }[]) {
  t.test(`itemElement() knows an item ${name}`, (t) => {
    t.same(itemElement(shape, item), { kind: "element", element });
    t.equal(tryParseElement(element), element);
    t.end();
  });
}

const noDefault: ListShape = { ...keyed, items: { type: "object" } };

for (const { shape, item, message } of [
  { shape: keyed, item: "a", message: "associative list with keys may not have non-map elements" },
  {
    shape: noDefault,
    item: { other: 1 },
    message:
      'associative list with keys has an element that omits all key fields ["port" "name"] (and doesn\'t have default values for any key fields)',
  },
  {
    shape: set,
    item: null,
    message: "associative list without keys has an element that's an explicit null",
  },
  {
    shape: set,
    item: {},
    message: "associative list without keys has an element that's a map type",
  },
  {
    shape: set,
    item: [],
    message: "associative list without keys has an element that's a list type",
  },
] satisfies { shape: ListShape; item: JsonValue; message: string }[]) {
  t.test(`itemElement() refuses ${JSON.stringify(item)}: ${message}`, (t) => {
    t.same(itemElement(shape, item), { kind: "invalid", message });
    t.end();
  });
}

t.test("formatPath() is Kubernetes' own", (t) => {
  const path = [fieldElement("spec"), fieldElement("ports"), 'k:{"name":"a","port":1}', "f:tags"];
  t.equal(formatPath(path), '.spec.ports[name="a",port=1].tags');
  t.equal(formatPath(["f:tags", 'v:"\\u003cx"']), '.tags[="<x"]');
  t.equal(formatPath(["f:list", "i:3"]), ".list[3]");
  t.end();
});
