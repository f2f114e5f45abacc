/** Tests of the paths of printer columns. */
import t from "tap";
import { compileColumnPath, readColumnPath } from "./column-path.ts";

const object = {
  spec: { list: [{ name: "a" }, { name: "b" }], "dotted.key": 7 },
  status: {
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Other", status: "False" },
    ],
  },
};

t.test("readColumnPath() finds what paths of columns say", async (t) => {
  const cases: [string, unknown[]][] = [
    [".spec.list[*].name", ["a", "b"]],
    [".spec.list[1].name", ["b"]],
    [".spec.list[9].name", []],
    [".spec.dotted\\.key", [7]],
    ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
    [".status.conditions[?(@.type=='Other')].status", ["False"]],
    [".spec.none.deeper", []],
    [".spec.constructor", []],
    ["", [object]],
  ];
  for (const [path, wanted] of cases)
    t.same(readColumnPath(compileColumnPath(path), object), wanted, path);
});

t.test("compileColumnPath() refuses what it does not do", async (t) => {
  for (const path of ["spec", ".a..b", ".a[1:2]", ".a[?(@.b>1)]", ".a[", "{.a}"]) {
    t.throws(() => compileColumnPath(path), { name: "SyntaxError", message: /position \d+/ }, path);
  }
});
