/**
 * A gateway process started in the ways that `startGateway` does not offer: on a home that another one left behind,
 * without ties to whoever started it, or with standard output closed. Whatever is left of it ends with the test.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CONTROL_PATH } from "../../gateway/control-api.ts";
import type { GatewayProcessStatus, RunRegistration } from "../../gateway/control-api.ts";
import type { AgentAccess } from "./agent-requests.ts";
import { basicAuthorization } from "./connect-proxy-client.ts";
import { askControl } from "./control-client.ts";
import { descendants, isRunning } from "./process-table.ts";
import { waitUntil } from "./processes.ts";
import type { TestScope } from "./processes.ts";

const startDeadlineMs = 20_000;
const program = join(import.meta.dirname, "../../gateway/main.ts");

/** Where and how it is started. */
export interface LaunchOptions {
  /** `CLRK_HOME` */
  readonly home: string;
  /** Files and folders with manifests */
  readonly paths: readonly string[];
  /** More arguments, such as `--exit-with-parent` */
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** A shell in between starts it, and waits for it; `starter` is then that shell's process id */
  readonly throughShell?: true;
}

/** A process that was started, serving or not. */
export interface LaunchedGateway {
  /** The gateway process; 0 until it said so */
  readonly pid: number;
  /** What the test started: the gateway itself, or the shell in between */
  readonly starter: ChildProcess;
  readonly controlSocket: string;
  /** Everything on standard output and error so far */
  readonly output: string;
  status(): Promise<GatewayProcessStatus>;
  /** Registers a run that lives as long as this test process. */
  registerRun(agent: string): Promise<AgentAccess>;
  /** Resolves when neither the gateway nor anything it started lives; rejects at `deadlineMs`. */
  waitUntilGone(deadlineMs: number): Promise<void>;
}

/** Starts the process and resolves when it said where it listens, or that it failed (`controlSocket` is then empty). */
export async function launchGateway(
  scope: TestScope,
  options: LaunchOptions,
): Promise<LaunchedGateway> {
  const args = ["--disable-warning=ExperimentalWarning", program, "--concurrency", "1"];
  const words = [
    ...[process.execPath, ...args, ...options.paths.flatMap((path) => ["-f", path])],
    ...(options.args ?? []),
  ];
  const [command = "", ...rest] = options.throughShell
    ? ["/bin/sh", "-c", '"$@" & wait', "sh", ...words]
    : words;
  const { PATH, HOME, CLRK_ENVOY, NODE_COMPILE_CACHE } = process.env;
  const inherited = { PATH, HOME, CLRK_ENVOY, NODE_COMPILE_CACHE };
  const starter = spawn(command, rest, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...inherited, ...options.environment, CLRK_HOME: options.home },
  });
  const launched = new Launched(starter);
  scope.teardown(() => launched.destroy());
  await launched.waitUntilSaid();
  return launched;
}

class Launched implements LaunchedGateway {
  pid = 0;
  controlSocket = "";
  readonly starter: ChildProcess;
  #stdout = "";
  #stderr = "";
  #ended = false;
  readonly #started = new Set<number>();

  constructor(starter: ChildProcess) {
    this.starter = starter;
    starter.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
    });
    starter.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    starter.stdin?.on("error", () => {}); // EPIPE: it may be gone
    starter.once("exit", () => {
      this.#ended = true;
    });
  }

  get output(): string {
    return this.#stdout + this.#stderr;
  }

  async waitUntilSaid(): Promise<void> {
    await waitUntil(() => this.#stdout.includes("\n") || this.#ended, {
      deadlineMs: startDeadlineMs,
      what: "first line of the gateway",
    });
    const [line = ""] = this.#stdout.split("\n", 1);
    if (line === "") return;
    // Written by gateway/main.ts.
    const said = JSON.parse(line) as { pid?: number; controlSocket?: string };
    this.pid = said.pid ?? 0;
    this.controlSocket = said.controlSocket ?? "";
  }

  async status(): Promise<GatewayProcessStatus> {
    const { value } = await askControl(this.controlSocket, `GET ${CONTROL_PATH.status}`);
    for (const pid of descendants(this.pid)) this.#started.add(pid);
    // The interface's own type for this path.
    return value as GatewayProcessStatus;
  }

  async registerRun(agent: string): Promise<AgentAccess> {
    const body = { agent, command: "test" };
    const { status, value } = await askControl(
      this.controlSocket,
      `POST ${CONTROL_PATH.runs}`,
      body,
    );
    if (status !== 201) throw new Error(`Cannot register run: ${JSON.stringify(value)}`);
    // Likewise.
    const run = value as RunRegistration;
    await askControl(this.controlSocket, `POST ${CONTROL_PATH.runs}/${run.runId}/process`, {
      pid: process.pid,
    });
    const url = new URL(run.proxyUrl);
    return {
      ca: readFileSync(run.trust.bundle, "utf8"),
      proxy: { address: url.hostname, port: Number(url.port) },
      authorization: basicAuthorization(url.username, url.password),
    };
  }

  async waitUntilGone(deadlineMs: number): Promise<void> {
    await waitUntil(() => [this.pid, ...this.#started].every((pid) => !isRunning(pid)), {
      deadlineMs,
      what: "end of the gateway and all it started",
    });
  }

  async destroy(): Promise<void> {
    const left = [this.pid, ...this.#started, ...(this.pid > 0 ? descendants(this.pid) : [])];
    for (const pid of left.filter((one) => one > 0 && isRunning(one))) {
      process.kill(pid, "SIGKILL");
    }
    this.starter.kill("SIGKILL");
    this.starter.stdin?.destroy();
    this.starter.stdout?.destroy();
    this.starter.stderr?.destroy();
  }
}
