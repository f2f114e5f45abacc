/** A real nats-server with JetStream for tests: found or built once, on loopback, with its files in a folder of the test. */
import { access, constants, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "./free-port.ts";
import type { TestScope } from "./processes.ts";
import { runProcess, startProcess, temporaryDirectory } from "./processes.ts";

/** Version that tests are written for. */
export const natsVersion = "2.15.2";

const buildDeadlineMs = 180_000;

/** A server that can be ended and started again with what it has stored. */
export interface NatsServer {
  readonly port: number;
  /** `nats://127.0.0.1:port` */
  readonly url: string;
  /** Resolves when it listens. */
  start(): Promise<void>;
  /** Ends it at once, as a machine that fails does. */
  kill(): Promise<void>;
}

/** Test options that skip where there is no server and no Go to build one. */
export async function needsNats(): Promise<{
  readonly program: string;
  readonly skip: string | false;
}> {
  const program = await findNatsServer();
  return {
    program: program ?? "",
    skip: program === undefined ? "needs nats-server or go" : false,
  };
}

/** Starts one; it ends with the test. */
export async function startNatsServer(scope: TestScope, program: string): Promise<NatsServer> {
  const directory = temporaryDirectory(scope);
  const port = await freePort();
  const server = new RunningNats(scope, { program, directory, port });
  await server.start();
  return server;
}

interface RunningNatsOptions {
  readonly program: string;
  readonly directory: string;
  readonly port: number;
}

class RunningNats implements NatsServer {
  readonly #scope: TestScope;
  readonly #options: RunningNatsOptions;
  #child: ReturnType<typeof startProcess> | undefined;

  constructor(scope: TestScope, options: RunningNatsOptions) {
    this.#scope = scope;
    this.#options = options;
  }

  get port(): number {
    return this.#options.port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const { program, directory, port } = this.#options;
    const child = startProcess(this.#scope, {
      command: program,
      arguments: ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", directory],
    });
    this.#child = child;
    await child.waitUntilReady(() => /Server is ready/.test(child.stderr), {
      deadlineMs: 20_000,
      what: "NATS that listens",
    });
  }

  async kill(): Promise<void> {
    this.#child?.signal("SIGKILL");
    await this.#child?.exited;
  }
}

/** The program that `CLRK_NATS_SERVER` names, one of the path, or one that is built into the tool cache. */
async function findNatsServer(): Promise<string | undefined> {
  const { CLRK_NATS_SERVER, XDG_CACHE_HOME, PATH = "" } = process.env;
  if (CLRK_NATS_SERVER !== undefined && CLRK_NATS_SERVER !== "") return CLRK_NATS_SERVER;
  const cache = join(
    XDG_CACHE_HOME ?? join(homedir(), ".cache"),
    "clrk",
    "nats-server",
    natsVersion,
  );
  const folders = [cache, ...PATH.split(delimiter)];
  for (const folder of folders) {
    const path = join(folder, "nats-server");
    if (await isProgram(path)) return path;
  }
  return build(cache);
}

async function build(cache: string): Promise<string | undefined> {
  const go = await findGo();
  if (go === undefined) return undefined;
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, "build-"));
  try {
    const { exitCode } = await runProcess(
      {
        command: go,
        arguments: ["install", `github.com/nats-io/nats-server/v2@v${natsVersion}`],
        environment: { ...environment(), GOBIN: scratch },
      },
      buildDeadlineMs,
    );
    if (exitCode !== 0) return undefined;
    // Whole or not at all, whoever else builds it now.
    await rename(join(scratch, "nats-server"), join(cache, "nats-server"));
    return join(cache, "nats-server");
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function findGo(): Promise<string | undefined> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/go/bin"];
  for (const folder of folders) if (await isProgram(join(folder, "go"))) return join(folder, "go");
  return undefined;
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}

function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
