/** Contenders `clrk*` of `llm`: our gateway as a worker's captured connections reach it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openaiAnswers } from "./llm-answers.ts";
import { createClrk } from "./clrk-contender.ts";
import type { LlmContender, LlmStart, RunningLlm } from "./llm-contender.ts";
import { askedHost, llmPolicy, servedHosts } from "./llm-policy.ts";
import type { Serving } from "./llm-policy.ts";

/** A credential that the gateway has to replace. */
const placeholder = "authorization: Bearer placeholder-of-the-agent";

/** Decrypts and forwards to the provider that was asked. */
export function createClrkPassthrough(environment: Environment): LlmContender {
  return create("clrk", environment, "openai");
}

/** Decrypts, translates, and has Anthropic serve what OpenAI was asked. */
export function createClrkTranslation(environment: Environment): LlmContender {
  return create("clrk-claude", environment, "anthropic");
}

/** Forwards plain HTTP, as the others are sent it: no TLS on either side, all else as ever. */
export function createClrkPlain(environment: Environment): LlmContender {
  return create("clrk-plain", environment, "openai-plain");
}

/** Tries a backend that fails at once before the one of the translation. */
export function createClrkFailover(environment: Environment): LlmContender {
  return { ...create("clrk-next", environment, "failover"), only: ["latency"] };
}

/** The same as `clrk`, each call counted by three limits and a budget. */
export function createClrkLimited(environment: Environment): LlmContender {
  return { ...create("clrk-limited", environment, "limited"), only: ["chat"] };
}

/** The same as `clrk`, each call kept in its record: headers and bodies of both directions. */
export function createClrkCaptured(environment: Environment): LlmContender {
  return { ...create("clrk-captured", environment, "captured"), only: ["chat"] };
}

type Environment = Readonly<Record<string, string | undefined>>;

function create(name: string, environment: Environment, serving: Serving): LlmContender {
  const { find } = createClrk(environment);
  return {
    name,
    api: serving === "openai-plain" ? "plain" : "tls",
    find,
    start: (options) => start(environment, serving, options),
  };
}

async function start(
  environment: Environment,
  serving: Serving,
  { authority, directory, plainApi, tlsApi }: LlmStart,
): Promise<RunningLlm> {
  const policyDirectory = join(directory, "policy");
  await mkdir(policyDirectory);
  const objects = llmPolicy(serving).map((object) => JSON.stringify(object, undefined, 2));
  await writeFile(join(policyDirectory, "llm.yaml"), `${objects.join("\n---\n")}\n`);
  const isPlain = serving === "openai-plain";
  const running = await createClrk(environment).start({
    mode: "transparent",
    upstream: isPlain ? plainApi : tlsApi,
    authority,
    wildcards: [],
    serverNames: servedHosts,
    directory,
    policyDirectory,
    ...(isPlain && { listeners: [{ name: "plain", protocol: "HTTP" }] }),
  });
  const { host, port } = running.proxy;
  const tls = { serverName: askedHost, caPem: running.caPem };
  const { header, value } = openaiAnswers.credential;
  return {
    target: { host, port, capturedPort: isPlain ? 80 : 443, ...(!isPlain && { tls }) },
    host: askedHost,
    headers: [isPlain ? `${header}: ${value}` : placeholder],
    pids: running.pids,
    stop: () => running.stop(),
  };
}
