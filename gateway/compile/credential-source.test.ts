/** What one policy gives, from its Secret. */
import t from "tap";
import type { CredentialInjectionPolicy } from "../../crds/credential-injection-policy.ts";
import type { ParsedObject } from "../../crds/kinds.ts";
import { findAwsRegion, readCredentialSource } from "./credential-source.ts";
import { indexObjects } from "./object-index.ts";
import {
  awsCredential,
  headerCredential,
  queryCredential,
  secret,
  target,
} from "./testdata/objects.ts";

const to = [target("AIProviderRoute", "r")];
const name = { kind: "CredentialInjectionPolicy", namespace: "default", name: "p" };

function sourceOf(policy: ParsedObject, ...others: readonly ParsedObject[]) {
  const index = indexObjects([policy, ...others]);
  const [found] = index.list("CredentialInjectionPolicy");
  return readCredentialSource(found ?? notThere(), index);
}

function notThere(): CredentialInjectionPolicy {
  throw new Error("Cannot find the policy in its index");
}

function given(policy: ParsedObject, ...others: readonly ParsedObject[]) {
  const source = sourceOf(policy, ...others);
  if (!("values" in source)) throw new Error(`Cannot read source: it is ${source.kind}`);
  const values = [...source.values].map(([key, value]) => [key, value.reveal()]);
  return { ...source, values };
}

t.test("readCredentialSource() gives a header in lower case with its prefix", async (t) => {
  const policy = headerCredential("p", to, { valuePrefix: "Bearer " });
  const source = given(policy, secret("key", { token: "sk-1" }));
  t.equal(source.slot, "authorization");
  t.same(source.values, [["secret/default/key/token", "sk-1"]]);
  t.equal(source.dependsOnHost, false);
  t.same(source.useFor("api.example"), {
    kind: "header",
    policy: name,
    secret: {
      secret: { kind: "Secret", namespace: "default", name: "key" },
      resource: "secret/default/key/token",
    },
    header: "authorization",
    valuePrefix: "Bearer ",
  });
});

t.test("readCredentialSource() reads the key that the policy names", async (t) => {
  const policy = headerCredential("p", to, { secretKey: "api.key", headerName: "X-Api-Key" });
  const source = given(policy, secret("key", { "api.key": "sk-2\n", token: "no" }));
  t.same(source.values, [["secret/default/key/api.key", "sk-2"]]);
  t.equal(source.slot, "x-api-key");
  t.same(source.notes, [
    'Key "api.key" of Secret default/key ends with a line end, which is left out',
  ]);
});

t.test("readCredentialSource() gives the parts of a signature beside its resource", async (t) => {
  const keys = { access_key_id: "AKIA", secret_access_key: "shh/+=" };
  const source = given(awsCredential("p", to), secret("aws", keys));
  t.same(source.values, [
    ["secret/default/aws/aws/access_key_id", "AKIA"],
    ["secret/default/aws/aws/secret_access_key", "shh/+="],
  ]);
  t.equal(source.slot, "authorization");
  t.equal(source.dependsOnHost, true);
  t.match(source.useFor("bedrock-runtime.eu-west-1.amazonaws.com"), {
    kind: "aws-sigv4",
    secret: { resource: "secret/default/aws/aws" },
    region: "eu-west-1",
    service: "bedrock",
  });
  t.equal(source.useFor("proxy.example"), undefined);
});

t.test(
  "readCredentialSource() takes region and service as written, and a session token",
  async (t) => {
    const keys = { access_key_id: "AKIA", secret_access_key: "shh", session_token: "tok" };
    const policy = awsCredential("p", to, { region: "us-east-1", service: "execute-api" });
    const source = given(policy, secret("aws", keys));
    t.same(source.values[2], ["secret/default/aws/aws/session_token", "tok"]);
    t.equal(source.dependsOnHost, false);
    t.match(source.useFor("proxy.example"), { region: "us-east-1", service: "execute-api" });
  },
);

const unresolved = [
  { name: "a missing Secret", secrets: [], reason: "SecretNotFound" },
  {
    name: "a missing part",
    secrets: [secret("aws", { access_key_id: "AKIA" })],
    reason: "SecretKeyNotFound",
  },
  {
    name: "an invalid session token",
    secrets: [secret("aws", { access_key_id: "A", secret_access_key: "s", session_token: "a\nb" })],
    reason: "SecretInvalid",
  },
];

