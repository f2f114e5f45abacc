/** The merged bundle: order, duplicates, hashed names, and what may never get into it. */
import { hash, X509Certificate } from "node:crypto";
import { getCACertificates } from "node:tls";
import t from "tap";
import { ClrkError } from "../gateway/errors.ts";
import { encodeAuthority } from "./authority-certificate.ts";
import { createIssuer } from "./testdata/create-issuer.ts";
import { needs, runTool } from "./testdata/run-tool.ts";
import { createTrustBundle, readPublicRoots } from "./trust-bundle.ts";

const roots = getCACertificates("bundled").slice(0, 3);

function countOf(pem: string): number {
  return pem.split("-----BEGIN CERTIFICATE-----").length - 1;
}

t.test("readPublicRoots() gives certificates of the machine or of Node", (t) => {
  const { certificatesPem, source } = readPublicRoots();
  t.ok(certificatesPem.length > 50, `${certificatesPem.length} ${source} roots`);
  t.match(source, /^(system|bundled)$/);
  t.equal(createTrustBundle({ authoritiesPem: [], publicRootsPem: certificatesPem }).skipped, 0);
  t.end();
});

t.test("readPublicRoots() falls back to Node's roots on a machine without any", async (t) => {
  const script = `import { readPublicRoots } from ${JSON.stringify(import.meta.resolve("./trust-bundle.ts"))};
    const { source, certificatesPem } = readPublicRoots();
    console.log(source, certificatesPem.length > 50);`;
  const empty = ["SSL_CERT_FILE=/dev/null", "SSL_CERT_DIR=/nonexistent"];
  const args = [...empty, process.execPath, "--input-type=module", "-e", script];
  const { output } = await runTool("env", args);
  t.match(output, /^bundled true$/m);
});

t.test("createTrustBundle() puts the authorities first and leaves out duplicates", (t) => {
  const [old, next] = [createIssuer(), createIssuer()];
  const [extra = ""] = roots;
  const bundle = createTrustBundle({
    authoritiesPem: [old.certificatePem, next.certificatePem, old.certificatePem],
    publicRootsPem: [...roots, ...roots],
    extraPem: `# mine\n${extra}\n${next.certificatePem}`,
  });
  t.equal(countOf(bundle.pem), 2 + roots.length);
  t.ok(bundle.pem.startsWith(old.certificatePem + next.certificatePem));
  t.equal(bundle.skipped, 0);
  t.equal(bundle.digest, hash("sha256", bundle.pem));
  t.same([...bundle.hashedFiles.values()].join(""), bundle.pem);
  t.end();
});

t.test("createTrustBundle() numbers certificates with the same subject", (t) => {
  const issuer = createIssuer();
  const twin = new X509Certificate(issuer.certificatePem);
  const bundle = createTrustBundle({
    authoritiesPem: [issuer.certificatePem, createIssuer().certificatePem],
    publicRootsPem: [],
    extraPem: twin.toString(),
  });
  t.equal(bundle.hashedFiles.size, 2);
  for (const name of bundle.hashedFiles.keys()) t.match(name, /^[0-9a-f]{8}\.0$/);
  t.end();
});

t.test(
  "createTrustBundle() counts certificates with one subject and different keys from 0",
  { skip: needs("openssl") },
  async (t) => {
    const args = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      "/CN=Same",
      "-keyout",
      "/dev/null",
    ];
    const [one, two] = [await runTool("openssl", args), await runTool("openssl", args)];
    const certificateOf = (output: string) =>
      output.slice(output.indexOf("-----BEGIN CERTIFICATE"));
    const bundle = createTrustBundle({
      authoritiesPem: [],
      publicRootsPem: [certificateOf(one.output), certificateOf(two.output)],
    });
    const { output: nameHash } = await runTool("openssl", ["x509", "-noout", "-hash"], one.output);
    t.same([...bundle.hashedFiles.keys()], [`${nameHash.trim()}.0`, `${nameHash.trim()}.1`]);
  },
);

t.test("createTrustBundle() skips public roots that cannot be decoded", (t) => {
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const bundle = createTrustBundle({ authoritiesPem: [], publicRootsPem: [broken, "", ...roots] });
  t.equal(bundle.skipped, 2);
  t.equal(countOf(bundle.pem), roots.length);
  t.end();
});

t.test("createTrustBundle() rejects broken authorities and extra text", (t) => {
  const [root = ""] = roots;
  const key = encodeAuthority(createIssuer());
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const cases = [
    {
      name: "a key by mistake",
      extraPem: key,
      message:
        "Cannot add extra certificates to trust bundle: block 2 is PRIVATE KEY, wanted CERTIFICATE",
    },
    {
      name: "OpenSSL's trusted form",
      extraPem: root.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE"),
      message:
        "Cannot add extra certificates to trust bundle: block 1 is TRUSTED CERTIFICATE, wanted CERTIFICATE",
    },
    {
      name: "no block",
      extraPem: "hello",
      message: "Cannot add extra certificates to trust bundle: no certificate in the text",
    },
    {
      name: "cut",
      extraPem: root.slice(0, 200),
      message:
        "Cannot add extra certificates to trust bundle: block 1 (CERTIFICATE) has no end line",
    },
    {
      name: "second is broken",
      extraPem: root + broken,
      message: "Cannot add extra certificates to trust bundle: block 2 is not a certificate",
    },
  ];
  for (const { name, extraPem, message } of cases) {
    t.throws(
      () => createTrustBundle({ authoritiesPem: [], publicRootsPem: [], extraPem }),
      new ClrkError("CLRK_INVALID_ARGUMENT", message),
      name,
    );
  }
  t.throws(
    () => createTrustBundle({ authoritiesPem: [broken], publicRootsPem: roots }),
    new ClrkError(
      "CLRK_INVALID_ARGUMENT",
      "Cannot add authority to trust bundle: block 1 is not a certificate",
    ),
  );
  t.end();
});
