/** What our gateway is told in the benchmark `llm`: calls to OpenAI are allowed, get a credential, and are served there or by Anthropic. */
import { anthropicAnswers, brokenPath, openaiAnswers } from "./llm-answers.ts";
import type { ModelAnswers } from "./llm-answers.ts";
import { servedModel } from "./llm-chat.ts";

/**
 * Who serves the calls: the provider that the agent asks, or another one after translation. `openai-plain`: the first,
 * with the agent's own credential, because none is ever injected into plain HTTP. `failover`: the other one, after a
 * backend that always fails was tried. `limited`: the first, counted by limits and a budget that are never reached.
 * `captured`: the first, headers and bodies of both directions kept in records, redacted as ever.
 */
export type Serving = "openai" | "openai-plain" | "anthropic" | "failover" | "limited" | "captured";

/** Host that agents ask. */
export const askedHost = "api.openai.com";
/** Hosts that lead to the fake model APIs. */
export const servedHosts: readonly string[] = [askedHost, "api.anthropic.com"];

const group = "clrk.apoxy.dev";
const apiVersion = `${group}/v1alpha1`;
const metadata = (name: string) => ({ name, namespace: "default" });

/** The objects beside the EgressGateway `bench`. */
export function llmPolicy(serving: Serving): object[] {
  switch (serving) {
    case "openai":
      return [route([]), ...credential(openaiAnswers)];
    case "openai-plain":
      return [route([])];
    case "limited":
      return [
        route([], [...limitScopes.map(limitFilter), budgetFilter]),
        ...limitScopes.map(limit),
        ...credential(openaiAnswers),
      ];
    case "captured":
      return [route([], [captureFilter]), capture(), ...credential(openaiAnswers)];
    case "anthropic":
      return [route([claude]), claudeBackend(), ...credential(anthropicAnswers, claude)];
    case "failover":
      return [
        route([broken, claude]),
        brokenBackend(),
        claudeBackend(),
        fallback(),
        ...credential(anthropicAnswers, claude),
      ];
  }
}

const limitScopes = ["PerAgent", "PerExecution", "PerRoute"];

function limit(scope: string): object {
  return {
    apiVersion,
    kind: "RateLimitPolicy",
    metadata: metadata(nameOfLimit(scope)),
    spec: { requests: 1_000_000_000, window: "1m", scope },
  };
}

function nameOfLimit(scope: string): string {
  return scope.toLowerCase();
}

function limitFilter(scope: string): object {
  const name = nameOfLimit(scope);
  return { type: "ExtensionRef", extensionRef: { group, kind: "RateLimitPolicy", name } };
}

/** Keeps what a prompt and its answer are, to the last byte; what is taken out is what always is. */
function capture(): object {
  return {
    apiVersion,
    kind: "LoggingPolicy",
    metadata: metadata("bench"),
    spec: { captureRequest: true, captureResponse: true },
  };
}

const captureFilter = {
  type: "ExtensionRef",
  extensionRef: { group, kind: "LoggingPolicy", name: "bench" },
};

const budgetFilter = {
  type: "TokenBudget",
  tokenBudget: {
    maxOutputTokensPerRequest: 4_096,
    maxTokensPerExecution: 1_000_000_000_000,
    maxTokensPerDay: 1_000_000_000_000,
    maxCostPerDay: "1000000.00",
  },
};

const claude = "claude";
const broken = "broken";

function claudeBackend(): object {
  const [, host] = servedHosts;
  return backend(claude, {
    schema: { name: "anthropic" },
    upstream: { host },
    modelRewrites: [{ from: "*", to: servedModel }],
  });
}

/** The fake model APIs fail whatever is below this path. */
function brokenBackend(): object {
  return backend(broken, {
    schema: { name: "openai", basePath: `${brokenPath}/v1` },
    upstream: { host: askedHost },
  });
}

function backend(name: string, spec: object): object {
  return { apiVersion, kind: "Backend", metadata: metadata(name), spec };
}

/** A backend that failed is left out for so short that every request finds it back. */
function fallback(): object {
  return {
    apiVersion,
    kind: "FallbackRoutingPolicy",
    metadata: metadata("bench"),
    spec: {
      targetRefs: [{ group, kind: "AIProviderRoute", name: "bench" }],
      ejection: { maxEjectionTime: "1ms" },
    },
  };
}

function route(backends: readonly string[], filters: readonly object[] = []): object {
  return {
    apiVersion,
    kind: "AIProviderRoute",
    metadata: metadata("bench"),
    spec: {
      parentRefs: [{ group, kind: "EgressGateway", name: "bench" }],
      rules: [
        {
          matches: [{ provider: "openai", endpoints: [openaiAnswers.path] }],
          filters,
          backendRefs: backends.map((name) => ({ group, kind: "Backend", name })),
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
