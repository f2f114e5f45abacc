/** Tests records of HTTP transactions that come as gRPC entries. */
import t from "tap";
import { envoy } from "../proto/gen/accesslog.js";
import {
  commonFields,
  entryContext,
  filterState,
  httpEntry,
} from "../testdata/access-log-entries.ts";
import { httpRecord } from "./http-entry.ts";

const { HTTPVersion } = envoy.data.accesslog.v3.HTTPAccessLogEntry;

t.test("httpRecord() of an answered request", async (t) => {
  t.match(httpRecord(httpEntry(), entryContext()), {
    kind: "http",
    startUnixMs: 1_795_000_000_005,
    startUnixNs: "1795000000005000000",
    durationMs: 41.5,
    agent: { name: "run:run-1" },
    clientAddress: "10.0.0.7",
    request: {
      method: "POST",
      scheme: "https",
      authority: "a.example.com",
      host: "a.example.com",
      port: 443,
      path: "/v1/chat",
      query: "key=[redacted]&lang=ts",
      protocol: "HTTP/2",
      userAgent: "OpenAI/JS",
      bytes: 512,
    },
    response: { status: 200, bytes: 2_048, flags: [], details: "via_upstream" },
    timings: { requestMs: 1.25, upstreamConnectMs: null, timeToFirstByteMs: 39 },
    upstream: { address: "203.0.113.9:443", tls: { version: "", serverName: "a.example.com" } },
    decision: { verdict: "allow", route: { name: "route", rule: 0 } },
    tier: "native",
    revision: 7,
    usage: null,
  });
});

t.test("httpRecord() keeps no secret of path, query or authority", async (t) => {
  const entry = httpEntry({
    request: {
      authority: "user:canary@a.example.com",
      path: "/v1/sk-canary-0123456789abcdefghijklmnopqrstuvwxyzABCDEF/x?api_key=canary&sig=canary",
    },
  });
  t.notMatch(
    JSON.stringify(httpRecord(entry, entryContext())),
    /canary&|canary@|api_key=canary|sig=canary/,
  );
});

t.test("httpRecord() prefers the path before a rewrite", async (t) => {
  const entry = httpEntry({ request: { originalPath: "/asked?token=t", path: "/rewritten" } });
  t.match(httpRecord(entry, entryContext()).request, { path: "/asked", query: "token=[redacted]" });
});

const versions: readonly { readonly version: number; readonly want: string }[] = [
  { version: HTTPVersion.HTTP10, want: "HTTP/1.0" },
  { version: HTTPVersion.HTTP11, want: "HTTP/1.1" },
  { version: HTTPVersion.HTTP2, want: "HTTP/2" },
  { version: HTTPVersion.HTTP3, want: "HTTP/3" },
  { version: 0, want: "" },
  { version: 99, want: "" },
];

for (const { version, want } of versions) {
  t.test(`httpRecord() of protocol version ${version} says "${want}"`, async (t) => {
    t.equal(
      httpRecord(httpEntry({ protocolVersion: version }), entryContext()).request.protocol,
      want,
    );
  });
}

t.test("httpRecord() of a plain request", async (t) => {
  const commonProperties = commonFields({ tlsProperties: null, upstreamCluster: "forward-plain" });
  t.match(httpRecord(httpEntry({ commonProperties }), entryContext()), {
    request: { scheme: "http" },
    upstream: { tls: null },
  });
});

t.test("httpRecord() takes an IPv6 authority with its port", async (t) => {
  const commonProperties = commonFields({ filterStateObjects: {} });
  const request = { authority: "[2001:db8::7]:8080" };
  const record = httpRecord(httpEntry({ commonProperties, request }), entryContext());
  t.match(record.request, { authority: "[2001:db8::7]:8080", port: 8080 });
});

t.test("httpRecord() shows the credential only of what was allowed", async (t) => {
  const credential = { name: "Secret default/openai", header: "authorization" };
  const facts = { provider: "openai", credential, message: null };
  const key = "allow/EgressHTTPRoute/default/route/0";
  const context = entryContext({ ruleFacts: new Map([[key, facts]]) });
  t.match(httpRecord(httpEntry(), context), { provider: "openai", credential });
  const response = {
    responseCode: { value: 403 },
    responseCodeDetails: "rbac_access_denied_matched_policy[none]",
  };
  t.match(httpRecord(httpEntry({ response }), context), {
    credential: null,
    decision: { verdict: "deny", reason: "authority-mismatch" },
  });
});

t.test(
  "httpRecord() names what the agent asked for where a backend was sent another host",
  async (t) => {
    const request = { authority: "backend.example.com", path: "/" };
    t.match(httpRecord(httpEntry({ request }), entryContext()), {
      request: { host: "a.example.com" },
      upstream: { tls: { serverName: "backend.example.com" } },
    });
  },
);

t.test("httpRecord() of a request that no rule matches has no route, and says so", async (t) => {
  const commonProperties = commonFields({
    routeName: "",
    upstreamCluster: "",
    upstreamRemoteAddress: null,
    responseFlags: { noRouteFound: true },
  });
  const response = { responseCode: { value: 403 }, responseCodeDetails: "route_not_found" };
  t.match(httpRecord(httpEntry({ commonProperties, response }), entryContext()), {
    upstream: null,
    credential: null,
    response: { status: 403, flags: ["NR"], details: "route_not_found" },
    decision: {
      verdict: "deny",
      reason: "no-rule",
      message: "no rule for host a.example.com allows this method and path",
      route: null,
    },
  });
});

t.test("httpRecord() of an ambiguous path shows no credential of the route", async (t) => {
  const credential = { name: "Secret default/openai", header: "authorization" };
  const facts = { provider: "openai", credential, message: null };
  const key = "allow/EgressHTTPRoute/default/route/0";
  const context = entryContext({ ruleFacts: new Map([[key, facts]]) });
  const response = {
    responseCode: { value: 403 },
    responseCodeDetails: "rbac_access_denied_matched_policy[ambiguous-path]",
  };
  t.match(httpRecord(httpEntry({ response }), context), {
    credential: null,
    decision: { verdict: "deny", reason: "ambiguous-path", route: null },
  });
});

t.test("httpRecord() of an empty entry is a refusal of nobody", async (t) => {
  const entry = httpEntry({ commonProperties: null, request: null, response: null });
  t.match(httpRecord(entry, entryContext()), {
    agent: null,
    upstream: null,
    request: { method: "", host: "", path: "" },
    response: { status: 0 },
    decision: { verdict: "deny", reason: "undecided" },
  });
});

t.test("httpRecord() of unknown route names is undecided", async (t) => {
  const commonProperties = commonFields({
    routeName: "absolute-form",
    filterStateObjects: filterState({}),
  });
  t.equal(httpRecord(httpEntry({ commonProperties }), entryContext()).decision.reason, "undecided");
});
