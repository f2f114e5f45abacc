/** Contender `litellm`: LiteLLM's proxy with one worker process, one OpenAI model, no database, no key and no access log, calling the fake API over TLS. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../harness/free-port.ts";
import { startProgram } from "../load/child-process.ts";
import { openaiAnswers } from "../load/llm-answers.ts";
import { askedModel } from "../load/llm-chat.ts";
import type { LlmContender, LlmStart, ModelApi, RunningLlm } from "../load/llm-contender.ts";
import { answersAt } from "./http-ready.ts";
import { findPeer } from "./mitmproxy.ts";
import { peerVersions } from "./peers.ts";
import type { PeerPaths } from "./peers.ts";

// It imports for some seconds, and on a busy machine for many.
const startDeadlineMs = 90_000;

/** LiteLLM as `setup-peers` installed it. */
export function createLitellm(paths: PeerPaths): LlmContender {
  return {
    name: "litellm",
    api: "tls",
    // Not `latency`, whose rate is beyond it.
    only: ["chat", "chat-stream", "first-token"],
    find: () => findPeer(paths.litellm, peerVersions.litellm),
    start: (options) => startLitellm(paths.litellm, options),
  };
}

/** Its configuration, as JSON, which is YAML. */
export function litellmConfig({ host, port }: ModelApi): object {
  return {
    model_list: [
      {
        model_name: askedModel,
        litellm_params: {
          model: `openai/${askedModel}`,
          api_base: `https://${host}:${port}/v1`,
          api_key: openaiAnswers.credential.value.replace(/^Bearer /, ""),
        },
      },
    ],
    litellm_settings: { telemetry: false },
  };
}

/** Uvicorn's logging (a configuration of Python's `logging.config`) without a line for every request. */
export const quietLogging = {
  version: 1,
  disable_existing_loggers: false,
  loggers: { uvicorn: { level: "WARNING" }, "uvicorn.access": { level: "WARNING" } },
} as const;

async function startLitellm(
  litellm: string,
  { authority, directory, tlsApi }: LlmStart,
): Promise<RunningLlm> {
  const port = await freePort();
  const config = join(directory, "litellm.yaml");
  const logging = join(directory, "logging.json");
  await writeFile(config, JSON.stringify(litellmConfig(tlsApi), undefined, 2));
  await writeFile(logging, JSON.stringify(quietLogging));
  const program = await startProgram({
    name: "litellm",
    command: [
      litellm,
      ...["--config", config, "--host", "127.0.0.1", "--port", String(port)],
      ...["--num_workers", "1", "--log_config", logging],
    ],
    env: {
      // Its list of prices as installed, not fetched.
      LITELLM_LOCAL_MODEL_COST_MAP: "True",
      LITELLM_MODE: "PRODUCTION",
      LITELLM_LOG: "ERROR",
      SSL_CERT_FILE: authority.caFile,
    },
  });
  try {
    const url = `http://127.0.0.1:${port}/health/liveliness`;
    await program.waitFor(() => answersAt(url), startDeadlineMs);
    return {
      target: { host: "127.0.0.1", port },
      host: `127.0.0.1:${port}`,
      headers: [],
      pids: { server: program.pid },
      stop: () => program.stop(),
    };
  } catch (error) {
    await program.stop();
    throw error;
  }
}
