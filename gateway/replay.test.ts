/** Tests of whole decisions by snapshots; `bench/e2e/policy-replay.e2e.ts` holds them against the real Envoy. */
import t from "tap";
import { compile } from "./compile.ts";
import { parseManifests } from "./manifests.ts";
import type { EgressRecord } from "./record.ts";
import type { ChooseRecorded, ReplayOutcome } from "./replay.ts";
import { GatewayReplay, ruleText } from "./replay.ts";
import { httpRecord } from "./testdata/egress-record.ts";

const apiVersion = "clrk.apoxy.dev/v1alpha1";
const parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress" }];
const secret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "key" },
  stringData: { token: "value" },
};
const listeners = [
  { name: "tls", protocol: "TLS", tls: { mode: "Terminate" } },
  { name: "http", protocol: "HTTP" },
  { name: "raw", protocol: "TCP", port: 5432 },
];

function manifest(kind: string, name: string, spec: object) {
  return { apiVersion, kind, metadata: { name }, spec };
}

const web = (rules: readonly object[], hostnames = ["a.test", "p.test"]) =>
  manifest("EgressHTTPRoute", "web", { parentRefs, hostnames, rules });

/** Nothing here is chosen by its model. */
const noChoice: ChooseRecorded = () => ({ kind: "next" });

function replayOf(objects: readonly object[], spec: object = {}, choose = noChoice): GatewayReplay {
  const all = [
    manifest("EgressGateway", "egress", { listeners, explicitProxy: {}, ...spec }),
    ...objects,
  ];
  const reading = parseManifests(
    "test",
    JSON.stringify({ apiVersion: "v1", kind: "List", items: all }),
  );
  if (reading.problems.length > 0) throw new Error(JSON.stringify(reading.problems));
  const { snapshot } = compile({
    objects: reading.objects.map(({ object }) => object),
    revision: 1,
    environment: { ownAddresses: [] },
  });
  const [gateway] = snapshot.gateways;
  if (gateway === undefined) throw new Error("No gateway");
  return new GatewayReplay(gateway, choose);
}

function record(changes: Partial<EgressRecord["request"]> = {}, more: Partial<EgressRecord> = {}) {
  const one = httpRecord({ provider: null, credential: null, ...more });
  const host = changes.host ?? "a.test";
  return { ...one, request: { ...one.request, authority: host, host, path: "/v1", ...changes } };
}

const injected = manifest("CredentialInjectionPolicy", "key", {
  targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name: "web" }],
  secretRef: { name: "key" },
  target: "Header",
  headerName: "X-Key",
});
const getOnly = web([{ matches: [{ method: "GET" }] }]);
const exact = web([{ matches: [{ path: { type: "Exact", value: "/v1" } }] }]);
const byTeam = web([{ matches: [{ headers: [{ name: "X-Team", value: "blue" }] }] }]);
const sized = web([
  { filters: [{ type: "RequestSizeLimit", requestSizeLimit: { maxBytes: 100 } }] },
]);
const plain = { scheme: "http", host: "p.test", port: 80 };

