/** Tests of values from YAML nodes: budgets, sharing, and the places of refused nodes. */
import t from "tap";
import { parseDocument } from "yaml";
import { maxDepth, readYamlValue, startOf } from "./yaml-value.ts";

function read(text: string, left = 1_000) {
  const budget = { left };
  const { contents } = parseDocument(text, { uniqueKeys: false, stringKeys: true });
  return { ...readYamlValue(contents, budget), left: budget.left };
}

t.test("readYamlValue() counts every value, and those of aliases again", (t) => {
  t.equal(read("[a, b, { c: d }]").left, 1_000 - 5);
  t.equal(read("a: &x [1, 2]\nb: *x\nc: *x\n").left, 1_000 - 4 - 2 * 3);
  t.same(read("").value, null);
  t.end();
});

t.test("readYamlValue() refuses once when the budget is spent", (t) => {
  const { problems } = read("[a, b, c, d, e, f]", 4);
  t.equal(problems.length, 1);
  t.match(problems[0]?.message, /^more than \d+ values in the file$/);
  t.same(problems[0]?.path, [2]);
  t.end();
});

t.test("readYamlValue() refuses every duplicate and merge key where it stands", (t) => {
  const { problems } = read("a: { b: 1, b: 2, b: 3 }\n<<: { c: 1 }\n");
  t.same(
    problems.map(({ offset, path }) => [offset, path]),
    [
      [11, ["a", "b"]],
      [17, ["a", "b"]],
      [24, ["<<"]],
    ],
  );
  t.end();
});

t.test("readYamlValue() bounds the depth", (t) => {
  const nested = (depth: number) => `${"[".repeat(depth)}x${"]".repeat(depth)}`;
  t.same(read(nested(maxDepth)).problems, []);
  t.equal(
    read(nested(maxDepth + 1)).problems[0]?.message,
    `nested more than ${maxDepth} levels deep`,
  );
  t.end();
});

t.test("startOf() is undefined for what has no place", (t) => {
  for (const node of [null, undefined, "x", {}, { range: 3 }, { range: ["a"] }]) {
    t.equal(startOf(node), undefined);
  }
  t.equal(startOf({ range: [7, 8, 9] }), 7);
  t.end();
});
