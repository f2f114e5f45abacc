/** The contenders of `llm`, in the order of the report. To add one, write its file and one line here. */
import { createLitellm } from "../compare/litellm.ts";
import { peerPaths } from "../compare/peers.ts";
import { createPortkey } from "../compare/portkey.ts";
import { openaiAnswers } from "./llm-answers.ts";
import type { LlmContender } from "./llm-contender.ts";
import {
  createClrkCaptured,
  createClrkFailover,
  createClrkLimited,
  createClrkPassthrough,
  createClrkPlain,
  createClrkTranslation,
} from "./llm-gateway.ts";
import { askedHost } from "./llm-policy.ts";

/** All contenders; nothing is started or looked for. */
export function llmContenders(
  environment: Readonly<Record<string, string | undefined>>,
): readonly LlmContender[] {
  const paths = peerPaths(environment);
  return [
    createDirect(),
    createClrkPassthrough(environment),
    createClrkTranslation(environment),
    createClrkFailover(environment),
    createClrkPlain(environment),
    createClrkLimited(environment),
    createClrkCaptured(environment),
    createPortkey(paths, environment),
    createPortkey(paths, environment, "plain"),
    createLitellm(paths),
  ];
}

/** No gateway: an agent with the provider's key asks the fake model API itself, in plain HTTP. */
function createDirect(): LlmContender {
  const { header, value } = openaiAnswers.credential;
  return {
    name: "direct",
    api: "plain",
    find: async () => ({ kind: "ready", version: "-" }),
    start: async ({ plainApi: { host, port } }) => ({
      target: { host, port },
      host: askedHost,
      headers: [`${header}: ${value}`],
      pids: {},
      stop: async () => {},
    }),
  };
}
