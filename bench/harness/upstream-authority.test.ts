import { X509Certificate } from "node:crypto";
import { createServer } from "node:tls";
import t from "tap";
import type { Test } from "tap";
import { tlsOver } from "./http-over-socket.ts";
import { openTcp } from "./proxy-protocol-client.ts";
import { createUpstreamAuthority } from "./upstream-authority.ts";
import type { UpstreamCertificate } from "./upstream-authority.ts";

const names = ["api.openai.com", "*.wild.test", "127.0.0.1", "::1"];

async function handshake(
  test: Test,
  certificate: UpstreamCertificate,
  client: { ca: string; servername: string },
): Promise<string> {
  const server = createServer({ cert: certificate.certificatePem, key: certificate.privateKeyPem });
  server.on("tlsClientError", () => {}); // the client refuses, which is the point
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.teardown(() => server.close());
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const socket = await tlsOver(await openTcp({ address: "127.0.0.1", port }), client);
  const subject = socket.getPeerCertificate().subjectaltname ?? "";
  socket.destroy();
  return subject;
}

t.test("issue() is accepted for each of its names when the authority is trusted", async (test) => {
  const authority = createUpstreamAuthority();
  const certificate = authority.issue(names);
  for (const servername of ["api.openai.com", "a.wild.test"]) {
    const subject = await handshake(test, certificate, {
      ca: authority.certificatePem,
      servername,
    });
    test.equal(
      subject,
      "DNS:api.openai.com, DNS:*.wild.test, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
    );
  }
});

t.test("issue() carries what strict verifiers ask for", async (test) => {
  const authority = createUpstreamAuthority();
  const root = new X509Certificate(authority.certificatePem);
  const leaf = new X509Certificate(authority.issue(names).certificatePem);
  test.ok(root.ca);
  test.notOk(leaf.ca);
  test.ok(leaf.checkIssued(root));
  test.ok(leaf.verify(root.publicKey));
  test.same(leaf.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
  test.ok(leaf.serialNumber.length <= 40);
  test.ok(leaf.validFromDate.getTime() < Date.now() - 3_600_000, "backdated");
});

t.test("issue() puts dates where the injected clock is", async (test) => {
  const now = Date.UTC(2030, 0, 2, 3, 4, 5);
  const leaf = new X509Certificate(createUpstreamAuthority(now).issue(["x.test"]).certificatePem);
  test.equal(leaf.validFromDate.toISOString(), "2030-01-01T03:04:05.000Z");
  test.equal(leaf.validToDate.toISOString(), "2030-02-01T03:04:05.000Z");
});

t.test("issue() rejects an empty list of names", async (test) => {
  test.throws(() => createUpstreamAuthority().issue([]), {
    name: "TypeError",
    message: "Cannot issue certificate: no names given",
  });
});

const faults = [
  ["expired", "CERT_HAS_EXPIRED"],
  ["not-yet-valid", "CERT_NOT_YET_VALID"],
  ["wrong-name", "ERR_TLS_CERT_ALTNAME_INVALID"],
  ["self-signed", "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ["untrusted-authority", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
] as const;

for (const [fault, code] of faults) {
  t.test(`issueBad() is refused for the right reason when the fault is ${fault}`, async (test) => {
    const authority = createUpstreamAuthority();
    const certificate = authority.issueBad(names, fault);
    const client = { ca: authority.certificatePem, servername: "api.openai.com" };
    await test.rejects(handshake(test, certificate, client), { code });
  });
}
