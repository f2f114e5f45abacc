/** Tests which parts of a credential make a signer, and what is said of those that make none. */
import { inspect } from "node:util";
import t from "tap";
import { SecretValue } from "../gateway/secret-value.ts";
import { EMPTY_PAYLOAD_HASH } from "../gateway/sigv4.ts";
import { createAttemptSigner } from "./attempt-signer.ts";
import { attemptPlan, resourceOf } from "./testdata/snapshots.ts";

const resource = resourceOf("aws");

function create(parts: Readonly<Record<string, string>>) {
  const values = new Map(
    Object.entries(parts).map(([part, value]) => [`${resource}/${part}`, new SecretValue(value)]),
  );
  return createAttemptSigner(attemptPlan("aws").signing, (name) => values.get(name));
}

const long = { access_key_id: "AKIDEXAMPLE", secret_access_key: "wJalrXUtnFEMI/K7MDENG" };

/** Headers of a signed request; fails where there is no signer. */
function sign(parts: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const created = create(parts);
  if (created.kind !== "signer") throw new TypeError(created.reason);
  const signed = created.signer.sign({
    method: "GET",
    path: "/",
    host: "bedrock-runtime.us-east-1.amazonaws.com",
    headers: [],
    payloadHash: EMPTY_PAYLOAD_HASH,
    nowMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  });
  return new Map(signed.kind === "signed" ? signed.set : []);
}

t.test("createAttemptSigner() signs for the region and service of the plan", async (t) => {
  const set = sign(long);
  t.match(
    set.get("authorization"),
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20260102\/us-east-1\/bedrock\/aws4_request, /,
  );
  t.notOk(set.has("x-amz-security-token"));
});

t.test("createAttemptSigner() sends the session token of temporary credentials", async (t) => {
  const set = sign({ ...long, session_token: "FwoGZXIvYXdzEXAMPLE" });
  t.equal(set.get("x-amz-security-token"), "FwoGZXIvYXdzEXAMPLE");
});

const unusable: readonly {
  readonly name: string;
  readonly parts: Readonly<Record<string, string>>;
  readonly reason: string;
}[] = [
  { name: "nothing", parts: {}, reason: "its credential has not arrived" },
  {
    name: "no secret key",
    parts: { access_key_id: "AKID" },
    reason: "its credential has not arrived",
  },
  {
    name: "no key id",
    parts: { secret_access_key: "s", session_token: "t" },
    reason: "its credential has not arrived",
  },
  {
    name: "an empty secret key",
    parts: { ...long, secret_access_key: "" },
    reason: "the secret access key is empty",
  },
  {
    name: "an empty session token",
    parts: { ...long, session_token: "" },
    reason: "the session token is empty",
  },
  {
    name: "a key id that would break out of its header",
    parts: { ...long, access_key_id: "AKID\r\nx-evil: 1" },
    reason: "the access key id has a character that cannot be in one",
  },
];

for (const { name, parts, reason } of unusable) {
  t.test(`createAttemptSigner() says why ${name} makes none, without a value`, async (t) => {
    t.same(create(parts), { kind: "unusable", reason });
  });
}

t.test("createAttemptSigner() gives nothing that shows a secret when it is printed", async (t) => {
  const created = create({ ...long, session_token: "FwoGZXIvYXdzEXAMPLE" });
  const shown = inspect(created, { depth: 9, showHidden: true }) + JSON.stringify(created);
  t.notMatch(shown, /wJalrXUt|FwoGZXIv/);
});
