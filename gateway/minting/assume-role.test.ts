/** AssumeRole, from a fake STS that signs what arrived with AWS' own signer and compares. */
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import t from "tap";
import { ManualClock } from "../clock.ts";
import type { AssumeRoleRecipe } from "../mint-plan.ts";
import { SecretValue } from "../secret-value.ts";
import { assumeRoleMint } from "./assume-role.ts";
import type { EndpointReply, EndpointRequest } from "./testdata/fake-endpoint.ts";
import { dial, failed, minted, openEndpoint } from "./testdata/fake-endpoint.ts";

const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalr/XUtnFEMI+K7MDENG" };

function recipe(origin: string, more: Partial<AssumeRoleRecipe> = {}): AssumeRoleRecipe {
  return {
    kind: "AWSAssumeRole",
    endpointUrl: `${origin}/`,
    region: "eu-west-1",
    roleArn: "arn:aws:iam::123456789012:role/agents",
    sessionName: "clrk@home",
    externalId: new SecretValue("a:b/c=d"),
    durationSeconds: 900,
    accessKeyId: new SecretValue(keys.accessKeyId),
    secretAccessKey: new SecretValue(keys.secretAccessKey),
    ...more,
  };
}

const xml = { "content-type": "text/xml" };

function errorXml(code: string): string {
  return `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>hunter2</Message></Error></ErrorResponse>`;
}

function answerXml(expiration: string, secret = "session/secret+key"): string {
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult><AssumedRoleUser><Arn>arn</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIASESSION</AccessKeyId>
      <SecretAccessKey>${secret}</SecretAccessKey>
      <SessionToken>FwoGZXIvYXdzE==</SessionToken>
      <Expiration>${expiration}</Expiration>
    </Credentials>
  </AssumeRoleResult></AssumeRoleResponse>`;
}

async function sts(request: EndpointRequest, nowMs: number): Promise<EndpointReply> {
  const { method, url, headers, body } = request;
  const headersOut = { ...xml, date: new Date(nowMs).toUTCString() };
  const refuse = (code: string) => ({ status: 403, headers: headersOut, body: errorXml(code) });
  const time = String(headers["x-amz-date"]);
  const signedMs = Date.parse(
    time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
  if (!(Math.abs(signedMs - nowMs) <= 300_000)) return refuse("SignatureDoesNotMatch");
  const [, names = ""] = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? "") ?? [];
  const signed = names.split(";").map((name) => [name, String(headers[name])] as const);
  const sessionToken = headers["x-amz-security-token"];
  const signer = new SignatureV4({
    credentials: { ...keys, ...(sessionToken && { sessionToken: String(sessionToken) }) },
    region: "eu-west-1",
    service: "sts",
    sha256: Sha256,
  });
  const again = await signer.sign(
    {
      ...{ method, body, protocol: "http:", path: url, hostname: String(headers.host) },
      headers: Object.fromEntries(signed),
    },
    { signingDate: new Date(signedMs) },
  );
  if (again.headers["authorization"] !== headers.authorization)
    return refuse("SignatureDoesNotMatch");
  return { headers: headersOut, body: answerXml(new Date(nowMs + 900_000).toISOString()) };
}

for (const skewMs of [0, 600_000, -600_000]) {
  t.test(`assumeRoleMint() is taken by an STS whose clock is ${skewMs} ms off`, async (t) => {
    const clock = new ManualClock(Date.UTC(2026, 10, 28, 12));
    const { origin, requests } = await openEndpoint(t, (request) =>
      sts(request, clock.now() + skewMs),
    );
    const outcome = await minted(assumeRoleMint(recipe(origin), { ...dial, clock }));
    t.equal(outcome.lifeMs, 900_000);
    t.same(
      [...outcome.parts].map(([name, value]) => [name, value.reveal()]),
      [
        ["/access_key_id", "ASIASESSION"],
        ["/secret_access_key", "session/secret+key"],
        ["/session_token", "FwoGZXIvYXdzE=="],
      ],
    );
    t.equal(requests.length, skewMs === 0 ? 1 : 2);
    t.same(Object.fromEntries(requests[0]?.form ?? []), {
      Action: "AssumeRole",
      Version: "2011-06-15",
      RoleArn: "arn:aws:iam::123456789012:role/agents",
      RoleSessionName: "clrk@home",
      DurationSeconds: "900",
      ExternalId: "a:b/c=d",
    });
  });
}

t.test("assumeRoleMint() signs by temporary keys with their session token", async (t) => {
  const clock = new ManualClock();
  const { origin, requests } = await openEndpoint(t, (request) => sts(request, clock.now()));
  const sessionToken = new SecretValue("temporary/token==");
  await minted(assumeRoleMint(recipe(origin, { sessionToken }), { ...dial, clock }));
  t.equal(requests[0]?.headers["x-amz-security-token"], "temporary/token==");
});

t.test("assumeRoleMint() repeats AWS' codes and nothing else of its answers", async (t) => {
  const clock = new ManualClock();
  const replies: readonly (readonly [EndpointReply, RegExp])[] = [
    [
      { status: 403, headers: xml, body: errorXml("AccessDenied") },
      /refused \(403 AccessDenied\)$/,
    ],
    [{ status: 400, headers: xml, body: errorXml("hunter2") }, /refused \(400\)$/],
    [{ status: 503, headers: xml, body: "hunter2" }, /is not able to answer now \(503\)$/],
    [{ headers: xml, body: "<Credentials>hunter2" }, /gave no credentials that can be used$/],
    [{ headers: xml, body: answerXml("2020-01-01T00:00:00Z") }, /gave no credentials/],
    [{ headers: xml, body: answerXml("2099-01-01T00:00:00Z", "a&amp;b") }, /gave no credentials/],
    [{ headers: xml, body: answerXml("2099-01-01T00:00:00Z").repeat(2) }, /gave no credentials/],
    [{ body: answerXml("2099-01-01T00:00:00Z") }, /media type other than text\/xml/],
  ];
  for (const [reply, said] of replies) {
    const { origin } = await openEndpoint(t, () => reply);
    const failure = await failed(assumeRoleMint(recipe(origin), { ...dial, clock }));
    t.match(failure.message, said);
    t.notMatch(JSON.stringify(failure), "hunter2");
  }
});
