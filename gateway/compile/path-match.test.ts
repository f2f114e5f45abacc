/** Path globs as matches. */
import t from "tap";
import { globPathMatch } from "./path-match.ts";

t.test("globPathMatch() takes a glob without wildcards as one path", async (t) => {
  t.same(globPathMatch("/v1/chat/completions"), { kind: "exact", value: "/v1/chat/completions" });
  t.same(globPathMatch("/a.b(c)"), { kind: "exact", value: "/a.b(c)" });
});

t.test("globPathMatch() takes a lone star as no condition", async (t) => {
  t.equal(globPathMatch("*"), undefined);
  t.equal(globPathMatch("**"), undefined);
});

t.test("globPathMatch() writes RE2 in which all else is literal", async (t) => {
  t.same(globPathMatch("/v1/*"), { kind: "regex", value: "/v1/(?s:.*)" });
  t.same(globPathMatch("/v1.0/*/x"), { kind: "regex", value: "/v1\\.0/(?s:.*)/x" });
  t.match(globPathMatch("/v?"), { kind: "regex", value: /^\/v\(\?:/ });
});
