/** The kubectl of this machine, for stories: the pinned one where it was built, else what PATH has. Nothing is built. */
import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { ProcessOutcome, RunningProcess, TestScope } from "./processes.ts";
import { runProcess, startProcess, temporaryDirectory } from "./processes.ts";

const deadlineMs = 60_000;

/** kubectl with a kubeconfig, and caches of its own. */
export interface KubectlClient {
  /** Runs it to its end, at most a minute. */
  run(words: readonly string[], options?: KubectlOptions): Promise<ProcessOutcome>;
  /** Starts it for what has no end, such as a watch; ends with the test. */
  start(words: readonly string[]): RunningProcess;
}

/** What a run is given besides its words. */
export interface KubectlOptions {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Where kubectl is; `skip` is the reason when it is nowhere. `CLRK_KUBECTL` goes before the others. */
export async function needsKubectl(): Promise<{
  readonly program: string;
  readonly skip: string | false;
}> {
  const { CLRK_KUBECTL = "", XDG_CACHE_HOME, PATH = "" } = process.env;
  const cache = join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "clrk", "kubekit", "kubectl");
  const places = [
    CLRK_KUBECTL,
    cache,
    ...PATH.split(delimiter).map((folder) => join(folder, "kubectl")),
  ];
  for (const program of places) {
    if (program !== "" && (await isProgram(program))) return { program, skip: false };
  }
  return { program: "", skip: "needs kubectl" };
}

/** A client for a server whose kubeconfig is given. */
export function openKubectlClient(
  scope: TestScope,
  options: { readonly program: string; readonly kubeconfig: string },
): KubectlClient {
  const own = {
    PATH: process.env["PATH"] ?? "",
    HOME: temporaryDirectory(scope),
    KUBECONFIG: options.kubeconfig,
  };
  const command = options.program;
  return {
    run: (words, { input, environment = {} } = {}) =>
      runProcess(
        {
          command,
          arguments: words,
          environment: { ...own, ...environment },
          ...(input !== undefined && { input }),
        },
        deadlineMs,
      ),
    start: (words) => startProcess(scope, { command, arguments: words, environment: own }),
  };
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
