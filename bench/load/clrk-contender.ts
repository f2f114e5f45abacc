/**
 * Contender `clrk-native`: our gateway with its own Envoy, started as a service manager would, and asked on its
 * control socket when it serves.
 */
import { once } from "node:events";
import { access, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CONTROL_PATH } from "../../gateway/control-api.ts";
import type { GatewayProcessStatus, RunRegistration } from "../../gateway/control-api.ts";
import { processFlags } from "../../gateway/process-flags.ts";
import { askControl } from "../harness/control-client.ts";
import { findEnvoy, envoyBinary } from "../compare/envoy-binary.ts";
import { startProgram } from "./child-process.ts";
import { writeClrkPolicy } from "./clrk-policy.ts";
import type { Availability, Contender, RunningContender, StartOptions } from "./contender.ts";

const gatewayMain = fileURLToPath(new URL("../../gateway/main.ts", import.meta.url));

/** Our gateway as `node gateway/main.ts` runs it. */
export function createClrk(environment: Readonly<Record<string, string | undefined>>): Contender {
  return {
    name: "clrk-native",
    modes: ["connect", "transparent"],
    injectsCredential: true,
    find: () => findClrk(environment),
    start: startClrk,
  };
}

/** The command that runs a gateway with one Envoy worker on `policyDirectory`. */
export function clrkCommand(
  policyDirectory: string,
  transparentPort: number,
): [string, ...string[]] {
  return [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    ...processFlags("gateway", process.versions.node),
    gatewayMain,
    ...["--file", policyDirectory, "--concurrency", "1"],
    ...["--transparent", `127.0.0.1:${transparentPort}`],
  ];
}

/** Path of the control socket among the gateway's output, or undefined while it is not there. */
export function parseListening(output: string): string | undefined {
  for (const line of output.split("\n")) {
    if (!line.startsWith('{"kind":"listening"')) continue;
    const message: { controlSocket?: string } = JSON.parse(line);
    return message.controlSocket;
  }
  return undefined;
}

async function findClrk(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Availability> {
  try {
    await access(gatewayMain);
  } catch {
    return { kind: "absent", reason: "gateway/main.ts is not there" };
  }
  return findEnvoy(envoyBinary(environment));
}

async function startClrk(options: StartOptions): Promise<RunningContender> {
  const policyDirectory = options.policyDirectory ?? join(options.directory, "policy");
  await writeClrkPolicy(policyDirectory, options);
  const program = await startProgram({
    name: "clrk gateway",
    command: clrkCommand(policyDirectory, await freePort()),
    env: { CLRK_HOME: join(options.directory, "home"), CLRK_ENVOY: envoyBinary(process.env) },
  });
  try {
    const socket = await program.waitFor(() => parseListening(program.output()), 60_000);
    const { gateway, envoyPid } = await program.waitFor(() => findServing(socket), 60_000);
    const run = await register(socket);
    const explicit = new URL(run.proxyUrl);
    const proxy =
      options.mode === "connect"
        ? { host: explicit.hostname, port: Number(explicit.port) }
        : { host: "127.0.0.1", port: gateway.transparent?.port ?? 0 };
    return {
      proxy: { ...proxy, authorization: basic(explicit) },
      mode: options.mode,
      caPem: await readFile(run.trust.bundle, "utf8"),
      pids: { envoy: envoyPid, server: program.pid },
      stop: () => program.stop(),
    };
  } catch (error) {
    await program.stop();
    throw error;
  }
}

/** The first gateway once its Envoy has confirmed its configuration. */
async function findServing(socket: string) {
  const { value } = await askControl(socket, `GET ${CONTROL_PATH.status}`);
  // The interface's own type for this path.
  const [gateway] = (value as GatewayProcessStatus).gateways;
  const envoyPid = gateway?.envoy.pid;
  if (gateway === undefined || envoyPid === undefined || !gateway.ready) return undefined;
  return { gateway, envoyPid };
}

async function register(socket: string): Promise<RunRegistration> {
  const body = { agent: "bench", command: "bench" };
  const { value } = await askControl(socket, `POST ${CONTROL_PATH.runs}`, body);
  // Likewise.
  const run = value as RunRegistration;
  await askControl(socket, `POST ${CONTROL_PATH.runs}/${run.runId}/process`, { pid: process.pid });
  return run;
}

function basic({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new TypeError("Cannot find a port");
  return address.port;
}
