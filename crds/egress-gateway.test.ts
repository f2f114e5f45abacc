/** EgressGateway: defaults, refusals with exact messages, old spellings. */
import t from "tap";
import { egressGatewayKind } from "./egress-gateway.ts";
import {
  change,
  expectObject,
  messagesOf,
  objectOf,
  testAcceptance,
  testRefusals,
} from "./testdata/kind-cases.ts";

const least = objectOf("EgressGateway", { listeners: [{ name: "any", protocol: "TLS" }] });
const most = objectOf("EgressGateway", {
  defaultPolicy: "allow-all",
  listeners: [
    {
      name: "mitm",
      protocol: "TLS",
      port: 443,
      tls: { mode: "Terminate", caCertRef: { name: "ca" } },
    },
    { name: "plain", protocol: "HTTP", port: 80, allowedRoutes: { namespaces: { from: "All" } } },
  ],
  otlp: {
    endpoint: "https://otlp.example.com/",
    headers: { Authorization: "Bearer hunter2" },
    captureBody: { maxBytes: 1024, includeContentTypes: ["Application/JSON"] },
  },
  sinks: [
    { name: "audit", type: "File" },
    { name: "siem", type: "OTLP", otlp: { endpoint: "https://siem.example.com" } },
  ],
  upstreamTLS: {
    additionalTrustBundleSecretRef: { name: "roots" },
    hostAliases: [{ ip: "127.0.0.1", hostnames: ["API.OpenAI.com"], port: 8443 }],
  },
  dns: { lookupFamily: "V4Only" },
  requestTimeout: "90s",
  explicitProxy: { address: "::1", port: 3128 },
});

t.test("parse() of the least gateway denies by default and makes no parents", (t) => {
  t.same(expectObject(egressGatewayKind.parse(least)), {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "EgressGateway",
    metadata: { name: "sample", namespace: "default", labels: {}, annotations: {} },
    spec: {
      defaultPolicy: "deny-all",
      enforcement: "Enforce",
      listeners: [{ name: "any", protocol: "TLS" }],
      sinks: [],
    },
  });
  t.end();
});

t.test("parse() keeps all that can be said, normalised", (t) => {
  const { spec } = expectObject(egressGatewayKind.parse(most));
  t.same(spec.listeners[0], {
    name: "mitm",
    protocol: "TLS",
    port: 443,
    tls: { mode: "Terminate", caCertRef: { group: "", kind: "Secret", name: "ca" } },
  });
  t.same(spec.listeners[1]?.allowedRoutes, { namespaces: { from: "All" }, kinds: [] });
  t.same(spec.otlp, {
    endpoint: "https://otlp.example.com",
    headers: { Authorization: "Bearer hunter2" },
    captureBody: { maxBytes: 1024, includeContentTypes: ["application/json"] },
  });
  t.same(spec.upstreamTLS, {
    additionalTrustBundleSecretRef: { group: "", kind: "Secret", name: "roots" },
    hostAliases: [{ ip: "127.0.0.1", hostnames: ["api.openai.com"], port: 8443 }],
  });
  t.equal(spec.requestTimeout, "1m30s");
  t.same(spec.explicitProxy, { address: "::1", port: 3128 });
  t.end();
});

t.test("parse() gives defaults inside of parents that are there", (t) => {
  let value = change(least, "spec.explicitProxy", {});
  value = change(value, "spec.dns", {});
  value = change(value, "spec.otlp", { captureBody: {} });
  value = change(value, "spec.upstreamTLS", {});
  value = change(value, "spec.listeners.0.tls", {});
  const { spec } = expectObject(egressGatewayKind.parse(value));
  t.same(spec.explicitProxy, { address: "127.0.0.1", port: 0 });
  t.same(spec.dns, { lookupFamily: "V4Preferred" });
  t.same(spec.otlp, { headers: {}, captureBody: { maxBytes: 65_536, includeContentTypes: [] } });
  t.same(spec.upstreamTLS, { hostAliases: [] });
  t.same(spec.listeners[0]?.tls, { mode: "Passthrough" });
  t.end();
});

testAcceptance(egressGatewayKind, most, [
  ["spec.requestTimeout", "1us"],
  ["spec.explicitProxy.port", 0],
  ["spec.explicitProxy.port", 65_535],
  ["spec.otlp.captureBody.maxBytes", 1],
  ["spec.otlp.captureBody.maxBytes", 1_048_576],
  ["spec.listeners.0.tls.caCertRef.namespace", "default"],
  [
    "spec.listeners",
    Array.from({ length: 8 }, (_, index) => ({ name: `l${index}`, protocol: "TCP" })),
  ],
  ["status", { conditions: "anything" }],
]);

const label = 'a DNS label: "a" to "z", digits and "-" inside, at most 63 characters';
const duration = 'a duration such as "30s" or "5m"';
const url = 'an http or https URL such as "https://otlp.example.com:4318"';

