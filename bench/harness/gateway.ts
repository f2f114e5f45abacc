/**
 * A real gateway process with a real Envoy for one test: manifests in a folder that it watches, everything it says
 * on its control socket, and clients' environments. All of it ends with the test, also when the test is killed.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { agentEnvironment, defaultNoProxy } from "../../control/cli/agent-environment.ts";
import { CONTROL_PATH } from "../../gateway/control-api.ts";
import type {
  BudgetList,
  ControlEvent,
  GatewayProcessStatus,
  ObjectList,
  RunRegistration,
  SourceProblem,
} from "../../gateway/control-api.ts";
import { processFlags } from "../../gateway/process-flags.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { basicAuthorization } from "./connect-proxy-client.ts";
import { askControl, followEvents } from "./control-client.ts";
import { temporaryDirectory, waitUntil } from "./processes.ts";
import type { TestScope } from "./processes.ts";
import type { Endpoint } from "./proxy-protocol-header.ts";

const startDeadlineMs = 20_000;
const stopDeadlineMs = 5_000;
/** Of what must come, however busy the machine. */
const defaultDeadlineMs = 20_000;
const logLimitCharacters = 262_144;
const shownLogCharacters = 2_000;
const program = join(import.meta.dirname, "../../gateway/main.ts");

/** One Secret that the process gets by its command line and environment, as `clrk dev --secret` passes it. */
export interface SecretOption {
  readonly name: string;
  /** "token" when absent */
  readonly key?: string;
  readonly value: string;
}

/** What the process is started with. */
export interface GatewayOptions {
  /** Manifest files by name; written before the start */
  readonly manifests: Readonly<Record<string, string>>;
  /** Socket of a control process that is followed in place of manifests */
  readonly feed?: string;
  readonly secrets?: readonly SecretOption[];
  /** More sources of Secrets, as `--secret` takes them */
  readonly secretSources?: readonly string[];
  /** Provider plugins, as `--provider` names them */
  readonly plugins?: readonly string[];
  /** Open a transparent listener too */
  readonly transparent?: boolean;
  /** As many as the gateway chooses when absent */
  readonly engineThreads?: number;
  /** NATS servers by which limits are shared */
  readonly nats?: readonly string[];
  /** `CLRK_HOME`, which may be that of a process before; a new one when absent */
  readonly home?: string;
  /** Longest start in `ms`, on a machine that is busy; 20 s when absent */
  readonly startDeadlineMs?: number;
  /** Of the process itself, beside what it needs to run */
  readonly environment?: Readonly<Record<string, string>>;
  /** Files that it, and what it starts, may open; as many as this process when absent */
  readonly openFiles?: number;
}

/** A registered run with all that a client of it needs. */
export interface GatewayRun extends RunRegistration {
  readonly proxy: Endpoint;
  /** Value of `Proxy-Authorization` */
  readonly authorization: string;
  /** PEM that the agent trusts */
  readonly ca: string;
  /** Whole environment of an agent, as `clrk run` makes it; with `more` added by the caller */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends the run; its credential is refused from then on. */
  end(): Promise<void>;
}

