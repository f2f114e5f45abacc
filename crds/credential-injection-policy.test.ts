/** CredentialInjectionPolicy: one way to inject, from the policy's own namespace; old spellings. */
import t from "tap";
import { credentialInjectionPolicyKind as kind } from "./credential-injection-policy.ts";
import { hideSensitive } from "./hide-sensitive.ts";
import {
  change,
  expectObject,
  objectOf,
  testAcceptance,
  testRefusals,
} from "./testdata/kind-cases.ts";

const route = { group: "clrk.apoxy.dev", kind: "AIProviderRoute", name: "openai" };
const least = objectOf("CredentialInjectionPolicy", {
  targetRefs: [route],
  secretRef: { name: "openai" },
  target: "Header",
  headerName: "Authorization",
});
const query = objectOf("CredentialInjectionPolicy", {
  targetRefs: [route],
  secretRef: { name: "google" },
  target: "QueryParam",
  queryParamName: "key",
});
const signed = objectOf("CredentialInjectionPolicy", {
  targetRefs: [route],
  secretRef: { name: "aws" },
  target: "ProviderAuth",
  providerAuth: { type: "AWSv4", region: "eu-central-1" },
});

const swapped = objectOf("CredentialInjectionPolicy", {
  targetRefs: [route],
  secretRef: { name: "openai" },
  target: "Placeholder",
  placeholder: {},
});
const githubApp = { appId: 1, installationId: 2 };

const basic = `Basic \${base64(\${username}:\${password})}`;

t.test("parse() of the least policy names no key and adds no prefix", (t) => {
  t.same(expectObject(kind.parse(least)).spec, {
    targetRefs: [route],
    secretRef: { group: "", kind: "Secret", name: "openai" },
    target: "Header",
    headerName: "Authorization",
    valuePrefix: "",
    scrubResponse: false,
  });
  t.end();
});

t.test("parse() keeps the blank at the end of a prefix", (t) => {
  t.equal(
    expectObject(kind.parse(change(least, "spec.valuePrefix", "Bearer "))).spec.valuePrefix,
    "Bearer ",
  );
  t.end();
});

testAcceptance(kind, least, [
  ["spec.targetRefs.0.kind", "EgressHTTPRoute"],
  ["spec.targetRefs.0.kind", "MCPRoute"],
  ["spec.targetRefs.0.kind", "EgressGateway"],
  ["spec.targetRefs.0.sectionName", "direct"],
  ["spec.secretRef.namespace", "default"],
  ["spec.secretKey", "api-key"],
  ["spec.valueTemplate", basic],
]);
testAcceptance(kind, query, [
  ["spec.queryParamName", "api_key"],
  ["spec.valuePrefix", "v1-"],
  ["spec.valueTemplate", `\${token}`],
]);
testAcceptance(kind, signed, [
  ["spec.providerAuth.service", "bedrock"],
  ["spec.providerAuth.region", undefined],
  ["spec.valuePrefix", ""],
]);

testAcceptance(kind, swapped, [
  ["spec.placeholder.in", ["Header", "BasicAuth", "Query", "Path"]],
  ["spec.secretKey", "api-key"],
  ["spec.scrubResponse", true],
]);
testAcceptance(kind, change(swapped, "spec.scrubResponse", true), [
  ["spec.placeholder.in", ["Body"]],
]);
testRefusals(kind, swapped, [
  [
    "spec.placeholder",
    undefined,
    'spec.placeholder: not set, wanted a value, because target is "Placeholder"',
  ],
  ["spec.placeholder.in", [], "spec.placeholder.in: found an empty list, wanted a list of 1 to 5"],
  [
    "spec.placeholder.in",
    ["Cookie"],
    'spec.placeholder.in[0]: found "Cookie", wanted "Header", "BasicAuth", "Query", "Path" or "Body"',
  ],
  [
    "spec.placeholder.in",
    ["Header", "Body"],
    "spec.scrubResponse: found false, wanted true, because placeholder.in has Body: an upstream that repeats a body would show the value to the agent",
  ],
  [
    "spec.valuePrefix",
    "Bearer ",
    'spec.valuePrefix: found a prefix, wanted none, because target is "Placeholder"',
  ],
  [
    "spec.valueTemplate",
    basic,
    'spec.valueTemplate: found a template, wanted none, because target is "Placeholder"',
  ],
  [
    "spec.headerName",
    "x-api-key",
    'spec.headerName: found a value, wanted none, because target is "Placeholder": it goes with target "Header"',
  ],
]);

