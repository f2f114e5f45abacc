/** What is to be minted, from policies and Secrets; what cannot be is said without a value. */
import { generateKeyPairSync } from "node:crypto";
import t from "tap";
import type { CredentialInjectionPolicy } from "../../crds/credential-injection-policy.ts";
import type { ParsedObject } from "../../crds/kinds.ts";
import { SecretValue } from "../secret-value.ts";
import { readCredentialSource } from "./credential-source.ts";
import { readMintTask } from "./mint-task.ts";
import { indexObjects } from "./object-index.ts";
import { object, secret, target } from "./testdata/objects.ts";

const tokenURL = "https://login.example/token";
const to = [target("EgressHTTPRoute", "r")];
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const keyFile = {
  type: "service_account",
  client_email: "agent@project.iam.gserviceaccount.com",
  private_key_id: "key-1",
  private_key: pem,
  token_uri: "https://oauth2.googleapis.com/token",
};

function policyWith(providerAuth: object, spec: object = {}, name = "p"): ParsedObject {
  return object("CredentialInjectionPolicy", name, {
    targetRefs: to,
    secretRef: { name: "s" },
    target: "ProviderAuth",
    providerAuth,
    ...spec,
  });
}

function find(policy: ParsedObject, keys: Readonly<Record<string, string>>) {
  const index = indexObjects([policy, secret("s", keys)]);
  const [found] = index.list("CredentialInjectionPolicy");
  return { index, policy: found ?? notThere() };
}

function notThere(): CredentialInjectionPolicy {
  throw new Error("Cannot find the policy in its index");
}

function read(policy: ParsedObject, keys: Readonly<Record<string, string>>) {
  const { index, policy: found } = find(policy, keys);
  const { providerAuth } = found.spec;
  if (providerAuth === undefined) throw new Error("Cannot read: there is no providerAuth");
  return readMintTask(found, providerAuth, index);
}

/** The recipe with its secrets in the open. */
function recipe(policy: ParsedObject, keys: Readonly<Record<string, string>>) {
  const reading = read(policy, keys);
  if (reading.kind === "unusable") throw new Error(reading.message);
  return Object.fromEntries(
    Object.entries(reading.task.recipe).map(([name, part]: [string, unknown]) => [
      name,
      part instanceof SecretValue ? part.reveal() : part,
    ]),
  );
}

t.test("readMintTask() reads grants of OAuth 2.0", async (t) => {
  const auth = {
    type: "OAuth2ClientCredentials",
    tokenURL,
    scopes: ["a"],
    parameters: { audience: "x" },
    clientAuthentication: "Body",
  };
  t.same(recipe(policyWith(auth), { client_id: "me", client_secret: "shh\n" }), {
    kind: "OAuth2ClientCredentials",
    tokenUrl: tokenURL,
    scopes: ["a"],
    parameters: [["audience", "x"]],
    clientAuthentication: "Body",
    clientId: "me",
    clientSecret: "shh",
  });
  const refresh = policyWith({ type: "OAuth2RefreshToken", tokenURL });
  const base = {
    kind: "OAuth2RefreshToken",
    tokenUrl: tokenURL,
    scopes: [],
    parameters: [],
    clientAuthentication: "Basic",
    clientId: "me",
    refreshToken: "r",
  };
  t.same(recipe(refresh, { client_id: "me", refresh_token: "r" }), base);
  const keys = { client_id: "me", refresh_token: "r", client_secret: "shh" };
  t.same(recipe(refresh, keys), { ...base, clientSecret: "shh" });
});

t.test("readMintTask() reads service accounts, Apps and roles", async (t) => {
  const google = { type: "GCPServiceAccount" };
  t.match(recipe(policyWith(google), { token: JSON.stringify(keyFile) }), {
    tokenUrl: "https://oauth2.googleapis.com/token",
    scopes: ["https://www.googleapis.com/auth/cloud-platform"],
    clientEmail: "agent@project.iam.gserviceaccount.com",
    keyId: "key-1",
    privateKey: pem,
  });
  const named = policyWith({ ...google, tokenURL, scopes: ["a"] }, { secretKey: "key.json" });
  const odd = { ...keyFile, token_uri: "https://evil.example/" };
  t.match(recipe(named, { "key.json": JSON.stringify(odd) }), {
    tokenUrl: tokenURL,
    scopes: ["a"],
  });
  const app = { appId: 1, installationId: 2, permissions: { contents: "read" } };
  t.match(recipe(policyWith({ type: "GitHubApp", githubApp: app }), { private_key: pem }), {
    baseUrl: "https://api.github.com",
    appId: 1,
    installationId: 2,
    permissions: [["contents", "read"]],
    privateKey: pem.trim(),
  });
  const roleArn = "arn:aws:iam::123456789012:role/agents";
  const keys = { access_key_id: "AKIA", secret_access_key: "shh" };
  const aws = (auth: object, role: object = {}) =>
    recipe(policyWith({ type: "AWSv4", ...auth, assumeRole: { roleArn, ...role } }), keys);
  t.match(aws({}), {
    kind: "AWSAssumeRole",
    endpointUrl: "https://sts.us-east-1.amazonaws.com/",
    region: "us-east-1",
    sessionName: "clrk",
    durationSeconds: 3600,
    accessKeyId: "AKIA",
    secretAccessKey: "shh",
  });
  t.match(aws({ region: "cn-north-1" }), {
    endpointUrl: "https://sts.cn-north-1.amazonaws.com.cn/",
    region: "cn-north-1",
  });
  t.match(aws({ region: "eu-west-1" }, { region: "us-east-2", externalId: "ex" }), {
    region: "us-east-2",
    externalId: "ex",
  });
});

