/** Modifiers one after the other against the one rewrite that has their effect. */
import t from "tap";
import type { HeaderModifier } from "./header-rewrite.ts";
import { mergeHeaderModifiers, unchanged } from "./header-rewrite.ts";

const none: HeaderModifier = { set: [], add: [], remove: [] };
const set = (name: string, value: string): HeaderModifier => ({ ...none, set: [{ name, value }] });
const add = (name: string, value: string): HeaderModifier => ({ ...none, add: [{ name, value }] });
const remove = (name: string): HeaderModifier => ({ ...none, remove: [name] });

t.test("mergeHeaderModifiers() gives one modifier back in lower case", async (t) => {
  const modifier = {
    set: [{ name: "X-Set", value: "1" }],
    add: [{ name: "X-Add", value: "2" }],
    remove: ["X-Gone"],
  };
  t.same(mergeHeaderModifiers([modifier]), {
    set: [{ name: "x-set", value: "1" }],
    add: [{ name: "x-add", value: "2" }],
    remove: ["x-gone"],
  });
});

const cases = [
  { name: "nothing", modifiers: [], set: [], add: [], remove: [] },
  {
    name: "the last of two sets",
    modifiers: [set("x-a", "1"), set("X-A", "2")],
    set: [{ name: "x-a", value: "2" }],
    add: [],
    remove: [],
  },
  {
    name: "a removal after a set",
    modifiers: [set("x-a", "1"), remove("x-a")],
    set: [],
    add: [],
    remove: ["x-a"],
  },
  {
    name: "a set after a removal",
    modifiers: [remove("x-a"), set("x-a", "1")],
    set: [{ name: "x-a", value: "1" }],
    add: [],
    remove: [],
  },
  {
    name: "an addition after a set",
    modifiers: [set("x-a", "1"), add("x-a", "2")],
    set: [{ name: "x-a", value: "1" }],
    add: [{ name: "x-a", value: "2" }],
    remove: [],
  },
  {
    name: "a set after an addition, which replaces it",
    modifiers: [add("x-a", "1"), set("x-a", "2")],
    set: [{ name: "x-a", value: "2" }],
    add: [],
    remove: [],
  },
  {
    name: "an addition after a removal",
    modifiers: [remove("x-a"), add("x-a", "1")],
    set: [],
    add: [{ name: "x-a", value: "1" }],
    remove: ["x-a"],
  },
  {
    name: "two additions",
    modifiers: [add("x-a", "1"), add("x-a", "2")],
    set: [],
    add: [
      { name: "x-a", value: "1" },
      { name: "x-a", value: "2" },
    ],
    remove: [],
  },
];

for (const { name, modifiers, ...expected } of cases) {
  t.test(`mergeHeaderModifiers() keeps the effect of ${name}`, async (t) => {
    t.same(mergeHeaderModifiers(modifiers), expected);
  });
}

t.test("mergeHeaderModifiers() changes nothing without modifiers", async (t) => {
  t.same(mergeHeaderModifiers([]), unchanged);
});
