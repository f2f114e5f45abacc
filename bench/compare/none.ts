/** Contender `none`: plain Envoy with one worker and a static certificate, no gateway process. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startProgram } from "../load/child-process.ts";
import type { Contender, RunningContender, StartOptions } from "../load/contender.ts";
import { envoyBinary, findEnvoy } from "./envoy-binary.ts";
import { noneBootstrap } from "./none-config.ts";

/** The floor that the gateway is compared with; `environment` names the Envoy binary. */
export function createNone(environment: Readonly<Record<string, string | undefined>>): Contender {
  const binary = envoyBinary(environment);
  return {
    name: "none",
    modes: ["connect", "transparent"],
    injectsCredential: false,
    find: () => findEnvoy(binary),
    start: (options) => startEnvoy(binary, options),
  };
}

async function startEnvoy(binary: string, options: StartOptions): Promise<RunningContender> {
  const { authority, directory, mode } = options;
  const configFile = join(directory, "envoy.json");
  const adminFile = join(directory, "admin");
  const bootstrap = noneBootstrap({ ...options, ...authority, upstreamCaFile: authority.caFile });
  await writeFile(configFile, JSON.stringify(bootstrap));
  const program = await startProgram({
    name: "envoy (none)",
    command: [
      ...([binary, "-c", configFile, "--concurrency", "1", "--use-dynamic-base-id"] as const),
      ...["--log-level", "warn", "--admin-address-path", adminFile],
    ],
  });
  try {
    const port = await program.waitFor(() => findListenerPort(adminFile), 15_000);
    return {
      proxy: { host: "127.0.0.1", port },
      mode,
      caPem: authority.caPem,
      pids: { envoy: program.pid },
      stop: () => program.stop(),
    };
  } catch (error) {
    await program.stop();
    throw error;
  }
}

// Undefined until the admin endpoint is up and says LIVE and the listener has its port.
async function findListenerPort(adminFile: string): Promise<number | undefined> {
  try {
    const admin = `http://${await readFile(adminFile, "utf8")}`;
    if (!(await fetch(`${admin}/ready`)).ok) return undefined;
    return parseListenerPort(await (await fetch(`${admin}/listeners`)).text());
  } catch {
    return undefined; // not up yet; the caller asks again and gives up at its deadline
  }
}

/** Port of the listener `proxy` in the answer of Envoy's admin path `/listeners`. */
export function parseListenerPort(listeners: string): number | undefined {
  const port = /^proxy::.*:(\d+)$/m.exec(listeners)?.[1];
  return port === undefined || port === "0" ? undefined : Number(port);
}
