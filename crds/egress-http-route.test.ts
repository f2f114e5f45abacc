/** EgressHTTPRoute: defaults, refusals with exact messages. */
import t from "tap";
import { egressHttpRouteKind } from "./egress-http-route.ts";
import {
  change,
  expectObject,
  objectOf,
  parentRef,
  testAcceptance,
  testRefusals,
} from "./testdata/kind-cases.ts";

const group = "clrk.apoxy.dev";
const least = objectOf("EgressHTTPRoute", {
  parentRefs: [parentRef],
  hostnames: ["api.x.com"],
  rules: [{}],
});
const most = objectOf("EgressHTTPRoute", {
  parentRefs: [{ ...parentRef, sectionName: "tls", port: 443 }],
  hostnames: ["API.x.com.", "*.Y.com", "[::1]"],
  rules: [
    {
      matches: [
        { path: { value: "/v1" }, method: "GET" },
        {
          path: { type: "Glob", value: "/v1/*/files" },
          headers: [
            { name: "X-Team", value: "a" },
            { type: "RegularExpression", name: "x-id", value: "^[0-9]+$" },
          ],
        },
      ],
      filters: [
        {
          type: "RequestHeaderModifier",
          requestHeaderModifier: { set: [{ name: "X-A", value: "b" }], remove: ["cookie"] },
        },
        {
          type: "ResponseHeaderModifier",
          responseHeaderModifier: { add: [{ name: "x-b", value: "" }] },
        },
        { type: "ExtensionRef", extensionRef: { group, kind: "RateLimitPolicy", name: "slow" } },
      ],
    },
  ],
});

t.test("parse() of the least route allows every request to its hosts", (t) => {
  t.same(expectObject(egressHttpRouteKind.parse(least)).spec, {
    parentRefs: [parentRef],
    enforcement: "Enforce",
    hostnames: ["api.x.com"],
    rules: [{ matches: [], filters: [] }],
  });
  t.end();
});

t.test("parse() gives defaults and normalises hosts", (t) => {
  const { hostnames, rules } = expectObject(egressHttpRouteKind.parse(most)).spec;
  t.strictSame([...hostnames], ["api.x.com", "*.y.com", "::1"]);
  t.same(rules[0]?.matches[0], {
    path: { type: "PathPrefix", value: "/v1" },
    method: "GET",
    headers: [],
  });
  t.same(rules[0]?.matches[1]?.headers[0], { type: "Exact", name: "X-Team", value: "a" });
  t.same(rules[0]?.filters[0]?.requestHeaderModifier, {
    set: [{ name: "X-A", value: "b" }],
    add: [],
    remove: ["cookie"],
  });
  t.end();
});

testAcceptance(egressHttpRouteKind, most, [
  ["spec.rules.0.matches.0.path", { type: "Exact", value: "/" }],
  ["spec.rules.0.matches.0.path", { type: "Glob", value: "*" }],
  ["spec.rules.0.matches.0", { method: "POST" }],
  ["spec.rules.0.matches.0", { headers: [{ name: "a", value: "b" }] }],
  ["spec.rules.0.filters", []],
]);

const match = "spec.rules.0.matches.0";
const at = "spec.rules[0].matches[0]";
const literal = 'a path such as "/v1/files"';
const host = 'a DNS name, "*." and a DNS name, or an IP address';

