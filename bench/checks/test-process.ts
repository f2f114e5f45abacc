/**
 * Runs one test file in a process of its own and judges it: by its TAP, its exit code, its time and what it leaves running.
 * Invariant: when the promise settles, no process of the test's group lives.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { liveGroupMembers, signalGroup } from "./process-group.ts";
import { readTap } from "./tap-outcome.ts";
import type { Failure, TapOutcome } from "./tap-outcome.ts";

/** How to run a test file. */
export interface RunTestOptions {
  /** Working directory; `path` is relative to it */
  readonly root: string;
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Time until the file is stopped and counts as failed, in `ms` */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Time that children of a test that has ended get to end too, in `ms`; default 3,000 */
  readonly graceMs?: number | undefined;
}

/** What one test file came to; `failures` includes those of the file itself. */
export interface FileOutcome extends TapOutcome {
  readonly path: string;
}

const maxOutputBytes = 32 * 1024 * 1024;
const maxStderrBytes = 64 * 1024;
/** A test that has ended may have just told its children to stop. */
const defaultGraceMs = 3000;
const stderrLines = 30;

/** Runs the file with this process's Node; never rejects for what the test does. */
export async function runTestFile(options: RunTestOptions): Promise<FileOutcome> {
  const { root, path, env, timeoutMs, graceMs = defaultGraceMs } = options;
  const words = ["--disable-warning=ExperimentalWarning", path];
  const child = spawn(process.execPath, words, {
    cwd: root,
    // tap itself gives up first, and then can say which test it was.
    env: { TAP_TIMEOUT: String(Math.ceil(timeoutMs / 1000)), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const stdout = collect(child.stdout, maxOutputBytes);
  const stderr = collect(child.stderr, maxStderrBytes);
  const end = await waitForEnd(child, { ...options, graceMs, timeoutMs: timeoutMs + graceMs });
  const left = child.pid === undefined ? [] : await endGroup(child.pid, graceMs);
  child.stdout?.destroy();
  child.stderr?.destroy();
  const outcome = readTap(stdout());
  return {
    ...outcome,
    path,
    failures: [...outcome.failures, ...judge({ end, left, outcome, stderr: stderr() })],
  };
}

type End =
  | { readonly kind: "exit"; readonly code: number | null; readonly signal: string | null }
  | { readonly kind: "timeout"; readonly seconds: number }
  | { readonly kind: "error"; readonly message: string };

interface Ending {
  readonly end: End;
  /** Names of processes that outlived the test */
  readonly left: readonly string[];
  readonly outcome: TapOutcome;
  readonly stderr: string;
}

/** Failures of the file itself: one at most for its end, and one for what it left behind. */
function judge({ end, left, outcome, stderr }: Ending): Failure[] {
  const failures: Failure[] = [];
  const detail = stderr
    .trimEnd()
    .split("\n")
    .slice(-stderrLines)
    .filter((line) => line !== "");
  const isExplained = outcome.failures.length > 0;
  if (end.kind === "timeout")
    failures.push({ name: `(whole file) no end within ${end.seconds} s`, detail });
  else if (end.kind === "error") failures.push({ name: `(whole file) ${end.message}`, detail });
  else if (end.signal !== null)
    failures.push({ name: `(whole file) ended by ${end.signal}`, detail });
  else if (end.code !== 0 && !isExplained)
    failures.push({ name: `(whole file) exit code ${end.code}`, detail });
  else if (!isExplained && outcome.passed === 0 && outcome.skips.length === 0) {
    failures.push({ name: "(whole file) asserts nothing", detail });
  }
  if (left.length > 0 && end.kind === "exit") {
    failures.push({ name: `(whole file) leaves running: ${left.join(", ")}`, detail: [] });
  }
  return failures;
}

function collect(stream: NodeJS.ReadableStream | null, maxBytes: number): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on("data", (chunk: Buffer) => {
    // The rest is read and dropped: a full pipe would stop the test.
    if (bytes < maxBytes) chunks.push(chunk);
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString();
}

interface EndLimits {
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly signal?: AbortSignal | undefined;
}

async function waitForEnd(child: ChildProcess, limits: EndLimits): Promise<End> {
  const { timeoutMs, graceMs, signal } = limits;
  const ended = Promise.withResolvers<End>();
  const timer = setTimeout(() => {
    ended.resolve({ kind: "timeout", seconds: Math.round(timeoutMs / 1000) });
  }, timeoutMs);
  const onAbort = () => ended.resolve({ kind: "error", message: "was interrupted" });
  signal?.addEventListener("abort", onAbort, { once: true });
  child.once("error", (error) => ended.resolve({ kind: "error", message: error.message }));
  child.once("exit", (code, by) => {
    // A child of the test may hold the pipes open; then the exit alone must do, after a moment.
    const settle = () => ended.resolve({ kind: "exit", code, signal: by });
    child.once("close", settle);
    setTimeout(settle, graceMs).unref();
  });
  const end = await ended.promise;
  clearTimeout(timer);
  signal?.removeEventListener("abort", onAbort);
  return end;
}

/** Waits a moment for the group to end, ends it otherwise, and gives the names of what it had to end. */
async function endGroup(group: number, graceMs: number): Promise<string[]> {
  const deadline = Date.now() + graceMs;
  let members = liveGroupMembers(group);
  while (members.length > 0 && Date.now() < deadline) {
    await wait(20);
    members = liveGroupMembers(group);
  }
  if (members.length > 0) signalGroup(group, "SIGKILL");
  return members;
}
