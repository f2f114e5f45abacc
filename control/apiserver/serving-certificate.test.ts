/** Tests of the certificate of the API server: who may be called so, when it is renewed, what is refused. */
import { X509Certificate } from "node:crypto";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { createServingCertificate, openServingCertificate } from "./serving-certificate.ts";

const dayMs = 86_400_000;

t.test(
  "createServingCertificate() is for this machine, and signed by an authority that signs nothing else",
  async (t) => {
    const made = createServingCertificate(Date.now());
    const leaf = new X509Certificate(made.chainPem);
    const authority = new X509Certificate(made.authorityPem);
    t.ok(leaf.checkIssued(authority) && leaf.verify(authority.publicKey));
    t.ok(authority.ca);
    t.notOk(leaf.ca);
    t.equal(leaf.checkHost("localhost"), "localhost");
    for (const address of ["127.0.0.1", "::1"]) t.ok(leaf.checkIP(address), address);
    t.notOk(leaf.checkHost("example.com"));
    t.notOk(leaf.checkIP("127.0.0.2"));
    t.not(createServingCertificate(Date.now()).authorityPem, made.authorityPem);
  },
);

t.test(
  "openServingCertificate() keeps what is good, and renews what ends soon or is broken",
  async (t) => {
    const file = join(t.testdir(), "serving.pem");
    const now = Date.now();
    const made = await openServingCertificate(file, now);
    t.equal(statSync(file).mode & 0o777, 0o600);
    t.same(await openServingCertificate(file, now + 200 * dayMs), made);
    const renewed = await openServingCertificate(file, now + 330 * dayMs);
    t.not(renewed.chainPem, made.chainPem);
    t.same(await openServingCertificate(file, now + 330 * dayMs), renewed);
    writeFileSync(file, "broken");
    t.not((await openServingCertificate(file, now)).chainPem, renewed.chainPem);
    const other = createServingCertificate(now);
    writeFileSync(file, `${made.authorityPem}${other.chainPem}${other.keyPem}`);
    const mended = await openServingCertificate(file, now);
    t.not(mended.chainPem, other.chainPem, "a chain of another authority");
    t.equal(
      (readFileSync(file, "utf8").match(/PRIVATE KEY/g) ?? []).length,
      2,
      "one key, the leaf's",
    );
  },
);

t.test("openServingCertificate() refuses a key that others can read", async (t) => {
  const file = join(t.testdir(), "serving.pem");
  await openServingCertificate(file, Date.now());
  chmodSync(file, 0o644);
  await t.rejects(openServingCertificate(file, Date.now()), {
    code: "CLRK_PRECONDITION_FAILED",
    message: /others can read its key/,
  });
});
