/** Unit tests of the certificate files, with Node's own certificate reader as the judge. */
import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import t from "tap";
import { createTestAuthority } from "./test-authority.ts";

t.test("createTestAuthority() writes a leaf for all names", async (t) => {
  const authority = await createTestAuthority(t.testdir({}), ["*.bench.test", "127.0.0.1"]);
  const ca = new X509Certificate(authority.caPem);
  const leaf = new X509Certificate(readFileSync(authority.certificateFile));
  t.equal(readFileSync(authority.caFile, "utf8"), authority.caPem);
  t.ok(ca.ca);
  t.ok(leaf.verify(ca.publicKey));
  t.equal(leaf.checkHost("n1.bench.test"), "*.bench.test");
  t.equal(leaf.checkHost("other.test"), undefined);
  t.equal(leaf.checkIP("127.0.0.1"), "127.0.0.1");
});

t.test("createTestAuthority() keeps the key to its owner", async (t) => {
  const authority = await createTestAuthority(t.testdir({}), ["a.test"]);
  t.match(readFileSync(authority.keyFile, "utf8"), /^-----BEGIN PRIVATE KEY-----/);
  t.equal(statSync(authority.keyFile).mode & 0o777, 0o600);
});
