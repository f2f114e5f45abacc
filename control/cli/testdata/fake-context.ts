/** A context whose outputs are collected and whose signals are sent by the test. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { homeDirectory } from "../../../gateway/home-directory.ts";
import { runCommandLine } from "../application.ts";
import type { CliContext, CliOutput, Interruption } from "../cli-context.ts";
import { createPalette } from "../colour.ts";

export interface FakeContext extends CliContext {
  readonly stdout: () => string;
  readonly stderr: () => string;
  interrupt(reason: Interruption): void;
  /** Runs a command line in it, as main.ts does */
  clrk(...words: string[]): Promise<number>;
}

export const fakeGatewayEntry = join(import.meta.dirname, "fake-gateway.ts");

const fakeControlEntry = join(import.meta.dirname, "fake-control-process.ts");

/** A context with a home of its own, which goes with the test. */
export async function createFakeContext(
  t: Test,
  options: {
    readonly isTerminal?: boolean;
    readonly env?: Record<string, string>;
    readonly nowMs?: number;
    readonly findEnvoy?: CliContext["findEnvoy"];
    readonly input?: string;
  } = {},
): Promise<FakeContext> {
  // Short: a Unix socket's path has about a hundred bytes.
  const root = await mkdtemp(join(tmpdir(), "clrk-"));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const env = { PATH: process.env["PATH"] ?? "", HOME: root, CLRK_HOME: root, ...options.env };
  const { isTerminal = false, nowMs = Date.UTC(2026, 10, 24, 0, 6) } = options;
  const written = { stdout: "", stderr: "" };
  const output = (name: keyof typeof written): CliOutput => ({
    write: (text) => {
      written[name] += text;
    },
    isTerminal,
    columns: 80,
    palette: createPalette({ isTerminal: false, environment: {} }),
  });
  const listeners = new Set<(reason: Interruption) => void>();
  const context: FakeContext = {
    process: { stdout: output("stdout"), stderr: output("stderr"), env },
    input: async function* () {
      yield Buffer.from(options.input ?? "");
    },
    home: homeDirectory(env),
    workingDirectory: root,
    gatewayEntry: fakeGatewayEntry,
    controlEntry: fakeControlEntry,
    now: () => nowMs,
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    findEnvoy:
      options.findEnvoy ??
      (async () => ({ kind: "found", path: "/opt/envoy", version: "1.40.0", source: "PATH" })),
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    interrupt: (reason) => {
      for (const listener of [...listeners]) listener(reason);
    },
    clrk: (...words) => {
      written.stdout = "";
      written.stderr = "";
      delete context.process.exitCode;
      return runCommandLine(words, context);
    },
  };
  return context;
}

/** Resolves when the condition holds; rejects after ten seconds with what it looked like then. */
export async function until(condition: () => boolean, look: () => string): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`Cannot wait any longer: ${look()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
