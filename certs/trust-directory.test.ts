/** Writing the bundle: whole, readable by all, skipped when unchanged, usable by openssl. */
import {
  chmod,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import t from "tap";
import { createLeafMinter } from "./leaf.ts";
import { createIssuer } from "./testdata/create-issuer.ts";
import { needs, runTool } from "./testdata/run-tool.ts";
import type { TrustBundle } from "./trust-bundle.ts";
import { createTrustBundle } from "./trust-bundle.ts";
import { writeTrustBundle } from "./trust-directory.ts";

const publicRootsPem = getCACertificates("bundled").slice(0, 5);

async function createDirectory(t: { teardown(fn: () => Promise<void>): void }): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), "clrk-trust-"));
  t.teardown(() => rm(parent, { recursive: true, force: true }));
  return join(parent, "trust");
}

function bundleWith(...authoritiesPem: readonly string[]): TrustBundle {
  return createTrustBundle({ authoritiesPem, publicRootsPem });
}

t.test(
  "writeTrustBundle() writes the bundle and the hashed directory, readable by all",
  async (t) => {
    const directory = await createDirectory(t);
    const bundle = bundleWith(createIssuer().certificatePem);
    const umask = process.umask(0o077);
    t.teardown(() => void process.umask(umask));
    const written = await writeTrustBundle(directory, bundle);
    t.same(written, {
      bundlePath: join(directory, "ca-bundle.pem"),
      certsPath: join(directory, "certs"),
      certsTarget: join(directory, `certs-${bundle.digest.slice(0, 16)}`),
      changed: true,
    });
    t.equal(await readFile(written.bundlePath, "utf8"), bundle.pem);
    t.same((await readdir(written.certsPath)).sort(), [...bundle.hashedFiles.keys()].sort());
    for (const [name, pem] of bundle.hashedFiles) {
      t.equal(await readFile(join(written.certsPath, name), "utf8"), pem);
      t.equal((await stat(join(written.certsPath, name))).mode & 0o777, 0o644);
    }
    t.equal((await stat(written.certsPath)).mode & 0o777, 0o755);
    t.equal((await stat(written.bundlePath)).mode & 0o777, 0o644);
    t.ok((await lstat(written.bundlePath)).isFile(), "a regular file, which can be bind-mounted");
  },
);

t.test("writeTrustBundle() does nothing when nothing changed", async (t) => {
  const directory = await createDirectory(t);
  const bundle = bundleWith(createIssuer().certificatePem);
  const { bundlePath } = await writeTrustBundle(directory, bundle);
  const before = await stat(bundlePath);
  t.equal((await writeTrustBundle(directory, bundle)).changed, false);
  const after = await stat(bundlePath);
  t.equal(after.ino, before.ino);
  t.equal(after.mtimeMs, before.mtimeMs);
});

t.test("writeTrustBundle() replaces as a whole and keeps the one before", async (t) => {
  const directory = await createDirectory(t);
  const bundles = [1, 2, 3].map(() => bundleWith(createIssuer().certificatePem));
  const targets: string[] = [];
  for (const bundle of bundles) {
    const written = await writeTrustBundle(directory, bundle);
    t.equal(written.changed, true);
    t.equal(join(directory, await readlink(written.certsPath)), written.certsTarget);
    targets.push(written.certsTarget.slice(directory.length + 1));
  }
  t.same((await readdir(directory)).sort(), ["ca-bundle.pem", "certs", ...targets.slice(1)].sort());
  const back = await writeTrustBundle(directory, bundles[1] ?? bundleWith());
  t.equal(await readlink(back.certsPath), targets[1], "back to one that is still there");
});

t.test("writeTrustBundle() repairs what someone damaged", async (t) => {
  const directory = await createDirectory(t);
  const bundle = bundleWith(createIssuer().certificatePem);
  const written = await writeTrustBundle(directory, bundle);
  const [first = ""] = bundle.hashedFiles.keys();
  await rm(join(written.certsTarget, first));
  t.equal((await writeTrustBundle(directory, bundle)).changed, true);
  t.same((await readdir(written.certsPath)).sort(), [...bundle.hashedFiles.keys()].sort());
  await writeFile(written.bundlePath, "");
  t.equal((await writeTrustBundle(directory, bundle)).changed, true);
  t.equal(await readFile(written.bundlePath, "utf8"), bundle.pem);
});

t.test("writeTrustBundle() lets processes write at the same time", async (t) => {
  const directory = await createDirectory(t);
  const bundle = bundleWith(createIssuer().certificatePem);
  await Promise.all([1, 2, 3, 4].map(() => writeTrustBundle(directory, bundle)));
  t.equal((await readdir(join(directory, "certs"))).length, bundle.hashedFiles.size);
  t.equal((await readdir(directory)).length, 3, "no temporary file stays");
});

t.test(
  "writeTrustBundle() rejects when the directory cannot be written",
  { skip: process.getuid?.() === 0 && "not as root" },
  async (t) => {
    const directory = await createDirectory(t);
    await writeTrustBundle(directory, bundleWith());
    await chmod(directory, 0o500);
    t.teardown(() => chmod(directory, 0o700));
    await t.rejects(writeTrustBundle(directory, bundleWith(createIssuer().certificatePem)), {
      code: "EACCES",
    });
  },
);

t.test(
  "openssl verifies a leaf with the hashed directory alone",
  { skip: needs("openssl") },
  async (t) => {
    const directory = await createDirectory(t);
    const [old, next] = [createIssuer(Date.now()), createIssuer(Date.now())];
    const { certsPath } = await writeTrustBundle(
      directory,
      bundleWith(old.certificatePem, next.certificatePem),
    );
    for (const issuer of [old, next]) {
      const leaf = createLeafMinter(issuer).mint("api.openai.com", Date.now());
      const path = join(directory, "leaf.pem");
      await writeFile(path, leaf.certificateChainPem);
      const args = ["verify", "-x509_strict", "-no-CAfile", "-CApath", certsPath, path];
      const { code, output } = await runTool("openssl", args);
      t.equal(code, 0, output);
    }
  },
);