const kinds = '"AIProviderRoute", "EgressHTTPRoute", "MCPRoute" or "EgressGateway"';
const headerName = 'a header name such as "x-api-key"';
const template = `a template such as "Bearer \${token}" or "Basic \${base64(\${username}:\${password})}"`;
const prefix = 'the beginning of a header value, such as "Bearer "';

testRefusals(kind, least, [
  ["spec.targetRefs", undefined, "spec.targetRefs: not set, wanted a list of 1 to 16"],
  ["spec.targetRefs", [], "spec.targetRefs: found an empty list, wanted a list of 1 to 16"],
  [
    "spec.targetRefs.0.kind",
    "Backend",
    `spec.targetRefs[0].kind: found "Backend", wanted ${kinds}`,
  ],
  [
    "spec.targetRefs.0.kind",
    "EgressHttpRoute",
    `spec.targetRefs[0].kind: found "EgressHttpRoute", wanted ${kinds}: did you mean "EgressHTTPRoute"?`,
  ],
  [
    "spec.targetRefs.0.group",
    undefined,
    'spec.targetRefs[0].group: not set, wanted "clrk.apoxy.dev"',
  ],
  [
    "spec.targetRefs",
    [{ ...route, kind: "EgressGateway", sectionName: "x" }],
    'spec.targetRefs[0].sectionName: found "x", wanted none, because kind is "EgressGateway": it names a Backend of an AIProviderRoute or MCPRoute',
  ],
  ["spec.secretRef", undefined, "spec.secretRef: not set, wanted an object"],
  ["spec.secretRef", "openai", 'spec.secretRef: found "openai", wanted an object'],
  [
    "spec.secretRef.name",
    undefined,
    'spec.secretRef.name: not set, wanted a lower-case name: "a" to "z", digits, "-" and "." inside, at most 253 characters',
  ],
  ["spec.secretRef.kind", "ConfigMap", 'spec.secretRef.kind: found "ConfigMap", wanted "Secret"'],
  [
    "spec.secretRef.key",
    "token",
    'spec.secretRef.key: unknown field; known: "group", "kind", "name", "namespace"',
  ],
  [
    "spec.secretRef.namespace",
    "other",
    'spec.secretRef.namespace: found "other", wanted "default": a Secret is only ever read from the namespace of the object that names it',
  ],
  [
    "spec.secretKey",
    "",
    'spec.secretKey: found an empty string, wanted a Secret key: letters, digits, "-", "_" and "."',
  ],
  [
    "spec.secretKey",
    "a b",
    'spec.secretKey: found "a b", wanted a Secret key: letters, digits, "-", "_" and "."',
  ],
  [
    "spec.target",
    undefined,
    'spec.target: not set, wanted "Header", "QueryParam", "ProviderAuth" or "Placeholder"',
  ],
  [
    "spec.target",
    "header",
    'spec.target: found "header", wanted "Header", "QueryParam", "ProviderAuth" or "Placeholder": did you mean "Header"?',
  ],
  [
    "spec.headerName",
    undefined,
    'spec.headerName: not set, wanted a value, because target is "Header"',
  ],
  ["spec.headerName", "", `spec.headerName: found an empty string, wanted ${headerName}`],
  [
    "spec.headerName",
    "Host",
    `spec.headerName: found "Host", wanted ${headerName}: the host is a matter of hostnames`,
  ],
  [
    "spec.headerName",
    "Proxy-Authorization",
    `spec.headerName: found "Proxy-Authorization", wanted ${headerName}: it belongs to the connection, not to the request`,
  ],
  [
    "spec.headerName",
    "x-clrk-token",
    `spec.headerName: found "x-clrk-token", wanted ${headerName}: "x-clrk-" is reserved`,
  ],
  [
    "spec.headerName",
    ":path",
    `spec.headerName: found ":path", wanted ${headerName}: pseudo headers are not headers; use hostnames, path or method`,
  ],
  ["spec.headerName", "x y", `spec.headerName: found "x y", wanted ${headerName}`],
  [
    "spec.queryParamName",
    "key",
    'spec.queryParamName: found a value, wanted none, because target is "Header": it goes with target "QueryParam"',
  ],
  [
    "spec.providerAuth",
    { type: "AWSv4" },
    'spec.providerAuth: found a value, wanted none, because target is "Header": it goes with target "ProviderAuth"',
  ],
  [
    "spec.valuePrefix",
    "hunter2\n",
    `spec.valuePrefix: found a string, wanted ${prefix}: line break at position 7`,
  ],
  ["spec.valuePrefix", null, `spec.valuePrefix: found null, wanted ${prefix}`],
  [
    "spec.valuePrefix",
    "x".repeat(129),
    "spec.valuePrefix: found 129 characters, wanted at most 128 characters",
  ],
  [
    "spec.value",
    "hunter2",
    'spec.value: unknown field; known: "targetRefs", "secretRef", "secretKey", "target", "headerName", "queryParamName", "providerAuth", "placeholder", "scrubResponse", "valuePrefix", "valueTemplate"',
  ],
  [
    "spec.valueTemplate",
    "Bearer hunter2",
    `spec.valueTemplate: found a string, wanted ${template}: it names no key of the Secret`,
  ],
  [
    "spec.valueTemplate",
    `hunter2 \${a b}`,
    `spec.valueTemplate: found a string, wanted ${template}: no Secret key after "\${" at position 8`,
  ],
  [
    "spec.valueTemplate",
    `\${a}${"x".repeat(1021)}`,
    "spec.valueTemplate: found 1025 characters, wanted at most 1024 characters",
  ],
]);

