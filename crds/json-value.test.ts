/** JSON that is passed on: copied, frozen, bounded. */
import t from "tap";
import { readJsonValue } from "./json-value.ts";

t.test("readJsonValue() gives a frozen copy", (t) => {
  const written = { a: [1, { b: null }], c: "x" };
  const reading = readJsonValue(written, 100);
  t.same(reading, { kind: "valid", value: written });
  written.a.push(2);
  const copy = reading.kind === "valid" ? reading.value : undefined;
  t.same(copy, { a: [1, { b: null }], c: "x" });
  t.ok(Object.isFrozen(copy));
  t.end();
});

t.test("readJsonValue() keeps __proto__ as a name like any other", (t) => {
  const reading = readJsonValue(JSON.parse('{"__proto__":{"a":1}}'), 100);
  t.equal(reading.kind === "valid" && JSON.stringify(reading.value), '{"__proto__":{"a":1}}');
  t.end();
});

const nested = Array.from({ length: 70 }).reduce<unknown>((inner) => [inner], 1);

for (const [name, value, detail] of [
  ["a long text", "x".repeat(99), "101 bytes, more than 100"],
  ["deep lists", nested, "nested deeper than 64"],
  ["no number", [Number.NaN], "a number that JSON cannot write"],
  ["a function", { a: () => 1 }, "a function, which JSON cannot write"],
  ["undefined", { a: undefined }, "a undefined, which JSON cannot write"],
  ["a bigint", 1n, "a bigint, which JSON cannot write"],
] as const) {
  t.test(`readJsonValue() refuses ${name}`, (t) => {
    t.same(readJsonValue(value, 100), { kind: "invalid", detail });
    t.end();
  });
}
