/**
 * Child processes, deadlines and temporary directories for tests and the demo. Invariant: whatever is
 * started here is ended with the test that started it, or with this process, whichever comes first.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Kept per output stream; older output is dropped and counted, because a chatty child must not fill memory. */
const outputLimitCharacters = 1_048_576;
const pollIntervalMs = 10;
const longestPauseMs = 250;
const defaultGraceMs = 2_000;

// Ends the process group `$0` once its standard input does, which is when this process is gone for whatever
// reason, SIGKILL included. Signal handlers of our own would disturb those of the test runner and the demo.
const watchdogScript = 'read -r _; kill -s KILL -- "-$0"';

/** The part of a tap test that the harness needs: a callback run when the test ends. */
export interface TestScope {
  teardown(callback: () => unknown): unknown;
}

/** Limits of one wait. */
export interface WaitOptions {
  /** Longest wait in `ms` */
  readonly deadlineMs: number;
  /** What is awaited, as it reads after "Cannot see" */
  readonly what: string;
  /** Shortest pause between two looks in `ms`; 10 when absent */
  readonly intervalMs?: number;
}

/** How to start one child process. */
export interface ProcessOptions {
  readonly command: string;
  readonly arguments?: readonly string[];
  /** The whole environment of the child; this process's own when absent */
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** Written to the child's standard input, which is then closed */
  readonly input?: string;
}

/** How one child process ended. */
export interface ProcessExit {
  /** Exit status; null when a signal ended it */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a child process ended, with what it wrote. */
export interface ProcessOutcome extends ProcessExit {
  readonly stdout: string;
  readonly stderr: string;
  /** True when the deadline passed and the child was killed */
  readonly timedOut: boolean;
}

/**
 * Resolves with the first truthy value of `condition`. After a look that took long the pause is as long, at most 250 ms:
 * one that starts a program would else keep a processor from what is waited for. Rejects with `Cannot see <what>: …` once
 * `deadlineMs` has passed; the last error of a throwing condition becomes the cause.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<NonNullable<T>> {
  const end = performance.now() + options.deadlineMs;
  let lastError: unknown;
  for (;;) {
    const lookedAtMs = performance.now();
    try {
      const value = await condition();
      if (value) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= end) {
      const message = `Cannot see ${options.what}: still absent after ${options.deadlineMs} ms`;
      throw new Error(message, lastError === undefined ? undefined : { cause: lastError });
    }
    const tookMs = Math.min(performance.now() - lookedAtMs, longestPauseMs);
    const pauseMs = Math.max(tookMs, options.intervalMs ?? pollIntervalMs);
    await new Promise((wake) => setTimeout(wake, pauseMs));
  }
}

/** Path of a new empty directory, removed with everything in it when the test ends. */
export function temporaryDirectory(scope: TestScope): string {
  const path = mkdtempSync(join(tmpdir(), "clrk-"));
  scope.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A started child, in a process group of its own so that its own children end with it. */
export class RunningProcess {
  /** Resolves when the child has ended and its output was read to the end; never rejects. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #name: string;
  #stdout = "";
  #stderr = "";
  #droppedCharacters = 0;
  #exit: ProcessExit | undefined;
  #watchdog: ChildProcess | undefined;

  /** Use `startProcess`, which also ties the child to a test. */
  constructor(options: ProcessOptions) {
    this.#name = options.command;
    this.#child = spawn(options.command, options.arguments ?? [], {
      cwd: options.workingDirectory,
      env: options.environment ?? process.env,
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    this.#capture();
    this.#child.stdin?.on("error", () => {}); // EPIPE: a child may end without reading its input
    this.#child.stdin?.end(options.input ?? "");
    this.exited = new Promise((resolve) => {
      const finish = (exit: ProcessExit): void => {
        this.#exit = exit;
        this.#watchdog?.kill("SIGKILL");
        resolve(exit);
      };
      this.#child.once("close", (exitCode, signal) => finish({ exitCode, signal }));
      this.#child.once("error", (error) => {
        this.#stderr += `${error.message}\n`;
        finish({ exitCode: null, signal: null });
      });
    });
    if (this.#child.pid !== undefined) this.#watchdog = startWatchdog(this.#child.pid);
  }

  /** Process id; undefined when the command could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last 1 Mi characters of standard output so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** The last 1 Mi characters of standard error so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Characters of output that no longer fit and were dropped. */
  get droppedCharacters(): number {
    return this.#droppedCharacters;
  }

  /** How the child ended; undefined while it runs. */
  get exit(): ProcessExit | undefined {
    return this.#exit;
  }

  /** Resolves when `ready` is true of the child; rejects at the deadline, or at once when the child ends first. */
  async waitUntilReady(
    ready: (child: RunningProcess) => boolean | Promise<boolean>,
    options: WaitOptions,
  ): Promise<void> {
    const outcome = await waitUntil(async () => {
      if (await ready(this)) return "ready" as const;
      return this.#exit === undefined ? undefined : ("ended" as const);
    }, options);
    if (outcome === "ready") return;
    const tail = this.#stderr.slice(-2_000).trim();
    throw new Error(`Cannot see ${options.what}: "${this.#name}" ended first: ${tail}`);
  }

  /** Sends SIGTERM to the child's process group, SIGKILL after `graceMs`; resolves when it has ended. Idempotent. */
  async close(graceMs: number = defaultGraceMs): Promise<ProcessExit> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), graceMs);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  /** Sends a signal to the child's process group; does nothing once it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.#exit !== undefined || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // ESRCH: it ended between the look and the signal
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #capture(): void {
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout = this.#keep(this.#stdout + text);
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = this.#keep(this.#stderr + text);
    });
  }

  #keep(text: string): string {
    const excess = Math.max(0, text.length - outputLimitCharacters);
    this.#droppedCharacters += excess;
    return text.slice(excess);
  }
}

/** Starts a child that ends with the test at the latest. A command that cannot start shows as `exit` with the reason in `stderr`. */
export function startProcess(scope: TestScope, options: ProcessOptions): RunningProcess {
  const child = new RunningProcess(options);
  scope.teardown(() => child.close());
  return child;
}

/** Runs a child to its end, or kills it at `deadlineMs` (`timedOut` is then true). Never rejects. */
export async function runProcess(
  options: ProcessOptions,
  deadlineMs: number,
): Promise<ProcessOutcome> {
  const child = new RunningProcess(options);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.signal("SIGKILL");
  }, deadlineMs);
  const exit = await child.exited;
  clearTimeout(timer);
  return { ...exit, stdout: child.stdout, stderr: child.stderr, timedOut };
}

function startWatchdog(processGroup: number): ChildProcess {
  const watchdog = spawn("/bin/sh", ["-c", watchdogScript, String(processGroup)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watchdog.on("error", () => {}); // no shell: the end of the test still ends the child
  watchdog.stdin?.on("error", () => {}); // closed together with the child
  watchdog.unref();
  if (watchdog.stdin !== null && "unref" in watchdog.stdin) {
    const { stdin } = watchdog;
    if (typeof stdin.unref === "function") stdin.unref();
  }
  return watchdog;
}