t.test("readMintTask() names what is minted by what is minted, not by values", async (t) => {
  const auth = { type: "OAuth2ClientCredentials", tokenURL };
  const resource = (policy: ParsedObject, client_secret = "shh") => {
    const reading = read(policy, { client_id: "me", client_secret });
    return reading.kind === "found" ? reading.task.resource : reading.message;
  };
  const first = resource(policyWith(auth));
  t.match(first, /^secret\/default\/s\/minted\/[0-9a-f]{16}$/);
  t.equal(resource(policyWith(auth), "other"), first);
  t.equal(resource(policyWith({ ...auth, headerName: "x-token" }, {}, "other")), first);
  t.not(resource(policyWith({ ...auth, scopes: ["a"] })), first);
  const valueTemplate = `Basic \${base64(a:\${token})}`;
  t.not(resource(policyWith({ ...auth, valueTemplate })), first);
  const templated = read(policyWith({ ...auth, valueTemplate }), {
    client_id: "a",
    client_secret: "b",
  });
  t.match(templated, { task: { template: valueTemplate } });
});

const unusable: readonly (readonly [name: string, auth: object, keys: object, said: string])[] = [
  [
    "no client id",
    { type: "OAuth2ClientCredentials", tokenURL },
    { client_secret: "hunter2" },
    'Secret default/s has no key "client_id"',
  ],
  [
    "no refresh token",
    { type: "OAuth2RefreshToken", tokenURL },
    { client_id: "hunter2" },
    'Secret default/s has no key "refresh_token"',
  ],
  [
    "an empty optional secret",
    { type: "OAuth2RefreshToken", tokenURL },
    { client_id: "a", refresh_token: "hunter2", client_secret: "" },
    'key "client_secret" of Secret default/s is empty',
  ],
  [
    "a key file that is no JSON",
    { type: "GCPServiceAccount" },
    { token: "hunter2" },
    'key "token" of Secret default/s is no JSON object',
  ],
  [
    "a key file of a user",
    { type: "GCPServiceAccount" },
    { token: JSON.stringify({ ...keyFile, type: "authorized_user" }) },
    'key "token" of Secret default/s is no key file of type "service_account"',
  ],
  [
    "a key file without an account",
    { type: "GCPServiceAccount" },
    { token: JSON.stringify({ ...keyFile, client_email: 7 }) },
    'key "token" of Secret default/s has no client_email',
  ],
  [
    "a key file with a broken key",
    { type: "GCPServiceAccount" },
    { token: JSON.stringify({ ...keyFile, private_key: "hunter2" }) },
    'key "token" of Secret default/s has a private_key that is no unencrypted RSA key in PEM of at least 2048 bits',
  ],
  ...[
    "https://evil.example/token",
    "http://oauth2.googleapis.com/token",
    "https://a@oauth2.googleapis.com/",
    "https://oauth2.googleapis.com:444/",
    7,
  ].map(
    (token_uri) =>
      [
        `the token_uri ${token_uri}`,
        { type: "GCPServiceAccount" },
        { token: JSON.stringify({ ...keyFile, token_uri }) },
        'key "token" of Secret default/s has a token_uri that is none of Google\'s own: set spec.providerAuth.tokenURL if it is right',
      ] as const,
  ),
  [
    "a key of another sort",
    { type: "GitHubApp", githubApp: { appId: 1, installationId: 2 } },
    { private_key: ellipticKey() },
    'key "private_key" of Secret default/s is no unencrypted RSA key in PEM of at least 2048 bits',
  ],
  [
    "a key with a control character",
    { type: "GitHubApp", githubApp: { appId: 1, installationId: 2 } },
    { private_key: "hunter2\u0000" },
    'key "private_key" of Secret default/s has a control character',
  ],
  [
    "no AWS key",
    { type: "AWSv4", assumeRole: { roleArn: "arn:aws:iam::123456789012:role/a" } },
    { access_key_id: "hunter2" },
    'Secret default/s has no key "secret_access_key"',
  ],
];

for (const [name, auth, keys, message] of unusable) {
  t.test(`readMintTask() makes no task of ${name}`, async (t) => {
    const reading = read(policyWith(auth), Object.fromEntries(Object.entries(keys)));
    t.match(reading, { kind: "unusable", message });
  });
}

t.test("readCredentialSource() puts a token where the policy says", async (t) => {
  const places: readonly (readonly [more: object, use: object])[] = [
    [{}, { kind: "header", header: "authorization", valuePrefix: "Bearer " }],
    [{ valuePrefix: "token " }, { kind: "header", valuePrefix: "token " }],
    [{ headerName: "X-Token" }, { kind: "header", header: "x-token", valuePrefix: "" }],
    [
      { valueTemplate: `Basic \${base64(a:\${token})}` },
      { header: "authorization", valuePrefix: "" },
    ],
    [{ queryParamName: "key" }, { kind: "query", parameter: "key", valuePrefix: "" }],
  ];
  for (const [more, use] of places) {
    const auth = { type: "OAuth2ClientCredentials", tokenURL, ...more };
    const { index, policy } = find(policyWith(auth), { client_id: "me", client_secret: "shh" });
    const source = readCredentialSource(policy, index);
    if (!("values" in source)) throw new Error("Cannot read the source");
    t.equal(source.values.size, 0);
    const { mint } = source;
    t.match(source.useFor("api.example"), { ...use, secret: { resource: mint?.resource } });
    const withheld = new Map([[mint?.resource ?? "", "it is down"]]);
    t.match(readCredentialSource(policy, index, { withheld }), {
      kind: "unresolved",
      slot: source.slot,
      finding: { reason: "CredentialNotMinted", message: "it is down" },
    });
  }
});

function ellipticKey(): string {
  const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
