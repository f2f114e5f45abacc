/**
 * The control process of `clrk dev`: started first, started again when it ends, and ended with us. Gateways go on with
 * what they were told last while it is away.
 */
import type { CliContext } from "./cli-context.ts";
import { CliError } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import { controlArguments } from "./gateway-arguments.ts";
import type { ControlStartOptions } from "./gateway-arguments.ts";
import { formatLogLine } from "./log-line.ts";
import { startControl } from "./process-start.ts";
import type { ControlStart, ProcessStartOptions, StartedProcess } from "./process-start.ts";

/** Waits before the next start, doubled with each that fails up to the longest. */
const firstWaitMs = 200;
const longestWaitMs = 10_000;

/** A process that lived for so long is started again at once. */
const healthyMs = 10_000;

/** Time for it to write down what it has, when it is asked to stop. */
const stopMs = 1_500;

/** Time for the control process of a session that has just ended to leave. */
const predecessorMs = 3_000;

/** What is kept running. */
export interface KeptControl {
  /** Socket where a gateway is told its objects */
  readonly feed: string;
  readonly kubeconfig: string;
  /** Stops the process, by force after 1.5 s. Idempotent. */
  close(): Promise<void>;
}

type Listening = Extract<ControlStart, { readonly kind: "listening" }>;

/** Starts it. Throws a `CliError` when it does not start; later ends are told on standard error. */
export async function keepControl(
  context: CliContext,
  options: ControlStartOptions,
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
  #process: StartedProcess | undefined;
  #isEnding = false;
  #wake: () => void = () => {};

  constructor(context: CliContext, options: ControlStartOptions) {
    this.#context = context;
    this.#options = options;
  }

  async start(port: number | undefined, signal?: AbortSignal): Promise<ControlStart> {
    const { controlEntry, process: own } = this.#context;
    const startOptions: ProcessStartOptions = {
      entry: controlEntry,
      arguments: controlArguments({ ...this.#options, ...(port !== undefined && { port }) }),
      endsWithUs: true,
      environment: own.env,
      onLogLine: (line) => {
        // An end that was asked for looks like a fault to whatever is connected.
        if (!this.#isEnding) own.stderr.write(`${formatLogLine(line, own.stderr.palette)}\n`);
      },
      ...(signal && { signal }),
    };
    const started = await startControl(startOptions);
    if (started.kind === "listening") this.#process = started.process;
    return started;
  }

  keep(first: Listening): KeptControl {
    const { feed, kubeconfig } = first;
    // kubectl and others have its address already.
    void this.#follow(first, Number(new URL(first.url).port));
    return { feed, kubeconfig, close: () => this.close() };
  }

  async #follow(first: Listening, port: number): Promise<void> {
    let waitMs = firstWaitMs;
    let { process: child } = first;
    for (;;) {
      const startedMs = performance.now();
      const end = await child.exited;
      if (this.#isEnding) return;
      this.#tell(`The control process is gone: ${escapeControls(end)}; starting it again`);
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
      }
    }
  }

  #tell(text: string): void {
    const { stderr } = this.#context.process;
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
