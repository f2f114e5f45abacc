/**
 * One supervised Envoy: started with its bootstrap, restarted with back-off when it dies, drained when it is to
 * stop, and never left behind: the kernel ends it with us, even if we are killed.
 */

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { adminRequest } from "./envoy/admin.ts";
import { unsettledListeners } from "./envoy/listener-state.ts";
import { EnvoyLogReader } from "./envoy/log-line.ts";
import { parentBoundCommand } from "./envoy/parent-bound-command.ts";
import { encodeMessage } from "./any.ts";
import type { Clock, TimerHandle } from "./clock.ts";
import type { Logger } from "./log.ts";
import { envoy } from "./proto/gen/xds.js";
import type { BootstrapOptions } from "./xds.ts";
import { bootstrap } from "./xds.ts";

/** First wait before a restart; short, because agents wait on the other end. */
const firstBackoffMs = 50;

const lastBackoffMs = 5_000;

/** A process that lived this long was healthy: the next failure starts with the first wait again. */
const healthyMs = 10_000;

/** Time that open streams get to finish on a stop. */
const defaultDrainMs = 1_000;

/** Time from SIGTERM to SIGKILL. */
const terminationMs = 500;

/** Lines of the access log wait this long for company: short enough for a person who looks at live lines. */
const accessLogFlushMs = 100;

/** What the process is started with. */
export interface EnvoyProcessOptions extends BootstrapOptions {
  readonly binary: string;
  /** Worker threads */
  readonly concurrency: number;
  /** Private folder for the bootstrap file */
  readonly directory: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly onExit?: (exit: EnvoyExit) => void;
}

/** How an Envoy ended and when it is started again. */
export interface EnvoyExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly restartInMs: number;
}

/** What was still open when a stop ended. */
export interface EnvoyStop {
  /** Requests that were cut; undefined when Envoy did not say */
  readonly inFlight: number | undefined;
}

/** The supervised process; `start()` once, `close()` or `destroy()` at the end. */
export class EnvoyProcess {
  readonly #options: EnvoyProcessOptions;
  #child: ChildProcess | undefined;
  #startedNs = 0n;
  #backoffMs = firstBackoffMs;
  #timer: TimerHandle | undefined;
  #restarts = 0;
  #stopping = false;
  #exited: Promise<void> = Promise.resolve();

  constructor(options: EnvoyProcessOptions) {
    this.#options = options;
  }

  /** Process id of the running Envoy; undefined between two lives. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Times Envoy was started again after it had ended by itself. */
  get restarts(): number {
    return this.#restarts;
  }

