import t from "tap";
import {
  describeValue,
  isObject,
  listOf,
  objectOf,
  optional,
  textLike,
  wanted,
} from "./value-check.ts";

for (const { value, text } of [
  { value: undefined, text: "missing" },
  { value: null, text: "null" },
  { value: "a\nb", text: '"a\\nb"' },
  { value: "x".repeat(70), text: `"${"x".repeat(60)}…"` },
  { value: 7, text: "7" },
  { value: false, text: "false" },
  { value: [1], text: "a list" },
  { value: {}, text: "an object" },
  { value: () => 1, text: "a function" },
  { value: Promise.resolve(), text: "a promise" },
  { value: Symbol("x"), text: "Symbol(x)" },
]) {
  t.test(`describeValue() says ${text}`, async (t) => {
    t.equal(describeValue(value), text);
  });
}

t.test("wanted() says what stands where, and what should", async (t) => {
  const check = wanted("a number", (value) => typeof value === "number");
  t.same(check(1, "a.b"), []);
  t.same(check("1", "a.b"), ['a.b is "1", wanted a number']);
  t.same(check(undefined, "a.b"), ["a.b is missing, wanted a number"]);
});

t.test("textLike() wants a text that fits", async (t) => {
  const check = textLike("a letter", /^[a-z]$/);
  t.same(check("a", "x"), []);
  t.same(check("1", "x"), ['x is "1", wanted a letter']);
  t.same(check(["a"], "x"), ["x is a list, wanted a letter"]);
});

t.test("optional() is content with nothing, but not with null", async (t) => {
  const check = optional(textLike("a letter", /^[a-z]$/));
  t.same(check(undefined, "x"), []);
  t.same(check(null, "x"), ["x is null, wanted a letter"]);
});

t.test("listOf() checks every element", async (t) => {
  const check = listOf(textLike("a letter", /^[a-z]$/), { least: 1 });
  t.same(check(["a", "1", 2], "x"), ['x[1] is "1", wanted a letter', "x[2] is 2, wanted a letter"]);
  t.same(check([], "x"), ["x is an empty list, wanted one element or more"]);
  t.same(check("a", "x"), ['x is "a", wanted a list']);
  t.same(listOf(wanted("", () => true))([], "x"), []);
});

t.test("objectOf() checks every field, and knows no others", async (t) => {
  const check = objectOf({ a: textLike("a letter", /^[a-z]$/), b: optional(wanted("", Boolean)) });
  t.same(check({ a: "a" }, ""), []);
  t.same(check({ a: "1", c: 1 }, ""), [
    "c is unknown, wanted one of a, b",
    'a is "1", wanted a letter',
  ]);
  t.same(check({}, "at[0]"), ["at[0].a is missing, wanted a letter"]);
  t.same(check([], ""), ["it is a list, wanted an object"]);
  t.same(check(null, "at"), ["at is null, wanted an object"]);
});

t.test("isObject() tells objects from lists and null", async (t) => {
  t.ok(isObject({}));
  t.ok(isObject(new Map()));
  for (const value of [null, [], "x", undefined, () => 1]) t.notOk(isObject(value));
});
