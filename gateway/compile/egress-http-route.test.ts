/** EgressHTTPRoutes as rules: matches, filters, hosts. */
import t from "tap";
import type { EgressHTTPRoute } from "../../crds/egress-http-route.ts";
import { draftEgressHttpRoute } from "./egress-http-route.ts";
import { indexObjects } from "./object-index.ts";
import { httpRoute, object } from "./testdata/objects.ts";

function draft(rules: readonly object[], hostnames = ["api.example.com"]) {
  const index = indexObjects([httpRoute("r", hostnames, { rules })]);
  return draftEgressHttpRoute(only(index.list("EgressHTTPRoute")), index);
}

function only(routes: readonly EgressHTTPRoute[]): EgressHTTPRoute {
  const [route] = routes;
  if (route === undefined) throw new Error("Cannot find the route in its index");
  return route;
}

t.test(
  "draftEgressHttpRoute() matches everything on each host when a rule has no matches",
  async (t) => {
    const { rules } = draft([{}], ["API.example.com", "*.Example.org", "10.0.0.1"]);
    t.same(rules[0]?.matches, [{}]);
    t.same(rules[0]?.hosts, [
      { kind: "exact", value: "api.example.com" },
      { kind: "wildcard", value: "example.org" },
      { kind: "ip", value: "10.0.0.1" },
    ]);
  },
);

const matches = [
  { name: "a method", match: { method: "GET" }, expected: { method: "GET" } },
  {
    name: "an exact path",
    match: { path: { type: "Exact", value: "/v1" } },
    expected: { path: { kind: "exact", value: "/v1" } },
  },
  {
    name: "a path prefix",
    match: { path: { value: "/v1/" } },
    expected: { path: { kind: "prefix", value: "/v1/" } },
  },
  {
    name: "a path glob",
    match: { path: { type: "Glob", value: "/v1/*/x" } },
    expected: { path: { kind: "regex", value: "/v1/(?s:.*)/x" } },
  },
  {
    name: "a prefix of every path as no condition",
    match: { path: { value: "/" }, method: "GET" },
    expected: { method: "GET" },
  },
  {
    name: "headers in lower case",
    match: {
      headers: [
        { name: "X-One", value: "1" },
        { name: "X-Two", value: "a.*", type: "RegularExpression" },
      ],
    },
    expected: {
      headers: [
        { kind: "exact", name: "x-one", value: "1" },
        { kind: "regex", name: "x-two", value: "a.*" },
      ],
    },
  },
];

for (const { name, match, expected } of matches) {
  t.test(`draftEgressHttpRoute() takes ${name}`, async (t) => {
    t.same(draft([{ matches: [match] }]).rules[0]?.matches, [expected]);
  });
}

t.test("draftEgressHttpRoute() keeps the order of rules and matches", async (t) => {
  const { rules } = draft([
    { matches: [{ method: "GET" }, { method: "HEAD" }] },
    { matches: [{ method: "POST" }] },
  ]);
  t.same(
    rules.map(({ ruleIndex, matches: all }) => [ruleIndex, all.map(({ method }) => method)]),
    [
      [0, ["GET", "HEAD"]],
      [1, ["POST"]],
    ],
  );
});

t.test("draftEgressHttpRoute() merges header modifiers of requests and responses", async (t) => {
  const { rules } = draft([
    {
      filters: [
        {
          type: "RequestHeaderModifier",
          requestHeaderModifier: { set: [{ name: "X-A", value: "1" }] },
        },
        { type: "RequestHeaderModifier", requestHeaderModifier: { remove: ["x-b"] } },
        {
          type: "ResponseHeaderModifier",
          responseHeaderModifier: { add: [{ name: "X-C", value: "2" }] },
        },
      ],
    },
  ]);
  t.same(rules[0]?.requestHeaders, {
    set: [{ name: "x-a", value: "1" }],
    add: [],
    remove: ["x-b"],
  });
  t.same(rules[0]?.responseHeaders, { set: [], add: [{ name: "x-c", value: "2" }], remove: [] });
});

t.test("draftEgressHttpRoute() tells that addresses work on plain HTTP only", async (t) => {
  t.same(draft([{}], ["10.0.0.1"]).problems, [
    "Host 10.0.0.1 is allowed on plain HTTP only: TLS to a bare address names no server",
  ]);
});

t.test("draftEgressHttpRoute() refuses only the rule whose policy is missing", async (t) => {
  const ref = { group: "clrk.apoxy.dev", kind: "LoggingPolicy", name: "none" };
  const { rules, unresolved, obstacles } = draft([
    {},
    { filters: [{ type: "ExtensionRef", extensionRef: ref }] },
  ]);
  const message =
    "spec.rules[1].filters[0].extensionRef: LoggingPolicy default/none does not exist";
  t.same(unresolved, [{ reason: "ExtensionNotFound", message }]);
  t.same(obstacles, []);
  t.equal(rules[0]?.deny, undefined);
  t.match(rules[1]?.deny, { status: 403, reason: "not-enforced" });
});

t.test("draftEgressHttpRoute() is about every host when none is named", async (t) => {
  const index = indexObjects([
    httpRoute("r", ["a.example"]),
    object("Backend", "b", { upstream: { host: "b.example" } }),
  ]);
  const route = only(index.list("EgressHTTPRoute"));
  const hostless = { ...route, spec: { ...route.spec, hostnames: [] } };
  t.same(draftEgressHttpRoute(hostless, index).rules[0]?.hosts, [{ kind: "any", value: "" }]);
});
