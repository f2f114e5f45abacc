import { createHash, createHmac } from "node:crypto";
import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import type { ReceivedRequest } from "../harness/fake/received-request.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const accessKeyId = "AKIDEXAMPLE0123456789";
const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const sessionToken = "session/token+of=the-role";
const bedrock = "bedrock-runtime.eu-west-1.amazonaws.com";
const upstreams = await startUpstreams(t, { tlsHosts: [bedrock, "storage.test"] });

function secret(keyId: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "aws" },
    stringData: {
      access_key_id: keyId,
      secret_access_key: secretAccessKey,
      session_token: sessionToken,
    },
  });
}

function signing(name: string, kind: string, providerAuth: object): string {
  return objectManifest("CredentialInjectionPolicy", name, {
    targetRefs: [{ group: "clrk.apoxy.dev", kind, name }],
    secretRef: { name: "aws" },
    target: "ProviderAuth",
    providerAuth: { type: "AWSv4", ...providerAuth },
  });
}

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "routes.yaml": [
      objectManifest("AIProviderRoute", "bedrock", {
        rules: [{ matches: [{ provider: "bedrock" }] }],
      }),
      objectManifest("EgressHTTPRoute", "storage", { hostnames: ["storage.test"], rules: [{}] }),
    ].join(""),
    "credentials.yaml": [
      signing("bedrock", "AIProviderRoute", {}),
      signing("storage", "EgressHTTPRoute", { region: "us-east-2", service: "storage" }),
    ].join(""),
    "secret.yaml": secret(accessKeyId),
  },
});
const run = await gateway.registerRun("signer");

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Canonical form of a name or value: everything but the unreserved characters is escaped. */
function escapeStrictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The signature that AWS would compute over the request as it arrived; its path segments are escaped once more. */
function expectedSignature(request: ReceivedRequest, signedHeaders: string, scope: string): string {
  const [path = "", query = ""] = request.path.split("?", 2);
  const values = { ...request.headers, host: request.authority };
  const canonicalHeaders = signedHeaders
    .split(";")
    .map((name) => `${name}:${new Map(Object.entries(values)).get(name)?.trim()}\n`)
    .join("");
  const canonicalQuery = [...new URLSearchParams(query)]
    .map(([name, value]) => `${escapeStrictly(name)}=${escapeStrictly(value)}`)
    .sort()
    .join("&");
  const canonicalRequest = [
    request.method,
    path.split("/").map(escapeStrictly).join("/"),
    canonicalQuery,
    canonicalHeaders,
    signedHeaders,
    request.bodySha256,
  ].join("\n");
  const { "x-amz-date": date = "" } = request.headers;
  const [day = "", region = "", service = ""] = scope.split("/");
  const text = ["AWS4-HMAC-SHA256", date, scope, sha256(canonicalRequest)].join("\n");
  const dayKey = hmac(`AWS4${secretAccessKey}`, day);
  const signingKey = hmac(hmac(hmac(dayKey, region), service), "aws4_request");
  return hmac(signingKey, text).toString("hex");
}

const authorizationForm =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

const cases = [
  {
    name: "a call of a model",
    url: `https://${bedrock}/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse`,
    scope: /^\d{8}\/eu-west-1\/bedrock\/aws4_request$/,
    body: '{"messages":[{"role":"user","content":[{"text":"Grüße"}]}]}',
  },
  {
    name: "a call with a query",
    url: "https://storage.test/echo?list-type=2&prefix=a%20b%2Fc&empty=",
    scope: /^\d{8}\/us-east-2\/storage\/aws4_request$/,
    body: "x".repeat(200_000),
  },
  {
    name: "a call without a body",
    url: "https://storage.test/echo",
    scope: /^\d{8}\/us-east-2\/storage\/aws4_request$/,
    body: "",
  },
];

for (const { name, url, scope, body } of cases) {
  t.test(`${name} arrives with a valid signature and nothing of the agent's`, async (test) => {
    upstreams.tls.reset();
    await requestThrough(run, url, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        authorization: "AWS4-HMAC-SHA256 Credential=placeholder",
        "x-amz-security-token": "placeholder",
        "x-amz-date": "20200101T000000Z",
      },
    });
    const request = await upstreams.tls.waitForRequest(({ method }) => method === "POST");
    const { authorization = "", "x-amz-security-token": token } = request.headers;
    const [, id, credentialScope = "", signedHeaders = "", signature] =
      authorizationForm.exec(authorization) ?? [];
    test.equal(id, accessKeyId);
    test.match(credentialScope, scope);
    test.equal(token, sessionToken);
    test.equal(request.bodyBytes, Buffer.byteLength(body));
    for (const header of ["host", "x-amz-date", "x-amz-security-token"]) {
      test.ok(signedHeaders.split(";").includes(header), `${header} is signed`);
    }
    const ageMs = Date.now() - parseAmazonDate(request.headers["x-amz-date"] ?? "");
    test.ok(Math.abs(ageMs) < 60_000, `signed ${ageMs} ms ago`);
    test.equal(signature, expectedSignature(request, signedHeaders, credentialScope));
    test.notOk(JSON.stringify(request.headers).includes("placeholder"));
  });
}

t.test("the record names the Secret, and nothing holds its values", async (test) => {
  const record = await gateway.waitForRecord(({ provider }) => provider === "aws_bedrock");
  test.match(record, { credential: { name: "Secret default/aws", header: "authorization" } });
  const said = JSON.stringify([await gateway.objects(), gateway.records, gateway.log]);
  test.notOk(said.includes(secretAccessKey));
  test.notOk(said.includes(sessionToken));
});

t.test("changed credentials sign the next request", async (test) => {
  await gateway.change("secret.yaml", secret("AKIDCHANGED0123456789"));
  upstreams.tls.reset();
  await requestThrough(run, "https://storage.test/echo", { method: "POST", body: "again" });
  const request = await upstreams.tls.waitForRequest(({ method }) => method === "POST");
  const [, id, scope = "", signedHeaders = "", signature] =
    authorizationForm.exec(request.headers["authorization"] ?? "") ?? [];
  test.equal(id, "AKIDCHANGED0123456789");
  test.equal(signature, expectedSignature(request, signedHeaders, scope));
});

function parseAmazonDate(text: string): number {
  return Date.parse(
    text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
}
