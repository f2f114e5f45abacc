import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const hosts = [
  "echo.test",
  "api.wild.test",
  "a.b.wild.test",
  "deny.test",
  "quiet.test",
  "open.test",
];
const upstreams = await startUpstreams(t, { tlsHosts: hosts, plainHosts: ["plain.test"] });
const denyMessage = 'Use the archive instead: 100% of "reports" moved';
const parents = (sectionName: string) => ({
  parentRefs: [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress", sectionName }],
});
const rewrites = [
  {
    type: "RequestHeaderModifier",
    requestHeaderModifier: {
      set: [{ name: "X-Set", value: "50% ours" }],
      add: [{ name: "X-Add", value: "second" }],
      remove: ["X-Remove"],
    },
  },
  {
    type: "ResponseHeaderModifier",
    responseHeaderModifier: {
      set: [{ name: "X-Answer", value: "set" }],
      add: [{ name: "X-More", value: "more" }],
      remove: ["Content-Type"],
    },
  },
];

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "routes.yaml": [
      objectManifest("EgressHTTPRoute", "api", {
        hostnames: ["echo.test", "*.wild.test"],
        rules: [
          { matches: [{ method: "GET", path: { type: "Exact", value: "/bytes/1" } }] },
          { matches: [{ path: { type: "PathPrefix", value: "/status" } }] },
          { matches: [{ path: { type: "Glob", value: "/files/*/raw" } }] },
          {
            matches: [
              { path: { value: "/by-header" }, headers: [{ name: "X-Team", value: "blue" }] },
              {
                path: { value: "/by-header" },
                headers: [{ name: "X-Team", type: "RegularExpression", value: "re[ds]" }],
              },
            ],
          },
          {
            matches: [{ method: "POST", path: { type: "Exact", value: "/echo" } }],
            filters: rewrites,
          },
        ],
      }),
      objectManifest("EgressHTTPRoute", "counted", {
        hostnames: ["echo.test"],
        rules: [
          {
            matches: [{ method: "PUT", path: { type: "Exact", value: "/sink" } }],
            filters: [
              ...rewrites,
              {
                type: "ExtensionRef",
                extensionRef: { group: "clrk.apoxy.dev", kind: "RateLimitPolicy", name: "many" },
              },
            ],
          },
        ],
      }),
      objectManifest("EgressHTTPRoute", "denied", { hostnames: ["deny.test"], rules: [{}] }),
      objectManifest("EgressHTTPRoute", "quiet", { hostnames: ["quiet.test"], rules: [{}] }),
      objectManifest("EgressHTTPRoute", "tls-only", {
        ...parents("tls"),
        hostnames: ["open.test", "plain.test"],
        rules: [{}],
      }),
    ].join(""),
    "policies.yaml": [
      objectManifest("RateLimitPolicy", "many", { requests: 1_000, window: "1s" }),
      objectManifest("EgressDenyPolicy", "archive", {
        targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name: "denied" }],
        denyResponse: { statusCode: 451, message: denyMessage },
      }),
      objectManifest("EgressDenyPolicy", "quiet", {
        targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name: "quiet" }],
      }),
    ].join(""),
  },
});
const run = await gateway.registerRun("reader");

const decisions = [
  { name: "exact path and method", url: "https://echo.test/bytes/1", verdict: 0 },
  { name: "exact path with a query", url: "https://echo.test/bytes/1?x=/bytes/2", verdict: 0 },
  { name: "another method", url: "https://echo.test/bytes/1", method: "HEAD", verdict: "no-rule" },
  { name: "more than the exact path", url: "https://echo.test/bytes/1/", verdict: "no-rule" },
  { name: "prefix itself", url: "https://echo.test/status", verdict: 1 },
  { name: "below the prefix", url: "https://echo.test/status/401", verdict: 1 },
  { name: "not a whole segment", url: "https://echo.test/statusquo", verdict: "no-rule" },
  { name: "glob over segments", url: "https://echo.test/files/a/b/raw", verdict: 2 },
  { name: "glob that does not end so", url: "https://echo.test/files/a/rawer", verdict: "no-rule" },
  { name: "dot segments", url: "https://echo.test/status/%2e%2e/secret", verdict: "no-rule" },
  { name: "encoded slash", url: "https://echo.test/status/%2fx", verdict: "ambiguous-path" },
  { name: "header", url: "https://echo.test/by-header", team: "blue", verdict: 3 },
  { name: "header by expression", url: "https://echo.test/by-header", team: "red", verdict: 3 },
  {
    name: "more than the expression",
    url: "https://echo.test/by-header",
    team: "redder",
    verdict: "no-rule",
  },
  { name: "no such header", url: "https://echo.test/by-header", verdict: "no-rule" },
  { name: "wildcard host", url: "https://api.wild.test/status/200", verdict: 1 },
  { name: "wildcard of two labels", url: "https://a.b.wild.test/status/200", verdict: 1 },
  {
    name: "host above the wildcard",
    url: "https://wild.test/status/200",
    verdict: "default-policy",
  },
  {
    name: "host in capitals",
    url: "https://echo.test/status/200",
    authority: "ECHO.TEST",
    verdict: 1,
  },
  {
    name: "host with its port",
    url: "https://echo.test/status/200",
    authority: "echo.test:443",
    verdict: 1,
  },
  {
    name: "host with another port",
    url: "https://echo.test/status/200",
    authority: "echo.test:8443",
    verdict: "authority-mismatch",
  },
  {
    name: "another host in the tunnel",
    url: "https://echo.test/status/200",
    authority: "open.test",
    verdict: "authority-mismatch",
  },
] as const;

