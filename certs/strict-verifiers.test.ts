/** Leaves and authorities under the strict verifiers that agents use; a verifier that is missing is skipped. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createSecureContext, createServer } from "node:tls";
import t from "tap";
import { systemClock } from "../gateway/clock.ts";
import type { Authority } from "./authority.ts";
import { openAuthority } from "./authority.ts";
import { createMintingCeiling } from "./minting-ceiling.ts";
import type { MintingCertificateProvider } from "./provider.ts";
import { createCertificateProvider } from "./provider.ts";
import { needs, runTool } from "./testdata/run-tool.ts";

// A cold `go run` compiles crypto/tls first.
t.setTimeout(240_000);

const longName = `${"long-label-of-an-agent.".repeat(9)}example.com`;
const names = ["api.openai.com", longName, "xn--mnchen-3ya.example", "1.2.3.4.nip.io", "localhost"];
/** Java's client refuses to send or check such a name, so only the others see it. */
const underscoreName = "my_bucket.s3.example.com";

interface Setup {
  readonly authority: Authority;
  readonly provider: MintingCertificateProvider;
  readonly port: string;
  readonly caPath: string;
  readonly directory: string;
}

type Teardown = { teardown(fn: () => unknown): void };

/** A TLS server whose certificates come from a real provider, and the file an agent would trust. */
async function createSetup(t: Teardown): Promise<Setup> {
  const directory = await mkdtemp(join(tmpdir(), "clrk-verify-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const onError = (error: unknown): void => {
    throw error;
  };
  const clock = systemClock;
  const authority = await openAuthority({
    directory: join(directory, "authority"),
    egressGateway: "default/main",
    clock,
    onError,
  });
  t.teardown(() => authority.close());
  // A bundle in the middle of a rotation: verifiers must find the right one of two.
  await authority.rotate();
  const ceiling = createMintingCeiling({ clock });
  const provider = createCertificateProvider({ authority, ceiling, clock, onError });
  t.teardown(() => provider.close());
  const caPath = join(directory, "ca.pem");
  await writeFile(caPath, authority.trustAnchorsPem().join(""));
  const port = await listen(t, provider);
  return { authority, provider, port, caPath, directory };
}

async function listen(t: Teardown, provider: MintingCertificateProvider): Promise<string> {
  const server = createServer({
    SNICallback(serverName, callback) {
      void provider.find(serverName).then((answer) => {
        if (answer.kind === "refused") return callback(new Error(answer.message));
        const { certificateChainPem: cert, privateKeyPem: key } = answer.leaf;
        callback(null, createSecureContext({ cert, key }));
      });
    },
  });
  server.on("secureConnection", (socket) => {
    socket.on("error", () => undefined);
    socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address !== null ? String(address.port) : "";
}

t.test(
  "openssl verify -x509_strict accepts leaf and authority",
  { skip: needs("openssl") },
  async (t) => {
    const { provider, caPath, directory } = await createSetup(t);
    t.ok(longName.length > 200);
    for (const name of [...names, underscoreName]) {
      const answer = await provider.find(name);
      const path = join(directory, "leaf.pem");
      await writeFile(path, answer.kind === "leaf" ? answer.leaf.certificateChainPem : "");
      const strict = [
        "verify",
        "-x509_strict",
        "-check_ss_sig",
        "-policy_check",
        "-purpose",
        "sslserver",
      ];
      const trust = ["-no-CApath", "-no-CAstore", "-CAfile", caPath, "-verify_hostname", name];
      const { code, output } = await runTool("openssl", [...strict, ...trust, path]);
      t.equal(code, 0, `${name}: ${output}`);
    }
  },
);

t.test(
  "openssl verify rejects another name, another authority and another purpose",
  { skip: needs("openssl") },
  async (t) => {
    const { provider, caPath, directory } = await createSetup(t);
    const other = await createSetup(t);
    const answer = await provider.find("api.openai.com");
    const path = join(directory, "leaf.pem");
    await writeFile(path, answer.kind === "leaf" ? answer.leaf.certificateChainPem : "");
    const cases = [
      {
        name: "name",
        args: ["-CAfile", caPath, "-verify_hostname", "api.openai.org"],
        want: /hostname mismatch/,
      },
      {
        name: "authority",
        args: ["-CAfile", other.caPath],
        want: /unable to get local issuer certificate/,
      },
      {
        name: "purpose",
        args: ["-CAfile", caPath, "-purpose", "sslclient"],
        want: /(unsuitable|unsupported) certificate purpose/,
      },
    ];
    for (const { name, args, want } of cases) {
      const { code, output } = await runTool("openssl", ["verify", "-no-CApath", ...args, path]);
      t.not(code, 0, name);
      t.match(output, want);
    }
  },
);

t.test(
  "Python with VERIFY_X509_STRICT completes a handshake",
  { skip: needs("python3") },
  async (t) => {
    const { port, caPath } = await createSetup(t);
    const script = join(import.meta.dirname, "testdata/handshake.py");
    for (const name of [...names, underscoreName]) {
      const { code, output } = await runTool("python3", [script, port, name, caPath]);
      t.equal(code, 0, output);
      t.match(output, /^verified TLSv1\.3/);
    }
  },
);

t.test("Node completes a handshake and checks the name", async (t) => {
  const { port, authority } = await createSetup(t);
  for (const servername of [...names, underscoreName]) {
    const ca = [...authority.trustAnchorsPem()];
    const socket = connect({ host: "127.0.0.1", port: Number(port), servername, ca });
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
    });
    t.equal(socket.authorized, true, servername);
    socket.destroy();
  }
});

t.test("Node without the authority refuses", async (t) => {
  const { port } = await createSetup(t);
  const socket = connect({ host: "127.0.0.1", port: Number(port), servername: "api.openai.com" });
  const error = await new Promise((resolve) => socket.once("error", resolve));
  t.match(error, { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
});

t.test("Go completes a handshake", { skip: needs("go") }, async (t) => {
  const { port, caPath, directory } = await createSetup(t);
  const source = join(import.meta.dirname, "testdata/handshake.go");
  const program = join(directory, "handshake");
  const build = await runTool("go", ["build", "-o", program, source]);
  t.equal(build.code, 0, build.output);
  for (const name of [...names, underscoreName]) {
    const { code, output } = await runTool(program, [port, name, caPath]);
    t.equal(code, 0, output);
    t.match(output, /^verified TLS 1\.3/);
  }
});

t.test("Java completes a handshake", { skip: needs("java") }, async (t) => {
  const { port, caPath } = await createSetup(t);
  const source = join(import.meta.dirname, "testdata/Handshake.java");
  for (const name of names.slice(0, 3)) {
    const { code, output } = await runTool("java", [source, port, name, caPath]);
    t.equal(code, 0, output);
    t.match(output, /^verified TLSv1\.3/m);
  }
});
