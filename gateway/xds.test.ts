/** Tests that a real Envoy accepts every configuration that we can generate. */
import t from "tap";
import type { GatewaySnapshot } from "./snapshot.ts";
import { needsEnvoy, startRig } from "./testdata/envoy-rig.ts";
import {
  deployment,
  everythingSnapshot,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
} from "./testdata/gateway-snapshot.ts";
import { TYPE_URL, xdsResources } from "./xds.ts";

const denyLong = {
  kind: "deny",
  status: 403,
  reason: "deny-policy",
  message: `%REQ(cookie)% 100% "\\" ${"\u2028ü".repeat(5_000)}`,
} as const;

const snapshots: readonly { readonly name: string; readonly snapshot: GatewaySnapshot }[] = [
  { name: "minimal", snapshot: gatewaySnapshot() },
  { name: "no listeners", snapshot: gatewaySnapshot({ listeners: [] }) },
  { name: "everything at once", snapshot: everythingSnapshot() },
  { name: "everything, allow-all", snapshot: everythingSnapshot({ defaultPolicy: "allow-all" }) },
  {
    name: "everything, refused",
    snapshot: everythingSnapshot({
      refusal: { reason: "not-enforced", message: "100% refused: %REQ(cookie)%" },
    }),
  },
  { name: "allow-all without rules", snapshot: gatewaySnapshot({ defaultPolicy: "allow-all" }) },
  {
    name: "one TCP listener",
    snapshot: gatewaySnapshot({ listeners: [{ name: "tcp", shape: "tcp", port: 22 }] }),
  },
  {
    name: "two TCP listeners",
    snapshot: gatewaySnapshot({
      listeners: [
        { name: "ssh", shape: "tcp", port: 22 },
        { name: "smtp", shape: "tcp", port: 25 },
      ],
    }),
  },
  {
    name: "no guard",
    snapshot: gatewaySnapshot({
      defaultPolicy: "allow-all",
      listeners: [{ name: "tcp", shape: "tcp" }],
      upstream: { lookupFamily: "All", additionalTrustPem: "", guardedRanges: [] },
    }),
  },
  {
    name: "a provider's own wildcard",
    snapshot: gatewaySnapshot({ hosts: [hostPolicy("*.openai.azure.com", httpRule())] }),
  },
  {
    name: "hosts that only an alias names",
    snapshot: gatewaySnapshot({
      hosts: ["alias.example.com", "api.openai.com"].map((host) => ({
        ...hostPolicy(host),
        alias: { address: "10.0.0.9" },
      })),
    }),
  },
  {
    name: "a path rule of every host, allow-all",
    snapshot: gatewaySnapshot({
      defaultPolicy: "allow-all",
      hosts: [hostPolicy("*", httpRule({ match: { path: { kind: "prefix", value: "/v1" } } }))],
    }),
  },
  {
    name: "denials of any text",
    snapshot: gatewaySnapshot({
      hosts: ["a.example.com", "api.anthropic.com"].map((host) =>
        hostPolicy(host, httpRule({ action: denyLong })),
      ),
    }),
  },
  {
    name: "V6Only",
    snapshot: gatewaySnapshot({
      upstream: { lookupFamily: "V6Only", additionalTrustPem: "", guardedRanges: ["::1/128"] },
    }),
  },
];

t.test("Envoy accepts every type of what xdsResources() makes", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  const credentials = Object.fromEntries(
    ["openai", "first", "all", "aws"].map((name) => [`secret/default/${name}/token`, "value"]),
  );
  for (const { name, snapshot } of snapshots) {
    const verdict = await rig.publish(snapshot, { credentials });
    t.equal(verdict.kind, "live", `${name}: ${verdict.kind === "rejected" ? verdict.message : ""}`);
  }
  t.same(rig.logLines, []);
});

const listening = deployment({
  explicit: { address: "127.0.0.1", port: 1 },
  transparent: { address: "127.0.0.1", port: 2 },
});

t.test("xdsResources() name credentials and never hold their values", async (t) => {
  const names = new Set<string>();
  for (const snapshot of snapshots.map((row) => row.snapshot)) {
    for (const { name, typeUrl, value } of xdsResources(snapshot, listening)) {
      const text = Buffer.from(value).toString("latin1");
      // A literal header value could be a credential: each stands behind a format command or comes from an object.
      t.notMatch(text, /Bearer (?!%SECRET\()/, `${typeUrl} ${name}`);
      t.notMatch(text, /inline_bytes|aws_secret_access_key/);
      for (const [, secret = ""] of text.matchAll(/%SECRET\(([^)]*)\)%/g)) names.add(secret);
    }
  }
  t.same(
    [...names].sort(),
    ["all", "first", "openai"].map((name) => `secret/default/${name}/token`),
  );
});

t.test(
  "xdsResources() have unique names within their type, and the same bytes each time",
  async (t) => {
    const resources = xdsResources(everythingSnapshot(), listening);
    const keys = resources.map(({ typeUrl, name }) => `${typeUrl} ${name}`);
    t.equal(new Set(keys).size, keys.length);
    t.notOk(resources.some(({ name }) => name === ""));
    t.same(xdsResources(structuredClone(everythingSnapshot()), listening), resources);
  },
);

t.test(
  "xdsResources() come in the order in which nothing refers to what is not there yet",
  async (t) => {
    const order = xdsResources(everythingSnapshot(), listening).map(({ typeUrl }) => typeUrl);
    t.same([...new Set(order)], [TYPE_URL.cluster, TYPE_URL.listener, TYPE_URL.route]);
  },
);

const listeners: readonly {
  readonly name: string;
  readonly changes: Partial<typeof listening>;
  readonly want: string[];
}[] = [
  { name: "none", changes: {}, want: [] },
  {
    name: "the explicit proxy",
    changes: { explicit: { address: "127.0.0.1", port: 1 } },
    want: ["tunnel", "raw-tunnel", "explicit-proxy"],
  },
  {
    name: "the transparent one",
    changes: { transparent: { address: "::", port: 1 } },
    want: ["transparent"],
  },
];

for (const { name, changes, want } of listeners) {
  t.test(`xdsResources() has ${name} where that is deployed`, async (t) => {
    const resources = xdsResources(gatewaySnapshot(), deployment(changes));
    const found = resources.filter(({ typeUrl }) => typeUrl === TYPE_URL.listener);
    t.same(
      found.map((resource) => resource.name),
      want,
    );
  });
}

t.test(
  "xdsResources() makes routes for each listener, whether or not a rule names one",
  async (t) => {
    const routesOf = (snapshot: GatewaySnapshot) =>
      xdsResources(snapshot, deployment())
        .filter(({ typeUrl }) => typeUrl === TYPE_URL.route)
        .map(({ name }) => name);
    t.same(routesOf(gatewaySnapshot()), ["tls/tls", "plain/plain"]);
    const hosts = [hostPolicy("a.example.com", httpRule({ sections: ["tls"] }))];
    t.same(routesOf(gatewaySnapshot({ hosts })), ["tls/tls", "plain/plain"]);
  },
);