testAcceptance(egressGatewayKind, least, [
  ["spec.limits", {}],
  ["spec.limits", { maxRequestBytes: 1 }],
  ["spec.limits", { maxConcurrentRequests: 65_535 }],
  ["spec.limits", { maxRequestBytes: 2 ** 40, maxRequestHeaderBytes: 8_192 }],
  ["spec.limits", { maxRequestHeaderBytes: 8_388_608, rateLimitPolicies: ["a", "b"] }],
]);

testRefusals(egressGatewayKind, least, [
  [
    "spec.limits",
    { maxRequestBytes: 0 },
    "spec.limits.maxRequestBytes: found 0, wanted an integer from 1 to 1099511627776",
  ],
  [
    "spec.limits",
    { maxRequestHeaderBytes: 10_000 },
    "spec.limits.maxRequestHeaderBytes: found 10000, wanted a multiple of 1024",
  ],
  [
    "spec.limits",
    { rateLimitPolicies: ["a", "a"] },
    'spec.limits.rateLimitPolicies[1]: found "a", wanted different values: item 0 has it too',
  ],
  [
    "spec.limits",
    { requests: 5 },
    'spec.limits.requests: unknown field; known: "maxRequestBytes", "maxRequestHeaderBytes", "maxConcurrentRequests", "rateLimitPolicies"',
  ],
]);

