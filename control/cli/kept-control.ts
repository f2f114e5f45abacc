/**
 * The control process of `clrk dev`: started first, started again when it ends, and ended with us. Gateways go on with
 * what they were told last while it is away.
 */
import type { ControlReport, ReportLine } from "../process-report.ts";
import type { CliContext } from "./cli-context.ts";
import { CliError } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import { controlArguments } from "./gateway-arguments.ts";
import type { ControlStartOptions } from "./gateway-arguments.ts";
import { formatLogLine } from "./log-line.ts";
import { startControl } from "./process-start.ts";
import type { ControlStart, ProcessStartOptions, StartedProcess } from "./process-start.ts";
import type { SessionLog } from "./session-log.ts";

/** Waits before the next start, doubled with each that fails up to the longest. */
const firstWaitMs = 200;
const longestWaitMs = 10_000;

/** A process that lived for so long is started again at once. */
const healthyMs = 10_000;

/** Time for it to write down what it has, when it is asked to stop. */
const stopMs = 1_500;

/** It says something every 2 s: one that says nothing for so long hangs, or is stopped. */
const silentMs = 6_000;

/** Time for the control process of a session that has just ended to leave. */
const predecessorMs = 3_000;

/** How the process is; it is replaced, never changed. */
export interface KeptState {
  /** `starting`: it ended and is started again. `silent`: it runs, and has said nothing for 6 s */
  readonly state: "running" | "starting" | "silent";
  readonly pid: number;
  /** When it began to listen, or when it ended, Unix `ms` */
  readonly sinceMs: number;
  readonly restarts: number;
  /** How it ended, or why it does not start; absent while it runs */
  readonly problem?: string;
  /** What it said last of itself, also after its end; absent before the first time */
  readonly report?: ControlReport;
}

/** What is kept running. */
export interface KeptControl {
  /** Socket where a gateway is told its objects */
  readonly feed: string;
  readonly kubeconfig: string;
  /** How it is now */
  readonly now: KeptState;
  /** Calls back when it ends, runs again, or has said something. Gives what ends it. */
  onChange(callback: (now: KeptState) => void): () => void;
  /** Stops the process, by force after 1.5 s. Idempotent. */
  close(): Promise<void>;
}

/** What to start, and where what it says is kept beside being shown. */
export interface KeptControlOptions extends ControlStartOptions {
  readonly log?: SessionLog;
}

type Listening = Extract<ControlStart, { readonly kind: "listening" }>;

/** Starts it. Throws a `CliError` when it does not start; later ends are told on standard error. */
export async function keepControl(
  context: CliContext,
  options: KeptControlOptions,
  signal?: AbortSignal,
): Promise<KeptControl | undefined> {
  const untilMs = performance.now() + predecessorMs;
  for (;;) {
    const keeper = new Keeper(context, options);
    const first = await keeper.start(undefined, signal);
    if (signal?.aborted) {
      await keeper.close();
      return undefined;
    }
    if (first.kind === "listening") return keeper.keep(first);
    const isHeld = /: process \d+ does already;/.test(first.message);
    if (!isHeld || performance.now() > untilMs) {
      throw new CliError(first.message.split("\n").map(escapeControls).join("\n"));
    }
    await new Promise((resolve) => setTimeout(resolve, firstWaitMs));
  }
}

class Keeper {
  readonly #context: CliContext;
  readonly #options: ControlStartOptions;
  readonly #log: SessionLog | undefined;
  #process: StartedProcess | undefined;
  #isEnding = false;
  #restarts = 0;
  #report: ControlReport | undefined;
  #heardMs = 0;
  #now: KeptState | undefined;
  readonly #followers = new Set<(now: KeptState) => void>();
  #wake: () => void = () => {};

  constructor(context: CliContext, { log, ...options }: KeptControlOptions) {
    this.#context = context;
    this.#options = options;
    this.#log = log;
  }

