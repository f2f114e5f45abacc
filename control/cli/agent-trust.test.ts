import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { createAuthorityCertificate, encodeAuthority } from "../../certs/authority-certificate.ts";
import { prepareTrust } from "./agent-trust.ts";

function rootOf(name: string): string {
  const authority = createAuthorityCertificate({
    egressGateway: name,
    nowMs: Date.UTC(2026, 0, 1),
    mintFromMs: Date.UTC(2026, 0, 1),
    lifeMs: 1_000_000,
  });
  const [certificate = ""] =
    /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(
      encodeAuthority(authority),
    ) ?? [];
  return certificate;
}

const [own, corporate, second] = ["default/own", "default/corporate", "default/second"].map(rootOf);

t.test("prepareTrust() returns the gateway's own paths when there is nothing to add", async (t) => {
  const root = t.testdir({ "bundle.pem": own ?? "", empty: "", folder: { note: "hello" } });
  const gateway = { bundle: join(root, "bundle.pem"), directory: join(root, "certs") };
  const extraRoots = ["empty", "folder", "missing", "bundle.pem"].map((name) => join(root, name));
  t.equal(await prepareTrust({ gateway, extraRoots, directory: join(root, "extra") }), gateway);
  t.notOk((await readdir(root)).includes("extra"));
});

t.test(
  "prepareTrust() merges files and directories of the user's, whatever else is in them",
  async (t) => {
    const root = t.testdir({
      "bundle.pem": own ?? "",
      "corporate.pem": `# our root\n${corporate}-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n`,
      folder: {
        "abc.0": second ?? "",
        "private.pem": "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n",
      },
    });
    const options = {
      gateway: { bundle: join(root, "bundle.pem"), directory: join(root, "certs") },
      extraRoots: [join(root, "corporate.pem"), join(root, "folder")],
      directory: join(root, "extra"),
    };
    const trust = await prepareTrust(options);
    const text = await readFile(trust.bundle, "utf8");
    t.same(text.match(/BEGIN [A-Z ]+/g), [
      "BEGIN CERTIFICATE",
      "BEGIN CERTIFICATE",
      "BEGIN CERTIFICATE",
    ]);
    t.ok(text.startsWith(own ?? "-"), "the gateway's authority comes first");
    t.equal((await readdir(trust.directory)).length, 3);
    t.same(await prepareTrust(options), trust, "the same again");
  },
);