  /**
   * Whether nothing decides any more but the listeners and filter chains that Envoy confirmed last: neither one before
   * them, nor one of them that still waits for its routes. One that does not answer may do anything: false.
   */
  async hasSettledListeners(): Promise<boolean> {
    return (await unsettledListeners(this.#options.adminSocket)) === 0;
  }

  /** Writes the bootstrap and starts Envoy; rejects only when the file cannot be written. */
  async start(): Promise<void> {
    const { Bootstrap } = envoy.config.bootstrap.v3;
    const bytes = encodeMessage(Bootstrap, bootstrap(this.#options));
    await writeFile(this.#bootstrapFile(), bytes, { mode: 0o600 });
    this.#spawn();
  }

  /** Stops accepting, waits at most `drainMs` for open requests, then ends the process. */
  async close(drainMs: number = defaultDrainMs): Promise<EnvoyStop> {
    this.#stopping = true;
    this.#options.clock.clearTimeout(this.#timer);
    if (this.#child === undefined) return { inFlight: 0 };
    const { adminSocket } = this.#options;
    const drain = await adminRequest(adminSocket, "POST", "/drain_listeners?graceful");
    const deadlineNs = this.#options.clock.monotonicNs() + BigInt(drainMs) * 1_000_000n;
    // One that does not answer is not asked again: each question waits for a second.
    let inFlight = drain && (await activeRequests(adminSocket));
    while (inFlight && this.#options.clock.monotonicNs() < deadlineNs) {
      await this.#sleep(20);
      inFlight = await activeRequests(adminSocket);
    }
    await this.#terminate();
    return { inFlight };
  }

  /** Ends the process at once. */
  async destroy(): Promise<void> {
    this.#stopping = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#child?.kill("SIGKILL");
    // A shell that watches over Envoy learns from this that it is to end it.
    this.#child?.stdin?.destroy();
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy();
  }

  #bootstrapFile(): string {
    return path.join(this.#options.directory, "bootstrap.pb");
  }

  #spawn(): void {
    // A stop may have come while the file was written.
    if (this.#stopping) return;
    const { binary, concurrency, log, clock } = this.#options;
    const args = [
      ...["-c", this.#bootstrapFile(), "--concurrency", String(concurrency)],
      // Nothing below warn: Envoy's finer logs print headers, and with them credentials.
      ...["--log-level", "warn", "--log-format", "%l|%n|%v", "--disable-hot-restart"],
      // One line a message, so that what a crash prints is told from it, and no agent's text begins a line.
      "--log-format-escaped",
      ...["--drain-time-s", "1"],
      // Of the access log pipe: by default a line waits up to 10 s.
      ...["--file-flush-interval-msec", String(accessLogFlushMs), "--file-flush-min-size-kb", "64"],
    ];
    const { command, args: bound } = parentBoundCommand(binary, args);
    this.#startedNs = clock.monotonicNs();
    const child = spawn(command, bound, { stdio: ["pipe", "ignore", "pipe"], env: {} });
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("error", (error) => {
        log.error("Cannot start Envoy", { binary, error: error.message });
        this.#onExit(child, null, null);
        resolve();
      });
      child.once("exit", (code, signal) => {
        this.#onExit(child, code, signal);
        resolve();
      });
    });
    const reader = new EnvoyLogReader();
    const lines = createInterface({ input: child.stderr, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on("line", (line) => {
      const entry = reader.read(line);
      if (entry !== undefined) log[entry.level](entry.message, { component: entry.component });
    });
  }

  #onExit(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    if (this.#stopping) return;
    const { clock, log, onExit } = this.#options;
    const livedMs = Number((clock.monotonicNs() - this.#startedNs) / 1_000_000n);
    if (livedMs >= healthyMs) this.#backoffMs = firstBackoffMs;
    const restartInMs = this.#backoffMs;
    this.#backoffMs = Math.min(this.#backoffMs * 2, lastBackoffMs);
    this.#restarts++;
    log.error("Envoy ended and is started again", { code, signal, livedMs, restartInMs });
    this.#timer = clock.setTimeout(() => this.#spawn(), restartInMs);
    onExit?.({ code, signal, restartInMs });
  }

  async #terminate(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.kill("SIGTERM");
    const timer = this.#options.clock.setTimeout(() => child.kill("SIGKILL"), terminationMs);
    await this.#exited;
    this.#options.clock.clearTimeout(timer);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.setTimeout(resolve, ms));
  }
}

/** TCP proxies have no gauge of their own: their connections are those of the clusters that only they use. */
const activeLine =
  /^(?:http\.(?:tls|plain)\.downstream_rq_active|cluster\.(?:forward-raw|original-destination)\.upstream_cx_active): (\d+)$/;

/** Requests and raw connections that are open now. */
async function activeRequests(adminSocket: string): Promise<number | undefined> {
  const filter = "downstream_rq_active|upstream_cx_active";
  const answer = await adminRequest(adminSocket, "GET", `/stats?filter=${filter}`);
  if (answer?.status !== 200) return undefined;
  let active = 0;
  for (const line of answer.body.split("\n")) {
    active += Number(activeLine.exec(line)?.[1] ?? 0);
  }
  return active;
}