/** A gateway process that serves. */
export interface RunningGateway {
  readonly controlSocket: string;
  /** Folder of this process's state (`CLRK_HOME`) */
  readonly home: string;
  readonly directory: string;
  /** What the process logged so far */
  readonly log: string;
  /** Everything that the event stream said so far, oldest first */
  readonly events: readonly ControlEvent[];
  /** Records so far, in the order in which they were made */
  readonly records: readonly EgressRecord[];
  status(): Promise<GatewayProcessStatus>;
  objects(kind?: string): Promise<ObjectList>;
  /** What is used of budgets, as `clrk get budgets` shows it. */
  budgets(): Promise<BudgetList["items"]>;
  /** Registers a run that lives until `end()` or the end of this test. */
  registerRun(agent: string, gateway?: string): Promise<GatewayRun>;
  /** Address of the transparent listener of the gateway of that name, "egress" when absent. */
  transparent(gateway?: string): Promise<Endpoint>;
  /** The first record that matches, also of the past; rejects at `deadlineMs` (5 s when absent). */
  waitForRecord(
    matches: (record: EgressRecord) => boolean,
    deadlineMs?: number,
  ): Promise<EgressRecord>;
  /** Writes a manifest file at once, as `mv` does; the process finds it by itself. */
  writeManifest(name: string, text: string): void;
  removeManifest(name: string): void;
  /** Resolves with the revision that is live in Envoy once it is above `above`; rejects after 5 s. */
  waitForRevision(above: number): Promise<number>;
  /** Writes a manifest file (or removes it for `undefined`) and waits until the change is live. */
  change(name: string, text: string | undefined): Promise<number>;
  /** Problems of files that were reported since `since` events; rejects after 5 s. */
  waitForProblems(since?: number): Promise<readonly SourceProblem[]>;
  /** Process ids of the gateway process and of its Envoys. */
  pids(): Promise<{ readonly gateway: number; readonly envoys: readonly number[] }>;
  /** The process itself; killing it is a test's right. */
  readonly child: ChildProcess;
  /** Stops the process as its parent's end does and resolves with its exit code. Idempotent. */
  close(): Promise<number | null>;
}

/** Starts the process and resolves when the manifests are live in every Envoy; rejects with what it logged. */
export async function startGateway(
  scope: TestScope,
  options: GatewayOptions,
): Promise<RunningGateway> {
  const root = temporaryDirectory(scope);
  const directory = join(root, "policy");
  await mkdir(directory);
  for (const [name, text] of Object.entries(options.manifests)) {
    writeFileSync(join(directory, name), text);
  }
  const home = options.home ?? join(root, "home");
  const process = await startProcess(scope, { home, directory, options });
  const events: ControlEvent[] = [];
  const records: EgressRecord[] = [];
  const stopFollowing = await followEvents(process.controlSocket, (event) => {
    if (event.kind === "record") records.push(event.record);
    else events.push(event);
  });
  scope.teardown(stopFollowing);
  const gateway = new Gateway({ scratch: root, home, directory, process, events, records });
  await gateway.waitUntilServing(options.startDeadlineMs ?? startDeadlineMs);
  return gateway;
}

interface GatewayParts {
  readonly scratch: string;
  readonly home: string;
  readonly directory: string;
  readonly process: StartedProcess;
  readonly events: readonly ControlEvent[];
  readonly records: readonly EgressRecord[];
}

class Gateway implements RunningGateway {
  readonly controlSocket: string;
  readonly home: string;
  readonly directory: string;
  readonly events: readonly ControlEvent[];
  readonly records: readonly EgressRecord[];
  readonly child: ChildProcess;
  readonly #process: StartedProcess;
  readonly #scratch: string;

  constructor(parts: GatewayParts) {
    this.controlSocket = parts.process.controlSocket;
    this.home = parts.home;
    this.directory = parts.directory;
    this.events = parts.events;
    this.records = parts.records;
    this.child = parts.process.child;
    this.#process = parts.process;
    this.#scratch = parts.scratch;
  }

  get log(): string {
    return this.#process.log();
  }

