/**
 * Runs the user's command as if `clrk` were not there: same terminal, same signals, same exit code.
 * Invariant: what the command could not even start with is one sentence with the next step, never a stack trace.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import type { Stats } from "node:fs";
import { constants } from "node:os";
import { resolve } from "node:path";
import { escapeControls } from "./colour.ts";

/** A command to run. */
export interface CommandOptions {
  /** The command and its arguments, passed on as they are; no shell reads them */
  readonly argv: readonly string[];
  /** The command's whole environment; its PATH is the one that is searched */
  readonly environment: Readonly<Record<string, string>>;
  /** Working directory, by default this process's */
  readonly directory?: string;
  /** Called with the process id as soon as the command runs; must not throw */
  readonly onStart?: (pid: number) => void;
}

/** How a command ended. */
export type CommandResult =
  /** It ran. `exitCode` is its own, or 128 + the number of the signal that killed it, as shells have it */
  | { readonly kind: "ended"; readonly exitCode: number }
  /** It did not start: 127 when there is no such command, 126 when it cannot be executed; `message` is for stderr */
  | { readonly kind: "not-started"; readonly exitCode: 126 | 127; readonly message: string };

// SIGWINCH, SIGTSTP and SIGCONT are left alone: the terminal gives them to the whole process group.
const forwardedSignals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/**
 * Runs the command with this process's stdin, stdout and stderr and waits for its end.
 *
 * While it runs, SIGINT, SIGTERM, SIGHUP and SIGQUIT do not end this process but go to the command. An exception
 * are SIGINT and SIGQUIT in the terminal's foreground process group: there Ctrl-C and Ctrl-\ reach the command
 * from the terminal, and a second delivery would look like an impatient user. (The sender of a signal cannot
 * be known, so `kill -INT` of a foreground `clrk` is taken for Ctrl-C; `kill -TERM` is always passed on.)
 *
 * Rejects with a TypeError for an empty `argv`; everything else is in the result.
 */
export async function spawnCommand(options: CommandOptions): Promise<CommandResult> {
  const [command, ...rest] = options.argv;
  if (command === undefined) throw new TypeError("Cannot run a command: its argv is empty");
  // Before the start, so that no signal falls between.
  let child: ChildProcess | undefined;
  const forward = (signal: NodeJS.Signals) => {
    const isFromTerminal = signal === "SIGINT" || signal === "SIGQUIT";
    if (!(isFromTerminal && isForegroundGroup())) child?.kill(signal);
  };
  for (const signal of forwardedSignals) process.on(signal, forward);
  try {
    const started = spawn(command, rest, {
      cwd: options.directory,
      env: options.environment,
      stdio: "inherit",
    });
    child = started;
    const exitCode = new Promise<number>((resolve) => {
      started.once("exit", (code, signal) => resolve(exitCodeOf(code, signal)));
    });
    await once(started, "spawn");
    if (started.pid !== undefined) options.onStart?.(started.pid);
    // A signal that may not be sent (to a command that became another user) is an error event; it runs on.
    started.on("error", () => {});
    return { kind: "ended", exitCode: await exitCode };
  } catch (error) {
    return explainFailure(command, error, options);
  } finally {
    for (const signal of forwardedSignals) process.off(signal, forward);
  }
}

function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  if (code !== null) return code;
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Whether the terminal's own signals reach this process's group, and so the command too. */
function isForegroundGroup(): boolean {
  try {
    // proc(5): after the parenthesised name come state, ppid, pgrp, session, tty_nr, tpgid.
    const text = readFileSync("/proc/self/stat", "latin1");
    const [, , group, , , foregroundGroup] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return group === foregroundGroup;
  } catch {
    // No /proc (macOS): a terminal on any standard stream means that the user sits in front of it.
    return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY || false;
  }
}

function explainFailure(command: string, error: unknown, options: CommandOptions): CommandResult {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  const directory = options.directory ?? process.cwd();
  const notStarted = (exitCode: 126 | 127, reason: string): CommandResult => ({
    kind: "not-started",
    exitCode,
    message: `Cannot run "${escapeControls(command)}": ${reason}`,
  });
  // spawn() reports a missing working directory with the same code as a missing command.
  if (code === "ENOENT" && !existsSync(directory)) {
    return notStarted(126, `the working directory "${escapeControls(directory)}" does not exist`);
  }
  if (command === "") return notStarted(127, "the command is empty, name one after --");
  const isPath = command.includes("/");
  const file = findFile(resolve(directory, command));
  if (code === "ENOENT" || code === "ENOTDIR") {
    if (!isPath && file?.isFile() === true) {
      return notStarted(127, `not found on PATH, but here: run "./${escapeControls(command)}"`);
    }
    if (!isPath) return notStarted(127, "not found on PATH, check the spelling or give its path");
    return file === undefined
      ? notStarted(127, "no such file, check the path")
      : notStarted(127, "the interpreter in its first line does not exist, install or correct it");
  }
  if (code !== "EACCES") return notStarted(126, `the system refused to start it (${code})`);
  if (isPath && file?.isDirectory() === true)
    return notStarted(126, "it is a directory, name a file in it");
  return notStarted(126, "it is not executable, run chmod +x on it or name its interpreter first");
}

function findFile(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined; // missing, or in a directory that may not be read: the spawn error says which
  }
}
