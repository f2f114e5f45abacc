import t from "tap";
import { findKindByAnyName } from "../../crds/kinds.ts";
import { formatObjects, valueAt } from "./object-table.ts";
import { gatewayWith, objectWith } from "./testdata/fake-control.ts";

const nowMs = Date.UTC(2026, 10, 24, 0, 6);
const servedSince = "2026-11-24T00:00:00.000Z";

function optionsFor(kindName: string, isWide = false) {
  const kind = findKindByAnyName(kindName);
  if (kind === undefined) throw new Error(`Cannot find kind "${kindName}"`);
  return { kind, isWide, hasNamespace: false, nowMs, servedSince };
}

const refusal = {
  type: "Accepted",
  status: "False",
  reason: "Invalid",
  message: "No such provider",
};
const acceptance = { type: "Accepted", status: "True", reason: "Accepted", message: "Valid" };

t.test("formatObjects() shows EgressGateways with what serves them", (t) => {
  const gateway = gatewayWith({ routes: { native: 2, engine: 1, refused: 1 } });
  const item = objectWith("EgressGateway", {
    name: "default",
    spec: { defaultPolicy: "deny-all" },
    gateway,
    source: "policy/gateway.yaml:2",
  });
  t.equal(
    formatObjects([item], optionsFor("egw")),
    [
      "NAME      POLICY     LISTENERS   ROUTES   TIER                            READY   AGE",
      "default   deny-all   2           4        2 native, 1 engine, 1 refused   True    6m",
      "",
    ].join("\n"),
  );
  const [, wide = ""] = formatObjects([item], optionsFor("egw", true)).split("\n");
  t.match(
    wide,
    /True {4}True {8}127\.0\.0\.1:4100 {3}<none> {8}1 {10}6m {4}policy\/gateway\.yaml:2 {3}<none>$/,
  );
  t.end();
});

t.test("formatObjects() shows what does not enforce where it is wide", (t) => {
  const message = "AUDIT: nothing is refused";
  const audit = { type: "Enforcing", status: "False", reason: "Audit", message };
  for (const kind of ["EgressGateway", "EgressHTTPRoute", "MCPRoute"]) {
    const items = [
      objectWith(kind, { name: "a", conditions: [acceptance, audit] }),
      objectWith(kind, { name: "b", conditions: [acceptance] }),
    ];
    const [head = "", first = "", second = ""] = formatObjects(
      items,
      optionsFor(kind.toLowerCase(), true),
    ).split("\n");
    const column = head.indexOf("ENFORCING");
    t.ok(column > 0, kind);
    t.equal(first.slice(column, column + 5), "False");
    t.equal(second.slice(column, column + 4), "True");
    t.match(first, message);
    t.notMatch(formatObjects(items, optionsFor(kind.toLowerCase())), "ENFORCING");
  }
  t.end();
});

t.test("formatObjects() shows an EgressGateway that nothing serves", (t) => {
  const item = objectWith("EgressGateway", { conditions: [refusal] });
  const [, row = ""] = formatObjects([item], optionsFor("egw")).split("\n");
  t.equal(row, "openai   <none>   <none>      <none>   <none>   False   6m");
  t.end();
});

t.test("formatObjects() shows routes with their tier, and the reason where it is wide", (t) => {
  const refused = objectWith("AIProviderRoute", {
    conditions: [refusal],
    tier: { name: "refused", why: "No such provider" },
  });
  const native = objectWith("AIProviderRoute", {
    name: "anthropic",
    conditions: [acceptance],
    tier: { name: "native", why: "Envoy decides" },
  });
  t.equal(
    formatObjects([refused, native], optionsFor("aipr", true)),
    [
      "NAME        ACCEPTED   TIER      ENFORCING   AGE   SOURCE                 MESSAGE",
      "anthropic   True       native    True        6m    policy/route.yaml:14   Envoy decides",
      "openai      False      refused   True        6m    policy/route.yaml:14   No such provider",
      "",
    ].join("\n"),
  );
  t.end();
});

