/** Signatures against the published suite and AWS's own signer, and what a proxy must take off or refuse. */
import { inspect } from "node:util";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import t from "tap";
import { SecretValue } from "../../secret-value.ts";
import type { HeaderEntry } from "./canonical-request.ts";
import type { PresignableRequest, SignableRequest, Signer, SignerOptions } from "./sign.ts";
import { createSigner, EMPTY_PAYLOAD_HASH, hashPayload, stringToSign } from "./sign.ts";
import { readVectors, vectorsMissing } from "./testdata/vectors.ts";

const accessKeyId = "AKIDEXAMPLE";
const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const sessionToken = "IQoJb3JpZ2luX2VjEHcaCXVzLWVhc3QtMSJ+/w==";
const nowMs = Date.UTC(2026, 8, 17, 12, 36, 5, 987);

function signer(overrides: Partial<SignerOptions> = {}): Signer {
  const outcome = createSigner({
    accessKeyId: new SecretValue(accessKeyId),
    secretAccessKey: new SecretValue(secretAccessKey),
    region: "us-east-1",
    service: "bedrock",
    ...overrides,
  });
  if (outcome.kind !== "signer") throw new Error(outcome.reason);
  return outcome.signer;
}

function request(overrides: Partial<SignableRequest> = {}): SignableRequest {
  return {
    method: "POST",
    path: "/model/anthropic.claude-3%3A0/invoke",
    host: "bedrock-runtime.us-east-1.amazonaws.com",
    headers: [["content-type", "application/json"]],
    payloadHash: hashPayload(Buffer.from("{}")),
    nowMs,
    ...overrides,
  };
}

/** All headers that the request has once it is signed. */
function signedHeaders(subject: Signer, value: SignableRequest): Map<string, string> {
  const outcome = subject.sign(value);
  if (outcome.kind !== "signed") throw new Error(outcome.reason);
  const headers = new Map(value.headers);
  for (const name of outcome.remove) headers.delete(name);
  for (const [name, text] of outcome.set) headers.set(name, text);
  return headers;
}

function authorization(subject: Signer, value: SignableRequest): string {
  return signedHeaders(subject, value).get("authorization") ?? "";
}

t.test("stringToSign() agrees with the published suite", { skip: vectorsMissing }, (t) => {
  for (const { name, region, service, header, query } of readVectors()) {
    const scope = `20150830/${region}/${service}/aws4_request`;
    for (const form of [header, query]) {
      t.equal(
        stringToSign("20150830T123600Z", scope, form.canonicalRequest),
        form.stringToSign,
        name,
      );
    }
  }
  t.end();
});

t.test("presign() agrees with the published suite", { skip: vectorsMissing }, (t) => {
  for (const vector of readVectors()) {
    const token = vector.omitsToken ? undefined : vector.sessionToken;
    const subject = signer({
      accessKeyId: new SecretValue(vector.accessKeyId),
      secretAccessKey: new SecretValue(vector.secretAccessKey),
      region: vector.region,
      service: vector.service,
      pathRule: { isNormalized: vector.isNormalized, isEncodedAgain: true },
      ...(token !== undefined && { sessionToken: new SecretValue(token) }),
    });
    const outcome = subject.presign({
      method: vector.method,
      path: vector.path,
      host: vector.headers.find(([name]) => name === "host")?.[1] ?? "",
      headers: vector.headers.filter(([name]) => name !== "host"),
      payloadHash: hashPayload(Buffer.from(vector.body)),
      nowMs: vector.nowMs,
      expiresSeconds: vector.expiresSeconds,
    });
    const path = outcome.kind === "presigned" ? outcome.path : outcome.reason;
    t.equal(path.slice(-64), vector.query.signature, vector.name);
  }
  t.end();
});

t.test("sign() writes the header that AWS documents", async (t) => {
  t.match(
    authorization(signer(), request()),
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20260917\/us-east-1\/bedrock\/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature=[\da-f]{64}$/,
  );
});

t.test("sign() overwrites and removes whatever the agent signed with", async (t) => {
  const stale: HeaderEntry[] = [
    ["authorization", "AWS4-HMAC-SHA256 Credential=fake"],
    ["x-amz-date", "20200101T000000Z"],
    ["x-amz-security-token", "agent"],
    ["x-amz-s3session-token", "agent"],
    ["x-amz-content-sha256", "UNSIGNED-PAYLOAD"],
  ];
  const clean = signedHeaders(signer(), request());
  const headers = signedHeaders(signer(), request({ headers: [...request().headers, ...stale] }));
  t.same(new Map([...headers].toSorted()), new Map([...clean].toSorted()));
  t.equal(headers.get("x-amz-date"), "20260917T123605Z");
  t.equal(headers.get("x-amz-content-sha256"), request().payloadHash);
});

t.test("sign() sends and signs the token of temporary credentials", async (t) => {
  const subject = signer({ sessionToken: new SecretValue(sessionToken) });
  const headers = signedHeaders(subject, request({ headers: [["x-amz-security-token", "agent"]] }));
  t.equal(headers.get("x-amz-security-token"), sessionToken);
  t.match(headers.get("authorization"), /;x-amz-security-token,/);
});

