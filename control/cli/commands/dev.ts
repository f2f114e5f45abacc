/**
 * `clrk dev`: serves manifests in the foreground and tells what happens.
 * Invariant: whatever ends the session (a signal, a closed terminal, an error), the gateway that it started ends too,
 * within two seconds; only a kill of this process leaves it serving.
 */
import type { ControlEvent } from "../../../gateway/control-api.ts";
import { envoyVersion } from "../../../gateway/envoy-release.ts";
import { systemClock } from "../../../gateway/clock.ts";
import { StartMemory } from "../../../gateway/start-memory.ts";
import type { CliContext, Interruption } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { describeRecordsFile, DevNarrator, formatEndpoint } from "../dev-narrator.ts";
import {
  checkGatewayOptions,
  checkTelemetryFlags,
  gatewayArguments,
} from "../gateway-arguments.ts";
import type { GatewayOptions, TelemetryFlags } from "../gateway-arguments.ts";
import { createGatewayClient } from "../gateway-client.ts";
import type { ControlStream, GatewayClient } from "../gateway-client.ts";
import { startGateway } from "../process-start.ts";
import type { StartedProcess } from "../process-start.ts";
import { OutputSwitch } from "../output-switch.ts";
import type { DevScreen } from "../screen/dev-screen.ts";
import type { ScreenStreams } from "../screen/screen-view.ts";
import { keepControl } from "../kept-control.ts";
import type { KeptControl } from "../kept-control.ts";
import { formatLogLine } from "../log-line.ts";
import { openSessionLog } from "../session-log.ts";
import type { SessionLog } from "../session-log.ts";
import { shortenPath } from "../problem-line.ts";
import { describeTelemetry } from "../telemetry-lines.ts";
import { describeEnvoySource, prepareEnvoy } from "../prepare-envoy.ts";
import { findRunningGateways } from "../running-gateways.ts";
import { stopGateway } from "../stop-gateway.ts";
import { describeAge, ageSince } from "../age.ts";

/** Options as the user gave them. */
export interface DevFlags extends TelemetryFlags {
  readonly file?: readonly string[];
  readonly secret?: readonly string[];
  readonly provider?: readonly string[];
  readonly transparent?: string;
  readonly metrics?: string;
  readonly plain?: boolean;
  readonly concurrency?: number;
  readonly "engine-threads"?: number;
  readonly nats?: readonly string[];
  readonly "nats-credentials"?: string;
  readonly replace?: boolean;
}

/** A promise to the user: Ctrl-C is done after this time. */
const stopMs = 2_000;

/** A gateway that is not ready after this time is worth a line; usually it takes half a second. */
const settleMs = 3_000;

/** Time before a broken event stream is opened again. */
const reconnectMs = 200;

/** Runs until it is interrupted or the gateway ends; throws a `CliError` when it cannot start. */
export async function dev(this: CliContext, flags: DevFlags): Promise<void> {
  const { file = [], secret = [], replace = false, plain = false, ...rest } = flags;
  const options = { file, secret, ...rest };
  if (file.length === 0) {
    throw new CliError(
      "Cannot serve: no manifests are named\nName a folder that has some: clrk dev -f examples/quickstart",
      { exitCode: EXIT_CODE.usage },
    );
  }
  const { env } = this.process;
  const { workingDirectory } = this;
  await checkTelemetryFlags(options);
  await checkGatewayOptions(options, { workingDirectory, env });
  await makeWay(this, replace);
  const interruption = watchInterruptions(this);
  const output = new OutputSwitch(this);
  const log = openSessionLog(this.home, this.now);
  try {
    const process = await start(output.context, { ...options, log }, interruption.signal);
    if (process === undefined) return;
    const streams = plain ? undefined : this.terminal;
    const parts = { output, interruption, ...(streams && { streams }) };
    await using session = new DevSession(process, parts);
    this.process.exitCode = await session.run();
  } finally {
    interruption.release();
    await log.close();
  }
}

