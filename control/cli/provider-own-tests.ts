/** The tests that a plugin brings: files beside it, run by Node's own runner with our kit within reach. */
import { readdir } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { runProgram } from "../../gateway/run-program.ts";
import { userEnvironment } from "./user-environment.ts";

/** What became of them. */
export interface OwnTests {
  /** File names; empty: there are none */
  readonly files: readonly string[];
  readonly isOk: boolean;
  /** What the runner printed; empty where nothing ran */
  readonly output: string;
}

/** Names the kit's module for tests of plugins: a URL that `import()` takes. */
const kitVariable = "CLRK_PROVIDER_KIT";

/** Longer than any test of a codec needs. */
const timeoutMs = 120_000;

/** Runs the tests beside a plugin's file. Those of installed packages are their makers' business. */
export async function runOwnTests(
  file: string,
  env: Readonly<Partial<Record<string, string>>>,
): Promise<OwnTests> {
  const folder = dirname(file);
  const isInstalled = folder.split(sep).includes("node_modules");
  const names = isInstalled ? [] : await readdir(folder);
  const files = names.filter((name) => /\.test\.(?:ts|mts|js|mjs)$/.test(name)).sort();
  if (files.length === 0) return { files, isOk: true, output: "" };
  const words = ["--disable-warning=ExperimentalWarning", "--test", "--test-reporter=spec"];
  const outcome = await runProgram(
    process.execPath,
    [...words, ...files.map((name) => join(folder, name))],
    { env: { ...userEnvironment(env), [kitVariable]: kitUrl() }, cwd: folder, timeoutMs },
  );
  if (outcome.kind !== "exited") return { files, isOk: false, output: outcome.message };
  return { files, isOk: outcome.code === 0, output: `${outcome.stdout}${outcome.stderr}` };
}

/** The module of a checkout, or what it was emitted to: whatever this file is. */
function kitUrl(): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`../../providers/provider-kit.${extension}`, import.meta.url).href;
}
