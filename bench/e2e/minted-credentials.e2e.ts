/**
 * Credentials that the gateway fetches, through the real gateway and Envoy: upstreams answer 401 to anything but a
 * credential that is valid at that moment.
 */
import { generateKeyPairSync } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { startLoad } from "../harness/load-loop.ts";
import { temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { createTokenUpstream } from "../harness/token-upstream.ts";
import { createUpstreamAuthority } from "../harness/upstream-authority.ts";

const clientSecret = "client-secret-of-everybody";
const awsSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const signedHost = "storage.eu-west-1.test";
const clients = ["rotating", "revoked", "outage", "query", "late", "rotating-refresh"];
const hosts = [
  ...clients.map((name) => `${name}.test`),
  "google.test",
  "github.test",
  "git.test",
  signedHost,
];
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const privatePem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

const authority = createUpstreamAuthority();
const upstream = await createTokenUpstream({
  certificate: authority.issue(["localhost", ...hosts]),
  clients: Object.fromEntries(clients.map((name) => [name, clientSecret])),
  assertionKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
});
t.teardown(() => upstream.close());
// Long enough that a busy machine renews in time, and that a request arrives before its token has ended.
upstream.setTerms("rotating", { lifeSeconds: 20 });
upstream.setTerms("outage", { lifeSeconds: 20 });
upstream.setTerms("late", { isDown: true });

const tokenURL = `https://localhost:${upstream.port}/oauth/token`;
const githubApp = {
  installationId: 34,
  baseURL: `https://localhost:${upstream.port}/api/v3`,
};
const home = join(temporaryDirectory(t), "home");
const manifests = {
  "gateway.yaml": gatewayManifest({
    aliases: [{ port: upstream.port, hostnames: hosts }],
    upstreamCa: authority.certificatePem,
  }),
  ...Object.fromEntries(
    clients.map((name) => [
      `${name}.yaml`,
      policy(name, `${name}.test`, {
        auth: {
          type: name === "rotating-refresh" ? "OAuth2RefreshToken" : "OAuth2ClientCredentials",
          tokenURL,
          ...(name === "query" && { queryParamName: "access_token" }),
        },
        keys: {
          client_id: name,
          client_secret: clientSecret,
          ...(name === "rotating-refresh" && { refresh_token: "refresh-0000000000-first" }),
        },
      }),
    ]),
  ),
  "google.yaml": policy("google", "google.test", {
    auth: { type: "GCPServiceAccount", tokenURL },
    keys: {
      token: JSON.stringify({
        type: "service_account",
        client_email: "agent@project.iam.gserviceaccount.com",
        private_key_id: "1",
        private_key: privatePem,
        token_uri: "https://oauth2.googleapis.com/token",
      }),
    },
  }),
  "github.yaml": policy("github", "github.test", {
    auth: { type: "GitHubApp", githubApp: { ...githubApp, appId: 12 } },
    keys: { private_key: privatePem },
  }),
  "git.yaml": policy("git", "git.test", {
    auth: {
      type: "GitHubApp",
      githubApp: { ...githubApp, appId: 13 },
      valueTemplate: `Basic \${base64(x-access-token:\${token})}`,
    },
    keys: { private_key: privatePem },
  }),
  "aws.yaml": policy("aws", signedHost, {
    auth: {
      type: "AWSv4",
      region: "eu-west-1",
      service: "storage",
      assumeRole: {
        roleArn: "arn:aws:iam::123456789012:role/agents",
        endpointURL: `https://localhost:${upstream.port}/`,
      },
    },
    keys: { access_key_id: "AKIDEXAMPLE", secret_access_key: awsSecret },
  }),
};
const gateway = await startGateway(t, { manifests, home });
const run = await gateway.registerRun("agent");

async function ask(name: string) {
  const host = name === "aws" ? signedHost : `${name}.test`;
  const response = await requestThrough(run, `https://${host}/a?b=c`, {
    headers: { authorization: "Bearer placeholder-of-the-agent" },
  });
  return { status: response.status, reason: response.headers["x-clrk-deny-reason"], response };
}

async function mintedStatus(secret: string) {
  const { mintedCredentials = [] } = await gateway.status();
  return mintedCredentials.find((one) => one.secret === `default/${secret}`);
}

t.test("the first requests after the start are given what was fetched for them", async (test) => {
  for (const name of [
    "rotating",
    "revoked",
    "query",
    "rotating-refresh",
    "google",
    "github",
    "git",
    "aws",
  ]) {
    test.match(await ask(name), { status: 200 }, name);
  }
  for (const [client, times] of upstream.asked) {
    if (!["rotating", "outage", "late"].includes(client)) test.equal(times, 1, client);
  }
  test.notOk(upstream.answered.some(({ status }) => status === 401));
});

t.test(
  "a credential that cannot be fetched refuses, and says so without any value",
  async (test) => {
    const { status, reason, response } = await ask("late");
    test.match({ status, reason }, { status: 403, reason: "credential-missing" });
    test.match(response.text, "gives no credential: there is none at the moment");
    test.notMatch(response.text, "503", "how the endpoint fails is for the operator");
    const { items } = await gateway.objects("CredentialInjectionPolicy");
    const late = items.find(({ object }) => object.metadata.name === "late");
    test.match(
      late?.conditions.find(({ type }) => type === "ResolvedRefs"),
      {
        ...{ status: "False", reason: "CredentialNotMinted" },
        message: /is not able to answer now \(503\)/,
      },
    );
    test.match(await mintedStatus("late"), { ready: false, lastFailure: { kind: "unavailable" } });
    upstream.setTerms("late", {});
    await waitUntil(async () => (await ask("late")).status === 200, {
      deadlineMs: 90_000,
      what: "request with the credential",
    });
    test.notOk(upstream.answered.some((one) => one.host === "late.test" && one.status === 401));
  },
);

t.test("no request is lost while tokens are replaced under load", async (test) => {
  const before = upstream.asked.get("rotating") ?? 0;
  const load = startLoad(run, { connections: 4, urls: ["https://rotating.test/load"] });
  await waitUntil(() => (upstream.asked.get("rotating") ?? 0) >= before + 2, {
    deadlineMs: 90_000,
    what: "two further tokens",
  });
  const { statuses, failures } = await load.stop();
  test.same(failures, []);
  test.same([...statuses.keys()], [200]);
  test.ok((statuses.get(200) ?? 0) > 100, `${statuses.get(200)} requests`);
});

t.test(
  "a token that the upstream refuses is fetched anew, once for all who were refused",
  async (test) => {
    test.match(await ask("revoked"), { status: 200 });
    upstream.revoke("revoked");
    const refused = await Promise.all(Array.from({ length: 20 }, () => ask("revoked")));
    test.ok(refused.some(({ status }) => status === 401));
    await waitUntil(async () => (await ask("revoked")).status === 200, {
      deadlineMs: 10_000,
      what: "request with another token",
    });
    test.equal(upstream.asked.get("revoked"), 2);
    upstream.revoke("revoked");
    for (let times = 0; times < 5; times++) test.match(await ask("revoked"), { status: 401 });
    test.equal(upstream.asked.get("revoked"), 2, "not again within 10 s");
  },
);

t.test("an endpoint that is down leaves the last token, until that has expired", async (test) => {
  await waitUntil(async () => (await mintedStatus("outage"))?.ready, {
    deadlineMs: 10_000,
    what: "a token",
  });
  upstream.setTerms("outage", { isDown: true });
  const outcomes: { status: number; reason: string | undefined }[] = [];
  await waitUntil(
    async () => {
      const { status, reason } = await ask("outage");
      outcomes.push({ status, reason });
      return reason === "credential-missing";
    },
    { deadlineMs: 60_000, what: "refusal", intervalMs: 20 },
  );
  const served = outcomes.slice(0, -1);
  test.ok(served.length > 0);
  test.same(
    served.filter(({ status }) => status !== 200),
    [],
  );
  const status = await mintedStatus("outage");
  test.match(status, { ready: false, lastFailure: { kind: "unavailable", message: /\(503\)$/ } });
  test.ok((status?.failures ?? 0) > 0);
  test.notOk(upstream.answered.some((one) => one.host === "outage.test" && one.status === 401));
  upstream.setTerms("outage", { lifeSeconds: 3600 });
  await waitUntil(async () => (await ask("outage")).status === 200, {
    deadlineMs: 60_000,
    what: "request with a new token",
  });
});

t.test("what an endpoint rotated is known after a restart", async (test) => {
  const files = readdirSync(join(home, "grants"), { recursive: true, encoding: "utf8" });
  const grants = files.filter((name) => name.endsWith("grant.json"));
  test.same(
    grants.map((name) => statSync(join(home, "grants", name)).mode & 0o777),
    [0o600],
  );
  const other = await startGateway(t, {
    manifests: {
      "gateway.yaml": manifests["gateway.yaml"],
      "refresh.yaml":
        Object.entries(manifests).find(([name]) => name.includes("refresh"))?.[1] ?? "",
    },
    home,
  });
  const again = await other.registerRun("again");
  const { status } = await requestThrough(again, "https://rotating-refresh.test/a");
  test.equal(status, 200);
  test.equal(upstream.asked.get("rotating-refresh"), 2);
  await other.close();
});

t.test("a changed Secret is used at once, and a wrong one gives nothing", async (test) => {
  const wrong = policy("query", "query.test", {
    auth: { type: "OAuth2ClientCredentials", tokenURL, queryParamName: "access_token" },
    keys: { client_id: "query", client_secret: "wrong" },
  });
  await gateway.change("query.yaml", wrong);
  const refused = await ask("query");
  test.match(refused, { status: 403, reason: "credential-missing" });
  const [query] = (await gateway.objects("CredentialInjectionPolicy")).items.filter(
    ({ object }) => object.metadata.name === "query",
  );
  test.match(
    query?.conditions.find(({ type }) => type === "ResolvedRefs")?.message,
    "refused (401 invalid_client)",
  );
  await gateway.change("query.yaml", manifests["query.yaml" as keyof typeof manifests]);
  test.match(await ask("query"), { status: 200 });
});

t.test(
  "nothing that was fetched, and nothing it was fetched with, is shown anywhere",
  async (test) => {
    const said = JSON.stringify([
      await gateway.status(),
      await gateway.objects(),
      gateway.records,
      gateway.events,
      gateway.log,
    ]);
    const keyBody = privatePem.split("\n")[3] ?? "";
    for (const secret of [...upstream.given, clientSecret, awsSecret, keyBody]) {
      test.notOk(said.includes(secret), secret);
    }
    test.equal(keyBody.length, 64);
  },
);

/** A route to one host with a policy and its Secret, all of one name. */
function policy(
  name: string,
  host: string,
  { auth, keys }: { readonly auth: object; readonly keys: Readonly<Record<string, string>> },
): string {
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData: keys };
  return [
    allowHosts(name, [host]),
    objectManifest("CredentialInjectionPolicy", name, {
      targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name }],
      secretRef: { name },
      target: "ProviderAuth",
      providerAuth: auth,
    }),
    `---\n${JSON.stringify(secret)}\n`,
  ].join("");
}
