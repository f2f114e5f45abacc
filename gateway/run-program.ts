/**
 * Runs a short-lived program to its end and gives its outcome as a value.
 * For questions such as `envoy --version`; a program that stays is a process of its own module.
 */
import { execFile } from "node:child_process";

/** How a program ended; that it could not start, or ran too long, is an expected outcome too. */
export type ProgramOutcome =
  | {
      readonly kind: "exited";
      readonly code: number;
      readonly stdout: string;
      readonly stderr: string;
    }
  | { readonly kind: "not-started"; readonly message: string }
  | { readonly kind: "stopped"; readonly message: string };

/** What a program is run with. */
export interface RunOptions {
  /** The whole environment of the program, not an addition to ours */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Working directory; default ours */
  readonly cwd?: string | undefined;
  /** Time until it is killed, in `ms` */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `file` (a path, or a name looked up on PATH) and resolves with its outcome; never rejects. */
export type RunProgram = (
  file: string,
  programArguments: readonly string[],
  options: RunOptions,
) => Promise<ProgramOutcome>;

/** More output than this is no answer to a short question: the program is killed. */
const maxOutputBytes = 1024 * 1024;

/** Runs a program with closed standard input; its output is decoded as UTF-8, at most 1 MiB of each stream. */
export function runProgram(
  file: string,
  programArguments: readonly string[],
  options: RunOptions,
): Promise<ProgramOutcome> {
  // Not the `timeout` of execFile: its timer stays, and keeps us alive, when the program cannot start.
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal =
    options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  const settings = {
    env: { ...options.env },
    maxBuffer: maxOutputBytes,
    killSignal: "SIGKILL" as const,
    signal,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  };
  return new Promise((resolve) => {
    const finish = (error: Error | null, stdout: string, stderr: string) => {
      const tooLate = `no end within ${options.timeoutMs} ms`;
      const outcome = outcomeOf(error, { stdout, stderr });
      const isLate = outcome.kind === "stopped" && deadline.aborted;
      resolve(isLate ? { kind: "stopped", message: tooLate } : outcome);
    };
    try {
      execFile(file, [...programArguments], settings, finish).stdin?.end();
    } catch (error) {
      // A path with a null byte, for example, is refused at once and not through the callback.
      resolve({ kind: "not-started", message: messageOf(error) });
    }
  });
}

const startFailures = /^E(?:NOENT|ACCES|NOEXEC|PERM|ISDIR|NOTDIR|LOOP|AGAIN|MFILE|NFILE|NOMEM)$/;

function outcomeOf(
  error: Error | null,
  output: { readonly stdout: string; readonly stderr: string },
): ProgramOutcome {
  if (error === null) return { kind: "exited", code: 0, ...output };
  const code = "code" in error ? error.code : undefined;
  if (typeof code === "number") return { kind: "exited", code, ...output };
  const message = messageOf(error).split("\n", 1)[0] ?? "";
  const isStart = typeof code === "string" && startFailures.test(code);
  if (isStart) return { kind: "not-started", message };
  const signal = "signal" in error && typeof error.signal === "string" ? error.signal : undefined;
  return { kind: "stopped", message: signal === undefined ? message : `ended by ${signal}` };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
