/**
 * The supervised process of the embedded store: started with the control process, started again with back-off when it
 * dies, ended with it. Where the engine is not there on this machine, it says so once and stays off.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import { ClrkError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import { defaultMemoryCapBytes, engineMemoryBytes } from "./engine-config.ts";
import { storeExitCodes } from "./store-exit.ts";

/** What the process is started with. */
export interface StoreProcessOptions {
  /** Folder of its data, made with mode 0700 */
  readonly directory: string;
  /** Path of its Unix socket */
  readonly socket: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Resident memory of the process; default 600 MiB */
  readonly memoryCapBytes?: number;
  /** Called each time it listens */
  readonly onListening?: () => void;
}

/** `off`: the engine is not there, or the store was closed. */
export type StoreState = "starting" | "listening" | "restarting" | "off";

/** State for people. */
export interface StoreProcessStatus {
  readonly state: StoreState;
  readonly pid: number | undefined;
  /** Times it was started again after it had ended by itself */
  readonly restarts: number;
  /** When it began to listen, Unix `ms`; absent where it does not */
  readonly listeningSinceMs?: number;
  /** Why it is off or was last ended; absent when all is well */
  readonly error?: string;
}

const firstBackoffMs = 100;
const lastBackoffMs = 10_000;

/** A process that lived this long was healthy: the next failure starts with the first wait again. */
const healthyMs = 30_000;

/** From the end of its input to SIGKILL; its own bound for statements is 5 s. */
const terminationMs = 8_000;

/** Longest path of a Unix socket: `sun_path` has 108 bytes with its end (unix(7)); macOS has 104. */
const longestSocketPath = 103;

/** What its heap of JavaScript may take: requests and answers pass it, nothing stays. */
const heapMegabytes = 96;

/** The process; `start()` once, `close()` at the end. */
export class StoreProcess {
  readonly #options: StoreProcessOptions;
  readonly #memoryCapBytes: number;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #state: StoreState = "off";
  #error: string | undefined;
  #restarts = 0;
  #backoffMs = firstBackoffMs;
  #startedNs = 0n;
  #listeningSinceMs = 0;
  #timer: TimerHandle | undefined;
  #closing = false;
  #settled: (() => void) | undefined;

  /** Starts nothing yet. Throws for a cap of memory that leaves too little, and for a path of a socket that is too long. */
  constructor(options: StoreProcessOptions) {
    this.#options = options;
    this.#memoryCapBytes = options.memoryCapBytes ?? defaultMemoryCapBytes;
    engineMemoryBytes({ memoryCapBytes: this.#memoryCapBytes });
    const length = Buffer.byteLength(options.socket);
    if (length > longestSocketPath) {
      const message = `Cannot open the telemetry store: the path of its socket "${options.socket}" has ${length} bytes, at most ${longestSocketPath} work; set CLRK_HOME to a shorter path`;
      throw new ClrkError("CLRK_PRECONDITION_FAILED", message, { expose: message });
    }
  }

  /** State of now; a new object each time */
  get status(): StoreProcessStatus {
    return {
      state: this.#state,
      pid: this.#child?.pid,
      restarts: this.#restarts,
      ...(this.#state === "listening" && { listeningSinceMs: this.#listeningSinceMs }),
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  /** Starts the process; resolves when it listens, is known to be off, or has failed for the first time. Never rejects. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#settled = resolve;
      this.#spawn();
    });
  }

  /** Ends the process: what runs is ended, nothing that was acknowledged is lost. Safe to call again. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#options.clock.clearTimeout(this.#timer);
    const child = this.#child;
    if (child !== undefined) {
      child.stdin?.end();
      const timer = this.#options.clock.setTimeout(() => child.kill("SIGKILL"), terminationMs);
      await this.#exited;
      this.#options.clock.clearTimeout(timer);
    }
    this.#state = "off";
    this.#settled?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #spawn(): void {
    if (this.#closing) return;
    const { directory, socket, clock, log } = this.#options;
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const entry = fileURLToPath(new URL(`./store-main.${extension}`, import.meta.url));
    const flags = [
      "--disable-warning=ExperimentalWarning",
      `--max-old-space-size=${heapMegabytes}`,
      "--max-semi-space-size=4",
    ];
    this.#state = this.#restarts === 0 ? "starting" : "restarting";
    this.#startedNs = clock.monotonicNs();
    const child = spawn(
      process.execPath,
      [...flags, entry, directory, socket, String(this.#memoryCapBytes)],
      {
        stdio: ["pipe", "pipe", "pipe"],
        // A Ctrl-C is for the whole group: it is we who end the store, by the end of its input.
        detached: true,
        // Each session holds a thread of the pool while it works; Node needs some for itself. Secrets stay here.
        env: { UV_THREADPOOL_SIZE: "8", ...pickEnvironment(process.env) },
      },
    );
    this.#child = child;
    // It may end before it reads the end of its input.
    child.stdin.on("error", () => {});
    createInterface({ input: child.stdout }).on("line", (line) => this.#onLine(line));
    createInterface({ input: child.stderr }).on("line", (line) => {
      log.warn("Telemetry store says", { line: line.slice(0, 500) });
    });
    this.#exited = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null, error?: Error) => {
        this.#onExit(code, signal, error);
        resolve();
      };
      child.once("error", (error) => end(null, null, error));
      child.once("exit", (code, signal) => end(code, signal));
    });
  }

  #onLine(line: string): void {
    const said = tryParseLine(line);
    if (said === undefined) return;
    if (said.failed !== undefined) {
      this.#error = said.failed;
      return;
    }
    this.#state = "listening";
    this.#listeningSinceMs = this.#options.clock.now();
    this.#error = undefined;
    this.#options.onListening?.();
    this.#settled?.();
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null, error?: Error): void {
    if (this.#child === undefined) return;
    this.#child = undefined;
    const { clock, log } = this.#options;
    if (this.#closing) return;
    const livedMs = Number((clock.monotonicNs() - this.#startedNs) / 1_000_000n);
    if (error !== undefined) this.#error = error.message;
    else if (this.#state === "listening") {
      this.#error = signal === null ? `It ended with exit code ${code}` : `Ended by ${signal}`;
    }
    if (code === storeExitCodes.unsupported) {
      this.#state = "off";
      log.warn("Telemetry store is off", { error: this.#error });
      this.#settled?.();
      return;
    }
    if (livedMs >= healthyMs) this.#backoffMs = firstBackoffMs;
    const restartInMs = this.#backoffMs;
    this.#backoffMs = Math.min(this.#backoffMs * 2, lastBackoffMs);
    this.#restarts++;
    this.#state = "restarting";
    log.error("Telemetry store ended and is started again", {
      code,
      signal,
      error: this.#error,
      livedMs,
      restartInMs,
    });
    this.#timer = clock.setTimeout(() => this.#spawn(), restartInMs);
    this.#settled?.();
  }
}

interface StoreLine {
  readonly failed?: string;
}

function tryParseLine(line: string): StoreLine | undefined {
  try {
    const said: unknown = JSON.parse(line);
    if (typeof said !== "object" || said === null) return undefined;
    if ("failed" in said && typeof said.failed === "string") return { failed: said.failed };
    return "listening" in said ? {} : undefined;
  } catch {
    // the engine prints to standard output too
    return undefined;
  }
}

/** What a library may need to be found and to name times; nothing else of ours is told. */
function pickEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const names = ["PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR", "TZ", "CHDB_LIBCHDB_PATH"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
