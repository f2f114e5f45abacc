/** Tests records of HTTP transactions that come as gRPC entries. */
import t from "tap";
import { envoy } from "../proto/gen/accesslog.js";
import {
  commonFields,
  entryContext,
  filterState,
  httpEntry,
} from "../testdata/access-log-entries.ts";
import type { RuleFacts } from "../rule-facts.ts";
import { callFacts } from "../testdata/call-facts.ts";
import { EngineLine } from "./engine-line.ts";
import type { EntryContext } from "./entry-context.ts";
import { readHttpEntry } from "./http-entry.ts";

const { HTTPVersion } = envoy.data.accesslog.v3.HTTPAccessLogEntry;

/** The record, without facts of the engine. */
function recordOf(entry: ReturnType<typeof httpEntry>, context: EntryContext) {
  const read = readHttpEntry(entry, context);
  return read instanceof EngineLine ? read.complete(undefined).record : read;
}

t.test("readHttpEntry() of an answered request", async (t) => {
  t.match(recordOf(httpEntry(), entryContext()), {
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
    response: { status: 200, bytes: 2_048, chunks: null, flags: [], details: "via_upstream" },
    timings: { requestMs: 1.25, upstreamConnectMs: null, timeToFirstByteMs: 39 },
    upstream: { address: "203.0.113.9:443", tls: { version: "", serverName: "a.example.com" } },
    decision: { verdict: "allow", route: { name: "route", rule: 0 } },
    tier: "native",
    revision: 7,
    model: null,
    usage: null,
    routing: null,
    capture: null,
  });
});

t.test("readHttpEntry() keeps no secret of path, query or authority", async (t) => {
  const entry = httpEntry({
    request: {
      authority: "user:canary@a.example.com",
      path: "/v1/sk-canary-0123456789abcdefghijklmnopqrstuvwxyzABCDEF/x?api_key=canary&sig=canary",
    },
  });
  t.notMatch(
    JSON.stringify(recordOf(entry, entryContext())),
    /canary&|canary@|api_key=canary|sig=canary/,
  );
});

