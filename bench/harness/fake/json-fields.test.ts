import t from "tap";
import { findFieldProblem, isJsonObject, jsonTypeOf } from "./json-fields.ts";
import type { FieldRules } from "./json-fields.ts";

const rules: FieldRules = {
  name: { type: "string", required: true, values: ["a", "b"] },
  count: { type: "integer", minimum: 1, maximum: 3, nullable: true },
  ratio: { type: "number" },
  any: { type: ["string", "array"] },
};

const rejected = [
  [{}, { kind: "missing", path: ["name"] }],
  [
    { name: "a", other: 1 },
    { kind: "unknown", path: ["other"] },
  ],
  [
    { name: "a", constructor: 1 },
    { kind: "unknown", path: ["constructor"] },
  ],
  [JSON.parse('{"name":"a","__proto__":1}'), { kind: "unknown", path: ["__proto__"] }],
  [{ name: 1 }, { kind: "type", path: ["name"], wanted: "string", received: "integer" }],
  [{ name: null }, { kind: "type", path: ["name"], wanted: "string", received: "null" }],
  [{ name: "c" }, { kind: "value", path: ["name"], received: "c", allowed: ["a", "b"] }],
  [
    { name: "a", count: 1.5 },
    { kind: "type", path: ["count"], wanted: "integer", received: "number" },
  ],
  [
    { name: "a", count: 0 },
    { kind: "minimum", path: ["count"], received: 0, limit: 1 },
  ],
  [
    { name: "a", count: 4 },
    { kind: "maximum", path: ["count"], received: 4, limit: 3 },
  ],
  [
    { name: "a", any: {} },
    { kind: "type", path: ["any"], wanted: "string or array", received: "object" },
  ],
] as const;

for (const [value, problem] of rejected) {
  t.test(`findFieldProblem() finds what is wrong with ${JSON.stringify(value)}`, async (test) => {
    test.same(findFieldProblem(value, rules), problem);
  });
}

t.test("findFieldProblem() accepts what the rules allow, and prefixes paths", async (test) => {
  test.equal(findFieldProblem({ name: "a", count: null, ratio: 1, any: [] }, rules), undefined);
  test.match(findFieldProblem({}, rules, ["messages", 0]), { path: ["messages", 0, "name"] });
});

t.test("isJsonObject() and jsonTypeOf() tell objects, arrays and null apart", async (test) => {
  test.same([{}, [], null, "x"].map(isJsonObject), [true, false, false, false]);
  const types = [{}, [], null, 1, 1.5, "x", true].map(jsonTypeOf);
  test.same(types, ["object", "array", "null", "integer", "number", "string", "boolean"]);
});

const nested: FieldRules = {
  list: {
    type: "array",
    minItems: 1,
    maxItems: 2,
    items: {
      type: "object",
      variants: {
        by: "type",
        otherwise: "text",
        of: { text: { text: { type: "string", required: true } }, none: {} },
      },
    },
  },
  union: {
    type: "object",
    single: true,
    fields: { a: { type: "string" }, b: { type: "object", fields: { c: { type: "boolean" } } } },
  },
  name: { type: "string", minLength: 1, maxLength: 3, pattern: /[a-z]+/ },
};

const nestedRejected = [
  [{ list: [] }, { kind: "short", path: ["list"], of: "array", received: 0, limit: 1 }],
  [{ list: [1, 2, 3] }, { kind: "long", path: ["list"], of: "array", received: 3, limit: 2 }],
  [{ list: [1] }, { kind: "type", path: ["list", 0], wanted: "object", received: "integer" }],
  [{ list: [{}] }, { kind: "missing", path: ["list", 0, "text"] }],
  [{ list: [{ type: "none", text: "a" }] }, { kind: "unknown", path: ["list", 0, "text"] }],
  [
    { list: [{ type: "toString" }] },
    { kind: "value", path: ["list", 0, "type"], received: "toString", allowed: ["text", "none"] },
  ],
  [
    { list: [{ type: 1 }] },
    { kind: "type", path: ["list", 0, "type"], wanted: "string", received: "integer" },
  ],
  [{ union: {} }, { kind: "members", path: ["union"], received: [], allowed: ["a", "b"] }],
  [
    { union: { a: "x", b: {} } },
    { kind: "members", path: ["union"], received: ["a", "b"], allowed: ["a", "b"] },
  ],
  [{ union: { d: 1 } }, { kind: "unknown", path: ["union", "d"] }],
  [
    { union: { b: { c: 1 } } },
    { kind: "type", path: ["union", "b", "c"], wanted: "boolean", received: "integer" },
  ],
  [{ name: "" }, { kind: "pattern", path: ["name"], pattern: "[a-z]+" }],
  [{ name: "aB" }, { kind: "pattern", path: ["name"], pattern: "[a-z]+" }],
  [{ name: "abcd" }, { kind: "long", path: ["name"], of: "string", received: 4, limit: 3 }],
] as const;

for (const [value, problem] of nestedRejected) {
  t.test(`findFieldProblem() finds within ${JSON.stringify(value)}`, async (test) => {
    test.same(findFieldProblem(value, nested), problem);
  });
}

t.test("findFieldProblem() accepts what nested rules allow", async (test) => {
  const value = { list: [{ text: "a" }, { type: "none" }], union: { b: { c: true } }, name: "abc" };
  test.equal(findFieldProblem(value, nested), undefined);
});
