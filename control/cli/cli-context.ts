/**
 * What commands know of the world: outputs, environment, signals, and the parts that tests replace.
 * Invariant: a command touches `process` only through its context, so that a test can run it whole.
 */
import type { CommandContext } from "@stricli/core";
import { fileURLToPath } from "node:url";
import type { EnvoyBinary, FindEnvoyOptions } from "../../gateway/envoy-binary.ts";
import { homeDirectory } from "../../gateway/home-directory.ts";
import type { HomeDirectory } from "../../gateway/home-directory.ts";
import { createPalette } from "./colour.ts";
import type { Palette } from "./colour.ts";
import type { ScreenStreams } from "./screen/screen-view.ts";
import { canShowScreen } from "./screen/terminal-screen.ts";

/** One of the two outputs. Writing never throws, also when the reader has gone. */
export interface CliOutput {
  readonly write: (text: string) => void;
  /** Whether a person reads it */
  readonly isTerminal: boolean;
  /** Width of the terminal, 80 where there is none */
  readonly columns: number;
  /** Colours for this output, or none */
  readonly palette: Palette;
  /** Resolves when what was written has gone on; absent where nothing waits */
  readonly drained?: () => Promise<void>;
}

/** Why a command should end: a signal, or nobody reads an output any more. */
export type Interruption = "SIGINT" | "SIGTERM" | "SIGHUP" | "output-closed";

/** The context of every command. */
export interface CliContext extends CommandContext {
  readonly process: {
    readonly stdout: CliOutput;
    readonly stderr: CliOutput;
    readonly env: Readonly<Partial<Record<string, string>>>;
    exitCode?: number | string | null;
  };
  /** Standard input, opened by the call */
  readonly input: () => AsyncIterable<Uint8Array>;
  readonly home: HomeDirectory;
  readonly workingDirectory: string;
  /** The gateway process's script */
  readonly gatewayEntry: string;
  /** Script of the control process */
  readonly controlEntry: string;
  /** Unix time in `ms` */
  readonly now: () => number;
  /** Calls back at each of the signals, or when the reader of an output has gone; returns the way to end that */
  readonly onInterrupt: (listener: (reason: Interruption) => void) => () => void;
  readonly findEnvoy: (options: FindEnvoyOptions) => Promise<EnvoyBinary>;
  /** The terminal that a person sits at, for full screens; undefined where there is none */
  readonly terminal?: ScreenStreams | undefined;
}

const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The context of the real process. From now on a closed pipe behind an output is an interrupt, never an error. */
export function createCliContext(process: NodeJS.Process): CliContext {
  const listeners = new Set<(reason: Interruption) => void>();
  const closed = () => {
    for (const listener of [...listeners]) listener("output-closed");
  };
  const { env } = process;
  return {
    process: {
      stdout: createOutput(process.stdout, env, closed),
      stderr: createOutput(process.stderr, env, closed),
      env,
    },
    input: () => process.stdin,
    home: homeDirectory(env),
    workingDirectory: process.cwd(),
    gatewayEntry: entryOf("gateway"),
    controlEntry: entryOf("control"),
    now: () => Date.now(),
    onInterrupt(listener) {
      listeners.add(listener);
      const handlers = endingSignals.map((signal) => ({ signal, handle: () => listener(signal) }));
      for (const { signal, handle } of handlers) process.on(signal, handle);
      return () => {
        listeners.delete(listener);
        for (const { signal, handle } of handlers) process.off(signal, handle);
      };
    },
    // Loaded only by the commands that need an Envoy.
    findEnvoy: async (options) =>
      (await import("../../gateway/envoy-binary.ts")).findEnvoy(options),
    terminal: terminalOf(process),
  };
}

function terminalOf(process: NodeJS.Process): ScreenStreams | undefined {
  const { stdout, env } = process;
  // The output is looked at first: touching the input opens it.
  if (stdout.isTTY !== true) return undefined;
  const streams = { input: process.stdin, output: stdout };
  return canShowScreen({ ...streams, env }) ? streams : undefined;
}

function createOutput(
  stream: NodeJS.WriteStream,
  environment: NodeJS.ProcessEnv,
  onClosed: () => void,
): CliOutput {
  let isClosed = false;
  // EPIPE from `| head`, EIO from a terminal that is gone: there is nobody left to tell.
  stream.on("error", () => {
    if (isClosed) return;
    isClosed = true;
    onClosed();
  });
  const isTerminal = stream.isTTY === true;
  return {
    write: (text) => {
      if (!isClosed) stream.write(text);
    },
    drained: () =>
      isClosed || !stream.writableNeedDrain
        ? Promise.resolve()
        : new Promise((resolve) => {
            stream.once("drain", resolve);
            stream.once("close", resolve);
            stream.once("error", () => resolve());
          }),
    isTerminal,
    columns: stream.columns || 80,
    palette: createPalette({ isTerminal, environment }),
  };
}

/** `main.ts` of a directory in a checkout, `main.js` in the emitted package: whatever this file is. */
function entryOf(directory: "control" | "gateway"): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`../../${directory}/main.${extension}`, import.meta.url));
}
