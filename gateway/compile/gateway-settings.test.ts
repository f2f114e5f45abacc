/** What an EgressGateway says about itself. */
import { rootCertificates } from "node:tls";
import t from "tap";
import {
  compiled,
  conditionOf,
  gateway,
  gatewayOf,
  hostPolicy,
  hostTexts,
  httpRoute,
  secret,
  statusOf,
  usualListeners,
} from "./testdata/objects.ts";

const label = "EgressGateway default/egress";

t.test("gatewaySettings() fills in what the object leaves out", async (t) => {
  const { hosts, l4Rules, upstream, ...settings } = gatewayOf(compiled(gateway()));
  t.same(settings, {
    namespace: "default",
    name: "egress",
    defaultPolicy: "deny-all",
    listeners: [
      { name: "tls", shape: "tls-terminate" },
      { name: "http", shape: "http" },
      { name: "tcp", shape: "tcp" },
    ],
    requestTimeoutMs: 300_000,
  });
  t.same([hosts, l4Rules], [[], []]);
  t.match(upstream, { lookupFamily: "V4Preferred", additionalTrustPem: "" });
  t.ok(upstream.guardedRanges.includes("169.254.0.0/16"));
});

t.test("gatewaySettings() takes what the object sets", async (t) => {
  const settings = gatewayOf(
    compiled(
      gateway({
        defaultPolicy: "allow-all",
        listeners: [
          { name: "a", protocol: "HTTPS", port: 8443 },
          { name: "b", protocol: "TLS", port: 443 },
          { name: "c", protocol: "TLS", tls: { mode: "Passthrough" } },
        ],
        explicitProxy: { address: "0.0.0.0", port: 3128 },
        dns: { lookupFamily: "V6Only" },
        requestTimeout: "1m30s",
      }),
    ),
  );
  t.match(settings, {
    defaultPolicy: "allow-all",
    listeners: [
      { name: "a", shape: "https", port: 8443 },
      { name: "b", shape: "tls-passthrough", port: 443 },
      { name: "c", shape: "tls-passthrough" },
    ],
    explicitProxy: { address: "0.0.0.0", port: 3128 },
    upstream: { lookupFamily: "V6Only" },
    requestTimeoutMs: 90_000,
  });
});

const terminated = usualListeners[0] ?? {};

const unenforced = [
  {
    name: "an authority of its own",
    spec: { listeners: [{ ...terminated, tls: { mode: "Terminate", caCertRef: { name: "ca" } } }] },
    field: "spec.listeners[0].tls.caCertRef",
  },
];

for (const { name, spec, field } of unenforced) {
  t.test(`gatewaySettings() refuses everything on a gateway with ${name}`, async (t) => {
    const result = compiled(gateway(spec), httpRoute("r", ["a.example"]));
    t.same(gatewayOf(result).refusal, {
      reason: "not-enforced",
      message: `Refused because ${label} cannot be enforced: ${field} is not enforced yet`,
    });
    t.equal(conditionOf(result, label, "Accepted"), `NotEnforced: ${field} is not enforced yet`);
  });
}

t.test("gatewaySettings() tells all fields that are not enforced", async (t) => {
  const tls = { mode: "Terminate", caCertRef: { name: "ca" } };
  const listeners = ["a", "b"].map((name) => ({
    ...terminated,
    name,
    tls,
    port: name === "a" ? 1 : 2,
  }));
  const result = compiled(gateway({ listeners }));
  t.same(statusOf(result, label).problems, ["spec.listeners[1].tls.caCertRef is not enforced yet"]);
});

t.test("gatewaySettings() takes captured bodies", async (t) => {
  const result = compiled(gateway({ otlp: { captureBody: {} } }));
  t.equal(gatewayOf(result).refusal, undefined);
  t.equal(conditionOf(result, label, "Accepted"), "Accepted: Valid");
  t.same(statusOf(result, label).problems, []);
});

t.test(
  "gatewaySettings() says whose bodies are not kept where everything is allowed",
  async (t) => {
    const spec = { defaultPolicy: "allow-all", otlp: { captureBody: {} } };
    t.same(statusOf(compiled(gateway(spec)), label).problems, [
      "spec.otlp.captureBody keeps no bodies of requests that only spec.defaultPolicy (allow-all) lets pass",
    ]);
  },
);

const trusting = { upstreamTLS: { additionalTrustBundleSecretRef: { name: "roots" } } };