async function makeWay(context: CliContext, replaces: boolean): Promise<void> {
  const { answering } = await findRunningGateways(context.home);
  if (replaces) {
    for (const gateway of answering) {
      await stopGateway(gateway);
      context.process.stdout.write(`Stopped gateway process ${gateway.pid}\n`);
    }
    return;
  }
  const [first] = answering;
  if (first === undefined) return;
  const { pid, status } = first;
  const ageMs = ageSince(status.startedAt, context.now());
  const since = ageMs === undefined ? "" : ` for ${describeAge(ageMs)}`;
  const served = escapeControls(status.directories.join(", "));
  throw new CliError(
    [
      `A gateway is running already: process ${pid} serves ${served || "nothing"}${since}`,
      `Stop it: clrk stop ${pid}`,
      "Or take its place: clrk dev --replace",
      "Or keep both, with a home of its own for this one: CLRK_HOME=DIR clrk dev",
    ].join("\n"),
  );
}

interface Interruptions {
  /** Aborts at the first one */
  readonly signal: AbortSignal;
  /** Aborts at the first Ctrl-C after that: a terminal that goes gives several reasons at once */
  readonly forced: AbortSignal;
  /** As if the user had pressed Ctrl-C */
  interrupt(): void;
  release(): void;
}

function watchInterruptions(context: CliContext): Interruptions {
  const [first, again] = [new AbortController(), new AbortController()];
  const listen = (reason: Interruption) => {
    if (!first.signal.aborted) first.abort();
    else if (reason === "SIGINT") again.abort();
  };
  const release = context.onInterrupt(listen);
  const interrupt = () => listen("SIGINT");
  return { signal: first.signal, forced: again.signal, interrupt, release };
}

/** What a session runs. */
interface DevProcesses {
  readonly child: StartedProcess;
  readonly client: GatewayClient;
  readonly control: KeptControl;
}

/** What is started, and where what it says is kept. */
interface StartOptions extends GatewayOptions {
  readonly log: SessionLog;
}

/** The running processes; undefined when the user interrupted the start. */
async function start(
  context: CliContext,
  options: StartOptions,
  signal: AbortSignal,
): Promise<DevProcesses | undefined> {
  const { stdout } = context.process;
  const envoy = await prepareEnvoy(context, { output: stdout, signal });
  if (signal.aborted) return undefined;
  const source = describeEnvoySource(envoy, context.workingDirectory);
  stdout.write(
    `${`Envoy ${envoy.version || envoyVersion}`.padEnd(14)} ready (${escapeControls(source)})\n`,
  );
  const control = await keepControl(context, options, signal);
  if (control === undefined) return undefined;
  try {
    const gateway = await startFed(context, options, { feed: control.feed, signal });
    if (gateway !== undefined) return { ...gateway, control };
  } catch (error) {
    await control.close();
    throw error;
  }
  await control.close();
  return undefined;
}

async function startFed(
  context: CliContext,
  { log, ...options }: StartOptions,
  { feed, signal }: { readonly feed: string; readonly signal: AbortSignal },
): Promise<Omit<DevProcesses, "control"> | undefined> {
  const { stderr, env } = context.process;
  // The password of the store is the control process's alone.
  const { CLRK_CLICKHOUSE_PASSWORD: _, ...environment } = env;
  const started = await startGateway({
    entry: context.gatewayEntry,
    arguments: gatewayArguments({
      ...options,
      file: [],
      feed,
      // More of them is for more traffic than one person has; each holds 25 MB.
      "engine-threads": options["engine-threads"] ?? 1,
    }),
    endsWithUs: false,
    environment,
    onLogLine: (line) => {
      log.write("gateway", line);
      // An end that was asked for looks like a fault to whatever is connected.
      if (!signal.aborted) stderr.write(`${formatLogLine(line, stderr.palette)}\n`);
    },
    signal,
  });
  if (signal.aborted) {
    if (started.kind === "listening") started.process.kill();
    return undefined;
  }
  if (started.kind === "failed") throw new CliError(escapeLines(started.message));
  return { child: started.process, client: createGatewayClient(started.controlSocket) };
}