t.test("formatObjects() shows the columns that a kind declares, and namespaces on request", (t) => {
  const items = [
    objectWith("RateLimitPolicy", {
      namespace: "team",
      spec: { requests: 10, window: "1m", scope: "Agent" },
      conditions: [acceptance],
    }),
    objectWith("RateLimitPolicy", { namespace: "alpha", spec: {} }),
  ];
  t.equal(
    formatObjects(items, { ...optionsFor("rlp"), hasNamespace: true }),
    [
      "NAMESPACE   NAME     REQUESTS   WINDOW   SCOPE    ACCEPTED   AGE",
      "alpha       openai   <none>     <none>   <none>   <none>     6m",
      "team        openai   10         1m       Agent    True       6m",
      "",
    ].join("\n"),
  );
  t.end();
});

t.test("formatObjects() shows the keys of Secrets, never what is under them", (t) => {
  const other = { data: { token: "c2VjcmV0", other: "[redacted]" }, type: "Opaque" };
  const text = formatObjects([objectWith("Secret", { other })], optionsFor("secret", true));
  t.match(text, /openai {3}Opaque {3}other,token {3}<none> {3}6m/);
  t.notMatch(text, /c2VjcmV0/);
  t.end();
});

const secretStates = [
  { name: "current", states: ["current", "current"], text: "current", message: /because$/ },
  {
    name: "stale since its value was read",
    states: ["current", "stale"],
    text: "stale 6m",
    message: /stale because$/,
  },
  { name: "missing", states: ["stale", "missing"], text: "missing", message: /missing because$/ },
];
for (const { name, states, text, message } of secretStates) {
  t.test(`formatObjects() shows that a Secret is ${name}`, (t) => {
    const readAt = new Date(optionsFor("secret").nowMs - 360_000).toISOString();
    const sources = states.map((state) => ({ state, readAt, failure: `${state} because` }));
    const other = { data: {}, status: { conditions: [], sources } };
    const [headings = "", row = ""] = formatObjects(
      [objectWith("Secret", { other })],
      optionsFor("secret", true),
    ).split("\n");
    t.equal(row.slice(headings.indexOf("STATE"), headings.indexOf("AGE")).trim(), text);
    t.match(row, message);
    t.end();
  });
}

const healths = [
  { health: { ejectedForMs: 29_001, failures: 0, lastStatus: 503 }, text: "ejected 30s" },
  { health: { ejectedForMs: 0, failures: 2, lastStatus: 503 }, text: "2 failed" },
  { health: { ejectedForMs: 0, failures: 0, lastStatus: 200 }, text: "ok" },
  { health: undefined, text: "<none>" },
];
for (const { health, text } of healths) {
  t.test(`formatObjects() shows that a backend is ${text}`, (t) => {
    const other = { status: { conditions: [], ...(health && { health }) } };
    const spec = { type: "Upstream", schema: { name: "openai" } };
    const item = objectWith("Backend", { spec, conditions: [acceptance], other });
    const [headings = "", row = ""] = formatObjects([item], optionsFor("be")).split("\n");
    t.match(headings, /^NAME +TYPE +SCHEMA +ACCEPTED +HEALTH +AGE$/);
    t.equal(row.slice(headings.indexOf("HEALTH"), headings.indexOf("AGE")).trim(), text);
    t.end();
  });
}

t.test("formatObjects() takes the age from the object where it has one", (t) => {
  const metadata = { name: "a", namespace: "b", creationTimestamp: "2026-11-23T00:00:00Z" };
  const text = formatObjects([objectWith("Backend", { other: { metadata } })], optionsFor("be"));
  t.match(text, / 24h\n$/);
  t.end();
});

for (const { path, value } of [
  { path: ".a.b", value: "1" },
  { path: ".list", value: "x,y" },
  { path: ".no", value: "false" },
  { path: ".a", value: undefined },
  { path: ".a.b.c", value: undefined },
  { path: ".nothing", value: undefined },
  { path: ".constructor.name", value: undefined },
  { path: ".null", value: undefined },
]) {
  t.test(`valueAt() of "${path}"`, (t) => {
    t.equal(valueAt({ a: { b: 1 }, list: ["x", "y"], no: false, null: null }, path), value);
    t.end();
  });
}
