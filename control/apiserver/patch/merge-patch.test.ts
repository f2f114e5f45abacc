import t from "tap";
import type { JsonMap, JsonValue } from "../json-tree.ts";
import { mergePatch } from "./merge-patch.ts";

/** The cases of RFC 7396, appendix A, whose documents are objects. */
const standard: { target: JsonMap; patch: JsonMap; result: JsonMap }[] = [
  { target: { a: "b" }, patch: { a: "c" }, result: { a: "c" } },
  { target: { a: "b" }, patch: { b: "c" }, result: { a: "b", b: "c" } },
  { target: { a: "b" }, patch: { a: null }, result: {} },
  { target: { a: "b", b: "c" }, patch: { a: null }, result: { b: "c" } },
  { target: { a: ["b"] }, patch: { a: "c" }, result: { a: "c" } },
  { target: { a: "c" }, patch: { a: ["b"] }, result: { a: ["b"] } },
  { target: { a: { b: "c" } }, patch: { a: { b: "d", c: null } }, result: { a: { b: "d" } } },
  { target: { a: [{ b: "c" }] }, patch: { a: [1] }, result: { a: [1] } },
  { target: { e: null }, patch: { a: 1 }, result: { e: null, a: 1 } },
  { target: {}, patch: { a: { bb: { ccc: null } } }, result: { a: { bb: {} } } },
];

t.test("mergePatch() does what RFC 7396 shows", (t) => {
  for (const { target, patch, result } of standard) {
    t.same(mergePatch(target, patch), { kind: "patched", object: result }, JSON.stringify(patch));
  }
  t.end();
});

t.test("mergePatch() leaves the object that it is given alone", (t) => {
  const target = { a: { b: 1 } };
  mergePatch(target, { a: { b: 2, c: { d: null } } });
  t.same(target, { a: { b: 1 } });
  t.end();
});

t.test("mergePatch() refuses what is no object", (t) => {
  for (const patch of [null, 1, "a", ["b"]] satisfies JsonValue[]) {
    t.same(mergePatch({}, patch), {
      kind: "refused",
      reason: "BadRequest",
      message: "error decoding patch: a merge patch must be a JSON object",
    });
  }
  t.end();
});

t.test("mergePatch() refuses what is nested too deeply", (t) => {
  const deep = JSON.parse(`${'{"a":'.repeat(200)}1${"}".repeat(200)}`);
  t.match(mergePatch({}, deep), { kind: "refused", reason: "BadRequest" });
  t.end();
});

t.test("mergePatch() takes __proto__ for a key", (t) => {
  const outcome = mergePatch({ a: 1 }, JSON.parse('{"__proto__":{"polluted":true}}'));
  t.equal(Reflect.get({}, "polluted"), undefined);
  t.same(outcome.kind === "patched" && Object.keys(outcome.object), ["a", "__proto__"]);
  t.end();
});
