import t from "tap";
import { createNameMatcher } from "./name-pattern.ts";

t.test("createNameMatcher() compares whole names with globs and expressions", async (test) => {
  const { matches, isEmpty } = createNameMatcher({
    globs: ["files/*"],
    expressions: ["(?i)get_[a-z]+", "a|b"],
  });
  test.notOk(isEmpty);
  for (const name of ["files/a/b", "GET_it", "a", "b"]) test.ok(matches(name), name);
  for (const name of ["xfiles/a", "get_it!", "get_", "ab", "x\nget_it"]) {
    test.notOk(matches(name), name);
  }
});

t.test("createNameMatcher() of nothing is empty and matches nothing", async (test) => {
  const { matches, isEmpty } = createNameMatcher({ globs: [], expressions: [] });
  test.ok(isEmpty);
  test.notOk(matches("a"));
});

t.test("createNameMatcher() takes linear time, whatever the name is", async (test) => {
  const { matches } = createNameMatcher({ globs: [], expressions: ["(a*)*b", "(a|a)*c"] });
  // A backtracking engine would be at it for longer than the universe is old.
  test.notOk(matches("a".repeat(4_096)));
});