  async start(port: number | undefined, signal?: AbortSignal): Promise<ControlStart> {
    const { controlEntry, process: own } = this.#context;
    const startOptions: ProcessStartOptions = {
      entry: controlEntry,
      arguments: controlArguments({
        ...this.#options,
        ...(port !== undefined && { port, restarts: this.#restarts }),
      }),
      endsWithUs: true,
      environment: own.env,
      onLogLine: (line) => {
        this.#log?.write("control", line);
        // An end that was asked for looks like a fault to whatever is connected.
        if (!this.#isEnding) own.stderr.write(`${formatLogLine(line, own.stderr.palette)}\n`);
      },
      onLine: (line) => this.#take(line),
      ...(signal && { signal }),
    };
    const started = await startControl(startOptions);
    if (started.kind === "listening") {
      this.#process = started.process;
      this.#heardMs = this.#context.now();
      this.#tellState({ state: "running", pid: started.process.pid });
    }
    return started;
  }

  keep(first: Listening): KeptControl {
    const { feed, kubeconfig } = first;
    // kubectl and others have its address already.
    void this.#follow(first, Number(new URL(first.url).port));
    const now = () => this.now;
    return {
      ...{ feed, kubeconfig, close: () => this.close() },
      get now() {
        return now();
      },
      onChange: (callback) => {
        this.#followers.add(callback);
        return () => this.#followers.delete(callback);
      },
    };
  }

  get now(): KeptState {
    const now = this.#now ?? {
      state: "starting",
      pid: 0,
      sinceMs: this.#context.now(),
      restarts: 0,
    };
    const isSilent = now.state === "running" && this.#context.now() - this.#heardMs > silentMs;
    const report = this.#report;
    return { ...now, ...(isSilent && { state: "silent" }), ...(report && { report }) };
  }

  #take(line: string): void {
    const report = tryParseReport(line);
    if (report === undefined) return;
    this.#report = report;
    this.#heardMs = this.#context.now();
    for (const follower of [...this.#followers]) follower(this.now);
  }

  #tellState(change: Omit<KeptState, "sinceMs" | "restarts">): void {
    this.#now = { ...change, sinceMs: this.#context.now(), restarts: this.#restarts };
    for (const follower of [...this.#followers]) follower(this.now);
  }

  async #follow(first: Listening, port: number): Promise<void> {
    let waitMs = firstWaitMs;
    let { process: child } = first;
    for (;;) {
      const startedMs = performance.now();
      const end = await child.exited;
      if (this.#isEnding) return;
      const { pid } = child;
      this.#tell(`The control process is gone: ${escapeControls(end)}; starting it again`);
      this.#restarts++;
      this.#tellState({ state: "starting", pid, problem: end });
      if (performance.now() - startedMs > healthyMs) waitMs = firstWaitMs;
      for (;;) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          setTimeout(resolve, waitMs).unref();
        });
        if (this.#isEnding) return;
        waitMs = Math.min(2 * waitMs, longestWaitMs);
        const again = await this.start(port);
        if (again.kind === "listening") {
          child = again.process;
          break;
        }
        this.#tell(escapeControls(again.message));
        this.#tellState({ state: "starting", pid, problem: again.message });
      }
    }
  }

  #tell(text: string): void {
    const { stderr } = this.#context.process;
    this.#log?.write("control", JSON.stringify({ level: "warn", message: text }));
    stderr.write(`${stderr.palette.yellow("Warning:")} ${text}\n`);
  }

  async close(): Promise<void> {
    this.#isEnding = true;
    this.#wake();
    const child = this.#process;
    if (child === undefined) return;
    child.terminate();
    const timer = setTimeout(() => child.kill(), stopMs);
    await child.exited;
    clearTimeout(timer);
  }
}

/** It is our own process that writes them; other lines are not for us. */
function tryParseReport(line: string): ControlReport | undefined {
  try {
    const said: Partial<ReportLine> = Object(JSON.parse(line));
    return said.kind === "report" && said.report?.kind === "ControlStatus"
      ? said.report
      : undefined;
  } catch {
    return undefined;
  }
}