testRefusals(egressHttpRouteKind, most, [
  ["spec.parentRefs", [], "spec.parentRefs: found an empty list, wanted a list of 1 to 32"],
  ["spec.parentRefs", undefined, "spec.parentRefs: not set, wanted a list of 1 to 32"],
  [
    "spec.parentRefs.0.kind",
    "Gateway",
    'spec.parentRefs[0].kind: found "Gateway", wanted "EgressGateway"',
  ],
  [
    "spec.parentRefs.0.group",
    undefined,
    'spec.parentRefs[0].group: not set, wanted "clrk.apoxy.dev"',
  ],
  ["spec.hostnames", undefined, "spec.hostnames: not set, wanted a list of 1 to 64"],
  ["spec.hostnames", [], "spec.hostnames: found an empty list, wanted a list of 1 to 64"],
  ["spec.hostnames", "api.x.com", 'spec.hostnames: found "api.x.com", wanted a list of 1 to 64'],
  [
    "spec.hostnames.0",
    "*",
    `spec.hostnames[0]: found "*", wanted ${host}: "*" alone is not allowed; name the hosts, or "*.example.com"`,
  ],
  [
    "spec.hostnames.0",
    "https://x.com/v1",
    `spec.hostnames[0]: found "https://x.com/v1", wanted ${host}: a scheme is not part of a host: write "x.com"`,
  ],
  [
    "spec.hostnames.0",
    "x.com:443",
    `spec.hostnames[0]: found "x.com:443", wanted ${host}: a port is not part of a host: write "x.com"`,
  ],
  [
    "spec.hostnames.0",
    "*.Y.COM",
    'spec.hostnames[1]: found "*.y.com", wanted different values: item 0 has it too',
  ],
  [
    "spec.hostname",
    ["x.com"],
    'spec.hostname: unknown field; known: "parentRefs", "enforcement", "hostnames", "rules"',
  ],
  ["spec.rules", [], "spec.rules: found an empty list, wanted a list of 1 to 64"],
  [
    "spec.rules.0.backendRefs",
    [],
    'spec.rules[0].backendRefs: unknown field; known: "matches", "filters"',
  ],
  ["spec.rules.0.matches", null, "spec.rules[0].matches: found null, wanted a list of at most 64"],
  [
    match,
    {},
    `${at}: found an empty match, wanted a path, a method or headers: leave matches out to allow every request`,
  ],
  [`${match}.path`, "/v1", `${at}.path: found "/v1", wanted an object`],
  [`${match}.path`, {}, `${at}.path.value: not set, wanted a string`],
  [
    `${match}.path`,
    { value: "" },
    `${at}.path.value: found an empty string, wanted a non-empty string`,
  ],
  [
    `${match}.path.type`,
    "Prefix",
    `${at}.path.type: found "Prefix", wanted "Exact", "PathPrefix" or "Glob"`,
  ],
  [
    `${match}.path.type`,
    "RegularExpression",
    `${at}.path.type: found "RegularExpression", wanted "Exact", "PathPrefix" or "Glob"`,
  ],
  [
    `${match}.path.value`,
    "v1",
    `${at}.path.value: found "v1", wanted ${literal}: it does not begin with "/"`,
  ],
  [
    `${match}.path.value`,
    "/v1/*",
    `${at}.path.value: found "/v1/*", wanted ${literal}: "*" is only special with type "Glob"`,
  ],
  [
    `${match}.path.value`,
    "/v1?x=1",
    `${at}.path.value: found "/v1?x=1", wanted ${literal}: a query is not part of the path`,
  ],
  [
    `${match}.path.value`,
    "/a/../b",
    `${at}.path.value: found "/a/../b", wanted ${literal}: segment "." or ".."`,
  ],
  [
    `${match}.path`,
    { type: "Glob", value: "v1/*" },
    `${at}.path.value: found "v1/*", wanted a path glob such as "/v1/*": it begins neither with "/" nor with "*"`,
  ],
  [
    `${match}.path`,
    { type: "Glob", value: "/[ab]" },
    `${at}.path.value: found "/[ab]", wanted a path glob such as "/v1/*": character "[" at position 1; only "*" and "?" are special here`,
  ],
  [
    `${match}.method`,
    "get",
    `${at}.method: found "get", wanted an HTTP method in upper case, such as "GET"`,
  ],
  [
    `${match}.method`,
    "",
    `${at}.method: found an empty string, wanted an HTTP method in upper case, such as "GET"`,
  ],
  [`${match}.methods`, ["GET"], `${at}.methods: unknown field; known: "path", "method", "headers"`],
  [`${match}.headers`, { a: "b" }, `${at}.headers: found an object, wanted a list of at most 16`],
  [
    `${match}.headers`,
    [{ name: ":path", value: "x" }],
    `${at}.headers[0].name: found ":path", wanted a header name such as "x-request-id": pseudo headers are not headers; use hostnames, path or method`,
  ],
  [
    `${match}.headers`,
    [{ name: "Host", value: "x" }],
    `${at}.headers[0].name: found "Host", wanted a header name such as "x-request-id": the host is a matter of hostnames`,
  ],
  [`${match}.headers`, [{ name: "a" }], `${at}.headers[0].value: not set, wanted a header value`],
  [
    `${match}.headers`,
    [{ name: "a", value: "hunter2\n" }],
    `${at}.headers[0].value: found a string, wanted a header value: line break at position 7`,
  ],
  [
    `${match}.headers`,
    [
      { name: "a", value: "b" },
      { name: "A", value: "c" },
    ],
    `${at}.headers[1].name: found "A", wanted a different name for each: item 0 has it too`,
  ],
  [
    `${match}.headers`,
    [{ type: "RegularExpression", name: "a", value: "(?=b)" }],
    `${at}.headers[0].value: found "(?=b)", wanted an RE2 regular expression: RE2 has no lookaround ("(?=") at position 0`,
  ],
  [
    `${match}.headers`,
    [{ type: "Regex", name: "a", value: "b" }],
    `${at}.headers[0].type: found "Regex", wanted "Exact" or "RegularExpression"`,
  ],
]);

