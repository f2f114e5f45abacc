/** Schemas in the dialect of CRDs: each construct, and what holds for all kinds. */
import t from "tap";
import { kinds } from "./kinds.ts";
import { dnsLabelFormat, labelKeyFormat } from "./name-formats.ts";
import { cel } from "./open-api-constraint.ts";
import { openApiSchema, schemaNode } from "./open-api.ts";
import {
  array,
  boolean,
  defaulted,
  emptyIfAbsent,
  enumeration,
  integer,
  json,
  jsonObject,
  map,
  object,
  optional,
  quantity,
  refine,
  string,
} from "./schema.ts";

const text = string({ description: "Text", maxLength: 9 });

t.test("schemaNode() of text has its bounds, its pattern and what only CEL says", (t) => {
  t.same(schemaNode(text), { description: "Text", type: "string", minLength: 1, maxLength: 9 });
  const format = {
    ...dnsLabelFormat,
    constraint: { not: { pattern: "^x" } },
    cel: [cel("self != 'y'", "not y")],
  };
  t.same(schemaNode(string({ description: "", minLength: 0, maxLength: 9, format })), {
    description: "",
    type: "string",
    maxLength: 9,
    pattern: dnsLabelFormat.pattern,
    not: { pattern: "^x" },
    "x-kubernetes-validations": [{ rule: "self != 'y'", message: "not y" }],
  });
  t.end();
});

t.test("schemaNode() asks for two patterns where a format has two", (t) => {
  const format = { ...dnsLabelFormat, pattern: "a", constraint: { pattern: "b" } };
  const node = schemaNode(string({ description: "", maxLength: 9, format }));
  t.match(node, { pattern: "a", allOf: [{ pattern: "b" }] });
  t.end();
});

t.test("schemaNode() of numbers names the width that they need", (t) => {
  const node = (max: number) => schemaNode(integer({ description: "", min: 0, max }));
  t.same(node(9), { description: "", type: "integer", format: "int32", minimum: 0, maximum: 9 });
  t.match(node(2 ** 40), { format: "int64", maximum: 2 ** 40 });
  t.end();
});

t.test("schemaNode() of words, amounts and JSON", (t) => {
  t.same(schemaNode(boolean({ description: "" })), { description: "", type: "boolean" });
  t.same(schemaNode(enumeration({ description: "", values: ["a", "b"] })), {
    description: "",
    type: "string",
    enum: ["a", "b"],
  });
  t.match(schemaNode(quantity({ description: "" })), {
    "x-kubernetes-int-or-string": true,
    anyOf: [{ type: "integer" }, { type: "string" }],
    minimum: 1,
  });
  const preserved = { description: "", "x-kubernetes-preserve-unknown-fields": true };
  t.same(schemaNode(json({ description: "", maxBytes: 9 })), preserved);
  const objects = schemaNode(jsonObject({ description: "", maxBytes: 9 }));
  t.same(objects, { ...preserved, type: "object" });
  t.end();
});

t.test("schemaNode() of lists says how their items are told apart", (t) => {
  const item = object({ description: "", fields: { name: text, note: optional(text) } });
  const listType = (unique: "value" | { field: string } | undefined, items = item) => {
    const options = { description: "", items, maxItems: 3, ...(unique && { unique }) };
    const node = schemaNode(array(options));
    return [node["x-kubernetes-list-type"], node["x-kubernetes-list-map-keys"]];
  };
  t.same(listType(undefined), ["atomic", undefined]);
  t.same(listType({ field: "name" }), ["map", ["name"]]);
  t.same(listType({ field: "note" }), ["atomic", undefined]);
  const set = array({ description: "", items: text, maxItems: 3, unique: "value" });
  t.match(schemaNode(set), { "x-kubernetes-list-type": "set", maxItems: 3 });
  t.end();
});

t.test("schemaNode() of maps has a rule for their keys", (t) => {
  const node = schemaNode(
    map({ description: "", keys: labelKeyFormat, values: text, maxProperties: 3 }),
  );
  t.match(node, { type: "object", maxProperties: 3, additionalProperties: { type: "string" } });
  t.equal(node["x-kubernetes-validations"]?.length, 1);
  t.end();
});

t.test("schemaNode() of objects has defaults, required fields and rules", (t) => {
  const schema = refine(
    object({
      description: "One of each",
      fields: {
        needed: text,
        perhaps: optional(text),
        usual: defaulted(text, "a"),
        list: emptyIfAbsent(array({ description: "", items: text, maxItems: 3 })),
      },
    }),
    {
      description: "A rule",
      fields: ["needed"],
      cel: [cel("self.needed != 'x'", "not x")],
      constraint: { minProperties: 1 },
      check: () => {},
    },
  );
  const node = schemaNode(schema);
  t.same(node.required, ["needed"]);
  t.same([node.properties?.["usual"]?.default, node.properties?.["list"]?.default], ["a", []]);
  t.same(node.allOf, [{ minProperties: 1 }]);
  t.same(node["x-kubernetes-validations"], [{ rule: "self.needed != 'x'", message: "not x" }]);
  t.end();
});

/** Every node below a value, with its place. */
function* nodesOf(value: unknown, place: string): Generator<[string, object]> {
  if (typeof value !== "object" || value === null) return;
  yield [place, value];
  for (const [name, inner] of Object.entries(value)) yield* nodesOf(inner, `${place}.${name}`);
}

for (const definition of kinds.filter(({ group }) => group !== "")) {
  const schema = openApiSchema(definition);

  t.test(`openApiSchema() of ${definition.kind} is plain JSON with a spec and a status`, (t) => {
    t.same(JSON.parse(JSON.stringify(schema)), schema);
    const names = ["apiVersion", "kind", "metadata", "spec", "status"];
    t.strictSame(Object.keys(schema.properties ?? {}), names);
    t.strictSame(schema.required, ["spec"]);
    t.end();
  });

  t.test(`openApiSchema() of ${definition.kind} has patterns that JavaScript reads too`, (t) => {
    for (const [place, node] of nodesOf(schema, definition.kind)) {
      const pattern: unknown = Reflect.get(node, "pattern");
      if (typeof pattern !== "string") continue;
      t.doesNotThrow(() => new RegExp(pattern, "u"), place);
    }
    t.end();
  });

  t.test(`openApiSchema() of ${definition.kind} bounds every list, map and text`, (t) => {
    for (const [place, node] of nodesOf(schema, definition.kind)) {
      const type: unknown = Reflect.get(node, "type");
      const has = (name: string) => typeof Reflect.get(node, name) === "number";
      if (type === "array" && !has("maxItems")) t.fail(`${place} has no bound`);
      if ("additionalProperties" in node && !has("maxProperties")) t.fail(`${place} has no bound`);
      const isBounded = has("maxLength") || "enum" in node;
      const isBare = /\.(?:apiVersion|kind)$|anyOf/.test(place);
      if (type === "string" && !isBounded && !isBare) t.fail(`${place} has no bound`);
    }
    t.end();
  });
}
