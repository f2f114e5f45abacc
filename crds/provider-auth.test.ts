import t from "tap";
import { hideSensitive } from "./hide-sensitive.ts";
import { parseSchema } from "./parse-schema.ts";
import { providerAuth } from "./provider-auth.ts";

const tokenURL = "https://login.example.com/oauth/token";
const role = { roleArn: "arn:aws:iam::123456789012:role/agents" };
const app = { appId: 12, installationId: 34 };

function messages(value: unknown): string[] {
  const result = parseSchema(providerAuth, value);
  return result.kind === "invalid" ? result.problems.map(({ message }) => message) : [];
}

t.test("providerAuth takes each type with its own fields", async (t) => {
  const values: readonly object[] = [
    { type: "AWSv4" },
    { type: "AWSv4", region: "eu-west-1", service: "s3", assumeRole: role },
    {
      type: "AWSv4",
      assumeRole: {
        ...role,
        sessionName: "agents@home",
        externalId: "a:b/c",
        durationSeconds: 900,
        region: "cn-north-1",
        endpointURL: "https://vpce-1.sts.us-east-1.vpce.amazonaws.com",
      },
    },
    { type: "OAuth2ClientCredentials", tokenURL },
    {
      type: "OAuth2ClientCredentials",
      tokenURL: `${tokenURL}?tenant=1`,
      scopes: ["read:orders", "a/b"],
      parameters: { audience: "https://api.example.com", resource: "urn:x" },
      clientAuthentication: "Body",
      headerName: "x-token",
      valuePrefix: "",
    },
    { type: "OAuth2RefreshToken", tokenURL, queryParamName: "access_token" },
    { type: "GCPServiceAccount" },
    { type: "GCPServiceAccount", scopes: ["https://www.googleapis.com/auth/pubsub"], tokenURL },
    { type: "GitHubApp", githubApp: app },
    {
      type: "GitHubApp",
      githubApp: app,
      valueTemplate: `Basic \${base64(x-access-token:\${token})}`,
    },
    {
      type: "GitHubApp",
      githubApp: {
        ...app,
        baseURL: "https://github.example.com/api/v3/",
        repositories: ["docs"],
        permissions: { contents: "read", pull_requests: "write" },
      },
    },
  ];
  for (const value of values) t.same(messages(value), [], JSON.stringify(value));
});

t.test("providerAuth has defaults where absence has one meaning", async (t) => {
  const result = parseSchema(providerAuth, {
    type: "GitHubApp",
    githubApp: { ...app, baseURL: "https://github.example.com/api/v3/" },
  });
  t.match(result.kind === "valid" && result.value, {
    scopes: [],
    githubApp: { baseURL: "https://github.example.com/api/v3", repositories: [] },
  });
  const assumed = parseSchema(providerAuth, { type: "AWSv4", assumeRole: role });
  t.match(assumed.kind === "valid" && assumed.value, {
    assumeRole: { sessionName: "clrk", durationSeconds: 3600 },
  });
});