t.test("readHttpEntry() prefers the path before a rewrite", async (t) => {
  const entry = httpEntry({ request: { originalPath: "/asked?token=t", path: "/rewritten" } });
  t.match(recordOf(entry, entryContext()).request, { path: "/asked", query: "token=[redacted]" });
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
  t.test(`readHttpEntry() of protocol version ${version} says "${want}"`, async (t) => {
    t.equal(
      recordOf(httpEntry({ protocolVersion: version }), entryContext()).request.protocol,
      want,
    );
  });
}

t.test("readHttpEntry() of a plain request", async (t) => {
  const commonProperties = commonFields({ tlsProperties: null, upstreamCluster: "forward-plain" });
  t.match(recordOf(httpEntry({ commonProperties }), entryContext()), {
    request: { scheme: "http" },
    upstream: { tls: null },
  });
});

t.test("readHttpEntry() takes an IPv6 authority with its port", async (t) => {
  const commonProperties = commonFields({ filterStateObjects: {} });
  const request = { authority: "[2001:db8::7]:8080" };
  const record = recordOf(httpEntry({ commonProperties, request }), entryContext());
  t.match(record.request, { authority: "[2001:db8::7]:8080", port: 8080 });
});

t.test("readHttpEntry() shows the credential only of what was allowed", async (t) => {
  const credential = { name: "Secret default/openai", header: "authorization" };
  const facts: RuleFacts = { provider: "openai", credential, message: null, tier: "native" };
  const key = "allow/EgressHTTPRoute/default/route/0";
  const context = entryContext({ ruleFacts: new Map([[key, facts]]) });
  t.match(recordOf(httpEntry(), context), { provider: "openai", credential });
  const response = {
    responseCode: { value: 403 },
    responseCodeDetails: "rbac_access_denied_matched_policy[none]",
  };
  t.match(recordOf(httpEntry({ response }), context), {
    credential: null,
    decision: { verdict: "deny", reason: "authority-mismatch" },
  });
});

t.test(
  "recordOf() names what the agent asked for where a backend was sent another host",
  async (t) => {
    const request = { authority: "backend.example.com", path: "/" };
    t.match(recordOf(httpEntry({ request }), entryContext()), {
      request: { host: "a.example.com" },
      upstream: { tls: { serverName: "backend.example.com" } },
    });
  },
);

t.test("readHttpEntry() of a request that no rule matches has no route, and says so", async (t) => {
  const commonProperties = commonFields({
    routeName: "",
    upstreamCluster: "",
    upstreamRemoteAddress: null,
    responseFlags: { noRouteFound: true },
  });
  const response = { responseCode: { value: 403 }, responseCodeDetails: "route_not_found" };
  t.match(recordOf(httpEntry({ commonProperties, response }), entryContext()), {
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

t.test("readHttpEntry() of an ambiguous path shows no credential of the route", async (t) => {
  const credential = { name: "Secret default/openai", header: "authorization" };
  const facts: RuleFacts = { provider: "openai", credential, message: null, tier: "native" };
  const key = "allow/EgressHTTPRoute/default/route/0";
  const context = entryContext({ ruleFacts: new Map([[key, facts]]) });
  const response = {
    responseCode: { value: 403 },
    responseCodeDetails: "rbac_access_denied_matched_policy[ambiguous-path]",
  };
  t.match(recordOf(httpEntry({ response }), context), {
    credential: null,
    decision: { verdict: "deny", reason: "ambiguous-path", route: null },
  });
});

t.test("readHttpEntry() of an empty entry is a refusal of nobody", async (t) => {
  const entry = httpEntry({ commonProperties: null, request: null, response: null });
  t.match(recordOf(entry, entryContext()), {
    agent: null,
    upstream: null,
    request: { method: "", host: "", path: "" },
    response: { status: 0 },
    decision: { verdict: "deny", reason: "undecided" },
  });
});

t.test("readHttpEntry() of unknown route names is undecided", async (t) => {
  const commonProperties = commonFields({
    routeName: "absolute-form",
    filterStateObjects: filterState({}),
  });
  t.equal(recordOf(httpEntry({ commonProperties }), entryContext()).decision.reason, "undecided");
});

/** Dynamic metadata as Envoy sends all of it. */
function metadata(namespaces: Readonly<Record<string, Readonly<Record<string, object>>>>) {
  const structs = Object.entries(namespaces).map(([name, fields]) => [name, { fields }]);
  return { filterMetadata: Object.fromEntries(structs) };
}

t.test("readHttpEntry() waits for facts where the engine left its id", async (t) => {
  const entry = httpEntry({
    commonProperties: commonFields({
      metadata: metadata({
        "envoy.filters.http.rbac": { id: { stringValue: "other" } },
        clrk: { id: { stringValue: "engine-1" } },
      }),
    }),
    request: { path: "/v1/chat?injected=credential" },
  });
  const line = readHttpEntry(entry, entryContext());
  if (!(line instanceof EngineLine)) throw new Error("Wanted a line of the engine");
  t.equal(line.id, "engine-1");
  const target = { path: "/v1/chat", query: "lang=ts" };
  t.match(line.complete(callFacts({ target })), {
    record: { tier: "engine", request: target, usage: { inputTokens: 12 } },
    json: undefined,
  });
});

const idless = [
  { name: "no metadata", metadata: null },
  {
    name: "an id of another namespace",
    metadata: metadata({ other: { id: { stringValue: "x" } } }),
  },
  { name: "another key", metadata: metadata({ clrk: { other: { stringValue: "x" } } }) },
  { name: "an id that is no text", metadata: metadata({ clrk: { id: { numberValue: 1 } } }) },
];

for (const { name, metadata } of idless) {
  t.test(
    `readHttpEntry() takes ${name} for a transaction that the engine did not see`,
    async (t) => {
      const entry = httpEntry({ commonProperties: commonFields({ metadata }) });
      t.match(readHttpEntry(entry, entryContext()), { tier: "native" });
    },
  );
}
