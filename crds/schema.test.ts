/** Combinators: what they build, and the types that follow from it (checked by the compiler). */
import t from "tap";
import {
  array,
  boolean,
  defaulted,
  emptyIfAbsent,
  enumeration,
  ignored,
  integer,
  map,
  object,
  optional,
  refine,
  string,
} from "./schema.ts";
import type { Infer, Schema, StringFormat } from "./schema.ts";
import { valid } from "./reading.ts";

const anyKey: StringFormat = { name: "any", wanted: "a key", read: valid };
const text = string({ description: "Text", maxLength: 9 });

const everything = object({
  description: "One of each",
  fields: {
    text,
    color: enumeration({ description: "Color", values: ["red", "blue"] }),
    size: optional(integer({ description: "Size", min: 0, max: 9 })),
    loud: defaulted(boolean({ description: "Loud" }), false),
    names: emptyIfAbsent(array({ description: "Names", items: text, maxItems: 3 })),
    notes: emptyIfAbsent(
      map({ description: "Notes", keys: anyKey, values: text, maxProperties: 3 }),
    ),
    inner: optional(object({ description: "Inner", fields: { text } })),
    status: ignored("Dropped"),
  },
});

type Everything = Infer<typeof everything>;

t.test("Infer gives the type of parsed values", (t) => {
  const least: Everything = { text: "a", color: "red", loud: true, names: [], notes: {} };
  const most: Everything = { ...least, size: 1, inner: { text: "b" } };
  const note: string | undefined = most.notes["x"];
  const size: number | undefined = least.size;
  t.equal(note, undefined);
  t.equal(size, undefined);
  t.end();
});

t.test("Infer refuses what the schema refuses", (t) => {
  // @ts-expect-error a word that is not among the values
  const color: Everything["color"] = "green";
  // @ts-expect-error a required field is missing
  const missing: Everything = { color: "red", loud: true, names: [], notes: {} };
  // @ts-expect-error an ignored field is gone
  const dropped = (value: Everything) => value.status;
  // @ts-expect-error nothing can be written
  const write = (value: Everything) => value.names.push("x");
  t.ok([color, missing, dropped, write]);
  t.end();
});

t.test("string() refuses empty text unless told otherwise", (t) => {
  t.equal(text.minLength, 1);
  t.equal(string({ description: "Text", minLength: 0, maxLength: 1 }).minLength, 0);
  t.end();
});

t.test("array() has no least number of items unless told otherwise", (t) => {
  t.equal(array({ description: "", items: text, maxItems: 1 }).minItems, 0);
  t.equal(array({ description: "", items: text, minItems: 1, maxItems: 1 }).minItems, 1);
  t.end();
});

t.test("schemas are plain data, so that OpenAPI can be written from them", (t) => {
  t.same(everything.fields.loud, {
    kind: "defaulted",
    schema: { kind: "boolean", description: "Loud" },
    default: false,
  });
  t.same(everything.fields.size.schema, { kind: "integer", description: "Size", min: 0, max: 9 });
  t.same(everything.fields.status, { kind: "ignored", description: "Dropped" });
  t.end();
});

t.test("refine() adds a rule and leaves the old schema alone", (t) => {
  const refined = refine(everything, {
    description: "Red is small",
    fields: ["color", "size"],
    check({ color, size = 0 }, report) {
      if (color === "red" && size > 3)
        report({ at: ["size"], found: String(size), wanted: "at most 3" });
    },
  });
  t.equal(everything.rules.length, 0);
  t.strictSame(
    refined.rules.map(({ fields }) => fields),
    [["color", "size"]],
  );
  t.end();
});

t.test("refine() types a rule by the fields that it names", (t) => {
  refine(everything, {
    description: "",
    fields: ["color"],
    // @ts-expect-error size is not among the named fields
    check: ({ size }) => size,
  });
  t.end();
});

t.test("object() throws when a rule reads a field that does not exist", (t) => {
  const rules = [{ description: "", fields: ["txt"], check: () => {} }];
  t.throws(
    () => object({ description: "", fields: { text }, rules }),
    new TypeError('Cannot define object schema: rule reads "txt", which is no field'),
  );
  t.end();
});

t.test("Infer of a schema that is not known any closer is unknown", (t) => {
  const value: Infer<Schema> = Symbol("anything");
  t.type(value, "symbol");
  t.end();
});
