/** The real control process with its API server, for tests: on a free loopback port, with a home of its own. */
import { join } from "node:path";
import type { TestScope } from "./processes.ts";
import { startProcess, temporaryDirectory } from "./processes.ts";

const program = join(import.meta.dirname, "../../control/main.ts");
const startDeadlineMs = 20_000;

/** A running control process. */
export interface ControlProcess {
  /** `https://127.0.0.1:port` */
  readonly url: string;
  /** Path of the admin's kubeconfig */
  readonly kubeconfig: string;
  /** What it logged so far */
  logs(): string;
}

/** Starts one and resolves when it listens; it ends with the test. */
export async function startControlProcess(scope: TestScope): Promise<ControlProcess> {
  const home = temporaryDirectory(scope);
  const child = startProcess(scope, {
    command: process.execPath,
    arguments: ["--disable-warning=ExperimentalWarning", program],
    environment: { PATH: process.env["PATH"] ?? "", HOME: home, CLRK_HOME: join(home, "clrk") },
  });
  await child.waitUntilReady(() => child.stdout.includes("\n"), {
    deadlineMs: startDeadlineMs,
    what: "a control process that listens",
  });
  const told = JSON.parse(child.stdout.split("\n", 1)[0] ?? "");
  if (told.kind !== "listening") {
    throw new Error(`Cannot start the control process: ${JSON.stringify(told)}`);
  }
  return { url: told.url, kubeconfig: told.kubeconfig, logs: () => child.stderr };
}
