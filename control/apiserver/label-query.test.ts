/** Tests of label selectors: every operator, and what is none. */
import t from "tap";
import { parseLabelQuery } from "./label-query.ts";

const labels = { app: "web", tier: "front", "example.com/size": "10", empty: "" };

t.test("parseLabelQuery() matches as Kubernetes does", async (t) => {
  const cases: [string, boolean][] = [
    ["", true],
    ["app=web", true],
    ["app==web", true],
    ["app = web , tier=front", true],
    ["app=db", false],
    ["app!=db", true],
    ["app!=web", false],
    ["missing!=x", true],
    ["app", true],
    ["missing", false],
    ["!missing", true],
    ["!app", false],
    ["app in (web, db)", true],
    ["app in (db)", false],
    ["app notin (db)", true],
    ["app notin (web,db)", false],
    ["missing notin (x)", true],
    ["missing in (x)", false],
    ["app in (web),tier notin (back,middle),example.com/size>9", true],
    ["example.com/size>10", false],
    ["example.com/size<11", true],
    ["app>1", false],
    ["empty=", true],
    ["constructor", false],
    ["__proto__", false],
  ];
  for (const [text, wanted] of cases) {
    if (text === "__proto__") t.throws(() => parseLabelQuery(text), { code: 400 });
    else t.equal(parseLabelQuery(text)(labels), wanted, text);
  }
  t.equal(parseLabelQuery("app")(undefined), false);
  t.equal(parseLabelQuery("!app")(undefined), true);
});

t.test("parseLabelQuery() refuses what is no selector", async (t) => {
  for (const text of [
    "a b",
    "=x",
    "a=b=c",
    "a in web",
    "a in (",
    "a>x",
    "a=b,",
    "a/b/c=d",
    `a=${"x".repeat(64)}`,
    "a in (b c)",
    "a=<script>",
  ]) {
    t.throws(
      () => parseLabelQuery(text),
      { code: 400, message: /^unable to parse requirement: / },
      text,
    );
  }
  const many = Array.from({ length: 101 }, (_, index) => `l${index}`).join(",");
  t.throws(() => parseLabelQuery(many), { code: 400 });
});
