/** How to start a program so that it never outlives us, not even when we are killed with SIGKILL. */

import { accessSync, constants } from "node:fs";

/** A program with its arguments. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

/** Part of util-linux, which every Debian, Ubuntu, Fedora and Alpine with util-linux has. */
const setprivPaths = ["/usr/bin/setpriv", "/bin/setpriv"] as const;

/**
 * Holds file descriptor 0, whose other end is ours: it ends when we do, and then the program is killed. The program
 * itself must not read standard input.
 */
const watchScript = [
  "exec 3<&0",
  "trap 'kill -TERM \"$program\" 2>/dev/null' TERM INT",
  '"$0" "$@" </dev/null 3<&- & program=$!',
  '{ while read -r _ <&3; do :; done; kill -KILL "$program" 2>/dev/null; } & watch=$!',
  'wait "$program"; status=$?',
  'while kill -0 "$program" 2>/dev/null; do wait "$program"; status=$?; done',
  'kill "$watch" 2>/dev/null',
  "exit $status",
].join("\n");

/**
 * Wraps a program: by the kernel's parent death signal where `setpriv` is there (the process is then the program
 * itself), else by a shell that watches its standard input, which must be a pipe from us.
 */
export function parentBoundCommand(
  program: string,
  args: readonly string[],
  isExecutable: (path: string) => boolean = canExecute,
): Command {
  const setpriv = process.platform === "linux" ? setprivPaths.find(isExecutable) : undefined;
  if (setpriv !== undefined) {
    return { command: setpriv, args: ["--pdeathsig", "KILL", "--", program, ...args] };
  }
  return { command: "/bin/sh", args: ["-c", watchScript, program, ...args] };
}

function canExecute(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
