/** What our gateway is told in the benchmark `llm`: calls to OpenAI are allowed, get a credential, and are served there or by Anthropic. */
import { anthropicAnswers, openaiAnswers } from "./llm-answers.ts";
import type { ModelAnswers } from "./llm-answers.ts";
import { servedModel } from "./llm-chat.ts";

/**
 * Who serves the calls: the provider that the agent asks, or another one after translation. `openai-plain`: the first,
 * with the agent's own credential, because none is ever injected into plain HTTP.
 */
export type Serving = "openai" | "openai-plain" | "anthropic";

/** Host that agents ask. */
export const askedHost = "api.openai.com";
/** Hosts that lead to the fake model APIs. */
export const servedHosts: readonly string[] = [askedHost, "api.anthropic.com"];

const group = "clrk.apoxy.dev";
const apiVersion = `${group}/v1alpha1`;
const metadata = (name: string) => ({ name, namespace: "default" });

/** The objects beside the EgressGateway `bench`. */
export function llmPolicy(serving: Serving): object[] {
  const [, anthropicHost] = servedHosts;
  if (serving === "openai-plain") return [route([])];
  if (serving === "openai") return [route([]), ...credential(openaiAnswers)];
  const backend = {
    apiVersion,
    kind: "Backend",
    metadata: metadata("claude"),
    spec: {
      schema: { name: "anthropic" },
      upstream: { host: anthropicHost },
      modelRewrites: [{ from: "*", to: servedModel }],
    },
  };
  return [
    route([{ group, kind: "Backend", name: "claude" }]),
    backend,
    ...credential(anthropicAnswers, "claude"),
  ];
}

function route(backendRefs: readonly object[]): object {
  return {
    apiVersion,
    kind: "AIProviderRoute",
    metadata: metadata("bench"),
    spec: {
      parentRefs: [{ group, kind: "EgressGateway", name: "bench" }],
      rules: [
        {
          matches: [{ provider: "openai", endpoints: [openaiAnswers.path] }],
          ...(backendRefs.length > 0 && { backendRefs }),
        },
      ],
    },
  };
}

function credential(answers: ModelAnswers, sectionName?: string): object[] {
  const { header, value } = answers.credential;
  return [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: metadata("bench-credential"),
      stringData: { token: value },
    },
    {
      apiVersion,
      kind: "CredentialInjectionPolicy",
      metadata: metadata("bench"),
      spec: {
        targetRefs: [
          {
            group,
            kind: "AIProviderRoute",
            name: "bench",
            ...(sectionName !== undefined && { sectionName }),
          },
        ],
        secretRef: { name: "bench-credential" },
        target: "Header",
        headerName: header,
      },
    },
  ];
}
