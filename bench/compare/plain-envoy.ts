/** Starts an Envoy with one worker on a bootstrap of the benchmark's own, without any gateway process. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startProgram } from "../load/child-process.ts";
import type { Program } from "../load/child-process.ts";

/** What to start. */
export interface PlainEnvoyOptions {
  /** Name used in messages */
  readonly name: string;
  readonly binary: string;
  /** The bootstrap as a plain object; its admin endpoint takes any free loopback port */
  readonly bootstrap: object;
  /** Directory for its files */
  readonly directory: string;
  /** Listeners to wait for */
  readonly listeners: readonly string[];
}

/** An Envoy that accepts connections. */
export interface PlainEnvoy {
  readonly program: Program;
  /** Base URL of the admin endpoint */
  readonly admin: string;
  /** Port by listener */
  readonly ports: ReadonlyMap<string, number>;
}

/** Starts it and resolves when all listeners are there; rejects with its output when they do not come up. */
export async function startPlainEnvoy(options: PlainEnvoyOptions): Promise<PlainEnvoy> {
  const { binary, directory, listeners } = options;
  const configFile = join(directory, "envoy.json");
  const adminFile = join(directory, "admin");
  await writeFile(configFile, JSON.stringify(options.bootstrap));
  const program = await startProgram({
    name: options.name,
    command: [
      ...([binary, "-c", configFile, "--concurrency", "1", "--use-dynamic-base-id"] as const),
      ...["--log-level", "warn", "--admin-address-path", adminFile],
      // As the gateway's own Envoy writes its access log.
      ...["--file-flush-interval-msec", "100", "--file-flush-min-size-kb", "64"],
    ],
  });
  try {
    const found = await program.waitFor(() => findPorts(adminFile, listeners), 15_000);
    return { program, ...found };
  } catch (error) {
    await program.stop();
    throw error;
  }
}

// Undefined until the admin endpoint is up and says LIVE and the listeners have their ports.
async function findPorts(
  adminFile: string,
  listeners: readonly string[],
): Promise<Omit<PlainEnvoy, "program"> | undefined> {
  try {
    const admin = `http://${await readFile(adminFile, "utf8")}`;
    if (!(await fetch(`${admin}/ready`)).ok) return undefined;
    const text = await (await fetch(`${admin}/listeners`)).text();
    const ports = new Map<string, number>();
    for (const name of listeners) {
      const port = parseListenerPort(text, name);
      if (port === undefined) return undefined;
      ports.set(name, port);
    }
    return { admin, ports };
  } catch {
    return undefined; // not up yet; the caller asks again and gives up at its deadline
  }
}

/** Port of listener `name` in the answer of Envoy's admin path `/listeners`; undefined while it has none. */
export function parseListenerPort(listeners: string, name: string): number | undefined {
  const line = listeners.split("\n").find((one) => one.startsWith(`${name}::`));
  const port = line === undefined ? undefined : /:(\d+)$/.exec(line)?.[1];
  return port === undefined || port === "0" ? undefined : Number(port);
}
