/** Contender `mockttp`: the npm library as an intercepting CONNECT proxy in a Node process of its own. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProgram } from "../load/child-process.ts";
import type { Contender, RunningContender, StartOptions } from "../load/contender.ts";
import { findPeer } from "./mitmproxy.ts";
import { peerVersions } from "./peers.ts";
import type { PeerPaths } from "./peers.ts";

/** mockttp as `setup-peers` installed it. */
export function createMockttp(paths: PeerPaths): Contender {
  return {
    name: "mockttp",
    modes: ["connect"],
    injectsCredential: false,
    find: () => findPeer(join(paths.mockttpModule, "package.json"), peerVersions.mockttp),
    start: (options) => startMockttp(paths.mockttpModule, options),
  };
}

async function startMockttp(module: string, options: StartOptions): Promise<RunningContender> {
  const { authority, directory, upstream } = options;
  const caFile = join(directory, "mockttp-ca.pem");
  const script = fileURLToPath(new URL("./mockttp-proxy.mjs", import.meta.url));
  const settings = {
    module,
    caFile,
    // An address, not "localhost": for that name mockttp probes ::1 on every request.
    upstream: `${upstream.host}:${upstream.port}`,
  };
  const program = await startProgram({
    name: "mockttp",
    command: [process.execPath, script, JSON.stringify(settings)],
    // Trusts the upstream through Node's root store, which is parsed once: mockttp's own option
    // for it would build a store per connection.
    env: { NODE_EXTRA_CA_CERTS: authority.caFile, NODE_ENV: "production" },
  });
  try {
    const port = await program.waitFor(() => parsePort(program.output()), 30_000);
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

/** Port in the line that `mockttp-proxy.mjs` prints when it listens. */
export function parsePort(output: string): number | undefined {
  const port = /^port (\d+)$/m.exec(output)?.[1];
  return port === undefined ? undefined : Number(port);
}
