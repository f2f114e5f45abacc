/** Contenders `portkey*`: Portkey's gateway in a Node process, passing calls on to an OpenAI-compatible host. */
import { freePort } from "../harness/free-port.ts";
import { startProgram } from "../load/child-process.ts";
import { openaiAnswers } from "../load/llm-answers.ts";
import type { LlmContender, LlmStart, ModelApi, RunningLlm } from "../load/llm-contender.ts";
import { isInOwnNetwork } from "../load/own-network.ts";
import { answersAt } from "./http-ready.ts";
import { findPeer } from "./mitmproxy.ts";
import { peerVersions } from "./peers.ts";
import type { PeerPaths } from "./peers.ts";

/**
 * Portkey as `setup-peers` installed it; absent outside a network of our own, because it listens on all addresses. It
 * calls the fake API over TLS, as it would a provider; `plain`: without.
 */
export function createPortkey(
  paths: PeerPaths,
  environment: Readonly<Record<string, string | undefined>>,
  api: LlmContender["api"] = "tls",
): LlmContender {
  return {
    name: api === "tls" ? "portkey" : "portkey-plain",
    api,
    async find() {
      if (isInOwnNetwork(environment)) return findPeer(paths.portkeyServer, peerVersions.portkey);
      const reason = "it listens on all addresses, and here is no network namespace for it";
      return { kind: "absent", reason };
    },
    start: (options) => startPortkey(paths.portkeyServer, options, api),
  };
}

/** Header fields by which an agent tells Portkey where a call goes. */
export function portkeyHeaders({ host, port }: ModelApi, api: LlmContender["api"]): string[] {
  const { header, value } = openaiAnswers.credential;
  const scheme = api === "tls" ? "https" : "http";
  return [
    "x-portkey-provider: openai",
    `x-portkey-custom-host: ${scheme}://${host}:${port}/v1`,
    `${header}: ${value}`,
  ];
}

async function startPortkey(
  script: string,
  { authority, plainApi, tlsApi }: LlmStart,
  api: LlmContender["api"],
): Promise<RunningLlm> {
  const port = await freePort();
  const program = await startProgram({
    name: "portkey",
    // Without its page that shows every call.
    command: [process.execPath, script, `--port=${port}`, "--headless"],
    env: { NODE_ENV: "production", NODE_EXTRA_CA_CERTS: authority.caFile },
  });
  try {
    await program.waitFor(() => answersAt(`http://127.0.0.1:${port}/`), 30_000);
    return {
      target: { host: "127.0.0.1", port },
      host: `127.0.0.1:${port}`,
      headers: portkeyHeaders(api === "tls" ? tlsApi : plainApi, api),
      pids: { server: program.pid },
      stop: () => program.stop(),
    };
  } catch (error) {
    await program.stop();
    throw error;
  }
}
