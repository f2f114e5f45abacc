/** What a minted leaf says, read back by node:crypto and openssl. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import t from "tap";
import { createLeafMinter, defaultLeafLifeMs, leafBackdateMs } from "./leaf.ts";
import { createIssuer, testStartMs } from "./testdata/create-issuer.ts";
import { needs, runTool } from "./testdata/run-tool.ts";

const hourMs = 3_600_000;
const longName = `${"long-label-of-an-agent.".repeat(9)}example.com`;

t.test("mint() makes a leaf that its issuer signed, for one name", (t) => {
  const issuer = createIssuer();
  const leaf = createLeafMinter(issuer).mint("api.openai.com", testStartMs);
  const x509 = new X509Certificate(leaf.certificateChainPem);
  const authority = new X509Certificate(issuer.certificatePem);
  t.ok(x509.verify(authority.publicKey));
  t.ok(x509.checkIssued(authority));
  t.ok(x509.checkPrivateKey(createPrivateKey(leaf.privateKeyPem)));
  t.equal(x509.subject, "CN=api.openai.com");
  t.equal(x509.subjectAltName, "DNS:api.openai.com");
  t.equal(x509.ca, false);
  t.same(x509.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
  t.equal(leaf.version, x509.serialNumber.toLowerCase());
  t.equal(leaf.certificateChainPem.split("BEGIN CERTIFICATE").length, 2, "no root in the chain");
  t.end();
});

t.test("mint() backdates and tells the end in whole seconds", (t) => {
  const nowMs = testStartMs + 1999;
  const leaf = createLeafMinter(createIssuer(nowMs - 48 * hourMs), hourMs).mint("a.example", nowMs);
  const x509 = new X509Certificate(leaf.certificateChainPem);
  t.equal(x509.validFromDate.getTime(), testStartMs + 1000 - leafBackdateMs);
  t.equal(x509.validToDate.getTime(), testStartMs + 1000 + hourMs);
  t.equal(leaf.notAfterMs, x509.validToDate.getTime());
  t.end();
});

t.test("mint() never lets a leaf start before its issuer or outlive it", (t) => {
  const issuer = createIssuer(testStartMs, 10 * hourMs);
  const nowMs = testStartMs + 9 * hourMs;
  const leaf = createLeafMinter(issuer, defaultLeafLifeMs).mint("a.example", nowMs);
  t.equal(leaf.notAfterMs, issuer.notAfterMs);
  const early = createLeafMinter(issuer).mint("a.example", issuer.notBeforeMs + 1000);
  const x509 = new X509Certificate(early.certificateChainPem);
  t.equal(x509.validFromDate.getTime(), issuer.notBeforeMs);
  t.end();
});

t.test("mint() throws when the issuer is not valid", (t) => {
  const issuer = createIssuer(testStartMs, hourMs);
  const minter = createLeafMinter(issuer);
  const range = "authority is valid from 2026-11-23T00:00:00.000Z to 2026-11-24T01:00:00.000Z";
  t.throws(
    () => minter.mint("a.example", testStartMs + hourMs),
    new RangeError(`Cannot mint leaf: ${range}, now is 2026-11-24T01:00:00.000Z`),
  );
  t.throws(
    () => minter.mint("a.example", issuer.notBeforeMs - 1),
    new RangeError(`Cannot mint leaf: ${range}, now is 2026-11-22T23:59:59.999Z`),
  );
  t.end();
});

t.test(
  "mint() puts names over 64 characters into a critical SAN alone",
  { skip: needs("openssl") },
  async (t) => {
    const minter = createLeafMinter(createIssuer());
    const at64 = `${"a".repeat(56)}.example`;
    const cases = [
      { name: at64, subject: `CN = ${at64}`, critical: false },
      { name: `a${at64}`.replace(/^(.{10})/, "$1."), subject: "", critical: true },
      { name: longName, subject: "", critical: true },
    ];
    t.ok(longName.length > 200);
    for (const { name, subject, critical } of cases) {
      const { certificateChainPem } = minter.mint(name, testStartMs);
      const args = ["x509", "-noout", "-subject", "-ext", "subjectAltName"];
      const { output } = await runTool("openssl", args, certificateChainPem);
      t.equal(/^subject=(.*)$/m.exec(output)?.[1]?.trim(), subject, `${name.length} characters`);
      t.equal(output.includes("Alternative Name: critical"), critical);
      t.ok(output.includes(`DNS:${name}`));
    }
  },
);

t.test(
  "mint() writes the end as GeneralizedTime from 2050 on",
  { skip: needs("openssl") },
  async (t) => {
    const nowMs = Date.UTC(2049, 11, 31, 12);
    const { certificateChainPem } = createLeafMinter(createIssuer(nowMs)).mint("a.example", nowMs);
    const { output } = await runTool("openssl", ["asn1parse"], certificateChainPem);
    t.match(output, /UTCTIME +:491230120000Z/);
    t.match(output, /GENERALIZEDTIME +:20500101120000Z/);
  },
);

t.test("mint() shares the key within a minter, not between minters", (t) => {
  const issuer = createIssuer();
  const minter = createLeafMinter(issuer);
  const [first, second] = [
    minter.mint("a.example", testStartMs),
    minter.mint("b.example", testStartMs),
  ];
  t.equal(first.privateKeyPem, second.privateKeyPem);
  t.not(first.version, second.version);
  t.not(createLeafMinter(issuer).mint("a.example", testStartMs).privateKeyPem, first.privateKeyPem);
  t.match(first.privateKeyPem, /^-----BEGIN PRIVATE KEY-----\n/);
  t.end();
});

t.test("createLeafMinter() refuses lives that are too short", (t) => {
  const issuer = createIssuer();
  for (const lifeMs of [0, -1, 59_999, Number.NaN]) {
    t.throws(
      () => createLeafMinter(issuer, lifeMs),
      new RangeError(`Cannot create leaf minter: life is ${lifeMs} ms, wanted at least 60000`),
    );
  }
  t.end();
});
