/** Which rules of a host may be about one request. */
import t from "tap";
import type { HttpMatch, PathMatch } from "../snapshot.ts";
import { mayOverlap } from "./rule-overlap.ts";

const exact = (value: string): HttpMatch => ({ path: { kind: "exact", value } });
const prefix = (value: string): HttpMatch => ({ path: { kind: "prefix", value } });
const regex: HttpMatch = { path: { kind: "regex", value: "/a/[^/]+" } };

const cases: readonly { name: string; left: HttpMatch; right: HttpMatch; want: boolean }[] = [
  { name: "anything and a path", left: {}, right: exact("/a"), want: true },
  { name: "one path", left: exact("/a"), right: exact("/a"), want: true },
  { name: "two paths", left: exact("/a"), right: exact("/b"), want: false },
  { name: "a path and its prefix", left: exact("/a/b"), right: prefix("/a"), want: true },
  { name: "a path and itself as prefix", left: exact("/a"), right: prefix("/a/"), want: true },
  { name: "a path and part of a segment", left: exact("/ab"), right: prefix("/a"), want: false },
  { name: "a path and every prefix", left: exact("/ab"), right: prefix("/"), want: true },
  { name: "prefixes", left: prefix("/a"), right: prefix("/b"), want: true },
  { name: "an expression", left: regex, right: exact("/b"), want: true },
  {
    name: "two methods",
    left: { method: "GET" },
    right: { method: "POST", ...exact("/a") },
    want: false,
  },
  { name: "one method", left: { method: "GET" }, right: { method: "GET" }, want: true },
  {
    name: "headers, which are not compared",
    left: { headers: [{ kind: "exact", name: "a", value: "1" }] },
    right: { headers: [{ kind: "exact", name: "a", value: "2" }] },
    want: true,
  },
];

for (const { name, left, right, want } of cases) {
  t.test(`mayOverlap() is ${want} for ${name}`, async (t) => {
    t.equal(mayOverlap({ match: left }, { match: right }), want);
    t.equal(mayOverlap({ match: right }, { match: left }), want);
  });
}

t.test("mayOverlap() is false only for listeners that differ", async (t) => {
  const on = (...sections: string[]) => ({ match: {}, sections });
  t.equal(mayOverlap(on("tls"), on("plain")), false);
  t.equal(mayOverlap(on("tls", "plain"), on("plain")), true);
  t.equal(mayOverlap(on("tls"), { match: {} }), true);
});

t.test("mayOverlap() is true wherever a path fits both", async (t) => {
  const paths = ["/", "/a", "/a/", "/ab", "/a/b", "/b/a"];
  const matches: PathMatch[] = paths.flatMap((value): PathMatch[] => [
    { kind: "exact", value },
    { kind: "prefix", value },
  ]);
  const fits = ({ kind, value }: PathMatch, path: string) =>
    kind === "exact"
      ? path === value
      : path === value.replace(/\/+$/, "") || path.startsWith(`${value.replace(/\/+$/, "")}/`);
  for (const left of matches) {
    for (const right of matches) {
      const both = paths.some((path) => fits(left, path) && fits(right, path));
      const found = mayOverlap({ match: { path: left } }, { match: { path: right } });
      t.ok(found || !both, JSON.stringify([left, right]));
    }
  }
});
