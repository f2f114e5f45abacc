/**
 * Starts a program for a benchmark and stops it again. Its last output is kept for the message
 * when it fails, and nothing outlives the benchmark.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

// Enough for a stack trace; a program that logs every request must not fill our memory.
const maxKeptCharacters = 4_000;
const stopDeadlineMs = 5_000;

/** What to run. */
export interface ProgramOptions {
  /** Name used in messages */
  readonly name: string;
  /** Program and its arguments */
  readonly command: readonly [string, ...string[]];
  /** Environment, merged over the benchmark's own */
  readonly env?: Readonly<Record<string, string>>;
  /** Also open an IPC channel, for a child that runs Node */
  readonly ipc?: "json";
}

/** A started program. */
export interface Program {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Last characters of standard output and error together */
  output(): string;
  /** Waits until `probe` gives a value, asking every 20 ms; throws with the program's output when it ends or the deadline passes first. */
  waitFor<T>(probe: () => Promise<T | undefined> | T | undefined, deadlineMs: number): Promise<T>;
  /** Asks it to end, kills it 5 s later; resolves when it has ended. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a program. Throws when it cannot be started. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const [file, ...args] = options.command;
  const child = spawn(file, args, {
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe", ...(options.ipc === undefined ? [] : ["ipc" as const])],
  });
  let kept = "";
  const keep = (chunk: Buffer) => {
    kept = (kept + chunk.toString()).slice(-maxKeptCharacters);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // Not SIGKILL: a gateway has to end its own Envoy.
  const killWithUs = () => void child.kill("SIGTERM");
  process.once("exit", killWithUs);
  child.once("exit", () => process.off("exit", killWithUs));
  const pid = await started(child, options.name);
  return {
    pid,
    child,
    output: () => kept,
    async waitFor(probe, deadlineMs) {
      const end = performance.now() + deadlineMs;
      while (performance.now() < end && !hasEnded(child)) {
        const value = await probe();
        if (value !== undefined) return value;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const state = hasEnded(child) ? "it ended" : `not ready after ${deadlineMs} ms`;
      throw new Error(`Cannot use "${options.name}": ${state}: ${kept.trim() || "no output"}`);
    },
    async stop() {
      if (hasEnded(child)) return;
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function started(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      reject(new Error(`Cannot start "${name}": ${cause.message}`, { cause }));
    });
    child.once("spawn", () => {
      if (child.pid !== undefined) resolve(child.pid);
    });
  });
}