const set = "spec.rules.0.filters.0.requestHeaderModifier";
const filter = "spec.rules[0].filters[0]";
const setName = `${filter}.requestHeaderModifier.set[0].name`;
const modifiable = 'a header name such as "x-api-key"';

testRefusals(egressHttpRouteKind, most, [
  [
    "spec.rules.0.filters.0.type",
    "RequestRedirect",
    `${filter}.type: found "RequestRedirect", wanted "RequestHeaderModifier", "ResponseHeaderModifier", "RequestSizeLimit" or "ExtensionRef": an egress route only allows; it does not answer`,
  ],
  [
    "spec.rules.0.filters.0.type",
    "URLRewrite",
    `${filter}.type: found "URLRewrite", wanted "RequestHeaderModifier", "ResponseHeaderModifier", "RequestSizeLimit" or "ExtensionRef": an egress route does not change where a request goes`,
  ],
  [
    "spec.rules.0.filters.0.type",
    "RequestHeaderModifer",
    `${filter}.type: found "RequestHeaderModifer", wanted "RequestHeaderModifier", "ResponseHeaderModifier", "RequestSizeLimit" or "ExtensionRef": did you mean "RequestHeaderModifier"?`,
  ],
  [
    "spec.rules.0.filters.0.type",
    "ResponseHeaderModifier",
    `${filter}.requestHeaderModifier: found a value, wanted none, because type is "ResponseHeaderModifier": it goes with type "RequestHeaderModifier"`,
    `${filter}.responseHeaderModifier: not set, wanted a value, because type is "ResponseHeaderModifier"`,
  ],
  [
    "spec.rules.0.filters.0",
    { type: "RequestHeaderModifier" },
    `${filter}.requestHeaderModifier: not set, wanted a value, because type is "RequestHeaderModifier"`,
  ],
  [set, {}, `${filter}.requestHeaderModifier: found no changes, wanted set, add or remove`],
  [
    `${set}.set.0.name`,
    "Host",
    `${setName}: found "Host", wanted ${modifiable}: the host is a matter of hostnames`,
  ],
  [
    `${set}.set.0.name`,
    ":authority",
    `${setName}: found ":authority", wanted ${modifiable}: pseudo headers are not headers; use hostnames, path or method`,
  ],
  [
    `${set}.set.0.name`,
    "X-Clrk-Agent",
    `${setName}: found "X-Clrk-Agent", wanted ${modifiable}: "x-clrk-" is reserved`,
  ],
  [
    `${set}.set.0.name`,
    "Transfer-Encoding",
    `${setName}: found "Transfer-Encoding", wanted ${modifiable}: it belongs to the connection, not to the request`,
  ],
  [`${set}.set.0.name`, "a b", `${setName}: found "a b", wanted ${modifiable}`],
  [
    `${set}.set.0.value`,
    "hunter2\r\nx: y",
    `${filter}.requestHeaderModifier.set[0].value: found a string, wanted a header value: line break at position 7`,
  ],
  [
    `${set}.set.0.value`,
    7,
    `${filter}.requestHeaderModifier.set[0].value: found a number, wanted a header value`,
  ],
  [
    `${set}.set.1`,
    { name: "x-a", value: "c" },
    `${filter}.requestHeaderModifier.set[1].name: found "x-a", wanted a different name for each: item 0 has it too`,
  ],
  [
    `${set}.remove`,
    ["x-a"],
    `${filter}.requestHeaderModifier.remove[0]: found "x-a", wanted each header in one list: it is in set too`,
  ],
  [
    `${set}.remove`,
    ["connection"],
    `${filter}.requestHeaderModifier.remove[0]: found "connection", wanted ${modifiable}: it belongs to the connection, not to the request`,
  ],
  [
    "spec.rules.0.filters.2.extensionRef.kind",
    "Backend",
    'spec.rules[0].filters[2].extensionRef.kind: found "Backend", wanted "RateLimitPolicy" or "LoggingPolicy"',
  ],
  [
    "spec.rules.0.filters.2.extensionRef.name",
    undefined,
    'spec.rules[0].filters[2].extensionRef.name: not set, wanted a lower-case name: "a" to "z", digits, "-" and "." inside, at most 253 characters',
  ],
]);

t.test("parse() reports the problems of all rules at once", (t) => {
  const value = change(
    change(most, "spec.rules.1", { matches: [{ method: "get" }] }),
    `${match}.path.value`,
    "x",
  );
  const result = egressHttpRouteKind.parse(value);
  t.strictSame(result.kind === "invalid" && result.problems.map(({ path }) => path.join(".")), [
    "spec.rules.0.matches.0.path.value",
    "spec.rules.1.matches.0.method",
  ]);
  t.end();
});