for (const [index, decision] of decisions.entries()) {
  const { name, url, verdict } = decision;
  const isAllowed = typeof verdict === "number";
  t.test(`${name}: ${isAllowed ? `allowed by rule ${verdict}` : verdict}`, async (test) => {
    upstreams.tls.reset();
    const marker = `story-${index}`;
    const response = await requestThrough(run, url, {
      ...("method" in decision && { method: decision.method }),
      ...("authority" in decision && { authority: decision.authority }),
      headers: { "user-agent": marker, ...("team" in decision && { "x-team": decision.team }) },
    });
    test.equal(upstreams.tls.requests.length, isAllowed ? 1 : 0);
    const record = await gateway.waitForRecord(({ request }) => request.userAgent === marker);
    if (isAllowed) {
      const route = { kind: "EgressHTTPRoute", namespace: "default", name: "api", rule: verdict };
      test.match(record.decision, { verdict: "allow", reason: null, route });
      return;
    }
    test.equal(response.status, 403);
    test.equal(response.headers["x-clrk-deny-reason"], verdict);
    test.match(record, { decision: { verdict: "deny", reason: verdict }, upstream: null });
  });
}

for (const { tier, method, path } of [
  { tier: "native", method: "POST", path: "/echo" },
  { tier: "engine", method: "PUT", path: "/sink" },
] as const) {
  t.test(`headers are set, added and removed in both directions: ${tier}`, async (test) => {
    upstreams.tls.reset();
    const response = await requestThrough(run, `https://echo.test${path}`, {
      method,
      headers: { "x-set": "theirs", "x-add": "first", "x-remove": "gone" },
      body: "x",
    });
    test.equal(response.status, 200);
    const { headers = {} } = upstreams.tls.requests[0] ?? {};
    test.equal(headers["x-set"], "50% ours");
    test.equal(headers["x-add"], "first, second");
    test.equal(headers["x-remove"], undefined);
    test.equal(response.headers["x-answer"], "set");
    test.equal(response.headers["x-more"], "more");
    test.equal(response.headers["content-type"], undefined);
    const record = await gateway.waitForRecord(({ request }) => request.method === method);
    test.equal(record.tier, tier);
  });
}

t.test("EgressDenyPolicy answers with its own status and message", async (test) => {
  upstreams.tls.reset();
  const response = await requestThrough(run, "https://deny.test/report");
  test.equal(response.status, 451);
  test.equal(response.headers["x-clrk-deny-reason"], "deny-policy");
  test.match(JSON.parse(response.text), { message: denyMessage, error: { message: denyMessage } });
  const record = await gateway.waitForRecord(({ request }) => request.host === "deny.test");
  test.match(record.decision, {
    verdict: "deny",
    reason: "deny-policy",
    message: denyMessage,
    route: { kind: "EgressHTTPRoute", name: "denied", rule: 0 },
  });
  const quiet = await requestThrough(run, "https://quiet.test/");
  test.equal(quiet.status, 403);
  test.match(JSON.parse(quiet.text), { message: /EgressDenyPolicy default\/quiet/ });
  test.equal(upstreams.tls.requests.length, 0);
});

t.test("a route that names a listener is about that listener alone", async (test) => {
  const secure = await requestThrough(run, "https://open.test/status/200");
  test.equal(secure.status, 200);
  const plain = await requestThrough(run, "http://plain.test/status/200");
  test.equal(plain.status, 403);
  test.equal(plain.headers["x-clrk-deny-reason"], "default-policy");
});

t.test("the status of each object says how it is served", async (test) => {
  const { items } = await gateway.objects();
  const summary = items
    .filter(({ object }) => object.kind !== "Secret" && object.kind !== "EgressGateway")
    .map(({ object, tier, conditions }) => ({
      name: `${object.kind}/${object.metadata.name}`,
      tier: tier?.name,
      accepted: conditions.find(({ type }) => type === "Accepted")?.status,
    }));
  test.match(
    summary.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
    [
      { name: "EgressDenyPolicy/archive", accepted: "True" },
      { name: "EgressDenyPolicy/quiet", accepted: "True" },
      { name: "EgressHTTPRoute/api", tier: "native", accepted: "True" },
      { name: "EgressHTTPRoute/counted", tier: "engine", accepted: "True" },
      { name: "EgressHTTPRoute/denied", tier: "refused", accepted: "True" },
      { name: "EgressHTTPRoute/quiet", tier: "refused", accepted: "True" },
      { name: "EgressHTTPRoute/tls-only", tier: "native", accepted: "True" },
      { name: "RateLimitPolicy/many", accepted: "True" },
    ],
  );
  const refused = items.find(
    ({ object }) => object.metadata.name === "quiet" && object.kind === "EgressHTTPRoute",
  );
  test.match(refused, {
    tier: { why: "Denied by EgressDenyPolicy default/quiet" },
    object: {
      status: { problems: ["All of its traffic is refused by EgressDenyPolicy default/quiet"] },
    },
  });
});