t.test("sign() covers every x-amz header of the request and no other", async (t) => {
  const headers: HeaderEntry[] = [
    ["user-agent", "aws-cli"],
    ["x-amz-target", "DynamoDB_20120810.GetItem"],
    ["x-amz-meta-a", "1"],
    ["x-amzn-trace-id", "Root=1"],
  ];
  t.match(
    authorization(signer(), request({ headers })),
    /SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;x-amz-target,/,
  );
});

for (const host of [
  "example.com",
  "example.com:8443",
  "[2001:db8::1]",
  "[2001:db8::1]:8443",
  "10.0.0.1:80",
]) {
  t.test(`sign() signs the host as it is sent: ${host}`, async (t) => {
    const value = request({ host });
    t.equal(authorization(signer(), value), await oracle(value));
  });
}

const agreed: ReadonlyArray<{ name: string; path: string }> = [
  { name: "is the root", path: "/" },
  { name: "has an escaped colon", path: "/model/anthropic.claude-3-5%3A0/invoke" },
  { name: "has a bare colon", path: "/model/anthropic.claude-3-5:0/invoke" },
  { name: "has an escaped slash", path: "/model/arn%3Aaws%3Abedrock%3A%3A1%2Fx/converse" },
  { name: "has repeated query keys", path: "/x?b=2&a=2&a=1&a=10" },
  { name: "has escaped blanks and pluses in the query", path: "/x?a=1%2B1&b=%20" },
  { name: "has UTF-8 in the query", path: "/x?%E1%88%B4=%C3%A9" },
  { name: "has a key without value", path: "/x?acl&b=" },
];

for (const { name, path } of agreed) {
  t.test(`sign() agrees with AWS's signer when the path ${name}`, async (t) => {
    const value = request({ path });
    t.equal(authorization(signer(), value), await oracle(value));
  });
}

t.test("sign() agrees with AWS's signer on random requests", async (t) => {
  const random = seeded(11);
  for (let round = 0; round < 200; round++) {
    const service = random(2) === 0 ? "s3" : "bedrock";
    const token = random(2) === 0 ? new SecretValue(sessionToken) : undefined;
    const options = { service, ...(token !== undefined && { sessionToken: token }) };
    const value = request({
      method: ["GET", "POST", "PUT"][random(3)] ?? "",
      path: randomPath(random),
      headers: [
        ["content-type", `text/plain;  charset=${random(9)}`],
        ["x-amz-meta-a", ` a  b${"c".repeat(random(4))} `],
        ["accept", "*/*"],
      ],
      payloadHash: hashPayload(Buffer.alloc(random(2_000), random(256))),
      nowMs: nowMs + random(1_000_000_000),
    });
    if (authorization(signer(options), value) !== (await oracle(value, options))) {
      t.fail(`${service} ${value.method} ${value.path}`);
    }
  }
});

t.test("sign() keeps to the wire where S3 has dots and empty segments", async (t) => {
  const dots = authorization(signer({ service: "s3" }), request({ path: "/b/../a//./c" }));
  const none = authorization(signer({ service: "s3" }), request({ path: "/a/c" }));
  t.not(dots, none);
});

t.test("sign() derives for the day of the request, not of its first use", async (t) => {
  const subject = signer();
  const midnight = Date.UTC(2026, 8, 18);
  for (const ms of [midnight - 1, midnight, midnight - 1]) {
    const value = request({ nowMs: ms });
    t.equal(authorization(subject, value), await oracle(value));
  }
});

const refused: ReadonlyArray<{ name: string; change: Partial<SignableRequest>; reason: string }> = [
  { name: "there is no host", change: { host: "" }, reason: "it names no host" },
  { name: "the target is *", change: { path: "*" }, reason: "its target is no path" },
  { name: "the target is a URL", change: { path: "http://x/" }, reason: "its target is no path" },
  {
    name: "the query is signed",
    change: { path: "/x?X-Amz-Signature=0" },
    reason: "its query carries a signature already",
  },
  {
    name: "the query is signed under an escaped name",
    change: { path: "/x?a=1&%78-amz%2Dcredential=0" },
    reason: "its query carries a signature already",
  },
  {
    name: "the body is framed by aws-chunked",
    change: { headers: [["x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"]] },
    reason: "its body is framed for signed chunks (aws-chunked)",
  },
  {
    name: "the body is framed by aws-chunked and says so elsewhere",
    change: { headers: [["content-encoding", "gzip, AWS-chunked"]] },
    reason: "its body is framed for signed chunks (aws-chunked)",
  },
];

for (const { name, change, reason } of refused) {
  t.test(`sign() refuses when ${name}`, async (t) => {
    t.same(signer().sign(request(change)), { kind: "unsignable", reason });
    const presignable = { ...request(change), expiresSeconds: 60 };
    t.same(signer().presign(presignable), { kind: "unsignable", reason });
  });
}

