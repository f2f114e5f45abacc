/** `npm run bench -- setup-peers`: installs and builds the peers at their pinned versions into the cache directory. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { peerVersions } from "./peers.ts";
import type { PeerPaths } from "./peers.ts";

const execute = promisify(execFile);
const grpcGoSource = fileURLToPath(new URL("./ext-proc-grpc-go/", import.meta.url));

/** One command of the installation and where it runs. */
export interface SetupStep {
  readonly peer: string;
  readonly command: readonly [string, ...string[]];
  readonly directory: string;
}

/** Outcome of one peer: a peer that cannot be installed does not stop the others. */
export interface SetupOutcome {
  readonly peer: string;
  /** What went wrong; absent when it is installed */
  readonly failure?: string;
}

/** The commands in order; repeating them on an installed peer is cheap and changes nothing. */
export function setupSteps(paths: PeerPaths): SetupStep[] {
  const { mitmproxyDirectory, mockttpDirectory, root } = paths;
  const pip = join(mitmproxyDirectory, "bin", "pip");
  const npmFlags = ["--no-audit", "--no-fund", "--no-save", "--loglevel=error"];
  return [
    { peer: "mitmproxy", directory: root, command: ["python3", "-m", "venv", mitmproxyDirectory] },
    {
      peer: "mitmproxy",
      directory: root,
      command: [pip, "install", "--quiet", `mitmproxy==${peerVersions.mitmproxy}`],
    },
    {
      peer: "mockttp",
      directory: mockttpDirectory,
      command: ["npm", "install", ...npmFlags, `mockttp@${peerVersions.mockttp}`],
    },
    {
      peer: "grpc-go",
      directory: grpcGoSource,
      // Read-only, so that what is measured is what `go.sum` names.
      command: ["go", "build", "-mod=readonly", "-trimpath", "-o", paths.grpcGoServer],
    },
  ];
}

/** Runs the steps; `run` is replaced in tests. */
export async function setupPeers(
  paths: PeerPaths,
  run: (step: SetupStep) => Promise<void> = runStep,
): Promise<SetupOutcome[]> {
  await mkdir(paths.mockttpDirectory, { recursive: true });
  // Without a manifest of its own npm would install into the nearest project above.
  await writeFile(join(paths.mockttpDirectory, "package.json"), '{ "private": true }\n');
  const outcomes = new Map<string, SetupOutcome>();
  for (const step of setupSteps(paths)) {
    if (outcomes.get(step.peer)?.failure !== undefined) continue;
    try {
      await run(step);
      outcomes.set(step.peer, { peer: step.peer });
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      outcomes.set(step.peer, { peer: step.peer, failure });
    }
  }
  return [...outcomes.values()];
}

async function runStep(step: SetupStep): Promise<void> {
  const [file, ...args] = step.command;
  await execute(file, args, { cwd: step.directory });
}
