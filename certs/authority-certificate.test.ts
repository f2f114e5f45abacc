/** An authority must survive writing and reading, and nothing broken may pass as one. */
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { inspect } from "node:util";
import t from "tap";
import { ClrkError } from "../gateway/errors.ts";
import {
  createAuthorityCertificate,
  encodeAuthority,
  parseAuthority,
} from "./authority-certificate.ts";
import { leafBackdateMs } from "./leaf.ts";
import { createIssuer, testStartMs } from "./testdata/create-issuer.ts";
import { needs, runTool } from "./testdata/run-tool.ts";

const dayMs = 86_400_000;

t.test("createAuthorityCertificate() makes a CA that starts in the past", (t) => {
  const authority = createIssuer(testStartMs + 1500, 30 * dayMs);
  const x509 = new X509Certificate(authority.certificatePem);
  t.equal(x509.ca, true);
  t.ok(x509.verify(x509.publicKey));
  t.equal(x509.subject, `O=CLRK\nCN=EgressGateway default/main ${authority.id.slice(0, 8)}`);
  t.equal(authority.notBeforeMs, testStartMs + 1000 - leafBackdateMs);
  t.equal(authority.notAfterMs, testStartMs + 1000 + 30 * dayMs);
  t.equal(authority.mintFromMs, testStartMs + 1000);
  t.equal(x509.validFromDate.getTime(), authority.notBeforeMs);
  t.equal(x509.validToDate.getTime(), authority.notAfterMs);
  t.end();
});

t.test(
  "createAuthorityCertificate() keeps the subject within 64 printable characters and unique",
  (t) => {
    const options = { nowMs: testStartMs, mintFromMs: testStartMs, lifeMs: dayMs };
    const egressGateway = `team\n${"n".repeat(80)}/é`;
    const authority = createAuthorityCertificate({ ...options, egressGateway });
    const name = /CN=(.*)/.exec(new X509Certificate(authority.certificatePem).subject)?.[1] ?? "";
    t.equal(name, `EgressGateway team?${"n".repeat(36)} ${authority.id.slice(0, 8)}`);
    t.equal(name.length, 64);
    const other = createAuthorityCertificate({ ...options, egressGateway });
    t.not(other.id, authority.id);
    t.notSame(other.subject, authority.subject);
    t.end();
  },
);

