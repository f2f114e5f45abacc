/** Tests of sets of objects: duplicates, and the lines that say what differs. */
import t from "tap";
import type { SourceProblem } from "../control-api.ts";
import { formatSourceProblem, parseManifests } from "../manifests.ts";
import {
  describeChanges,
  joinObjects,
  losesObjects,
  maxListedProblems,
  saysTheSame,
} from "./object-set.ts";

function route(name: string, rest = "hostnames: [a.example.com]", file = "a.yaml") {
  const text = `apiVersion: clrk.apoxy.dev/v1alpha1
kind: EgressHTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ group: clrk.apoxy.dev, kind: EgressGateway, name: default }]
  rules: [{ matches: [{ method: GET }] }]
  ${rest}
`;
  return parseManifests(file, text);
}

function secret(value: string, file = "s.yaml") {
  const text = `apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { ${value} }\n`;
  return parseManifests(file, text);
}

t.test("joinObjects() keeps the first of two and names both places", (t) => {
  const set = joinObjects([
    route("a"),
    route("a", "hostnames: [b.example.com]", "b.yaml"),
    secret("a: b"),
  ]);
  t.same([...set.objects.keys()], ["EgressHTTPRoute default/a", "Secret default/s"]);
  t.same(set.problems.map(formatSourceProblem), [
    "b.yaml:1: EgressHTTPRoute default/a is in a.yaml:1 too, wanted each object in one place",
  ]);
  t.end();
});

t.test("joinObjects() lists a bounded number of problems", (t) => {
  const problem: SourceProblem = { file: "x", line: 1, field: "", message: "y" };
  const problems = Array.from({ length: maxListedProblems + 7 }, () => problem);
  const set = joinObjects([{ objects: [], problems, warnings: problems }]);
  t.equal(set.problems.length, maxListedProblems + 1);
  t.equal(set.problems.at(-1)?.message, "7 more problems not listed");
  t.equal(set.warnings.length, maxListedProblems + 1);
  t.end();
});

t.test("describeChanges() tells one line an object and no value", (t) => {
  const before = joinObjects([route("a"), route("b"), route("c"), secret("a: old1, b: same")]);
  const after = joinObjects([
    route("d"),
    route("a", "hostnames: [a.example.com, b.example.com]"),
    route("b", undefined, "elsewhere.yaml"),
    secret("a: new2, b: same"),
  ]);
  t.same(describeChanges(before, after), [
    "EgressHTTPRoute default/d added",
    "EgressHTTPRoute default/a changed (spec.hostnames)",
    "EgressHTTPRoute default/b moved to elsewhere.yaml",
    "Secret default/s changed (data.a)",
    "EgressHTTPRoute default/c removed",
  ]);
  t.same(describeChanges(before, before), []);
  t.equal(describeChanges(undefined, before).length, 4);
  t.end();
});

t.test("describeChanges() names the deepest field that holds all differences", (t) => {
  const cases: readonly (readonly [rest: string, want: string])[] = [
    ["hostnames: [b.example.com]", "spec.hostnames[0]"],
    ["hostnames: [a.example.com, c.example.com]", "spec.hostnames"],
  ];
  const before = joinObjects([route("a")]);
  for (const [rest, want] of cases) {
    const after = joinObjects([route("a", rest)]);
    t.same(describeChanges(before, after), [`EgressHTTPRoute default/a changed (${want})`]);
  }
  const two = joinObjects([secret("a: x, b: y")]);
  const other = joinObjects([secret("a: y, b: z")]);
  t.same(describeChanges(two, other), ["Secret default/s changed (data)"]);
  const keys = joinObjects([secret("a: x, constructor: y")]);
  t.same(describeChanges(keys, joinObjects([secret("a: x")])), [
    "Secret default/s changed (data.constructor)",
  ]);
  t.end();
});

t.test("describeChanges() sees through comments and order of fields", (t) => {
  const commented = route("a", "hostnames: [a.example.com] # the host");
  t.same(describeChanges(joinObjects([route("a")]), joinObjects([commented])), []);
  t.end();
});

t.test("losesObjects() is about objects that are gone", (t) => {
  const both = joinObjects([route("a"), route("b")]);
  const one = joinObjects([route("a", "hostnames: [z.example.com]")]);
  t.equal(losesObjects(both, one), true);
  t.equal(losesObjects(one, both), false);
  t.equal(losesObjects(one, one), false);
  t.end();
});

t.test("saysTheSame() compares what a person would read", (t) => {
  const problem: SourceProblem = { file: "x", line: 1, field: "", message: "y" };
  t.equal(saysTheSame([problem], [{ ...problem }]), true);
  t.equal(saysTheSame([problem], [{ ...problem, line: 2 }]), false);
  t.equal(saysTheSame([problem], []), false);
  t.equal(saysTheSame([], []), true);
  t.end();
});
