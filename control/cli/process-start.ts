/**
 * Starts the gateway process for `clrk dev` and `clrk run -f`, and the control process for the former, each in a process
 * group of its own: the terminal's Ctrl-C reaches only us, and agents keep their way out when we are killed.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { LineSplitter } from "../../gateway/line-splitter.ts";
import type { ProcessKind } from "../../gateway/process-flags.ts";
import { processFlags } from "../../gateway/process-flags.ts";

/** Loading objects and the first certificate takes about a second; installing Envoy is done before. */
const startMs = 60_000;

/** Time in which the last lines of a process arrive that has ended. */
const lastWordsMs = 250;

/** What to start and for whom. */
export interface ProcessStartOptions {
  /** The script, such as `gateway/main.ts`, or what it was emitted to */
  readonly entry: string;
  readonly arguments: readonly string[];
  /** Ends the process when this one ends in whatever way */
  readonly endsWithUs: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Gets each line of the process's log */
  readonly onLogLine: (line: string) => void;
  /** Ends the start, and with it the process */
  readonly signal?: AbortSignal;
}

/** What became of a start of the gateway. */
export type GatewayStart =
  | { readonly kind: "listening"; readonly controlSocket: string; readonly process: StartedProcess }
  | FailedStart;

/** What became of a start of the control process. */
export type ControlStart =
  | {
      readonly kind: "listening";
      /** Socket where a gateway is told its objects */
      readonly feed: string;
      /** Path of the kubeconfig */
      readonly kubeconfig: string;
      /** Of the API server */
      readonly url: string;
      readonly process: StartedProcess;
    }
  | FailedStart;

/** The message is the process's own, or says how it ended; then its last log lines say why. */
export interface FailedStart {
  readonly kind: "failed";
  readonly message: string;
}

/** The process that was started. */
export interface StartedProcess {
  readonly pid: number;
  /** Resolves with a sentence about how it ended */
  readonly exited: Promise<string>;
  /** Asks the process to stop, by the end of its standard input and SIGTERM. */
  terminate(): void;
  /** Ends it and everything it started at once. */
  kill(): void;
}

/** Starts the gateway process and waits until it listens; never rejects. */
export async function startGateway(options: ProcessStartOptions): Promise<GatewayStart> {
  const started = await startProcess("gateway", options);
  if (started.kind === "failed") return started;
  const { controlSocket = "" } = started.said;
  return { kind: "listening", controlSocket, process: started.process };
}

/** Starts the control process and waits until it listens; never rejects. */
export async function startControl(options: ProcessStartOptions): Promise<ControlStart> {
  const started = await startProcess("control", options);
  if (started.kind === "failed") return started;
  const { feed = "", kubeconfig = "", url = "" } = started.said;
  return { kind: "listening", feed, kubeconfig, url, process: started.process };
}

type Start =
  | {
      readonly kind: "listening";
      readonly said: Readonly<Partial<Record<string, string>>>;
      readonly process: StartedProcess;
    }
  | FailedStart;

async function startProcess(what: ProcessKind, options: ProcessStartOptions): Promise<Start> {
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      ...processFlags(what, process.versions.node),
      options.entry,
      ...options.arguments,
    ],
    {
      detached: true,
      stdio: [options.endsWithUs ? "pipe" : "ignore", "pipe", "pipe"],
      env: options.environment,
    },
  );
  // The pipe breaks when the process ends first.
  child.stdin?.on("error", () => {});
  followLog(child, options.onLogLine);
  const handle = toStartedProcess(child);
  const abort = () => handle.kill();
  options.signal?.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(abort, startMs);
  const first = await Promise.race([firstLine(child), handle.exited.then(() => undefined)]);
  clearTimeout(timer);
  options.signal?.removeEventListener("abort", abort);
  const answer = parseFirstLine(first ?? "");
  if (answer.kind === "listening") return { ...answer, process: handle };
  if (answer.kind === "failed") return answer;
  if (first !== undefined) handle.kill();
  return { kind: "failed", message: `Cannot start the ${what} process: ${await handle.exited}` };
}

function toStartedProcess(child: ChildProcess): StartedProcess {
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => {
      const end = signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
      // What it wrote last explains the end; a child of its own may hold the pipe open for longer.
      child.once("close", () => resolve(end));
      setTimeout(resolve, lastWordsMs, end).unref();
    });
  });
  const { pid = 0 } = child;
  return {
    pid,
    exited,
    terminate: () => {
      child.stdin?.end();
      child.kill("SIGTERM");
    },
    kill: () => {
      if (pid === 0 || child.exitCode !== null || child.signalCode !== null) return;
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // It has just ended.
      }
    },
  };
}

function followLog(child: ChildProcess, onLogLine: (line: string) => void): void {
  const splitter = new LineSplitter();
  child.stderr?.on("data", (chunk: Buffer) => {
    for (const line of splitter.push(chunk)) onLogLine(line);
  });
  child.stderr?.on("end", () => {
    for (const line of splitter.end()) onLogLine(line);
  });
}

function firstLine(child: ChildProcess): Promise<string | undefined> {
  const splitter = new LineSplitter();
  return new Promise((resolve) => {
    // Read on after the first line, so that the pipe never fills.
    child.stdout?.on("data", (chunk: Buffer) => {
      const [line] = splitter.push(chunk);
      if (line !== undefined) resolve(line);
    });
    child.stdout?.on("close", () => resolve(splitter.end()[0]));
  });
}

type FirstLine =
  | { readonly kind: "listening"; readonly said: Readonly<Partial<Record<string, string>>> }
  | FailedStart
  | { readonly kind: "other" };

function parseFirstLine(line: string): FirstLine {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("kind" in value)) return { kind: "other" };
    if (value.kind === "listening") {
      const said: Partial<Record<string, string>> = {};
      for (const [name, member] of Object.entries(value)) {
        if (typeof member === "string") said[name] = member;
      }
      return { kind: "listening", said };
    }
    if (value.kind === "failed" && "message" in value) {
      return { kind: "failed", message: String(value.message) };
    }
  } catch {
    // Not our line: the log says more.
  }
  return { kind: "other" };
}
