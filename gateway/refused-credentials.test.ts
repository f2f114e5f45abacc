/** Tests of which credentials a record says were refused. */
import t from "tap";
import { compile } from "./compile.ts";
import { parseManifests } from "./manifests.ts";
import type { EgressRecord } from "./record.ts";
import { findRefusedCredentials } from "./refused-credentials.ts";
import { httpRecord } from "./testdata/egress-record.ts";

const apiVersion = "clrk.apoxy.dev/v1alpha1";
const parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress" }];
const route = (name: string) => ({
  kind: "EgressHTTPRoute",
  metadata: { name },
  spec: { parentRefs, hostnames: [`${name}.test`], rules: [{}] },
});
const credential = (name: string, spec: object) => ({
  kind: "CredentialInjectionPolicy",
  metadata: { name: `for-${name}` },
  spec: {
    targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name }],
    secretRef: { name: `secret-of-${name}` },
    ...spec,
  },
});
const secret = (name: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: `secret-of-${name}` },
  stringData: { token: "x", access_key_id: "y", secret_access_key: "z" },
});
const objects = [
  {
    kind: "EgressGateway",
    metadata: { name: "egress" },
    spec: { listeners: [{ name: "https", protocol: "HTTPS", port: 443 }] },
  },
  ...["plain", "signed", "open"].map(route),
  credential("plain", { target: "Header", headerName: "authorization" }),
  credential("signed", {
    target: "ProviderAuth",
    providerAuth: { type: "AWSv4", region: "eu-central-1" },
  }),
  ...["plain", "signed"].map(secret),
];
const text = objects.map((one) => JSON.stringify({ apiVersion, ...one })).join("\n---\n");
const { snapshot } = compile({
  objects: parseManifests("policy.yaml", text).objects.map(({ object }) => object),
  revision: 1,
  environment: { ownAddresses: [] },
});

function record(name: string, status: number, changes: Partial<EgressRecord> = {}): EgressRecord {
  const base = httpRecord();
  return {
    ...base,
    gateway: { namespace: "default", name: "egress" },
    response: { ...base.response, status },
    upstream: { address: "127.0.0.1:443", tls: null },
    decision: {
      ...{ verdict: "allow", reason: null, message: null },
      route: { kind: "EgressHTTPRoute", namespace: "default", name, rule: 0 },
    },
    ...changes,
  };
}

function refused(one: EgressRecord): string[] {
  return findRefusedCredentials(one, snapshot).map(({ secret: use }) => use.secret.name);
}

const attempt = { backend: null, startUnixMs: 1, durationMs: 1, reason: "" };
const rows: readonly { name: string; record: EgressRecord; wanted: readonly string[] }[] = [
  { name: "401 of an upstream", record: record("plain", 401), wanted: ["secret-of-plain"] },
  { name: "401 of a signed request", record: record("signed", 401), wanted: ["secret-of-signed"] },
  { name: "403 of a signed request", record: record("signed", 403), wanted: ["secret-of-signed"] },
  { name: "403 of another request", record: record("plain", 403), wanted: [] },
  { name: "200", record: record("plain", 200), wanted: [] },
  { name: "401 where nothing is injected", record: record("open", 401), wanted: [] },
  { name: "401 of a rule that is gone", record: record("gone", 401), wanted: [] },
  { name: "our own refusal", record: record("plain", 401, { upstream: null }), wanted: [] },
  {
    name: "another gateway's",
    record: record("plain", 401, { gateway: { namespace: "default", name: "other" } }),
    wanted: [],
  },
  {
    name: "an attempt before the one that answered",
    record: record("plain", 200, {
      routing: {
        ...{ backend: null, provider: "openai", model: null, translation: null, dropped: [] },
        attempts: [
          { ...attempt, status: 401 },
          { ...attempt, status: 200 },
        ],
      },
    }),
    wanted: ["secret-of-plain"],
  },
];
for (const { name, record: one, wanted } of rows) {
  t.test(`findRefusedCredentials() of ${name}`, (t) => {
    t.same(refused(one), wanted);
    t.end();
  });
}

t.test("findRefusedCredentials() finds nothing before there is a snapshot", (t) => {
  t.same(findRefusedCredentials(record("plain", 401), undefined), []);
  t.end();
});
