/**
 * Runs a program that prints a secret: no shell, no input, no terminal, its own process group, bounded in time and
 * output. Nothing that it wrote to standard error is read, because it may hold secrets too.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { Clock } from "../clock.ts";
import { errorCodeOf } from "../errors.ts";

/** Most bytes of standard output: more is no secret. */
export const maxOutputBytes = 65_536;

/** How a run ended. */
export type CommandOutcome =
  | { readonly kind: "printed"; readonly output: Buffer }
  /** Clause such as `exit status 1`; holds nothing that the program wrote, and no argument */
  | { readonly kind: "failed"; readonly message: string };

/** What is run, and how. */
export interface CommandOptions {
  /** Program and arguments */
  readonly command: readonly string[];
  /** The whole environment */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Pick<Clock, "setTimeout" | "clearTimeout">;
  /** Time until the program and all of its process group are killed, in `ms` */
  readonly timeoutMs: number;
  /** Kills them at once */
  readonly signal: AbortSignal;
}

/**
 * Runs the program to its end and resolves with what it printed; never rejects. It has ended when nobody holds its
 * standard output any more.
 */
export function runSecretCommand(options: CommandOptions): Promise<CommandOutcome> {
  const [program = "", ...programArguments] = options.command;
  if (options.signal.aborted) return Promise.resolve(failure("it was stopped"));
  let child: ChildProcess;
  try {
    child = spawn(program, programArguments, {
      env: { ...options.env },
      stdio: ["ignore", "pipe", "ignore"],
      // A session of its own: a prompt on our terminal would wait for nobody, and its group can be killed whole.
      detached: true,
    });
  } catch (error) {
    return Promise.resolve(failure(describeStart(error)));
  }
  return follow(child, options);
}

function follow(child: ChildProcess, options: CommandOptions): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let reason: string | undefined;
    const stop = (why: string) => {
      reason ??= why;
      killGroup(child);
      // Whatever left the group may hold its other end for ever.
      child.stdout?.destroy();
    };
    const onAbort = () => stop("it was stopped");
    const timer = options.clock.setTimeout(
      () => stop(`no end within ${options.timeoutMs / 1_000} s`),
      options.timeoutMs,
    );
    options.signal.addEventListener("abort", onAbort, { once: true });
    const finish = (outcome: CommandOutcome) => {
      options.clock.clearTimeout(timer);
      options.signal.removeEventListener("abort", onAbort);
      resolve(outcome);
    };
    child.stdout?.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxOutputBytes) stop(`more than ${maxOutputBytes} bytes of output`);
      else chunks.push(chunk);
    });
    child.once("error", (error) => finish(failure(describeStart(error))));
    child.once("close", (code, signal) => {
      if (reason !== undefined) finish(failure(reason));
      else if (signal !== null) finish(failure(`ended by ${signal}`));
      else if (code !== 0) finish(failure(`exit status ${code}`));
      else finish({ kind: "printed", output: Buffer.concat(chunks) });
    });
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // ESRCH: all of it has just ended
  }
}

/** The system's own message names the program with its arguments. */
function describeStart(error: unknown): string {
  switch (errorCodeOf(error)) {
    case "ENOENT":
      return "no such program";
    case "EACCES":
    case "EPERM":
      return "not executable for the user of this process";
    default:
      return `it cannot be started (${errorCodeOf(error) ?? "unknown error"})`;
  }
}

function failure(message: string): CommandOutcome {
  return { kind: "failed", message };
}