for (const { name: case_, secrets, reason } of unresolved) {
  t.test(`readCredentialSource() gives no signature with ${case_}`, async (t) => {
    const source = sourceOf(awsCredential("p", to), ...secrets);
    t.match(source, { kind: "unresolved", slot: "authorization", finding: { reason } });
  });
}

t.test("readCredentialSource() gives a query parameter as it is written", async (t) => {
  const policy = queryCredential("p", to, { queryParamName: "Api_Key", valuePrefix: "v1-" });
  const source = given(policy, secret("key", { token: "sk-1" }));
  t.equal(source.slot, "?Api_Key");
  t.same(source.values, [["secret/default/key/token", "sk-1"]]);
  t.same(source.useFor("api.example"), {
    kind: "query",
    policy: name,
    secret: {
      secret: { kind: "Secret", namespace: "default", name: "key" },
      resource: "secret/default/key/token",
    },
    parameter: "Api_Key",
    valuePrefix: "v1-",
  });
});

const basic = `Basic \${base64(\${username}:\${password})}`;
// printf %s 'Basic ${base64(${username}:${password})}' | sha256sum
const basicResource = "secret/default/key/template/73b3bb97bb02c8d0";

t.test("readCredentialSource() renders a template under a name of its own", async (t) => {
  const user = { username: "Aladdin", password: "open sesame\n" };
  const source = given(headerCredential("p", to, { valueTemplate: basic }), secret("key", user));
  // The example of RFC 7617 section 2.
  t.same(source.values, [[basicResource, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]]);
  t.equal(source.slot, "authorization");
  t.same(source.notes, [
    'Key "password" of Secret default/key ends with a line end, which is left out',
  ]);
  t.match(source.useFor("api.example"), {
    kind: "header",
    header: "authorization",
    valuePrefix: "",
    secret: { resource: basicResource },
  });
});

t.test("readCredentialSource() names a template by its text, never by a value", async (t) => {
  const resourceOf = (valueTemplate: string, password: string) =>
    given(
      headerCredential("p", to, { valueTemplate }),
      secret("key", { username: "a", password }),
    ).useFor("api.example")?.secret.resource;
  t.equal(resourceOf(basic, "one"), basicResource);
  t.equal(resourceOf(basic, "two"), basicResource);
  t.not(resourceOf(`\${username}`, "one"), basicResource);
});

t.test("readCredentialSource() renders a template for a query parameter", async (t) => {
  const policy = queryCredential("p", to, { valueTemplate: `\${a}.\${b}` });
  t.match(given(policy, secret("key", { a: "1", b: "2" })).values, [[/template/, "1.2"]]);
});

t.test("readCredentialSource() gives nothing for a template with an unknown key", async (t) => {
  const policy = headerCredential("p", to, { valueTemplate: basic });
  t.same(sourceOf(policy, secret("key", { username: "a" })), {
    kind: "unresolved",
    slot: "authorization",
    finding: { reason: "SecretKeyNotFound", message: 'Secret default/key has no key "password"' },
  });
});

t.test("readCredentialSource() never shows a value", async (t) => {
  const source = sourceOf(headerCredential("p", to), secret("key", { token: "sk-hidden" }));
  t.notMatch(JSON.stringify(source), /sk-hidden/);
  const rendered = given(
    headerCredential("p", to, { valueTemplate: `hidden-text \${token}` }),
    secret("key", { token: "sk-hidden" }),
  ).useFor("api.example");
  t.notMatch(JSON.stringify(rendered), /hidden/);
  const broken = sourceOf(headerCredential("p", to), secret("key", { token: "sk-hidden\u0000" }));
  t.notMatch(JSON.stringify(broken), /sk-hidden/);
});

t.test("findAwsRegion() reads Bedrock's own host names only", async (t) => {
  const cases: [string, string | undefined][] = [
    ["bedrock-runtime.us-east-1.amazonaws.com", "us-east-1"],
    ["bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"],
    ["vpce-1.bedrock-runtime.eu-central-1.vpce.amazonaws.com", "eu-central-1"],
    ["bedrock-runtime.eu-central-1.vpce.amazonaws.com", "eu-central-1"],
    ["bedrock-runtime.cn-north-1.amazonaws.com.cn", "cn-north-1"],
    ["xbedrock-runtime.us-east-1.amazonaws.com", undefined],
    ["bedrock-runtime.us-east-1.amazonaws.com.evil.example", undefined],
    ["bedrock-runtime.amazonaws.com", undefined],
    ["s3.us-east-1.amazonaws.com", undefined],
    ["", undefined],
  ];
  for (const [host, region] of cases) t.equal(findAwsRegion(host), region, host);
});
