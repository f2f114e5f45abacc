/** Old spellings: moved, warned about, refused where they contradict. */
import t from "tap";
import { readAt, renameSpecFields, replaceAt, warnOldSpelling } from "./legacy.ts";

const renamings = [{ from: "parentRefs", to: ["targetRefs"] }];

t.test("renameSpecFields() moves an old field and warns", (t) => {
  const value = { kind: "X", spec: { parentRefs: [1], other: 2 } };
  const conversion = renameSpecFields(value, renamings);
  t.strictSame(conversion.value, { kind: "X", spec: { other: 2, targetRefs: [1] } });
  t.strictSame(conversion.warnings, [
    {
      path: ["spec", "parentRefs"],
      wanted: "targetRefs",
      message: "spec.parentRefs: old spelling, write spec.targetRefs",
    },
  ]);
  t.strictSame(conversion.moves, [{ from: ["spec", "parentRefs"], to: ["spec", "targetRefs"] }]);
  t.strictSame(conversion.problems, []);
  t.strictSame(
    value,
    { kind: "X", spec: { parentRefs: [1], other: 2 } },
    "the input is left alone",
  );
  t.end();
});

t.test("renameSpecFields() makes a list of a single item", (t) => {
  const conversion = renameSpecFields({ spec: { targetRef: { a: 1 } } }, [
    { from: "targetRef", to: ["targetRefs"], single: true },
  ]);
  t.strictSame(conversion.value, { spec: { targetRefs: [{ a: 1 }] } });
  t.strictSame(conversion.moves, [{ from: ["spec", "targetRef"], to: ["spec", "targetRefs", 0] }]);
  t.end();
});

t.test("renameSpecFields() refuses both spellings at once", (t) => {
  const conversion = renameSpecFields({ spec: { parentRefs: [1], targetRefs: [2] } }, renamings);
  t.strictSame(conversion.value, { spec: { targetRefs: [2] } });
  t.strictSame(
    conversion.problems.map(({ message }) => message),
    ["spec.parentRefs: old spelling of spec.targetRefs, which is set as well; remove one"],
  );
  t.strictSame(conversion.warnings, []);
  t.end();
});

for (const value of [
  undefined,
  null,
  7,
  "x",
  [],
  {},
  { spec: null },
  { spec: "x" },
  { spec: [] },
  { spec: { a: 1 } },
]) {
  t.test(`renameSpecFields() leaves ${JSON.stringify(value)} as it is`, (t) => {
    t.strictSame(renameSpecFields(value, renamings), {
      value,
      warnings: [],
      problems: [],
      moves: [],
    });
    t.end();
  });
}

t.test("readAt() follows own fields only", (t) => {
  t.equal(readAt({ a: { b: 1 } }, ["a", "b"]), 1);
  t.equal(readAt({ a: { b: 1 } }, ["a", "c"]), undefined);
  t.equal(readAt({ a: [1] }, ["a", 0]), undefined);
  t.equal(readAt({}, ["constructor"]), undefined);
  t.equal(readAt("text", ["length"]), undefined);
  t.equal(readAt(7, []), 7);
  t.end();
});

t.test("replaceAt() copies, makes parents, and removes", (t) => {
  const value = { a: { b: 1, c: 2 } };
  t.strictSame(replaceAt(value, ["a", "b"], 3), { a: { b: 3, c: 2 } });
  t.strictSame(replaceAt(value, ["a", "b"], undefined), { a: { c: 2 } });
  t.strictSame(replaceAt(value, ["x", "y"], 1), { a: { b: 1, c: 2 }, x: { y: 1 } });
  t.strictSame(replaceAt(value, [], 1), 1);
  t.strictSame(value, { a: { b: 1, c: 2 } });
  t.end();
});

t.test("warnOldSpelling() says what to do instead", (t) => {
  t.equal(warnOldSpelling(["spec", "x"], "y", "write y").message, "spec.x: old spelling, write y");
  t.end();
});
