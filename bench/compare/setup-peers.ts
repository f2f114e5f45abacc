/** `npm run bench -- setup-peers`: installs and builds the peers at their pinned versions into the cache directory. */
import { execFile } from "node:child_process";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { peerVersions } from "./peers.ts";
import type { PeerPaths } from "./peers.ts";

const execute = promisify(execFile);
const grpcGoSource = fileURLToPath(new URL("./ext-proc-grpc-go/", import.meta.url));
const npmFlags = ["--no-audit", "--no-fund", "--no-save", "--loglevel=error"];

/** How one peer is installed. */
export interface PeerSetup {
  readonly peer: string;
  readonly version: string;
  /** Where it goes; made when it is missing */
  readonly directory: string;
  /** What is there when it is installed */
  readonly program: string;
  /** Contents of `package.json` in the directory: npm would install into the nearest project above without one */
  readonly manifest?: object;
  readonly commands: readonly Command[];
}

/** Program with its arguments, and where it runs. */
export interface Command {
  readonly words: readonly [string, ...string[]];
  readonly directory: string;
}

/** Outcome of one peer: a peer that cannot be installed does not stop the others. */
export interface SetupOutcome {
  readonly peer: string;
  readonly kind: "installed" | "present" | "failed";
  /** What went wrong, with the last lines of what the program said */
  readonly failure?: string;
}

/** What `setupPeers` runs with; tests replace it. */
export interface SetupTools {
  readonly run: (command: Command) => Promise<void>;
  /** Told of every command before it runs */
  readonly onCommand: (peer: string, command: Command) => void;
  /** Told of every peer when it is done */
  readonly onOutcome: (outcome: SetupOutcome) => void;
}

/** All peers in their order. */
export function peerSetups(paths: PeerPaths): PeerSetup[] {
  return [
    pythonPeer({
      peer: "mitmproxy",
      requirement: `mitmproxy==${peerVersions.mitmproxy}`,
      directory: paths.mitmproxyDirectory,
      program: paths.mitmdump,
    }),
    npmPeer({
      peer: "mockttp",
      requirement: `mockttp@${peerVersions.mockttp}`,
      directory: paths.mockttpDirectory,
      program: join(paths.mockttpModule, "package.json"),
    }),
    {
      peer: "grpc-go",
      version: peerVersions.grpcGo,
      directory: paths.root,
      program: paths.grpcGoServer,
      commands: [
        {
          // Read-only, so that what is measured is what `go.sum` names.
          words: ["go", "build", "-mod=readonly", "-trimpath", "-o", paths.grpcGoServer],
          directory: grpcGoSource,
        },
      ],
    },
    npmPeer({
      peer: "portkey",
      requirement: `@portkey-ai/gateway@${peerVersions.portkey}`,
      directory: paths.portkeyDirectory,
      program: paths.portkeyServer,
      // With later ones it fails every streamed call: https://github.com/Portkey-AI/gateway/issues/1389
      overrides: { "@hono/node-server": "1.13.8" },
    }),
    pythonPeer({
      peer: "litellm",
      requirement: `litellm[proxy]==${peerVersions.litellm}`,
      directory: paths.litellmDirectory,
      program: paths.litellm,
    }),
  ];
}

/** Installs what is not there at its version yet, one peer after the other. */
export async function setupPeers(
  setups: readonly PeerSetup[],
  tools: SetupTools,
): Promise<SetupOutcome[]> {
  const outcomes: SetupOutcome[] = [];
  for (const setup of setups) {
    const outcome = await setupPeer(setup, tools);
    tools.onOutcome(outcome);
    outcomes.push(outcome);
  }
  return outcomes;
}

/** Runs a command; rejects with a clause that says what is missing or what the program said last. */
export async function runCommand({ directory, words }: Command): Promise<void> {
  const [file, ...args] = words;
  try {
    await execute(file, args, { cwd: directory, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    throw new Error(`Cannot run "${words.join(" ")}": ${explain(error, file)}`, { cause: error });
  }
}

async function setupPeer(setup: PeerSetup, tools: SetupTools): Promise<SetupOutcome> {
  const { peer } = setup;
  const marker = join(setup.directory, `.clrk-${peer}`);
  const state = JSON.stringify(setup);
  try {
    if (await isInstalled(setup, marker, state)) return { peer, kind: "present" };
    await mkdir(setup.directory, { recursive: true });
    if (setup.manifest !== undefined) {
      await writeFile(join(setup.directory, "package.json"), JSON.stringify(setup.manifest));
    }
    for (const command of setup.commands) {
      tools.onCommand(peer, command);
      await tools.run(command);
    }
    await access(setup.program);
    await writeFile(marker, state);
    return { peer, kind: "installed" };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { peer, kind: "failed", failure };
  }
}

/** Whether the same commands have been through. A program that is built from our own source may be older than it. */
async function isInstalled(setup: PeerSetup, marker: string, state: string): Promise<boolean> {
  if (setup.commands.some(({ directory }) => directory === grpcGoSource)) return false;
  try {
    await access(setup.program);
    return (await readFile(marker, "utf8")) === state;
  } catch {
    return false; // not there, or by another version of this file
  }
}

interface PackagePeer {
  readonly peer: string;
  readonly requirement: string;
  readonly directory: string;
  readonly program: string;
}

function pythonPeer({ directory, peer, program, requirement }: PackagePeer): PeerSetup {
  const pip = join(directory, "bin", "pip");
  return {
    peer,
    version: versionOf(requirement, "=="),
    directory,
    program,
    commands: [
      { words: ["python3", "-m", "venv", directory], directory },
      { words: [pip, "install", "--quiet", requirement], directory },
    ],
  };
}

function npmPeer({
  directory,
  overrides,
  peer,
  program,
  requirement,
}: PackagePeer & { readonly overrides?: Readonly<Record<string, string>> }): PeerSetup {
  return {
    peer,
    version: versionOf(requirement, "@"),
    directory,
    program,
    manifest: { private: true, ...(overrides !== undefined && { overrides }) },
    commands: [{ words: ["npm", "install", ...npmFlags, requirement], directory }],
  };
}

function versionOf(requirement: string, separator: string): string {
  return requirement.slice(requirement.lastIndexOf(separator) + separator.length);
}

const shownLines = 8;

function explain(error: unknown, file: string): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "ENOENT") return `${file} is not installed`;
  const said = "stderr" in error && typeof error.stderr === "string" ? error.stderr.trim() : "";
  if (said === "") return error.message;
  return `it failed:\n${said.split("\n").slice(-shownLines).join("\n")}`;
}
