/** Contender `mitmproxy`: mitmdump as a regular (CONNECT) proxy, quiet, lazy, storing no flows. */
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProgram } from "../load/child-process.ts";
import type { Availability, Contender, RunningContender, StartOptions } from "../load/contender.ts";
import { peerVersions } from "./peers.ts";
import type { PeerPaths } from "./peers.ts";

/** mitmproxy as `setup-peers` installed it. */
export function createMitmproxy(paths: PeerPaths): Contender {
  return {
    name: "mitmproxy",
    modes: ["connect"],
    injectsCredential: false,
    find: () => findPeer(paths.mitmdump, peerVersions.mitmproxy),
    start: (options) => startMitmdump(paths.mitmdump, options),
  };
}

/** Whether `file` is there; says how to get it when not. */
export async function findPeer(file: string, version: string): Promise<Availability> {
  try {
    await access(file);
    return { kind: "ready", version };
  } catch {
    return { kind: "absent", reason: "not installed: run npm run bench -- setup-peers" };
  }
}

/** Arguments of mitmdump: everything that costs and that a gateway would not do is off. */
export function mitmdumpArguments(options: StartOptions, portFile: string): string[] {
  const { upstream, authority, directory } = options;
  const settings = [
    `confdir=${join(directory, "mitmproxy")}`,
    "flow_detail=0",
    // Dial when the request is there; take names from SNI, not from the upstream's certificate.
    "connection_strategy=lazy",
    "upstream_cert=false",
    "http2=false",
    `ssl_verify_upstream_trusted_ca=${authority.caFile}`,
    `bench_upstream_host=${upstream.host}`,
    `bench_upstream_port=${upstream.port}`,
    `bench_port_file=${portFile}`,
  ];
  const addon = fileURLToPath(new URL("./mitmproxy-addon.py", import.meta.url));
  return [
    ...["--quiet", "--mode", "regular", "--listen-host", "127.0.0.1", "--listen-port", "0"],
    ...["--scripts", addon],
    ...settings.flatMap((setting) => ["--set", setting]),
  ];
}

async function startMitmdump(mitmdump: string, options: StartOptions): Promise<RunningContender> {
  const portFile = join(options.directory, "port");
  const caFile = join(options.directory, "mitmproxy", "mitmproxy-ca-cert.pem");
  const program = await startProgram({
    name: "mitmdump",
    command: [mitmdump, ...mitmdumpArguments(options, portFile)],
  });
  try {
    const port = await program.waitFor(() => readPort(portFile), 30_000);
    return {
      proxy: { host: "127.0.0.1", port },
      mode: "connect",
      caPem: await readFile(caFile, "utf8"),
      pids: { server: program.pid },
      stop: () => program.stop(),
    };
  } catch (error) {
    await program.stop();
    throw error;
  }
}

async function readPort(file: string): Promise<number | undefined> {
  try {
    return Number(await readFile(file, "utf8")) || undefined;
  } catch {
    return undefined; // not written yet; the caller asks again and gives up at its deadline
  }
}
