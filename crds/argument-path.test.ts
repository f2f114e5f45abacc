/** Paths to arguments of tools. */
import t from "tap";
import { argumentPathFormat, parseArgumentPath, readArgumentPath } from "./argument-path.ts";

t.test("readArgumentPath() reads keys, quoted keys and elements", async (test) => {
  const cases = [
    ["repo", ["repo"]],
    ["repo.owner", ["repo", "owner"]],
    ["$.repo.owner", ["repo", "owner"]],
    ['$["a.b"].c', ["a.b", "c"]],
    ['["a]\\u0062"][""]', ["a]b", ""]],
    ["labels[*]", ["labels", null]],
    ["a[*][*].b", ["a", null, null, "b"]],
    ["max-results_2.ä", ["max-results_2", "ä"]],
    ["0", ["0"]],
  ] as const;
  for (const [text, steps] of cases) {
    test.same(parseArgumentPath(text), steps, text);
    test.same(argumentPathFormat.read(text), { kind: "valid", value: text });
  }
});

t.test("readArgumentPath() refuses all else, and says where", async (test) => {
  const cases = [
    ["", "no key at position 0"],
    ["$", "no key at position 1"],
    ["$repo", "no key at position 1"],
    [".repo", "no key at position 0"],
    ["a.", "no key at position 1"],
    ["a..b", "no key at position 1"],
    ["a b", "no key at position 1"],
    ["a[0]", "no key at position 1"],
    ["[*]", "no key at position 0"],
    ["$[*]", "no key at position 1"],
    ["a['b']", "no key at position 1"],
    ["a.*", "no key at position 1"],
    ['["\\x"]', "no JSON text at position 1"],
    ["a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", "more than 16 steps"],
  ] as const;
  for (const [text, detail] of cases) {
    test.same(readArgumentPath(text), { kind: "invalid", detail }, text);
  }
  test.throws(() => parseArgumentPath("a b"), { name: "RangeError" });
});