t.test("gatewaySettings() adds the roots of the gateway's Secret", async (t) => {
  const [root = ""] = rootCertificates;
  const result = compiled(gateway(trusting), secret("roots", { "ca.crt": root }));
  t.equal(gatewayOf(result).upstream.additionalTrustPem, `${root.trim()}\n`);
  t.equal(gatewayOf(result).refusal, undefined);
});

t.test("gatewaySettings() is not ready while its roots cannot be read", async (t) => {
  const place = "spec.upstreamTLS.additionalTrustBundleSecretRef";
  const missing = compiled(gateway(trusting));
  const text = `${place}: Secret default/roots does not exist`;
  t.same(gatewayOf(missing).refusal, {
    reason: "not-ready",
    message: `Refused because ${label} is not ready: ${text}`,
  });
  t.equal(conditionOf(missing, label, "ResolvedRefs"), `SecretNotFound: ${text}`);
  const garbage = compiled(gateway(trusting), secret("roots", { a: "garbage" }));
  t.match(gatewayOf(garbage).refusal, { reason: "not-ready" });
  t.match(conditionOf(garbage, label, "ResolvedRefs"), /^SecretInvalid/);
});

t.test("gatewaySettings() keeps OTLP header values beside the snapshot", async (t) => {
  const headers = { "X-Key": "hidden", authorization: "Bearer hidden" };
  const result = compiled(gateway({ otlp: { endpoint: "https://otlp.example", headers } }));
  t.same(gatewayOf(result).otlp, {
    endpoint: "https://otlp.example",
    headerNames: ["authorization", "x-key"],
  });
  t.equal(result.credentials.get("otlp/default/egress/x-key")?.reveal(), "hidden");
  t.notMatch(JSON.stringify(result.snapshot), /hidden/);
});

t.test("gatewaySettings() sends one of two headers that differ in case", async (t) => {
  const headers = { "x-key": "b", "X-Key": "a" };
  const result = compiled(gateway({ otlp: { endpoint: "https://otlp.example", headers } }));
  t.same(gatewayOf(result).otlp?.headerNames, ["x-key"]);
  t.equal(result.credentials.get("otlp/default/egress/x-key")?.reveal(), "a");
  t.same(statusOf(result, label).problems, [
    'spec.otlp.headers names "x-key" twice: the first is sent',
  ]);
});

t.test("gatewaySettings() exports nothing without an endpoint", async (t) => {
  const result = compiled(gateway({ otlp: { headers: { "x-key": "hidden" } } }));
  t.equal(gatewayOf(result).otlp, undefined);
  t.equal(result.credentials.size, 0);
});

t.test("hostAliases() gives each name its address and port", async (t) => {
  const hostAliases = [
    { ip: "10.0.0.5", hostnames: ["A.example", "b.example"], port: 8443 },
    { ip: "::1", hostnames: ["c.example"] },
  ];
  const result = compiled(gateway({ upstreamTLS: { hostAliases } }), httpRoute("r", ["*.example"]));
  t.same(hostTexts(gatewayOf(result)), ["a.example", "b.example", "c.example", "*.example"]);
  t.same(hostPolicy(result, "a.example").alias, { address: "10.0.0.5", port: 8443 });
  t.same(hostPolicy(result, "c.example").alias, { address: "::1" });
  t.equal(hostPolicy(result, "*.example").alias, undefined);
  t.equal(hostPolicy(result, "c.example").rules.length, 1);
});

t.test("hostAliases() keeps the first of two addresses of a name and says so", async (t) => {
  const hostAliases = [
    { ip: "10.0.0.5", hostnames: ["a.example"] },
    { ip: "10.0.0.6", hostnames: ["a.example"] },
  ];
  const result = compiled(gateway({ upstreamTLS: { hostAliases } }));
  t.same(hostPolicy(result, "a.example").alias, { address: "10.0.0.5" });
  t.same(statusOf(result, label).problems, [
    'spec.upstreamTLS.hostAliases leads host "a.example" to 10.0.0.5 already, 10.0.0.6 is not used',
  ]);
});

t.test("gatewaySettings() takes how many requests of an agent may be open", async (t) => {
  const limited = gatewayOf(compiled(gateway({ limits: { maxConcurrentRequests: 9 } })));
  t.equal(limited.maxConcurrentRequests, 9);
  t.notOk("maxConcurrentRequests" in gatewayOf(compiled(gateway())));
});
