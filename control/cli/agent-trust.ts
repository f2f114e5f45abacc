/**
 * The roots that a command is to trust: the gateway's bundle, with the user's own roots where the environment names
 * some, because the variables that point to a bundle replace a trust store.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** Paths for the agent's environment. */
export interface AgentTrust {
  /** PEM file */
  readonly bundle: string;
  /** OpenSSL's hashed directory */
  readonly directory: string;
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** A directory of roots has some hundred files. */
const maxFiles = 4_096;

/**
 * Returns the gateway's own paths when `extraRoots` (files or directories) hold no certificate; else those of a
 * merged bundle below `directory`. What cannot be read, or decoded, is left out: the user's variable was wrong
 * before. Rejects when the merged bundle cannot be written.
 */
export async function prepareTrust(options: {
  readonly gateway: AgentTrust;
  readonly extraRoots: readonly string[];
  readonly directory: string;
}): Promise<AgentTrust> {
  const { gateway, extraRoots, directory } = options;
  const others = extraRoots.filter((path) => path !== gateway.bundle && path !== gateway.directory);
  const texts = await Promise.all(others.map(readRoots));
  const extra = texts.flatMap((text) => text.match(certificateBlock) ?? []);
  if (extra.length === 0) return gateway;
  // Loaded only for the few who need it.
  const { createTrustBundle } = await import("../../certs/trust-bundle.ts");
  const { writeTrustBundle } = await import("../../certs/trust-directory.ts");
  const bundle = createTrustBundle({
    authoritiesPem: [await readFile(gateway.bundle, "utf8")],
    publicRootsPem: extra,
  });
  const key = createHash("sha256")
    .update(JSON.stringify([gateway.bundle, others]))
    .digest("hex");
  const written = await writeTrustBundle(join(directory, key.slice(0, 16)), bundle);
  return { bundle: written.bundlePath, directory: written.certsPath };
}

async function readRoots(path: string): Promise<string> {
  try {
    if (!(await stat(path)).isDirectory()) return await readFile(path, "latin1");
    const names = (await readdir(path)).slice(0, maxFiles);
    const texts = await Promise.all(
      names.map((name) => readFile(join(path, name), "latin1").catch(() => "")),
    );
    return texts.join("\n");
  } catch {
    return ""; // the variable names what is not there
  }
}
