/** Tests of expressions over whole texts. */
import t from "tap";
import { FullMatch } from "./full-match.ts";

t.test("fits() compares the whole text, each time the same", async (t) => {
  const expression = new FullMatch("(?i)a[0-9]+");
  for (const _ of [1, 2]) {
    t.ok(expression.fits("A17"));
    t.notOk(expression.fits("a17b"));
    t.notOk(expression.fits("xa17"));
  }
});

t.test("fits() stays right beyond what it remembers", async (t) => {
  const expression = new FullMatch("n-[0-9]*7");
  const texts = Array.from({ length: 10_000 }, (_, at) => `n-${at}`);
  t.ok(texts.every((text) => expression.fits(text) === text.endsWith("7")));
  t.ok(expression.fits(`n-${"1".repeat(5_000)}7`));
});

t.test("FullMatch refuses what is no expression", async (t) => {
  t.throws(() => new FullMatch("("));
});
