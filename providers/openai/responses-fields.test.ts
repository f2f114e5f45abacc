import t from "tap";
import type { JsonObject } from "../json-text.ts";
import { BodyReader } from "./body-reader.ts";
import type { FieldRule } from "./responses-fields.ts";
import { noteFields } from "./responses-fields.ts";

const rule: FieldRule = {
  fields: new Map([
    ["read", null],
    ["known", "metadata"],
  ]),
  others: "unknown-field",
  idle: new Map([["known", ["idle"]]]),
};

function notesOf(object: JsonObject, at = "place"): string[] {
  const reader = new BodyReader();
  noteFields(object, rule, { reader, at });
  return reader.unexpressed.map((entry) => `${entry.feature} at ${entry.at}`);
}

const rows: readonly { name: string; object: JsonObject; notes: readonly string[] }[] = [
  { name: "a field that is read", object: { read: 1 }, notes: [] },
  { name: "a field with a feature", object: { known: 1 }, notes: ["metadata at place.known"] },
  { name: "a field of its own", object: { odd: 1 }, notes: ["unknown-field at place.odd"] },
  { name: "null", object: { odd: null, known: null }, notes: [] },
  { name: "an empty list", object: { odd: [] }, notes: [] },
  { name: "a list", object: { odd: [1] }, notes: ["unknown-field at place.odd"] },
  { name: "false", object: { odd: false }, notes: ["unknown-field at place.odd"] },
  { name: "a value that is idle", object: { known: "idle" }, notes: [] },
  {
    name: "a member of prototypes",
    object: { toString: 1 },
    notes: ["unknown-field at place.toString"],
  },
];

for (const { name, object, notes } of rows) {
  t.test(`noteFields() notes what ${name} says`, async (t) => {
    t.same(notesOf(object), notes);
  });
}

t.test("noteFields() names fields of the body itself alone", async (t) => {
  t.same(notesOf({ odd: 1 }, ""), ["unknown-field at odd"]);
});

t.test("noteFields() repeats no long name", async (t) => {
  t.same(notesOf({ ["x".repeat(1_000)]: 1 }, ""), [`unknown-field at ${"x".repeat(64)}`]);
});

t.test("noteFields() keeps the order of the fields", async (t) => {
  t.same(notesOf({ b: 1, known: 2, a: 3 }), [
    "unknown-field at place.b",
    "metadata at place.known",
    "unknown-field at place.a",
  ]);
});
