/** Trust bundles from Secrets: what is taken, and what is refused. */
import { rootCertificates } from "node:tls";
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import { indexObjects } from "./object-index.ts";
import { gateway, secret } from "./testdata/objects.ts";
import { readUpstreamTrust } from "./upstream-trust.ts";

const [first = "", second = ""] = rootCertificates;
const named = gateway({ upstreamTLS: { additionalTrustBundleSecretRef: { name: "roots" } } });

function trustOf(...secrets: readonly ParsedObject[]) {
  const index = indexObjects([named, ...secrets]);
  const [found] = index.list("EgressGateway");
  if (found === undefined) throw new Error("Cannot find the gateway in its index");
  return readUpstreamTrust(found, index);
}

t.test("readUpstreamTrust() adds nothing when nothing is named", async (t) => {
  const index = indexObjects([gateway()]);
  const [plain] = index.list("EgressGateway");
  if (plain === undefined) throw new Error("Cannot find the gateway in its index");
  t.same(readUpstreamTrust(plain, index), { kind: "trusted", pem: "" });
});

t.test(
  "readUpstreamTrust() joins all values in the order of their keys, each certificate once",
  async (t) => {
    const trust = trustOf(
      secret("roots", { b: `${second}\n${first}`, a: `# a comment\n${first}` }),
    );
    t.same(trust, { kind: "trusted", pem: `${first.trim()}\n${second.trim()}\n` });
  },
);

const truncated = first.split("\n").toSpliced(3, 4).join("\n");
const rejected = [
  {
    name: "a missing Secret",
    secrets: [],
    reason: "SecretNotFound",
    text: "Secret default/roots does not exist",
  },
  {
    name: "a Secret without values",
    secrets: [secret("roots", {})],
    reason: "SecretInvalid",
    text: "Secret default/roots is empty",
  },
  {
    name: "text that is no PEM",
    secrets: [secret("roots", { "ca.crt": "garbage" })],
    reason: "SecretInvalid",
    text: 'key "ca.crt" of Secret default/roots holds no PEM certificate',
  },
  {
    name: "an empty value beside a good one",
    secrets: [secret("roots", { a: first, b: "" })],
    reason: "SecretInvalid",
    text: 'key "b" of Secret default/roots holds no PEM certificate',
  },
  {
    name: "a block without end",
    secrets: [secret("roots", { a: `${first}\n-----BEGIN CERTIFICATE-----\nMII` })],
    reason: "SecretInvalid",
    text: 'key "a" of Secret default/roots holds a malformed PEM block',
  },
  {
    name: "a certificate with bytes missing",
    secrets: [secret("roots", { a: `${first}\n${truncated}` })],
    reason: "SecretInvalid",
    text: 'key "a" of Secret default/roots holds a malformed certificate at position 1',
  },
  {
    name: "a private key",
    secrets: [
      secret("roots", { a: "-----BEGIN PRIVATE KEY-----\nMC4CAQ==\n-----END PRIVATE KEY-----" }),
    ],
    reason: "SecretInvalid",
    text: 'key "a" of Secret default/roots holds a PEM block that is no certificate: PRIVATE KEY',
  },
];

for (const { name, secrets, reason, text } of rejected) {
  t.test(`readUpstreamTrust() refuses ${name}`, async (t) => {
    const message = `spec.upstreamTLS.additionalTrustBundleSecretRef: ${text}`;
    t.same(trustOf(...secrets), { kind: "unusable", finding: { reason, message } });
  });
}
