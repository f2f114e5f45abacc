/** Which expressions of users can be used. */
import t from "tap";
import { canCompile } from "./re2-expression.ts";

t.test("canCompile() tells RE2 from what it is not", async (test) => {
  test.ok(canCompile("[[:alpha:]]+(?P<x>.)\\x41"));
  for (const expression of ["(?=a)", "(a)\\1", "a++", "["]) {
    test.notOk(canCompile(expression), expression);
  }
});

t.test("canCompile() says what RE2 has no form for", async (test) => {
  test.ok(canCompile("a{2,3}"));
  test.notOk(canCompile("(?=a)"));
});
