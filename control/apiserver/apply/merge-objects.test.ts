import t from "tap";
import { equalJson } from "../json-tree.ts";
import type { JsonMap } from "../json-tree.ts";
import { mergeObjects } from "./merge-objects.ts";
import { randomWidget, seededRandom } from "./testdata/random-widget.ts";
import { widget, widgetSchema } from "./testdata/widget.ts";

for (const { name, live, applied, merged } of [
  {
    name: "maps by key",
    live: { size: 1, inner: { first: "a" } },
    applied: { inner: { second: "b" } },
    merged: { size: 1, inner: { first: "a", second: "b" } },
  },
  {
    name: "atomic maps and lists as a whole",
    live: { whole: { first: "a" }, plain: ["a"] },
    applied: { whole: { second: "b" }, plain: ["b"] },
    merged: { whole: { second: "b" }, plain: ["b"] },
  },
  {
    name: "sets",
    live: { tags: ["a", "b"] },
    applied: { tags: ["c", "a"] },
    merged: { tags: ["c", "a", "b"] },
  },
  {
    name: "items by their keys",
    live: { ports: [{ number: 1, note: "a" }] },
    applied: { ports: [{ number: 1, protocol: "TCP" }] },
    merged: { ports: [{ number: 1, note: "a", protocol: "TCP" }] },
  },
  {
    name: "null into a container with parts as nothing",
    live: { inner: { first: "a" } },
    applied: { inner: null },
    merged: { inner: { first: "a" } },
  },
  {
    name: "null over a scalar",
    live: { size: 1 },
    applied: { size: null },
    merged: { size: null },
  },
  {
    name: "another sort of value as a whole",
    live: { anything: { a: { b: 1 } } },
    applied: { anything: { a: [1] } },
    merged: { anything: { a: [1] } },
  },
  {
    name: "duplicates of the live list",
    live: { tags: ["a", "a", "b"] },
    applied: { tags: ["a", "c"] },
    merged: { tags: ["a", "c", "b"] },
  },
] satisfies { name: string; live: JsonMap; applied: JsonMap; merged: JsonMap }[]) {
  t.test(`mergeObjects() merges ${name}`, (t) => {
    const object = mergeObjects(widget("a", { spec: live }), { spec: applied }, widgetSchema);
    t.same(object, widget("a", { spec: merged }));
    t.end();
  });
}

for (const { live, applied, merged } of [
  { live: "abc", applied: "xby", merged: "axbcy" },
  { live: "abc", applied: "ca", merged: "bca" },
  { live: "abcd", applied: "dxa", merged: "bcdxa" },
  { live: "ab", applied: "ab", merged: "ab" },
  { live: "", applied: "ba", merged: "ba" },
]) {
  t.test(`mergeObjects() keeps both orders of ${live} and ${applied}`, (t) => {
    const list = (text: string) => ({ spec: { tags: [...text] } });
    t.same(mergeObjects(list(live), list(applied), widgetSchema), list(merged));
    t.end();
  });
}

t.test("mergeObjects() keeps what both say, and is idempotent", (t) => {
  for (let seed = 0; seed < 300; seed++) {
    const random = seededRandom(seed);
    const live = randomWidget(random, "a", false);
    const applied = randomWidget(random, "a", true);
    const before = structuredClone(live);
    const merged = mergeObjects(live, applied, widgetSchema);
    t.ok(equalJson(mergeObjects(merged, applied, widgetSchema), merged), `seed ${seed}`);
    t.ok(equalJson(mergeObjects(live, {}, widgetSchema), live));
    t.same(live, before);
  }
  t.end();
});