testRefusals(kind, change(least, "spec.valueTemplate", `\${a}`), [
  [
    "spec.secretKey",
    "token",
    "spec.secretKey: found a key, wanted none, because valueTemplate says it",
  ],
  [
    "spec.valuePrefix",
    "hunter2",
    "spec.valuePrefix: found a prefix, wanted none, because valueTemplate says it",
  ],
]);

t.test("parse() of a template leaves it as it is, and no message or listing shows it", (t) => {
  const parsed = expectObject(kind.parse(change(least, "spec.valueTemplate", basic)));
  t.equal(parsed.spec.valueTemplate, basic);
  t.match(hideSensitive(kind.schema, parsed), { spec: { valueTemplate: "[redacted]" } });
  t.end();
});

testRefusals(kind, query, [
  [
    "spec.queryParamName",
    undefined,
    'spec.queryParamName: not set, wanted a value, because target is "QueryParam"',
  ],
  [
    "spec.queryParamName",
    "a&b",
    'spec.queryParamName: found "a&b", wanted a query parameter name such as "key"',
  ],
  [
    "spec.headerName",
    "x",
    'spec.headerName: found a value, wanted none, because target is "QueryParam": it goes with target "Header"',
  ],
]);

testRefusals(kind, signed, [
  [
    "spec.providerAuth",
    undefined,
    'spec.providerAuth: not set, wanted a value, because target is "ProviderAuth"',
  ],
  [
    "spec.providerAuth.type",
    "GCPServiceAccount",
    'spec.providerAuth.region: found a value, wanted none, because type is "GCPServiceAccount"',
  ],
  [
    "spec.providerAuth.region",
    "",
    'spec.providerAuth.region: found an empty string, wanted a name such as "eu-central-1"',
  ],
  [
    "spec.providerAuth.service",
    "",
    'spec.providerAuth.service: found an empty string, wanted a name such as "eu-central-1"',
  ],
  [
    "spec.valuePrefix",
    "Bearer ",
    'spec.valuePrefix: found a prefix, wanted none, because target is "ProviderAuth"',
  ],
  [
    "spec.valueTemplate",
    `\${a}`,
    'spec.valueTemplate: found a template, wanted none, because target is "ProviderAuth"',
  ],
]);

const keyFile = change(signed, "spec.providerAuth", { type: "GCPServiceAccount" });
testAcceptance(kind, keyFile, [["spec.secretKey", "key.json"]]);
testAcceptance(kind, signed, [["spec.secretKey", "token"]]);

testRefusals(kind, change(keyFile, "spec.providerAuth", { type: "GitHubApp", githubApp }), [
  [
    "spec.secretKey",
    "key",
    'spec.secretKey: found a key, wanted none, because providerAuth.type "GitHubApp" has keys of its own',
  ],
]);

const old = change(change(least, "spec.targetRefs", undefined), "spec.parentRefs", [route]);

t.test("parse() takes the old parentRefs for targetRefs, with a warning", (t) => {
  const result = kind.parse(old);
  t.same(expectObject(result).spec.targetRefs, [route]);
  t.strictSame(result.kind === "valid" && result.warnings.map(({ message }) => message), [
    "spec.parentRefs: old spelling, write spec.targetRefs",
  ]);
  t.end();
});

testRefusals(kind, old, [
  [
    "spec.parentRefs.0.kind",
    "Gateway",
    `spec.parentRefs[0].kind: found "Gateway", wanted ${kinds}`,
  ],
  [
    "spec.targetRefs",
    [route],
    "spec.parentRefs: old spelling of spec.targetRefs, which is set as well; remove one",
  ],
]);
