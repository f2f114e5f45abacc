/** Backend: one of two sorts, reached at a host that is one. */
import t from "tap";
import { backendKind } from "./backend.ts";
import type { Row } from "./testdata/kind-cases.ts";
import { expectObject, objectOf, testAcceptance, testRefusals } from "./testdata/kind-cases.ts";

const least = objectOf("Backend", { upstream: { host: "API.x.com." } });
const most = objectOf("Backend", {
  type: "Upstream",
  schema: { name: "openai", basePath: "/openai/v1" },
  upstream: { host: "api.x.com", port: 8443, tls: false },
  modelRewrites: [{ from: "claude-*", to: "gpt-4.1-mini" }],
  bodyMutation: { ensureStreamUsage: true },
});
const pool = objectOf("Backend", {
  type: "InferencePool",
  inferencePoolRef: { group: "inference.networking.k8s.io", kind: "InferencePool", name: "llama" },
});

t.test("parse() of the least backend is an upstream at port 443", (t) => {
  t.same(expectObject(backendKind.parse(least)).spec, {
    type: "Upstream",
    upstream: { host: "api.x.com", port: 443, tls: true },
    modelRewrites: [],
  });
  t.end();
});

t.test("parse() keeps all that can be said", (t) => {
  t.same(expectObject(backendKind.parse(most)).spec, {
    type: "Upstream",
    schema: { name: "openai", basePath: "/openai/v1" },
    upstream: { host: "api.x.com", port: 8443, tls: false },
    modelRewrites: [{ from: "claude-*", to: "gpt-4.1-mini" }],
    bodyMutation: { ensureStreamUsage: true },
  });
  t.equal(expectObject(backendKind.parse(pool)).spec.inferencePoolRef?.name, "llama");
  t.end();
});

testAcceptance(backendKind, most, [
  ["spec.upstream.host", "10.0.0.1"],
  ["spec.upstream.host", "[2001:db8::1]"],
  ["spec.upstream.host", "ollama"],
  ["spec.bodyMutation", {}],
  ["spec.schema", undefined],
  ["spec.schema.basePath", undefined],
  ["spec.schema.basePath", "/a/b-c/d.e_f~g@h:1"],
  ["spec.upstream.tls", true],
]);

const host = "a DNS name or an IP address";
const basePath = 'a path such as "/openai/v1"';
const segments = "segments are of letters, digits and ._~@:- only, and no slash ends it";
testRefusals(backendKind, most, [
  ["spec", {}, 'spec.upstream: not set, wanted a value, because type is "Upstream"'],
  ["spec.type", "Service", 'spec.type: found "Service", wanted "Upstream" or "InferencePool"'],
  [
    "spec.type",
    "InferencePool",
    'spec.upstream: found a value, wanted none, because type is "InferencePool": it goes with type "Upstream"',
    'spec.inferencePoolRef: not set, wanted a value, because type is "InferencePool"',
  ],
  ["spec.upstream", "api.x.com", 'spec.upstream: found "api.x.com", wanted an object'],
  ["spec.upstream.host", undefined, `spec.upstream.host: not set, wanted ${host}`],
  ["spec.upstream.host", "", `spec.upstream.host: found an empty string, wanted ${host}`],
  [
    "spec.upstream.host",
    "*.x.com",
    `spec.upstream.host: found "*.x.com", wanted ${host}: character "*" at position 0`,
  ],
  [
    "spec.upstream.host",
    "https://api.x.com",
    `spec.upstream.host: found "https://api.x.com", wanted ${host}: a scheme is not part of a host: write "api.x.com"`,
  ],
  [
    "spec.upstream.host",
    "api.x.com:8443",
    `spec.upstream.host: found "api.x.com:8443", wanted ${host}: a port is not part of a host: write "api.x.com"`,
  ],
  [
    "spec.upstream.host",
    "a..b",
    `spec.upstream.host: found "a..b", wanted ${host}: empty label at position 2`,
  ],
  [
    "spec.upstream.host",
    "127.1",
    `spec.upstream.host: found "127.1", wanted ${host}: ends in a number but is no IPv4 address`,
  ],
  ["spec.upstream.port", 0, "spec.upstream.port: found 0, wanted an integer from 1 to 65535"],
  [
    "spec.upstream.port",
    65_536,
    "spec.upstream.port: found 65536, wanted an integer from 1 to 65535",
  ],
  [
    "spec.upstream.port",
    "443",
    'spec.upstream.port: found "443", wanted an integer from 1 to 65535',
  ],
  ["spec.schema", "openai", 'spec.schema: found "openai", wanted an object'],
  ["spec.schema.name", "", "spec.schema.name: found an empty string, wanted a non-empty string"],
  [
    "spec.schema.basePath",
    "v1",
    `spec.schema.basePath: found "v1", wanted ${basePath}: it does not begin with "/"`,
  ],
  ...["/", "/v1/", "//v1", "/v1?x", "/v1#x", "/a%2fb", "/a b"].map(
    (path): Row => [
      "spec.schema.basePath",
      path,
      `spec.schema.basePath: found "${path}", wanted ${basePath}: ${segments}`,
    ],
  ),
  ...["/v1/..", "/../v1", "/./v1"].map(
    (path): Row => [
      "spec.schema.basePath",
      path,
      `spec.schema.basePath: found "${path}", wanted ${basePath}: it has a dot segment`,
    ],
  ),
  ["spec.upstream.tls", "no", 'spec.upstream.tls: found "no", wanted true or false'],
  [
    "spec.modelRewrites.0.from",
    "gpt-{4,5}",
    'spec.modelRewrites[0].from: found "gpt-{4,5}", wanted a glob such as "claude-*": character "{" at position 4; only "*" and "?" are special here',
  ],
  ["spec.modelRewrites.0.to", undefined, "spec.modelRewrites[0].to: not set, wanted a string"],
  [
    "spec.modelRewrites.0.to",
    "",
    "spec.modelRewrites[0].to: found an empty string, wanted a non-empty string",
  ],
  [
    "spec.bodyMutation.ensureStreamUsage",
    "yes",
    'spec.bodyMutation.ensureStreamUsage: found "yes", wanted true or false',
  ],
  [
    "spec.bodyMutation.ensureStreamUse",
    true,
    'spec.bodyMutation.ensureStreamUse: unknown field; known: "ensureStreamUsage"',
  ],
  [
    "spec.apiKey",
    "hunter2",
    'spec.apiKey: unknown field; known: "type", "schema", "upstream", "inferencePoolRef", "modelRewrites", "bodyMutation"',
  ],
]);

testRefusals(backendKind, pool, [
  [
    "spec.upstream",
    { host: "x.com" },
    'spec.upstream: found a value, wanted none, because type is "InferencePool": it goes with type "Upstream"',
  ],
  [
    "spec.inferencePoolRef.group",
    undefined,
    'spec.inferencePoolRef.group: not set, wanted a lower-case name: "a" to "z", digits, "-" and "." inside, at most 253 characters',
  ],
]);