  async status(): Promise<GatewayProcessStatus> {
    // The interface's own type for this path.
    return (await this.#ask(`GET ${CONTROL_PATH.status}`)) as GatewayProcessStatus;
  }

  async objects(kind?: string): Promise<ObjectList> {
    const query = kind === undefined ? "" : `?kind=${kind}`;
    // Likewise.
    return (await this.#ask(`GET ${CONTROL_PATH.objects}${query}`)) as ObjectList;
  }

  async budgets(): Promise<BudgetList["items"]> {
    // Likewise.
    return ((await this.#ask(`GET ${CONTROL_PATH.budgets}`)) as BudgetList).items;
  }

  async registerRun(agent: string, gateway?: string): Promise<GatewayRun> {
    const body = { agent, command: "test", ...(gateway !== undefined && { gateway }) };
    // Likewise.
    const run = (await this.#ask(`POST ${CONTROL_PATH.runs}`, body)) as RunRegistration;
    await this.#ask(`POST ${CONTROL_PATH.runs}/${run.runId}/process`, { pid: process.pid });
    const url = new URL(run.proxyUrl);
    const { PATH, HOME } = process.env;
    const { environment } = agentEnvironment({
      userEnvironment: { PATH, HOME },
      proxyUrl: run.proxyUrl,
      bundlePath: run.trust.bundle,
      hashedDirectory: run.trust.directory,
      noProxy: defaultNoProxy,
    });
    return {
      ...run,
      proxy: { address: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port) },
      authorization: basicAuthorization(url.username, url.password),
      ca: readFileSync(run.trust.bundle, "utf8"),
      environment,
      end: async () => {
        await this.#ask(`DELETE ${CONTROL_PATH.runs}/${run.runId}`);
      },
    };
  }

  async transparent(gateway = "egress"): Promise<Endpoint> {
    const { gateways } = await this.status();
    const endpoint = gateways.find(({ name }) => name === gateway)?.transparent;
    if (endpoint === undefined) {
      throw new Error(`Cannot find transparent listener of "${gateway}": it has none`);
    }
    return endpoint;
  }

  waitForRecord(
    matches: (record: EgressRecord) => boolean,
    deadlineMs: number = defaultDeadlineMs,
  ): Promise<EgressRecord> {
    return waitUntil(() => this.records.find(matches), { deadlineMs, what: "record" });
  }

  writeManifest(name: string, text: string): void {
    const temporary = join(this.#scratch, `new-${name}`);
    writeFileSync(temporary, text);
    renameSync(temporary, join(this.directory, name));
  }

  removeManifest(name: string): void {
    rmSync(join(this.directory, name));
  }

  async waitForRevision(above: number): Promise<number> {
    return waitUntil(() => this.#liveRevisions().find((revision) => revision > above), {
      deadlineMs: defaultDeadlineMs,
      what: `live revision above ${above}`,
    });
  }

  async change(name: string, text: string | undefined): Promise<number> {
    const { revision } = await this.status();
    if (text === undefined) this.removeManifest(name);
    else this.writeManifest(name, text);
    return this.waitForRevision(revision);
  }

  waitForProblems(since = 0): Promise<readonly SourceProblem[]> {
    return waitUntil(
      () =>
        this.events
          .slice(since)
          .flatMap((event) => (event.kind === "problems" ? [event.problems] : []))
          .at(-1),
      { deadlineMs: defaultDeadlineMs, what: "problems" },
    );
  }

  async pids(): Promise<{ gateway: number; envoys: readonly number[] }> {
    const { pid, gateways } = await this.status();
    const envoys = gateways.flatMap(({ envoy }) => (envoy.pid === undefined ? [] : [envoy.pid]));
    return { gateway: pid, envoys };
  }

  close(): Promise<number | null> {
    return this.#process.close();
  }

  /** Resolves when every EgressGateway confirmed the first manifests, or at once when these have problems. */
  async waitUntilServing(deadlineMs: number): Promise<void> {
    const state = await waitUntil(
      async () => {
        const { gateways, problems, revision } = await this.status();
        if (problems.length > 0) return { problems };
        const { items } = await this.objects("EgressGateway");
        const live = gateways.filter(({ liveRevision }) => liveRevision >= revision);
        return revision > 0 && live.length === items.length ? { problems } : undefined;
      },
      { deadlineMs, what: "gateway that serves", intervalMs: 20 },
    ).catch((cause: unknown) => {
      throw new Error(
        `Cannot start gateway: it does not serve: ${this.log.slice(0, shownLogCharacters)}`,
        {
          cause,
        },
      );
    });
    if (state.problems.length === 0) return;
    throw new Error(`Cannot start gateway: ${JSON.stringify(state.problems)}`);
  }

  #liveRevisions(): number[] {
    return this.events.flatMap((event) => (event.kind === "revision" ? [event.revision] : []));
  }

  async #ask(operation: `${"GET" | "POST" | "DELETE"} ${string}`, body?: object): Promise<unknown> {
    const { status, value } = await askControl(this.controlSocket, operation, body);
    if (status < 300) return value;
    throw new Error(`Cannot ask "${operation}": ${status} ${JSON.stringify(value)}`);
  }
}

interface StartedProcess {
  readonly child: ChildProcess;
  readonly controlSocket: string;
  readonly log: () => string;
  readonly close: () => Promise<number | null>;
}

interface StartOptions {
  readonly home: string;
  readonly directory: string;
  readonly options: GatewayOptions;
}

async function startProcess(scope: TestScope, start: StartOptions): Promise<StartedProcess> {
  const { home, directory, options } = start;
  const secrets = (options.secrets ?? []).map((secret, index) => ({
    ...secret,
    variable: `CLRK_TEST_SECRET_${index}`,
  }));
  const args = [
    "--disable-warning=ExperimentalWarning",
    ...processFlags("gateway", process.versions.node),
    program,
    ...(options.feed === undefined ? ["-f", directory] : ["--feed", options.feed]),
    ...["--exit-with-parent", "--concurrency", "1"],
    ...(options.engineThreads ? ["--engine-threads", String(options.engineThreads)] : []),
    ...secrets.flatMap(({ name, key = "token", variable }) => [
      "--secret",
      `${name}=${variable}:${key}`,
    ]),
    ...(options.secretSources ?? []).flatMap((source) => ["--secret", source]),
    ...(options.plugins ?? []).flatMap((plugin) => ["--provider", plugin]),
    ...(options.nats ?? []).flatMap((url) => ["--nats", url]),
    ...(options.transparent ? ["--transparent", `127.0.0.1:${await freePort()}`] : []),
  ];
  const { openFiles } = options;
  const [command = "", ...words] = [
    ...(openFiles === undefined ? [] : ["prlimit", `--nofile=${openFiles}:${openFiles}`, "--"]),
    process.execPath,
    ...args,
  ];
  const child = spawn(command, words, {
    env: {
      ...inherited(),
      ...options.environment,
      CLRK_HOME: home,
      ...Object.fromEntries(secrets.map(({ variable, value }) => [variable, value])),
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-logLimitCharacters);
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once("close", (code) => resolve(code));
    child.once("error", () => resolve(null));
  });
  const close = async (): Promise<number | null> => {
    child.stdin.end();
    const timer = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
    const code = await exited;
    clearTimeout(timer);
    return code;
  };
  child.stdin.on("error", () => {}); // EPIPE: the process may be gone already
  scope.teardown(close);
  const line = await readFirstLine(child, {
    log: () => log,
    deadlineMs: options.startDeadlineMs ?? startDeadlineMs,
  });
  return { child, controlSocket: line, log: () => log, close };
}

/** The one line of standard output: the path of the control socket. */
function readFirstLine(
  child: ChildProcess,
  { log, deadlineMs }: { readonly log: () => string; readonly deadlineMs: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(
        new Error(
          `Cannot start gateway: ${why}: ${text.trim()} ${log().slice(0, shownLogCharacters)}`,
        ),
      );
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`nothing said after ${deadlineMs} ms`);
    }, deadlineMs);
    child.once("error", (error) => fail(error.message));
    child.once("close", (code) => fail(`ended with code ${code}`));
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (!text.includes("\n")) return;
      // Written by gateway/main.ts.
      const said = JSON.parse(text) as { kind: string; controlSocket?: string };
      if (said.kind !== "listening" || said.controlSocket === undefined) {
        fail("it gave up");
        return;
      }
      clearTimeout(timer);
      resolve(said.controlSocket);
    });
  });
}

/** Only what finds programs and speeds up their start: proxy settings of this machine must not leak in. */
function inherited(): Record<string, string> {
  const names = ["PATH", "HOME", "CLRK_ENVOY", "NODE_COMPILE_CACHE", "TMPDIR"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** A port with a free one after it, for the second gateway of a process. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = await tryListen(0);
    if (port !== undefined && (await tryListen(port + 1)) !== undefined) return port;
  }
}

function tryListen(port: number): Promise<number | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const bound = address !== null && typeof address === "object" ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}