const url = 'an https URL such as "https://login.example.com/oauth/token"';
const refusals: readonly (readonly [name: string, value: object, message: string])[] = [
  [
    "an endpoint that is missing",
    { type: "OAuth2ClientCredentials" },
    'tokenURL: not set, wanted a value, because type is "OAuth2ClientCredentials"',
  ],
  [
    "an app that is missing",
    { type: "GitHubApp" },
    'githubApp: not set, wanted a value, because type is "GitHubApp"',
  ],
  [
    "a field of another type",
    { type: "AWSv4", scopes: ["a"] },
    'scopes: found a value, wanted none, because type is "AWSv4"',
  ],
  [
    "a role without a signature",
    { type: "GCPServiceAccount", assumeRole: role },
    'assumeRole: found a value, wanted none, because type is "GCPServiceAccount"',
  ],
  [
    "a header for a signature",
    { type: "AWSv4", headerName: "x-key" },
    'headerName: found a value, wanted none, because type is "AWSv4"',
  ],
  [
    "parameters of a service account",
    { type: "GCPServiceAccount", parameters: { audience: "x" } },
    'parameters: found a value, wanted none, because type is "GCPServiceAccount"',
  ],
  [
    "two places",
    { type: "GitHubApp", githubApp: app, headerName: "x-a", queryParamName: "b" },
    'queryParamName: found "b", wanted none, because headerName is set',
  ],
  [
    "a template with another key",
    { type: "GitHubApp", githubApp: app, valueTemplate: `\${token}\${private_key}` },
    "valueTemplate: found another key, wanted only the key token",
  ],
  [
    "a prefix before a template",
    { type: "GitHubApp", githubApp: app, valueTemplate: `\${token}`, valuePrefix: "x" },
    "valuePrefix: found a prefix, wanted none, because valueTemplate says it",
  ],
  [
    "a template of a signature",
    { type: "AWSv4", valueTemplate: `\${token}` },
    'valueTemplate: found a value, wanted none, because type is "AWSv4"',
  ],
  [
    "plain http",
    { type: "OAuth2ClientCredentials", tokenURL: "http://login.example.com/token" },
    `tokenURL: found "http://login.example.com/token", wanted ${url}: scheme is not https`,
  ],
  [
    "credentials in the URL",
    { type: "OAuth2ClientCredentials", tokenURL: "https://a:b@login.example.com/token" },
    `tokenURL: found "https://a:b@login.example.com/token", wanted ${url}: a URL must not hold credentials`,
  ],
  [
    "a fragment",
    { type: "OAuth2ClientCredentials", tokenURL: `${tokenURL}#x` },
    `tokenURL: found "${tokenURL}#x", wanted ${url}: no fragment allowed`,
  ],
  [
    "a query of a base URL",
    { type: "GitHubApp", githubApp: { ...app, baseURL: "https://api.github.com?x" } },
    'githubApp.baseURL: found "https://api.github.com?x", wanted an https URL without a query, such as "https://github.example.com/api/v3": no query allowed',
  ],
  [
    "a parameter that the grant writes",
    { type: "OAuth2ClientCredentials", tokenURL, parameters: { scope: "hunter2" } },
    'parameters.scope: key is not a parameter name such as "audience": the gateway writes it itself',
  ],
  [
    "a scope with a blank",
    { type: "OAuth2ClientCredentials", tokenURL, scopes: ["a b"] },
    'scopes[0]: found "a b", wanted one scope without blanks, such as "read:orders"',
  ],
  [
    "a user in place of a role",
    { type: "AWSv4", assumeRole: { roleArn: "arn:aws:iam::123456789012:user/a" } },
    'assumeRole.roleArn: found "arn:aws:iam::123456789012:user/a", wanted a role such as "arn:aws:iam::123456789012:role/agents"',
  ],
  [
    "a session that is too short",
    { type: "AWSv4", assumeRole: { ...role, durationSeconds: 60 } },
    "assumeRole.durationSeconds: found 60, wanted an integer from 900 to 43200",
  ],
  [
    "an owner before a repository",
    { type: "GitHubApp", githubApp: { ...app, repositories: ["acme/docs"] } },
    'githubApp.repositories[0]: found "acme/docs", wanted the name of a repository without its owner, such as "docs"',
  ],
];

for (const [name, value, message] of refusals) {
  t.test(`providerAuth refuses ${name}`, async (t) => t.same(messages(value), [message]));
}

t.test("providerAuth shows no parameter and no external id", async (t) => {
  const result = parseSchema(providerAuth, {
    type: "OAuth2ClientCredentials",
    tokenURL,
    parameters: { audience: "hunter2" },
  });
  const shown = JSON.stringify(
    hideSensitive(providerAuth, result.kind === "valid" ? result.value : undefined),
  );
  t.notMatch(shown, "hunter2");
  t.same(messages({ type: "AWSv4", assumeRole: { ...role, externalId: "hunter2 secret" } }), [
    "assumeRole.externalId: found a string, wanted an external id of 2 to 1224 characters",
  ]);
});
