/** Tests of strategic merge patches: maps, the two merged lists, directives. */
import t from "tap";
import { strategicPatch } from "./strategic-patch.ts";

const owner = (uid: string, name: string) => ({ uid, name });

t.test("strategicPatch() merges maps and drops what is null", async (t) => {
  const object = { data: { a: "1", b: "2" }, list: ["x"], kept: { deep: { one: 1 } } };
  const patch = { data: { a: null, c: "3" }, list: ["y"], kept: { deep: { two: 2 } } };
  t.same(strategicPatch(object, patch), {
    data: { b: "2", c: "3" },
    list: ["y"],
    kept: { deep: { one: 1, two: 2 } },
  });
  t.same(object.data, { a: "1", b: "2" }, "the object itself stays");
});

t.test("strategicPatch() merges finalizers and owners", async (t) => {
  const metadata = { finalizers: ["a", "b"], ownerReferences: [owner("1", "x"), owner("2", "y")] };
  const merged = strategicPatch(
    { metadata },
    {
      metadata: {
        finalizers: ["c"],
        "$deleteFromPrimitiveList/finalizers": ["a"],
        "$setElementOrder/ownerReferences": [{ uid: "1" }],
        ownerReferences: [owner("2", "z"), { uid: "1", $patch: "delete" }, owner("3", "new")],
      },
    },
  );
  t.same(merged, {
    metadata: { finalizers: ["b", "c"], ownerReferences: [owner("2", "z"), owner("3", "new")] },
  });
  const replaced = strategicPatch(
    { metadata },
    { metadata: { ownerReferences: [{ $patch: "replace" }, owner("9", "only")] } },
  );
  t.same(replaced, { metadata: { finalizers: ["a", "b"], ownerReferences: [owner("9", "only")] } });
});

t.test("strategicPatch() knows replace and delete, and refuses other directives", async (t) => {
  t.same(strategicPatch({ data: { a: "1" } }, { data: { $patch: "replace", b: "2" } }), {
    data: { b: "2" },
  });
  t.same(strategicPatch({ data: { a: "1" } }, { data: { $patch: "delete" } }), { data: {} });
  for (const patch of [{ data: { $patch: "other" } }, { $retainKeys: ["a"] }, [], "text"]) {
    t.throws(() => strategicPatch({}, patch), { code: 400 }, JSON.stringify(patch));
  }
});

t.test("strategicPatch() takes a key that is called like the prototype as a key", async (t) => {
  const patch = JSON.parse('{"data":{"__proto__":{"polluted":true}}}');
  const merged = strategicPatch({ data: {} }, patch);
  t.equal(Reflect.get({}, "polluted"), undefined);
  t.equal(JSON.stringify(merged), '{"data":{"__proto__":{"polluted":true}}}');
});
