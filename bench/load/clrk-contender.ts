/**
 * Contender `clrk-native`: our gateway with its own Envoy. `clrkCommand` and `parseReady` are the
 * only places that know how the gateway is started and what it says when it is ready.
 */
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findEnvoy, envoyBinary } from "../compare/envoy-binary.ts";
import { startProgram } from "./child-process.ts";
import { writeClrkPolicy } from "./clrk-policy.ts";
import type { Availability, Contender, RunningContender, StartOptions } from "./contender.ts";

const gatewayMain = fileURLToPath(new URL("../../gateway/main.ts", import.meta.url));

/** What the gateway says once, as one line of JSON on standard output, when it accepts connections. */
export interface ClrkReady {
  /** Listener for CONNECT */
  readonly proxy: { readonly host: string; readonly port: number; readonly authorization?: string };
  /** Listener for captured connections (PROXY v2) */
  readonly transparent: { readonly host: string; readonly port: number };
  /** Authority that agents trust, PEM */
  readonly caFile: string;
  readonly envoyPid: number;
}

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

/** The command that runs a gateway on `policyDirectory` and keeps its state in `directory`. */
export function clrkCommand(policyDirectory: string, directory: string): [string, ...string[]] {
  return [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    gatewayMain,
    ...["--policy", policyDirectory, "--state", directory, "--envoy-concurrency", "1"],
    ...["--output", "json"],
  ];
}

/** The ready line among the gateway's output, or undefined while there is none. */
export function parseReady(output: string): ClrkReady | undefined {
  for (const line of output.split("\n")) {
    if (!line.startsWith('{"ready":')) continue;
    const message: { ready?: ClrkReady } = JSON.parse(line);
    return message.ready;
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
    command: clrkCommand(policyDirectory, join(options.directory, "state")),
  });
  try {
    const ready = await program.waitFor(() => parseReady(program.output()), 60_000);
    const { host, port } = options.mode === "connect" ? ready.proxy : ready.transparent;
    const { authorization } = ready.proxy;
    return {
      proxy: { host, port, ...(authorization !== undefined && { authorization }) },
      mode: options.mode,
      caPem: await readFile(ready.caFile, "utf8"),
      pids: { envoy: ready.envoyPid, server: program.pid },
      stop: () => program.stop(),
    };
  } catch (error) {
    await program.stop();
    throw error;
  }
}
