import t from "tap";
import type { JsonMap } from "../json-tree.ts";
import { LAST_APPLIED_ANNOTATION, ownedByLastApplied, withLastApplied } from "./last-applied.ts";
import { widget, widgetSchema } from "./testdata/widget.ts";

function annotated(parts: JsonMap, text: string): JsonMap {
  return widget("a", parts, { annotations: { [LAST_APPLIED_ANNOTATION]: text } });
}

t.test("ownedByLastApplied() has what was applied and still is so", (t) => {
  const text = JSON.stringify(widget("a", { spec: { size: 1, name: "a", inner: { first: "a" } } }));
  const live = annotated({ spec: { size: 1, name: "edited", on: true } }, text);
  const owned = ownedByLastApplied(live, widgetSchema);
  t.ok(owned.has(".spec.size"));
  for (const path of [".spec.name", ".spec.on", ".spec.inner.first"])
    t.notOk(owned.has(path), path);
  t.end();
});

t.test("ownedByLastApplied() takes no word of a text that is no object", (t) => {
  const deep = `${'{"a":'.repeat(500)}1${"}".repeat(500)}`;
  for (const text of ["", "{", "[]", "null", deep]) {
    t.equal(ownedByLastApplied(annotated({}, text), widgetSchema).size, 0);
  }
  t.equal(ownedByLastApplied(widget("a", {}), widgetSchema).size, 0);
  t.end();
});

t.test("withLastApplied() keeps the annotation up, sorted and without itself", (t) => {
  const applied = annotated({ spec: { size: 2, name: "b" } }, "old");
  const object = withLastApplied(annotated({ spec: { size: 2 } }, "old"), applied);
  const text =
    '{"apiVersion":"bench.clrk.dev/v1","kind":"Widget","metadata":{"annotations":{},"name":"a","namespace":"default"},"spec":{"name":"b","size":2}}\n';
  t.same(object, annotated({ spec: { size: 2 } }, text));
  t.equal(withLastApplied(object, applied), object, "nothing to do the second time");
  t.end();
});

t.test("withLastApplied() adds no annotation, and empties one that becomes too large", (t) => {
  const bare = widget("a", {});
  t.equal(withLastApplied(bare, bare), bare);
  const huge = widget("a", { spec: { name: "x".repeat(300_000) } });
  t.same(withLastApplied(annotated({}, "old"), huge), annotated({}, ""));
  t.end();
});
