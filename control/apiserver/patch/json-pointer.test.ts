import t from "tap";
import { changeAt, copiesAt, itemIndex, tryParsePointer, valueAt } from "./json-pointer.ts";

/** The document of RFC 6901, section 5. */
const standard = { foo: ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, " ": 7, "m~n": 8 };

t.test("tryParsePointer() and valueAt() find what RFC 6901 shows", (t) => {
  for (const [pointer, value] of [
    ["", standard],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/ ", 7],
    ["/m~0n", 8],
    ["/foo/2", undefined],
    ["/foo/01", undefined],
    ["/constructor", undefined],
  ] as const) {
    const keys = tryParsePointer(pointer);
    t.same(keys && valueAt(standard, keys), value, JSON.stringify(pointer));
  }
  t.end();
});

t.test("tryParsePointer() refuses what is no pointer", (t) => {
  for (const text of ["foo", "/a~", "/a~2", "#/a"]) t.equal(tryParsePointer(text), undefined, text);
  t.end();
});

t.test("itemIndex() counts from either end, and only what is there", (t) => {
  t.equal(itemIndex("0", 2), 0);
  t.equal(itemIndex("-1", 2), 1);
  for (const text of ["2", "-3", "-", "-0", "01", "1.0", " 1", "1e0", ""]) {
    t.equal(itemIndex(text, 2), undefined, text);
  }
  t.end();
});

t.test("changeAt() copies the way, and says where there is none", (t) => {
  const document = { a: [{ b: 1 }], c: { d: 1 } };
  const set = () => ({ b: 2 });
  const changed = changeAt(document, ["a", "0", "b"], set);
  t.same(changed, { document: { a: [{ b: 2 }], c: { d: 1 } } });
  t.same(document, { a: [{ b: 1 }], c: { d: 1 } });
  t.equal(changeAt(document, ["a", "1", "b"], set), undefined);
  t.equal(changeAt(document, ["c", "d", "e"], set), undefined);
  t.equal(changeAt(document, [], set), undefined);
  t.equal(
    changeAt(document, ["c", "d"], () => "no"),
    "no",
  );
  t.end();
});

t.test("copiesAt() counts the containers on the way", (t) => {
  const document = { a: [1, { b: 1 }, 3], c: 1 };
  t.equal(copiesAt(document, []), 0);
  t.equal(copiesAt(document, ["c"]), 2);
  t.equal(copiesAt(document, ["a", "1", "b"]), 2 + 3 + 1);
  t.equal(copiesAt(document, ["x", "y", "z"]), 2);
  t.end();
});
