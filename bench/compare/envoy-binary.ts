/** Finds the Envoy that the contender without a gateway runs: `CLRK_ENVOY`, else `envoy` on PATH. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Availability } from "../load/contender.ts";

const run = promisify(execFile);

/** Program to run; a bare name is looked up on PATH by the system. */
export function envoyBinary(environment: Readonly<Record<string, string | undefined>>): string {
  return environment["CLRK_ENVOY"] || "envoy";
}

/** Whether that program runs, and its version. */
export async function findEnvoy(binary: string): Promise<Availability> {
  try {
    const { stdout } = await run(binary, ["--version"]);
    const version = parseEnvoyVersion(stdout);
    if (version !== undefined) return { kind: "ready", version };
    return { kind: "absent", reason: `"${binary}" does not tell its version` };
  } catch {
    return { kind: "absent", reason: `no Envoy at "${binary}": set CLRK_ENVOY to a 1.40 binary` };
  }
}

/** `1.40.0` out of what `envoy --version` prints. */
export function parseEnvoyVersion(output: string): string | undefined {
  return /version: [0-9a-f]+\/(\d+\.\d+\.\d+[^/]*)\//.exec(output)?.[1];
}
