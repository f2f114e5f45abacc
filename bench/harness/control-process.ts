/** The real control process with its API server, for tests: on a free loopback port, with a home of its own. */
import { join } from "node:path";
import type { RunningProcess, TestScope } from "./processes.ts";
import { startProcess, temporaryDirectory } from "./processes.ts";

const program = join(import.meta.dirname, "../../control/main.ts");
const startDeadlineMs = 20_000;

/** A running control process. */
export interface ControlProcess {
  /** `https://127.0.0.1:port` */
  readonly url: string;
  /** Path of the admin's kubeconfig */
  readonly kubeconfig: string;
  /** Its `CLRK_HOME` */
  readonly home: string;
  /** The process itself, to be ended in whatever way */
  readonly child: RunningProcess;
  /** What it logged so far */
  logs(): string;
}

/** Starts one, on the home of an earlier one if that is given, and resolves when it listens; it ends with the test. */
export async function startControlProcess(
  scope: TestScope,
  options: { readonly home?: string; readonly arguments?: readonly string[] } = {},
): Promise<ControlProcess> {
  const home = options.home ?? join(temporaryDirectory(scope), "clrk");
  const child = startProcess(scope, {
    command: process.execPath,
    arguments: ["--disable-warning=ExperimentalWarning", program, ...(options.arguments ?? [])],
    environment: {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      CLRK_HOME: home,
      ...(process.env["NODE_COMPILE_CACHE"] !== undefined && {
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      }),
    },
  });
  await child.waitUntilReady(() => child.stdout.includes("\n"), {
    deadlineMs: startDeadlineMs,
    what: "a control process that listens",
  });
  const told = JSON.parse(child.stdout.split("\n", 1)[0] ?? "");
  if (told.kind !== "listening") {
    throw new Error(`Cannot start the control process: ${JSON.stringify(told)}`);
  }
  return { url: told.url, kubeconfig: told.kubeconfig, home, child, logs: () => child.stderr };
}