t.test(
  "createAuthorityCertificate() satisfies openssl in strict mode",
  { skip: needs("openssl") },
  async (t) => {
    const { certificatePem } = createIssuer(Date.now());
    const { output } = await runTool("openssl", ["x509", "-noout", "-text"], certificatePem);
    t.match(output, /Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
    t.match(output, /Key Usage: critical\s+Certificate Sign, CRL Sign/);
    const [, subjectKeyId] = /Subject Key Identifier:\s+([0-9A-F:]+)/.exec(output) ?? [];
    const [, authorityKeyId] = /Authority Key Identifier:\s+([0-9A-F:]+)/.exec(output) ?? [];
    t.ok(subjectKeyId !== undefined && subjectKeyId === authorityKeyId);
  },
);

t.test("parseAuthority() reads back what encodeAuthority() wrote", (t) => {
  const authority = createIssuer();
  const parsed = parseAuthority(encodeAuthority(authority));
  t.ok(parsed.privateKey.equals(authority.privateKey));
  t.same(
    { ...parsed, privateKey: 0, keyId: [...parsed.keyId], subject: [...parsed.subject] },
    {
      ...authority,
      privateKey: 0,
      keyId: [...authority.keyId],
      subject: [...authority.subject],
    },
  );
  t.end();
});

t.test("printing an authority shows no key", (t) => {
  const authority = createIssuer();
  const secret = /-----BEGIN PRIVATE KEY-----\n(.*)\n/.exec(encodeAuthority(authority))?.[1] ?? "";
  t.ok(secret.length > 40);
  t.notMatch(inspect(authority, { depth: 9 }), secret.slice(40));
  t.notMatch(JSON.stringify(authority), secret.slice(40));
  t.end();
});

t.test("parseAuthority() rejects what is broken, without showing it", async (t) => {
  const authority = createIssuer();
  const good = encodeAuthority(authority);
  const other = encodeAuthority(createIssuer());
  const certificateOf = (text: string) =>
    /-----BEGIN CERT[\s\S]*END CERTIFICATE-----\n/.exec(text)?.[0] ?? "";
  const keyOf = (text: string) => /-----BEGIN PRIV[\s\S]*/.exec(text)?.[0] ?? "";
  const head = "Mint-From: 2026-11-24T00:00:00.000Z\n";
  const notOne = "content is not one CERTIFICATE followed by one PRIVATE KEY";
  const rsa = needs("openssl")
    ? ""
    : (await runTool("openssl", ["genpkey", "-algorithm", "ed25519"])).output;
  const cases = [
    { name: "empty", text: "", detail: 'no "Mint-From:" line with a time' },
    {
      name: "no time",
      text: good.replace(/^.*\n/, ""),
      detail: 'no "Mint-From:" line with a time',
    },
    {
      name: "impossible time",
      text: good.replace("2026-11", "2026-13"),
      detail: 'no "Mint-From:" line with a time',
    },
    { name: "no key", text: head + certificateOf(good), detail: notOne },
    { name: "no certificate", text: head + keyOf(good), detail: notOne },
    { name: "wrong order", text: head + keyOf(good) + certificateOf(good), detail: notOne },
    { name: "two keys", text: good + keyOf(good), detail: notOne },
    {
      name: "key of another",
      text: head + certificateOf(good) + keyOf(other),
      detail: "key does not belong to the certificate",
    },
    {
      name: "damaged key",
      text: head + certificateOf(good) + keyOf(good).replace("MIG", "AAA"),
      detail: "key cannot be decoded",
    },
    {
      name: "damaged certificate",
      text: good.replace("\nMII", "\nAAA"),
      detail: "certificate cannot be decoded",
    },
    ...(rsa === ""
      ? []
      : [
          {
            name: "key of another kind",
            text: head + certificateOf(good) + rsa,
            detail: "key is not P-256",
          },
        ]),
  ];
  for (const { name, text, detail } of cases) {
    t.throws(
      () => parseAuthority(text),
      new ClrkError("CLRK_MALFORMED_MESSAGE", `Cannot parse authority: ${detail}`),
      name,
    );
  }
});

t.test(
  "parseAuthority() rejects certificates that are no self-signed CA",
  { skip: needs("openssl") },
  async (t) => {
    const head = "Mint-From: 2026-11-24T00:00:00.000Z\n";
    const request = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      "/CN=x",
      "-keyout",
      "-",
      "-days",
      "3650",
    ];
    const leaf = await runTool("openssl", [
      ...request,
      "-addext",
      "basicConstraints=critical,CA:FALSE",
    ]);
    const noKeyId = await runTool("openssl", [
      ...request,
      "-addext",
      "basicConstraints=critical,CA:TRUE",
      "-addext",
      "subjectKeyIdentifier=none",
      "-addext",
      "authorityKeyIdentifier=none",
    ]);
    const reorder = (output: string) =>
      head +
      (/-----BEGIN CERT[\s\S]*END CERTIFICATE-----\n/.exec(output)?.[0] ?? "") +
      (/-----BEGIN PRIV[\s\S]*END PRIVATE KEY-----\n/.exec(output)?.[0] ?? "");
    t.throws(
      () => parseAuthority(reorder(leaf.output)),
      new ClrkError(
        "CLRK_MALFORMED_MESSAGE",
        "Cannot parse authority: certificate is not one of a CA",
      ),
    );
    t.throws(
      () => parseAuthority(reorder(noKeyId.output)),
      new ClrkError(
        "CLRK_MALFORMED_MESSAGE",
        "Cannot parse authority: certificate has no subject key identifier",
      ),
    );
    const authority = createIssuer();
    const raw = new X509Certificate(authority.certificatePem).raw;
    const damaged = Buffer.from(raw);
    damaged[raw.length - 1] = (raw.at(-1) ?? 0) ^ 1;
    t.throws(
      () =>
        parseAuthority(
          encodeAuthority({
            ...authority,
            certificatePem: new X509Certificate(damaged).toString(),
          }),
        ),
      new ClrkError(
        "CLRK_MALFORMED_MESSAGE",
        "Cannot parse authority: certificate is not signed by itself",
      ),
    );
  },
);
