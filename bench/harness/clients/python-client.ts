/** Runs Python's urllib, or the `requests` package where it is installed. Proxy and trust come from the environment. */
import { fileURLToPath } from "node:url";
import { runProcess } from "../processes.ts";
import { clientEnvironment, runClient } from "./child-client.ts";
import type { ClientResult, ClientRun } from "./child-client.ts";
import type { HttpAsk, HttpReport } from "./http-report.ts";

/** One request and the library that sends it. */
export interface PythonClientOptions extends HttpAsk {
  readonly library: "urllib" | "requests";
}

/**
 * Runs one request in a Python process. urllib trusts SSL_CERT_FILE, requests trusts REQUESTS_CA_BUNDLE. An
 * answered error status is an answer, not a failure, with both.
 */
export function runPythonClient(
  options: PythonClientOptions,
  run: ClientRun = {},
): Promise<ClientResult<HttpReport>> {
  const program = fileURLToPath(new URL(`${options.library}_client.py`, import.meta.url));
  return runClient<HttpReport>("python3", [program, JSON.stringify(options)], run);
}

/** Why tests with a Python library must be skipped here, for example "needs python requests"; undefined when they can run. */
export async function missingPython(
  library: PythonClientOptions["library"],
): Promise<string | undefined> {
  const module = library === "urllib" ? "urllib.request" : "requests";
  const outcome = await runProcess(
    {
      command: "python3",
      arguments: ["-c", `import ${module}`],
      environment: clientEnvironment({}),
    },
    20_000,
  );
  return outcome.exitCode === 0 ? undefined : `needs python ${library}`;
}