t.test("presign() agrees with AWS's signer", async (t) => {
  const subject = signer({ sessionToken: new SecretValue(sessionToken) });
  const value: PresignableRequest = {
    ...request({ method: "GET", path: "/a%20b?list=2&prefix=x%2Fy", headers: [] }),
    payloadHash: EMPTY_PAYLOAD_HASH,
    expiresSeconds: 900,
  };
  const outcome = subject.presign(value);
  const theirs = await smithy({ sessionToken: new SecretValue(sessionToken) }).presign(
    { ...smithyRequest(value), headers: { host: value.host } },
    { expiresIn: 900, signingDate: new Date(nowMs) },
  );
  const path = outcome.kind === "presigned" ? outcome.path : outcome.reason;
  t.equal(new URLSearchParams(path).get("X-Amz-Signature"), theirs.query?.["X-Amz-Signature"]);
});

for (const expiresSeconds of [0, -1, 604_801, Number.NaN]) {
  t.test(`presign() throws when the life is ${expiresSeconds} seconds`, async (t) => {
    t.throws(
      () => signer().presign({ ...request(), expiresSeconds }),
      new RangeError(`Cannot presign URL: life is ${expiresSeconds} seconds, want 1 to 604800`),
    );
  });
}

const unusable: ReadonlyArray<{ change: Partial<SignerOptions>; reason: string }> = [
  { change: { accessKeyId: new SecretValue("") }, reason: "the access key id is empty" },
  {
    change: { accessKeyId: new SecretValue("AK\r\nx: y") },
    reason: "the access key id has a character that cannot be in one",
  },
  { change: { secretAccessKey: new SecretValue("") }, reason: "the secret access key is empty" },
  {
    change: { sessionToken: new SecretValue("a b") },
    reason: "the session token has a character that cannot be in one",
  },
  { change: { region: "" }, reason: "the region is empty" },
  { change: { service: "é" }, reason: "the service has a character that cannot be in one" },
];

for (const { change, reason } of unusable) {
  t.test(`createSigner() gives no signer when ${reason}`, async (t) => {
    const options = {
      accessKeyId: new SecretValue(accessKeyId),
      secretAccessKey: new SecretValue(secretAccessKey),
      region: "us-east-1",
      service: "s3",
    };
    t.same(createSigner({ ...options, ...change }), { kind: "unusable", reason });
  });
}

t.test("Signer shows no secret when it is printed", async (t) => {
  const subject = signer({ sessionToken: new SecretValue(sessionToken) });
  subject.sign(request());
  const shown = inspect(subject, { showHidden: true, depth: 9 }) + JSON.stringify(subject);
  t.notMatch(shown, /wJalr|IQoJ/);
});

t.test("hashPayload() knows the hash of nothing", async (t) => {
  t.equal(hashPayload(Buffer.alloc(0)), EMPTY_PAYLOAD_HASH);
  t.equal(hashPayload(Buffer.from("a")).length, 64);
});

function smithy(options: Partial<SignerOptions>): SignatureV4 {
  const service = options.service ?? "bedrock";
  return new SignatureV4({
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...(options.sessionToken && { sessionToken: options.sessionToken.reveal() }),
    },
    region: "us-east-1",
    service,
    sha256: Sha256,
    uriEscapePath: service !== "s3",
  });
}

function smithyRequest({ method, path, host }: SignableRequest) {
  const mark = path.indexOf("?");
  const query: Record<string, string | string[]> = {};
  const search = new URLSearchParams(mark < 0 ? "" : path.slice(mark + 1));
  for (const name of new Set(search.keys())) query[name] = search.getAll(name);
  return {
    method,
    protocol: "https:",
    hostname: host,
    path: mark < 0 ? path : path.slice(0, mark),
    query,
    headers: {},
  };
}

/** The authorization header by AWS's own signer. */
async function oracle(
  value: SignableRequest,
  options: Partial<SignerOptions> = {},
): Promise<string> {
  const wanted = value.headers.filter(([name]) => /^(?:content-type$|x-amz-)/.test(name));
  const headers = {
    ...Object.fromEntries(wanted),
    host: value.host,
    "x-amz-content-sha256": value.payloadHash,
  };
  const signed = await smithy(options).sign(
    { ...smithyRequest(value), headers },
    { signingDate: new Date(value.nowMs) },
  );
  return signed.headers["authorization"] ?? "";
}

function randomPath(random: (below: number) => number): string {
  // In normal encoding and without dots: only there does AWS's signer, which always normalises, keep to the wire.
  const text = () => {
    const letters = [..."abcXYZ019-_~ +:/%&=é€😀"];
    const word = Array.from({ length: 1 + random(6) }, () => letters[random(letters.length)]);
    return encodeURIComponent(word.join(""));
  };
  const path = Array.from({ length: 1 + random(4) }, () => `/${text()}`).join("");
  const query = Array.from({ length: random(4) }, () => `${text()}=${text()}`).join("&");
  return query === "" ? path : `${path}?${query}`;
}

function seeded(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
}