function escapeLines(text: string): string {
  return text.split("\n").map(escapeControls).join("\n");
}

/** With whom a session deals besides its processes. */
interface DevSessionParts {
  readonly output: OutputSwitch;
  readonly interruption: Interruptions;
  /** Present: the session has a screen */
  readonly streams?: ScreenStreams;
}

class DevSession {
  readonly #context: CliContext;
  readonly #output: OutputSwitch;
  readonly #streams: ScreenStreams | undefined;
  readonly #child: StartedProcess;
  readonly #client: GatewayClient;
  readonly #control: KeptControl;
  readonly #interruption: Interruptions;
  readonly #narrator: DevNarrator;
  #screen: DevScreen | undefined;
  #stream: ControlStream | undefined;
  #settled: NodeJS.Timeout | undefined;
  #telemetry = "";
  #unfollow: () => void = () => {};
  #inFlight = 0;
  #isStopping = false;

  constructor(process: DevProcesses, { output, interruption, streams }: DevSessionParts) {
    const { context } = output;
    const { stdout } = context.process;
    this.#context = context;
    this.#output = output;
    this.#streams = streams;
    this.#child = process.child;
    this.#client = process.client;
    this.#control = process.control;
    this.#interruption = interruption;
    this.#narrator = new DevNarrator({
      palette: stdout.palette,
      columns: stdout.columns,
      workingDirectory: context.workingDirectory,
      now: context.now,
      showsProblems: () => this.#screen !== undefined,
    });
  }

  /** Tells events until the end; resolves with the exit code. */
  async run(): Promise<number> {
    new StartMemory(systemClock).settle();
    if (this.#streams !== undefined) await this.#openScreen(this.#streams);
    const following = this.#follow();
    await this.#tellStart();
    const interrupted = new Promise<undefined>((resolve) => {
      if (this.#interruption.signal.aborted) resolve(undefined);
      this.#interruption.signal.addEventListener("abort", () => resolve(undefined));
    });
    const end = await Promise.race([this.#child.exited, interrupted]);
    if (end === undefined) {
      await this.#stop();
      return EXIT_CODE.done;
    }
    this.#close();
    await this.#closeScreen();
    await following;
    throw new CliError(
      `The gateway process is gone: ${end}\nStart it again: clrk dev; if it ends again: clrk doctor`,
    );
  }

  /** Never leaves the process behind, also when telling about it failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await this.#closeScreen();
    this.#child.kill();
    await Promise.all([this.#child.exited, this.#control.close()]);
  }

  #close(): void {
    this.#isStopping = true;
    clearTimeout(this.#settled);
    this.#unfollow();
    this.#stream?.close();
  }

  /** Reads events as long as the process lives: a stream that is cut (a stopped terminal) is opened again. */
  async #follow(): Promise<void> {
    while (!this.#isStopping) {
      const withRecords = this.#screen === undefined;
      const stream = this.#client.followEvents((event) => this.#onEvent(event), { withRecords });
      this.#stream = stream;
      // Why it could not be opened is said when the process ends.
      await stream.opened.catch(() => {});
      await stream.ended;
      if (this.#isStopping) return;
      await new Promise((resolve) => setTimeout(resolve, reconnectMs));
    }
  }

  async #tellStart(): Promise<void> {
    const status = await this.#client.status().catch(() => undefined);
    // It has ended already, which run() tells.
    if (status === undefined) return;
    const { workingDirectory } = this.#context;
    const kubeconfig = escapeControls(shortenPath(this.#control.kubeconfig, workingDirectory));
    this.#print([
      ...(status.metrics
        ? [`Metrics        http://${formatEndpoint(status.metrics)}/metrics`]
        : []),
      describeRecordsFile(status, workingDirectory),
      `Objects        kubectl --kubeconfig ${kubeconfig} get clrk`,
    ]);
    this.#print(this.#narrator.status(status, { settled: false }));
    await this.#tellObjects();
    this.#unfollow = this.#control.onChange(() => this.#tellTelemetry());
    this.#tellTelemetry();
    this.#settled = setTimeout(() => void this.#tellSettled(), settleMs);
  }

  /** Where agents send theirs, where it lies, and what is wrong with it: once each. */
  #tellTelemetry(): void {
    const { report } = this.#control.now;
    if (report === undefined || report.telemetry.state === "opening" || this.#isStopping) return;
    const { workingDirectory } = this.#context;
    const { palette } = this.#context.process.stdout;
    const line = describeTelemetry(report.telemetry, { workingDirectory, palette });
    if (line === this.#telemetry) return;
    this.#telemetry = line;
    this.#print([line]);
  }

  async #openScreen(streams: ScreenStreams): Promise<void> {
    const { workingDirectory, now } = this.#context;
    const status = await this.#client.status().catch(() => undefined);
    // It has ended already, which run() tells.
    if (status === undefined) return;
    const { openDevScreen } = await import("../screen/dev-screen.ts");
    if (this.#interruption.signal.aborted) return;
    const screen = await openDevScreen(
      {
        streams,
        client: this.#client,
        palette: this.#context.process.stdout.palette,
        workingDirectory,
        kubeconfig: shortenPath(this.#control.kubeconfig, workingDirectory),
        control: this.#control,
        now,
        onQuit: () => this.#interruption.interrupt(),
      },
      status,
    );
    this.#screen = screen;
    this.#output.divert((line) => screen.note(line));
    void screen.ended.then((error) => this.#onScreenEnd(error));
  }

  /** Without its screen the session goes on with lines. */
  async #onScreenEnd(error: Error | undefined): Promise<void> {
    if (error === undefined) return;
    await this.#closeScreen();
    const { stderr } = this.#context.process;
    const why = escapeControls(error.message);
    stderr.write(
      `${stderr.palette.yellow("Warning:")} The screen failed: ${why}; going on with lines\n`,
    );
    // The stream that is opened in its place has the records.
    this.#stream?.close();
  }

  async #closeScreen(): Promise<void> {
    const screen = this.#screen;
    this.#screen = undefined;
    await screen?.close();
    this.#output.restore();
  }

  async #tellSettled(): Promise<void> {
    const status = await this.#client.status().catch(() => undefined);
    if (status === undefined || this.#isStopping) return;
    this.#print(this.#narrator.status(status, { settled: true }));
    if (status.revision > 0 || status.problems.length > 0) return;
    this.#settled = setTimeout(() => void this.#tellSettled(), settleMs);
  }

  async #tellObjects(): Promise<void> {
    const list = await this.#client.objects().catch(() => undefined);
    if (list !== undefined) this.#print(this.#narrator.objects(list.items));
  }

  #onEvent(event: ControlEvent): void {
    if (event.kind === "stopping") this.#inFlight = event.inFlight;
    this.#screen?.onEvent(event);
    this.#print(this.#narrator.event(event));
    if (event.kind === "revision") void this.#tellObjects();
  }

  async #stop(): Promise<void> {
    const { stdout } = this.#context.process;
    clearTimeout(this.#settled);
    await this.#closeScreen();
    let isForced = false;
    const force = () => {
      isForced = true;
      this.#child.kill();
    };
    const { forced } = this.#interruption;
    forced.addEventListener("abort", force);
    if (forced.aborted) force();
    // The terminal shows ^C where the cursor is.
    stdout.write(`${stdout.isTerminal ? "\n" : ""}Stopping …\n`);
    const timer = setTimeout(force, stopMs - 100);
    // A process that no longer answers gets a signal instead.
    await this.#client.stop().catch(() => this.#child.terminate());
    await Promise.all([this.#child.exited, this.#control.close()]);
    clearTimeout(timer);
    this.#close();
    const cut = `${this.#inFlight} ${this.#inFlight === 1 ? "request was" : "requests were"} cut`;
    const end = isForced ? "Stopped by force" : "Stopped";
    stdout.write(this.#inFlight > 0 ? `${end}: ${cut} in flight\n` : `${end}\n`);
  }

  #print(lines: readonly string[]): void {
    for (const line of lines) this.#context.process.stdout.write(`${line}\n`);
  }
}
