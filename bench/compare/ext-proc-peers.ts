/** The ext_proc servers that are not ours, all of them answering every phase with an empty continue, and none at all. */
import { access } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProgram } from "../load/child-process.ts";
import type { ProcessorContender, ProcessorStart, RunningProcessor } from "../load/processor.ts";
import { envoyBinary, findEnvoy } from "./envoy-binary.ts";
import { peerVersions } from "./peers.ts";
import type { PeerPaths } from "./peers.ts";

/** Envoy's own Go types on grpc-go, as `setup-peers` built it. */
export function createGrpcGo(paths: PeerPaths): ProcessorContender {
  return {
    name: "grpc-go",
    path: "processor",
    async find() {
      try {
        await access(paths.grpcGoServer);
        return { kind: "ready", version: peerVersions.grpcGo };
      } catch {
        const reason = "not built: install go and run npm run bench -- setup-peers";
        return { kind: "absent", reason };
      }
    },
    start: (options) => startServer("grpc-go", [paths.grpcGoServer], options),
  };
}

/** protobufjs on grpc-js, which has one thread whatever it is given. */
export function createGrpcJs(): ProcessorContender {
  const script = fileURLToPath(new URL("./ext-proc-grpc-js.ts", import.meta.url));
  return {
    name: "grpc-js",
    path: "processor",
    async find() {
      const manifest: { version: string } = createRequire(import.meta.url)(
        "@grpc/grpc-js/package.json",
      );
      return { kind: "ready", version: manifest.version };
    },
    start: (options) => startServer("grpc-js", [process.execPath, script], options),
  };
}

/** The same Envoy without the filter: what the filter and its server add is the difference to it. */
export function createNoProcessor(
  environment: Readonly<Record<string, string | undefined>>,
): ProcessorContender {
  return {
    name: "none",
    path: "envoy",
    find: () => findEnvoy(envoyBinary(environment)),
    start: async () => undefined,
  };
}

/** No Envoy either: what client and upstream can do. */
export function createNoProxy(): ProcessorContender {
  return {
    name: "direct",
    path: "direct",
    find: async () => ({ kind: "ready", version: "-" }),
    start: async () => undefined,
  };
}

async function startServer(
  name: string,
  command: readonly [string, ...string[]],
  { directory, threads }: ProcessorStart,
): Promise<RunningProcessor> {
  const socket = join(directory, "processor.sock");
  const program = await startProgram({
    name,
    command: [...command, socket],
    env: { GOMAXPROCS: String(threads), NODE_ENV: "production" },
  });
  try {
    await program.waitFor(() => (/^listening$/m.test(program.output()) ? true : undefined), 30_000);
    return { sockets: [socket], pid: program.pid, stop: () => program.stop() };
  } catch (error) {
    await program.stop();
    throw error;
  }
}
