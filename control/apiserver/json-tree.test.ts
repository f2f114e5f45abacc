import t from "tap";
import {
  equalJson,
  isShallow,
  maxJsonDepth,
  ownMap,
  ownString,
  ownValue,
  withKey,
} from "./json-tree.ts";
import type { JsonValue } from "./json-tree.ts";

function nested(depth: number): JsonValue {
  let value: JsonValue = 1;
  for (let count = 0; count < depth; count++) value = count % 2 === 0 ? [value] : { a: value };
  return value;
}

t.test("ownValue() and its kin see own keys only", (t) => {
  t.equal(ownValue({}, "constructor"), undefined);
  t.equal(ownValue([1], "0"), undefined);
  t.equal(ownValue(null, "a"), undefined);
  t.equal(ownValue({ a: null }, "a"), null);
  t.equal(ownMap({ a: [] }, "a"), undefined);
  t.same(ownMap({ a: { b: 1 } }, "a"), { b: 1 });
  t.equal(ownString({ a: 1 }, "a"), undefined);
  t.equal(ownString({ a: "x" }, "a"), "x");
  t.end();
});

t.test("withKey() sets, takes away, and leaves prototypes alone", (t) => {
  const map = { a: 1, b: 2 };
  t.same(withKey(map, "a", undefined), { b: 2 });
  t.same(Object.keys(withKey(map, "c", 3)), ["a", "b", "c"]);
  const odd = withKey({}, "__proto__", { polluted: true });
  t.same(Object.keys(odd), ["__proto__"]);
  t.equal(Reflect.get({}, "polluted"), undefined);
  t.equal(Object.getPrototypeOf(odd), Object.prototype);
  t.same(map, { a: 1, b: 2 });
  t.end();
});

t.test("equalJson() knows order in lists and none in objects", (t) => {
  t.ok(equalJson({ a: 1, b: [1, null] }, { b: [1, null], a: 1 }));
  t.notOk(equalJson([1, 2], [2, 1]));
  t.notOk(equalJson({ a: null }, {}));
  t.notOk(equalJson({}, []));
  t.notOk(equalJson({ constructor: 1 }, { a: 1 }));
  t.notOk(equalJson(1, "1"));
  t.end();
});

t.test("isShallow() stops at its bound, and takes no stack for far deeper values", (t) => {
  t.ok(isShallow(undefined));
  t.ok(isShallow(nested(maxJsonDepth)));
  t.notOk(isShallow(nested(maxJsonDepth + 2)));
  t.notOk(isShallow(nested(1_000_000)));
  t.end();
});
