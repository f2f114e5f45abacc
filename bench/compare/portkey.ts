/** Contender `portkey`: Portkey's gateway in a Node process, passing calls on to an OpenAI-compatible host. */
import { freePort } from "../harness/free-port.ts";
import { startProgram } from "../load/child-process.ts";
import { openaiAnswers } from "../load/llm-answers.ts";
import type { LlmContender, LlmStart, RunningLlm } from "../load/llm-contender.ts";
import { isInOwnNetwork } from "../load/own-network.ts";
import { answersAt } from "./http-ready.ts";
import { findPeer } from "./mitmproxy.ts";
import { peerVersions } from "./peers.ts";
import type { PeerPaths } from "./peers.ts";

/** Portkey as `setup-peers` installed it; absent outside a network of our own, because it listens on all addresses. */
export function createPortkey(
  paths: PeerPaths,
  environment: Readonly<Record<string, string | undefined>>,
): LlmContender {
  return {
    name: "portkey",
    api: "plain",
    async find() {
      if (isInOwnNetwork(environment)) return findPeer(paths.portkeyServer, peerVersions.portkey);
      const reason = "it listens on all addresses, and here is no network namespace for it";
      return { kind: "absent", reason };
    },
    start: (options) => startPortkey(paths.portkeyServer, options),
  };
}

/** Header fields by which an agent tells Portkey where a call goes. */
export function portkeyHeaders({ host, port }: LlmStart["plainApi"]): string[] {
  const { header, value } = openaiAnswers.credential;
  return [
    "x-portkey-provider: openai",
    `x-portkey-custom-host: http://${host}:${port}/v1`,
    `${header}: ${value}`,
  ];
}

async function startPortkey(script: string, { plainApi }: LlmStart): Promise<RunningLlm> {
  const port = await freePort();
  const program = await startProgram({
    name: "portkey",
    // Without its page that shows every call.
    command: [process.execPath, script, `--port=${port}`, "--headless"],
    env: { NODE_ENV: "production" },
  });
  try {
    await program.waitFor(() => answersAt(`http://127.0.0.1:${port}/`), 30_000);
    return {
      target: { host: "127.0.0.1", port },
      host: `127.0.0.1:${port}`,
      headers: portkeyHeaders(plainApi),
      pids: { server: program.pid },
      stop: () => program.stop(),
    };
  } catch (error) {
    await program.stop();
    throw error;
  }
}
