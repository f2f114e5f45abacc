/**
 * Where a user's state lives: `$CLRK_HOME`, by default `~/.clrk`, for this user only. Folders of processes that are
 * gone are removed, so that a kill leaves nothing behind that the next start trips over.
 */

import { chmod, mkdir, readdir, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { ClrkError } from "./errors.ts";

/** Paths below the home directory. */
export interface HomeDirectory {
  readonly root: string;
  /** Keys of authorities, a folder for each gateway */
  readonly authorities: string;
  /** Trust bundles for agents, a folder for each gateway */
  readonly trust: string;
  /** Sockets, a folder for each gateway process, named by its process id */
  readonly run: string;
  readonly records: string;
  /** What is used of budgets */
  readonly budgets: string;
  /** Refresh tokens that endpoints rotated */
  readonly grants: string;
  /** Records that OTLP receivers have not taken yet */
  readonly otlpSpool: string;
  /** Prices of models that go before those that are shipped; need not be there */
  readonly prices: string;
  /** By which placeholders are made */
  readonly placeholderKey: string;
  /** Sources of Secrets for every gateway of this home; need not be there */
  readonly secrets: string;
}

/** Name of the control socket in a process's run folder. */
export const controlSocketName = "control.sock";

/** Longest path of a Unix socket: `sun_path` has 108 bytes with its end (unix(7)); macOS has 104. */
const longestSocketPath = 103;

/** Longest name that a process gives to a socket below its run folder. */
const longestSocketName = "/g10/admin.sock";

/** The paths; nothing is created. */
export function homeDirectory(env: Readonly<Record<string, string | undefined>>): HomeDirectory {
  const root = path.resolve(env["CLRK_HOME"] || path.join(env["HOME"] || homedir(), ".clrk"));
  return {
    root,
    authorities: path.join(root, "ca"),
    trust: path.join(root, "trust"),
    run: path.join(root, "run"),
    records: path.join(root, "records"),
    budgets: path.join(root, "budgets"),
    grants: path.join(root, "grants"),
    otlpSpool: path.join(root, "otlp-spool"),
    prices: path.join(root, "prices.json"),
    placeholderKey: path.join(root, "placeholder.key"),
    secrets: path.join(root, "secrets.yaml"),
  };
}

/** Creates the home directory; throws CLRK_PRECONDITION_FAILED when others could read or replace what is in it. */
export async function openHomeDirectory(home: HomeDirectory): Promise<void> {
  await mkdir(home.root, { recursive: true, mode: 0o700 });
  const { mode, uid } = await stat(home.root);
  const self = process.getuid?.();
  if (self !== undefined && uid !== self) {
    throw precondition(
      `Cannot use "${home.root}": it belongs to user ${uid}, wanted ${self}; set CLRK_HOME to a folder of your own`,
    );
  }
  if ((mode & 0o077) !== 0) await chmod(home.root, 0o700);
  const { authorities, trust, run, records, budgets, grants, otlpSpool } = home;
  for (const folder of [authorities, trust, run, records, budgets, grants, otlpSpool]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
}

/** Creates the run folder of this process. */
export async function openRunDirectory(home: HomeDirectory, pid: number): Promise<string> {
  const directory = path.join(home.run, String(pid));
  const longest = Buffer.byteLength(directory + longestSocketName);
  if (longest > longestSocketPath) {
    throw precondition(
      `Cannot create sockets under "${directory}": their paths would have ${longest} bytes, at most ${longestSocketPath} work; set CLRK_HOME to a shorter path`,
    );
  }
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { mode: 0o700 });
  return directory;
}

/** Process ids of gateway processes that live; folders of all others are removed. */
export async function findGatewayProcesses(home: HomeDirectory): Promise<readonly number[]> {
  const names = await readdir(home.run).catch(() => []);
  const alive: number[] = [];
  for (const name of names) {
    const pid = Number(name);
    if (Number.isInteger(pid) && pid > 0 && isProcessAlive(pid)) alive.push(pid);
    else await rm(path.join(home.run, name), { recursive: true, force: true });
  }
  return alive.sort((a, b) => a - b);
}

/** Control socket of a process. */
export function controlSocketPath(home: HomeDirectory, pid: number): string {
  return path.join(home.run, String(pid), controlSocketName);
}

/** Whether a process of that id lives, whoever it belongs to. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function precondition(message: string): ClrkError {
  return new ClrkError("CLRK_PRECONDITION_FAILED", message, { expose: message });
}
