/** The Python SDKs of the matrix, in a directory of their own that is filled once; without them their cells are left out. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProcess } from "../processes.ts";

const installDeadlineMs = 180_000;
const directory = join(import.meta.dirname, "../../../node_modules/.cache/clrk-python-sdks");

/** Versions that are installed. */
export const pythonVersions = { openai: "3.57.0", anthropic: "2.14.0" } as const;

/** Where the packages are, or why there are none. */
export type PythonPackages =
  | { readonly kind: "found"; readonly directory: string }
  | { readonly kind: "missing"; readonly reason: string };

/** Finds the packages, and installs them with pip where they are not yet. */
export async function findPythonPackages(): Promise<PythonPackages> {
  const wanted = Object.entries(pythonVersions).map(([name, version]) => `${name}==${version}`);
  const mark = join(directory, `.complete-${wanted.join("-")}`);
  if (existsSync(mark)) return { kind: "found", directory };
  rmSync(directory, { recursive: true, force: true });
  const options = ["--quiet", "--disable-pip-version-check", "--target", directory];
  const outcome = await runProcess(
    { command: "python3", arguments: ["-m", "pip", "install", ...options, ...wanted] },
    installDeadlineMs,
  ).catch(() => undefined);
  if (outcome?.exitCode !== 0) {
    rmSync(directory, { recursive: true, force: true });
    return { kind: "missing", reason: `pip has no ${wanted.join(" or ")} here` };
  }
  writeFileSync(mark, "");
  return { kind: "found", directory };
}
