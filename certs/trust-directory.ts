/**
 * Writes a trust bundle where agents find it: `ca-bundle.pem` for SSL_CERT_FILE and the like, `certs/` for SSL_CERT_DIR.
 * Invariant: both paths stay the same for ever and show a whole bundle at every moment, the old one or the new one.
 */
import { randomBytes } from "node:crypto";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
  chmod,
} from "node:fs/promises";
import { join } from "node:path";
import { hasCode, replaceFile, syncDirectory } from "./atomic-file.ts";
import type { TrustBundle } from "./trust-bundle.ts";

/** Where a bundle was written. */
export interface TrustDirectory {
  /** Regular file with all certificates */
  readonly bundlePath: string;
  /** OpenSSL's hashed directory; a symbolic link that is replaced as a whole */
  readonly certsPath: string;
  /** What `certsPath` points to now, for bind mounts */
  readonly certsTarget: string;
  /** Whether anything was written */
  readonly changed: boolean;
}

const BUNDLE = "ca-bundle.pem";
const CERTS = "certs";

/**
 * Writes the bundle into a directory, created when absent, and leaves alone what is up to date. The hashed directory
 * before the current one is kept, for processes that are reading it. Raises the errors of node:fs.
 */
export async function writeTrustBundle(
  directory: string,
  bundle: TrustBundle,
): Promise<TrustDirectory> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const bundlePath = join(directory, BUNDLE);
  const certsPath = join(directory, CERTS);
  const target = `${CERTS}-${bundle.digest.slice(0, 16)}`;
  const current = await readIfPresent(() => readlink(certsPath));
  const files = [...bundle.hashedFiles.keys()];
  const certsChanged = current !== target || !(await holdsAll(join(directory, target), files));
  if (certsChanged) {
    await writeHashedDirectory(directory, target, bundle.hashedFiles);
    await pointTo(directory, target);
    await removeOthers(directory, [target, ...(current === undefined ? [] : [current])]);
  }
  const bundleChanged = (await readIfPresent(() => readFile(bundlePath, "utf8"))) !== bundle.pem;
  if (bundleChanged) await replaceFile(bundlePath, bundle.pem, "everybody");
  return {
    bundlePath,
    certsPath,
    certsTarget: join(directory, target),
    changed: certsChanged || bundleChanged,
  };
}

/** The name carries the digest and the directory appears by one rename, so only someone else can have damaged it. */
async function holdsAll(path: string, files: readonly string[]): Promise<boolean> {
  const present = new Set(await listIfPresent(path));
  return files.every((name) => present.has(name));
}

async function writeHashedDirectory(
  directory: string,
  target: string,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const temporary = await mkdtemp(join(directory, ".certs-"));
  try {
    for (const [name, pem] of files) {
      await writeFile(join(temporary, name), pem);
      await chmod(join(temporary, name), 0o644);
    }
    await chmod(temporary, 0o755);
    await syncDirectory(temporary);
    const path = join(directory, target);
    if (!(await holdsAll(path, [...files.keys()])))
      await rm(path, { recursive: true, force: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another process has just put the same directory there.
    if (!hasCode(error, "ENOTEMPTY") && !hasCode(error, "EEXIST")) throw error;
  }
}

async function pointTo(directory: string, target: string): Promise<void> {
  const temporary = join(directory, `.certs-link-${randomBytes(6).toString("hex")}`);
  await symlink(target, temporary);
  try {
    await rename(temporary, join(directory, CERTS));
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(directory);
}

async function removeOthers(directory: string, kept: readonly string[]): Promise<void> {
  for (const name of await readdir(directory)) {
    if (/^certs-[0-9a-f]{16}$/.test(name) && !kept.includes(name)) {
      await rm(join(directory, name), { recursive: true, force: true });
    }
  }
}

async function listIfPresent(path: string): Promise<readonly string[]> {
  return (await readIfPresent(() => readdir(path))) ?? [];
}

async function readIfPresent<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