testRefusals(egressGatewayKind, most, [
  [
    "spec.sinks.0.otlp",
    { endpoint: "https://a.example" },
    'spec.sinks[0].otlp: found a value, wanted none, because type is "File": it goes with type "OTLP"',
  ],
  [
    "spec.sinks.1.otlp",
    undefined,
    'spec.sinks[1].otlp: not set, wanted a value, because type is "OTLP"',
  ],
  [
    "spec.sinks.1.name",
    "audit",
    'spec.sinks[1].name: found "audit", wanted a different name for each: item 0 has it too',
  ],
  ["metadata.name", "a.b", `metadata.name: found "a.b", wanted ${label}`],
  ["metadata.name", "x".repeat(64), `metadata.name: found "${"x".repeat(60)}…", wanted ${label}`],
  ["metadata.name", undefined, `metadata.name: not set, wanted ${label}`],
  ["spec", undefined, "spec: not set, wanted an object"],
  [
    "spec.defaultPolicy",
    "deny",
    'spec.defaultPolicy: found "deny", wanted "deny-all" or "allow-all"',
  ],
  [
    "spec.defaultPolicy",
    "",
    'spec.defaultPolicy: found an empty string, wanted "deny-all" or "allow-all"',
  ],
  [
    "spec.defaultPolicy",
    "allow_all",
    'spec.defaultPolicy: found "allow_all", wanted "deny-all" or "allow-all": did you mean "allow-all"?',
  ],
  ["spec.listeners", undefined, "spec.listeners: not set, wanted a list of 1 to 8"],
  ["spec.listeners", [], "spec.listeners: found an empty list, wanted a list of 1 to 8"],
  [
    "spec.listeners",
    Array(9).fill({}),
    "spec.listeners: found a list of 9, wanted a list of 1 to 8",
  ],
  [
    "spec.listener",
    [],
    'spec.listener: unknown field; known: "defaultPolicy", "enforcement", "listeners", "otlp", "sinks", "upstreamTLS", "dns", "limits", "requestTimeout", "explicitProxy"',
  ],
  [
    "spec.upstreamTls",
    {},
    'spec.upstreamTls: unknown field; known: "defaultPolicy", "enforcement", "listeners", "otlp", "sinks", "upstreamTLS", "dns", "limits", "requestTimeout", "explicitProxy"',
  ],
  ["spec.requestTimeout", 30, `spec.requestTimeout: found 30, wanted ${duration}`],
  [
    "spec.requestTimeout",
    "0s",
    `spec.requestTimeout: found "0s", wanted ${duration}: it must be more than 0`,
  ],
  [
    "spec.requestTimeout",
    "-1m",
    `spec.requestTimeout: found "-1m", wanted ${duration}: it must be more than 0`,
  ],
  [
    "spec.requestTimeout",
    "30",
    `spec.requestTimeout: found "30", wanted ${duration}: no unit after 30; write 30s for seconds`,
  ],
  [
    "spec.requestTimeout",
    "1000h",
    `spec.requestTimeout: found "1000h", wanted ${duration}: it must be at most 744h`,
  ],
  [
    "spec.otlp.endpoint",
    "otlp:4318",
    `spec.otlp.endpoint: found a string, wanted ${url}: scheme is neither http nor https`,
  ],
  [
    "spec.otlp.endpoint",
    "https://u:hunter2@x",
    `spec.otlp.endpoint: found a string, wanted ${url}: a URL must not hold credentials`,
  ],
  ["spec.otlp.endpoint", "", `spec.otlp.endpoint: found an empty string, wanted ${url}`],
  [
    "spec.otlp.headers",
    { "a b": "x" },
    'spec.otlp.headers["a b"]: key is not a header name such as "x-request-id"',
  ],
  [
    "spec.otlp.headers",
    { a: "hunter2\r\nb: c" },
    "spec.otlp.headers.a: found a string, wanted a header value: line break at position 7",
  ],
  ["spec.otlp.headers", { a: 1 }, "spec.otlp.headers.a: found a number, wanted a header value"],
  [
    "spec.otlp.captureBody.maxBytes",
    0,
    "spec.otlp.captureBody.maxBytes: found 0, wanted an integer from 1 to 1048576",
  ],
  [
    "spec.otlp.captureBody.maxBytes",
    1_048_577,
    "spec.otlp.captureBody.maxBytes: found 1048577, wanted an integer from 1 to 1048576",
  ],
  [
    "spec.otlp.captureBody.maxBytes",
    "64Ki",
    'spec.otlp.captureBody.maxBytes: found "64Ki", wanted an integer from 1 to 1048576',
  ],
  ["spec.otlp.captureBody", true, "spec.otlp.captureBody: found true, wanted an object"],
  [
    "spec.otlp.captureBody.includeContentTypes",
    ["json"],
    'spec.otlp.captureBody.includeContentTypes[0]: found "json", wanted a media type such as "application/json"',
  ],
  [
    "spec.dns.lookupFamily",
    "V4",
    'spec.dns.lookupFamily: found "V4", wanted "V4Preferred", "V4Only", "V6Only", "Auto" or "All"',
  ],
  [
    "spec.explicitProxy.address",
    "localhost",
    'spec.explicitProxy.address: found "localhost", wanted an IP address: not four numbers from 0 to 255',
  ],
  [
    "spec.explicitProxy.port",
    65_536,
    "spec.explicitProxy.port: found 65536, wanted an integer from 0 to 65535",
  ],
  [
    "spec.explicitProxy.port",
    -1,
    "spec.explicitProxy.port: found -1, wanted an integer from 0 to 65535",
  ],
  ["spec.explicitProxy", true, "spec.explicitProxy: found true, wanted an object"],
  [
    "spec.upstreamTLS.hostAliases.0.ip",
    "api.x",
    'spec.upstreamTLS.hostAliases[0].ip: found "api.x", wanted an IP address: not four numbers from 0 to 255',
  ],
  [
    "spec.upstreamTLS.hostAliases.0.hostnames",
    [],
    "spec.upstreamTLS.hostAliases[0].hostnames: found an empty list, wanted a list of 1 to 32",
  ],
  [
    "spec.upstreamTLS.hostAliases.0.hostnames",
    ["*.x.com"],
    'spec.upstreamTLS.hostAliases[0].hostnames[0]: found "*.x.com", wanted a DNS name: character "*" at position 0',
  ],
  [
    "spec.upstreamTLS.hostAliases.0.hostnames",
    ["x.com", "X.com"],
    'spec.upstreamTLS.hostAliases[0].hostnames[1]: found "x.com", wanted different values: item 0 has it too',
  ],
  [
    "spec.upstreamTLS.hostAliases.0.port",
    0,
    "spec.upstreamTLS.hostAliases[0].port: found 0, wanted an integer from 1 to 65535",
  ],
  [
    "spec.upstreamTLS.additionalTrustBundleSecretRef.namespace",
    "other",
    'spec.upstreamTLS.additionalTrustBundleSecretRef.namespace: found "other", wanted "default": a Secret is only ever read from the namespace of the object that names it',
  ],
  [
    "spec.listeners.0.tls.caCertRef.namespace",
    "other",
    'spec.listeners[0].tls.caCertRef.namespace: found "other", wanted "default": a Secret is only ever read from the namespace of the object that names it',
  ],
]);

t.test("parse() reports all problems at once", (t) => {
  const value = objectOf("EgressGateway", {
    lisenters: [],
    defaultPolicy: 1,
    requestTimeout: 5,
    otlp: { endpoint: 7 },
    dns: { lookupFamily: "IPv4" },
  });
  t.strictSame(messagesOf(egressGatewayKind.parse(value)), [
    'spec.lisenters: unknown field, did you mean "listeners"?',
    'spec.defaultPolicy: found 1, wanted "deny-all" or "allow-all"',
    `spec.otlp.endpoint: found a number, wanted ${url}`,
    'spec.dns.lookupFamily: found "IPv4", wanted "V4Preferred", "V4Only", "V6Only", "Auto" or "All"',
    `spec.requestTimeout: found 5, wanted ${duration}`,
  ]);
  t.end();
});
