import t from "tap";
import type { JsonMap } from "../json-tree.ts";
import { compareObjects } from "./compare-objects.ts";
import type { Comparison } from "./compare-objects.ts";
import { isEmptySet, pathsOf } from "./field-set.ts";
import { fieldsOf } from "./owned-fields.ts";
import { formatPath } from "./path-element.ts";
import { randomWidget, seededRandom } from "./testdata/random-widget.ts";
import { widget, widgetSchema } from "./testdata/widget.ts";

function texts(change: Comparison): Record<string, string[]> {
  const entries = Object.entries(change).map(([name, set]) => [
    name,
    pathsOf(set).map((path) => formatPath(path.slice(1))),
  ]);
  return Object.fromEntries(entries);
}

const nothing = { added: [], removed: [], modified: [] };

for (const { name, before, after, change } of [
  { name: "no change", before: { size: 1 }, after: { size: 1 }, change: nothing },
  {
    name: "another value",
    before: { size: 1 },
    after: { size: 2 },
    change: { ...nothing, modified: [".size"] },
  },
  {
    name: "a container with all its parts",
    before: {},
    after: { inner: { first: "a" } },
    change: { ...nothing, added: [".inner", ".inner.first"] },
  },
  {
    name: "a part that is gone",
    before: { inner: { first: "a", second: "b" } },
    after: { inner: { second: "b" } },
    change: { ...nothing, removed: [".inner.first"] },
  },
  {
    name: "the last part that is gone",
    before: { inner: { first: "a" } },
    after: { inner: {} },
    change: { ...nothing, removed: [".inner.first"] },
  },
  {
    name: "empty and null",
    before: { inner: {} },
    after: { inner: null },
    change: { ...nothing, modified: [".inner"] },
  },
  {
    name: "an atomic map",
    before: { whole: { first: "a" } },
    after: { whole: { second: "a" } },
    change: { ...nothing, modified: [".whole"] },
  },
  {
    name: "the order of a set",
    before: { tags: ["a", "b"] },
    after: { tags: ["b", "a"] },
    change: nothing,
  },
  {
    name: "items of a list by their keys",
    before: { ports: [{ number: 1, note: "a" }, { number: 2 }] },
    after: { ports: [{ number: 3 }, { number: 1, note: "b" }] },
    change: {
      added: ['.ports[number=3,protocol="TCP"]', '.ports[number=3,protocol="TCP"].number'],
      removed: ['.ports[number=2,protocol="TCP"]', '.ports[number=2,protocol="TCP"].number'],
      modified: ['.ports[number=1,protocol="TCP"].note'],
    },
  },
  {
    name: "an item that is there twice now",
    before: { tags: ["a"] },
    after: { tags: ["a", "a"] },
    change: { ...nothing, added: ['.tags[="a"]'], removed: ['.tags[="a"]'] },
  },
  {
    name: "a value that becomes another sort",
    before: { anything: { a: { b: 1 } } },
    after: { anything: { a: [1] } },
    change: { added: [], removed: [".anything.a.b"], modified: [".anything.a"] },
  },
] satisfies { name: string; before: JsonMap; after: JsonMap; change: object }[]) {
  t.test(`compareObjects() sees ${name}`, (t) => {
    const one = widget("a", { spec: before });
    const other = widget("a", { spec: after });
    t.same(texts(compareObjects(one, other, widgetSchema)), change);
    t.end();
  });
}

t.test(
  "compareObjects() is the same backwards, and finds every owned path of a new object",
  (t) => {
    for (let seed = 0; seed < 300; seed++) {
      const random = seededRandom(seed);
      const one = randomWidget(random, "a", false);
      const other = randomWidget(random, "a", false);
      const there = compareObjects(one, other, widgetSchema);
      const back = compareObjects(other, one, widgetSchema);
      t.same(texts(there), texts({ ...back, added: back.removed, removed: back.added }));
      t.ok(
        Object.values(compareObjects(one, structuredClone(one), widgetSchema)).every(isEmptySet),
      );
      const created = compareObjects({}, one, widgetSchema);
      const added = new Set(pathsOf(created.added).map(formatPath));
      for (const path of pathsOf(fieldsOf(one, widgetSchema))) t.ok(added.has(formatPath(path)));
    }
    t.end();
  },
);