const rows: readonly {
  readonly name: string;
  readonly objects: readonly object[];
  readonly spec?: object;
  readonly record: EgressRecord;
  readonly outcome: Partial<ReplayOutcome>;
}[] = [
  {
    name: "an allowed request",
    objects: [web([{}])],
    record: record(),
    outcome: { verdict: "allow" },
  },
  {
    name: "a host without rules",
    objects: [web([{}])],
    record: record({ host: "other.test" }),
    outcome: { verdict: "deny", reason: "default-policy" },
  },
  {
    name: "a request that no rule allows",
    objects: [getOnly],
    record: record(),
    outcome: { verdict: "deny", reason: "no-rule" },
  },
  {
    name: "an ambiguous path",
    objects: [web([{ matches: [{ path: { value: "/v1" } }] }])],
    record: record({ path: "/v1//x" }),
    outcome: { verdict: "deny", reason: "ambiguous-path" },
  },
  {
    name: "a path of which a part was taken out",
    objects: [exact],
    record: record({ path: "/[redacted]" }),
    outcome: { kind: "unknown", missing: "path, of which a part was taken out" },
  },
  {
    name: "a header that nobody kept",
    objects: [byTeam],
    record: record(),
    outcome: { kind: "unknown", missing: "header x-team", verdict: null },
  },
  {
    name: "a credential",
    objects: [web([{}]), injected, secret],
    record: record(),
    outcome: {
      verdict: "allow",
      credentials: [
        { name: "Secret default/key", place: "x-key", form: "secret/default/key/token " },
      ],
    },
  },
  {
    name: "a Secret that is not there",
    objects: [web([{}]), injected],
    record: record(),
    outcome: { verdict: "deny", reason: "credential-missing" },
  },
  {
    name: "a credential in plain text",
    objects: [web([{}]), injected, secret],
    record: record(plain),
    outcome: { verdict: "deny", reason: "credential-needs-tls" },
  },
  {
    name: "a body that is too large",
    objects: [sized],
    record: record(),
    outcome: { verdict: "deny", reason: "body-too-large" },
  },
  {
    name: "a body that is not",
    objects: [sized],
    record: record({ bytes: 99 }),
    outcome: { verdict: "allow" },
  },
  {
    name: "what no rule is about where that is allowed",
    objects: [],
    spec: { defaultPolicy: "allow-all" },
    record: record(),
    outcome: { verdict: "allow", route: null },
  },
  {
    name: "audit mode",
    objects: [],
    spec: { enforcement: "Audit" },
    record: record(),
    outcome: { verdict: "allow", wouldDeny: "default-policy" },
  },
  {
    name: "raw bytes on a port that no listener has",
    objects: [],
    record: record({ host: "10.0.0.9", port: 22, scheme: "" }, { kind: "tcp" }),
    outcome: { kind: "unknown", missing: "first bytes of the connection", verdict: "deny" },
  },
  {
    name: "raw bytes on a port for them",
    objects: [],
    record: record({ host: "192.0.2.9", port: 5432, scheme: "" }, { kind: "tcp" }),
    outcome: { verdict: "deny", reason: "default-policy", view: "bytes" },
  },
  {
    name: "raw bytes that a rule lets pass",
    objects: [
      manifest("EgressL4Route", "db", {
        parentRefs,
        rules: [{ matches: [{ destinationCIDRs: ["192.0.2.0/24"] }] }],
      }),
    ],
    record: record({ host: "192.0.2.9", port: 5432, scheme: "" }, { kind: "tcp" }),
    outcome: { verdict: "allow", view: "bytes" },
  },
  {
    name: "TLS that was never read",
    objects: [web([{ matches: [{ method: "GET" }] }])],
    record: record({ host: "a.test" }, { kind: "tls" }),
    outcome: { kind: "unknown", missing: "request inside TLS", verdict: null },
  },
  {
    name: "TLS to a host without rules",
    objects: [],
    record: record({ host: "a.test" }, { kind: "tls" }),
    outcome: { verdict: "deny", reason: "default-policy" },
  },
];

for (const { name, objects, spec, record: one, outcome } of rows) {
  t.test(`GatewayReplay decides about ${name}`, async (t) => {
    t.match(replayOf(objects, spec).decide(one), outcome);
  });
}

t.test("GatewayReplay tells policies apart that differ in what is not known", async (t) => {
  const other = web([{ matches: [{ headers: [{ name: "X-Team", value: "green" }] }] }]);
  const [blue, again, green] = [byTeam, byTeam, other].map((one) =>
    replayOf([one]).decide(record()),
  );
  t.equal(blue?.signature, again?.signature);
  t.not(blue?.signature, green?.signature);
});

t.test("GatewayReplay keeps refusals that no policy changes", async (t) => {
  const decision = {
    verdict: "deny",
    reason: "proxy-credential",
    message: "",
    route: null,
  } as const;
  t.match(replayOf([web([{}])]).decide(record({}, { decision })), { reason: "proxy-credential" });
});

t.test("GatewayReplay does not dial what the guard stands before", async (t) => {
  const address = { ...plain, host: "169.254.169.254" };
  const open = { defaultPolicy: "allow-all" };
  t.match(replayOf([], open).decide(record(address)), { reason: "guarded-address" });
  const named = web([{}], ["169.254.169.254"]);
  t.match(replayOf([named]).decide(record(address)), { verdict: "allow" });
});

t.test("ruleText() names a rule", async (t) => {
  const route = { kind: "MCPRoute", namespace: "default", name: "files", rule: 2 };
  t.equal(ruleText(route), "MCPRoute default/files rule 2");
  t.equal(ruleText(null), "");
});
