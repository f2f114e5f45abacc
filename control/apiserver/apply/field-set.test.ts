import t from "tap";
import {
  FieldSetBuilder,
  childSet,
  emptyFieldSet,
  equalSets,
  fieldSetOfPaths,
  hasPath,
  intersectSets,
  isEmptySet,
  pathsOf,
  subtractSet,
  subtractTrees,
  unionSets,
} from "./field-set.ts";
import { seededRandom } from "./testdata/random-widget.ts";
import type { Random } from "./testdata/random-widget.ts";

const elements = ["f:a", "f:b", 'k:{"name":"a"}', 'v:"a"', "i:0"];

function randomPaths(random: Random): string[][] {
  return Array.from({ length: random.below(8) }, () =>
    Array.from({ length: 1 + random.below(3) }, () => random.pick(elements)),
  );
}

const texts = (paths: readonly (readonly string[])[]): Set<string> =>
  new Set(paths.map((path) => path.join("/")));

t.test("sets of paths obey the laws of sets", (t) => {
  for (let seed = 0; seed < 300; seed++) {
    const random = seededRandom(seed);
    const [onePaths, otherPaths] = [randomPaths(random), randomPaths(random)];
    const [one, other] = [fieldSetOfPaths(onePaths), fieldSetOfPaths(otherPaths)];
    const [ones, others] = [texts(onePaths), texts(otherPaths)];
    t.same(texts(pathsOf(one)), ones);
    t.same(texts(pathsOf(unionSets(one, other))), ones.union(others));
    t.same(texts(pathsOf(intersectSets(one, other))), ones.intersection(others));
    t.same(texts(pathsOf(subtractSet(one, other))), ones.difference(others));
    const outside = [...ones].filter((path) => {
      return ![...others].some((tree) => path === tree || path.startsWith(`${tree}/`));
    });
    t.same(texts(pathsOf(subtractTrees(one, other))), new Set(outside));
    t.ok(equalSets(unionSets(one, other), unionSets(other, one)));
    t.equal(equalSets(one, other), ones.symmetricDifference(others).size === 0);
    t.ok(onePaths.every((path) => hasPath(one, path)));
    t.ok(isEmptySet(subtractSet(one, one)));
  }
  t.end();
});

t.test("hasPath() knows a member from the way to one", (t) => {
  const set = fieldSetOfPaths([["f:a", "f:b"]]);
  t.notOk(hasPath(set, ["f:a"]));
  t.ok(hasPath(set, ["f:a", "f:b"]));
  t.notOk(hasPath(set, []));
  t.equal(childSet(set, "f:b"), emptyFieldSet);
  t.end();
});

t.test("pathsOf() lists fields, keys, values and places in this order", (t) => {
  const set = fieldSetOfPaths(elements.toReversed().map((element) => [element]));
  t.same(pathsOf(set).flat(), elements);
  t.end();
});

t.test("FieldSetBuilder keeps no empty children", (t) => {
  const builder = new FieldSetBuilder();
  builder.child("f:a", emptyFieldSet);
  t.equal(builder.build(), emptyFieldSet);
  t.end();
});
