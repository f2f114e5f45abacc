import t from "tap";
import { answerSlots, findOperation } from "./operation-layout.ts";
import type { Operation } from "./operation.ts";
import { answerFacts } from "./operation.ts";
import type { Provider } from "./provider.ts";
import { openai } from "./openai/provider.ts";
import { chatCompletions } from "./openai/usage.ts";
import { findProviderByName, providers } from "./registry.ts";

function find(name: string, path: string, method = "POST") {
  const provider = findProviderByName(name);
  if (provider === undefined) throw new Error(`No provider ${name}`);
  const found = findOperation(provider, method, path);
  return found && { name: found.layout.operation.name, pathModel: found.pathModel };
}

const called: readonly (readonly [string, string, string, string | null])[] = [
  ["openai", "/v1/chat/completions", "chat", null],
  ["openai", "/v1/chat/completions?a=/v1/models", "chat", null],
  ["openai", "/v1/completions", "text_completion", null],
  ["openai", "/v1/responses", "chat", null],
  ["openai", "/v1/responses/compact", "compact", null],
  ["openai", "/v1/responses/input_tokens", "count_tokens", null],
  ["openai", "/v1/embeddings", "embeddings", null],
  ["anthropic", "/v1/messages", "chat", null],
  ["anthropic", "/v1/messages?beta=true", "chat", null],
  ["anthropic", "/v1/messages/count_tokens", "count_tokens", null],
  ["anthropic", "/v1/complete", "text_completion", null],
  ["anthropic", "/v1/chat/completions", "chat", null],
  ["azure", "/openai/deployments/gpt-4o/chat/completions?api-version=1", "chat", "gpt-4o"],
  ["azure", "/openai/deployments/a%20b%2Fc/completions", "text_completion", "a b/c"],
  ["azure", "/openai/deployments/chat/completions", "text_completion", "chat"],
  ["azure", "/openai/deployments/x%zz/embeddings", "embeddings", "x%zz"],
  ["azure", "/openai/v1/responses", "chat", null],
  ["azure", "/openai/responses?api-version=preview", "chat", null],
  ["azure", "/models/chat/completions", "chat", null],
  ["azure", "/anthropic/v1/messages", "chat", null],
];

for (const [provider, path, name, pathModel] of called) {
  t.test(`findOperation() finds ${name} of ${provider} at ${path}`, async (t) => {
    t.same(find(provider, path), { name, pathModel });
  });
}

const others: readonly (readonly [string, string, string?])[] = [
  ["openai", "/v1/models", "GET"],
  ["openai", "/v1/models"],
  ["openai", "/v1/chat/completions", "GET"],
  ["openai", "/v1/chat/completions", "post"],
  ["openai", "/v1/chat/completions/"],
  ["openai", "/V1/chat/completions"],
  ["openai", "/v1/chat/completions/chatcmpl-1"],
  ["openai", "/v1/responses/resp_1/cancel"],
  ["openai", "/x?/v1/chat/completions"],
  ["openai", ""],
  ["openai", "/openai/deployments/a/chat/completions"],
  ["anthropic", "/v1/messages/batches"],
  ["azure", "/openai/deployments//chat/completions"],
  ["azure", "/openai/deployments/a/b/chat/completions"],
  ["azure", "/openai/deployments/chat/completions/extra"],
  ["azure", "/openai/deployments/embeddings"],
  ["azure", `/openai/deployments/${"a".repeat(1_025)}/embeddings`],
  ["bedrock", "/model/x/embed"],
];

for (const [provider, path, method] of others) {
  t.test(
    `findOperation() finds nothing for ${method ?? "POST"} ${path.slice(0, 60)}`,
    async (t) => {
      t.equal(find(provider, path, method), undefined);
    },
  );
}

const withWildcards: Provider = {
  ...openai,
  operations: [
    { ...chatCompletions, name: "generate", paths: ["/v1beta/models/{model}:generateContent"] },
    {
      ...chatCompletions,
      name: "regional",
      paths: [
        "/v1/projects/{any}/locations/{any}/publishers/google/models/{model}:generateContent",
      ],
    },
    { ...chatCompletions, name: "compatible", paths: ["/v1/projects/{any}/chat/completions"] },
  ],
};
const regional = "/v1/projects/p/locations/us-east1/publishers/google/models";

const wildcards: readonly (readonly [string, string | undefined, string | null])[] = [
  ["/v1beta/models/gemini-2.5-pro:generateContent", "generate", "gemini-2.5-pro"],
  ["/v1beta/models/a:generateContent?alt=sse", "generate", "a"],
  ["/v1beta/models/a:b:generateContent", "generate", "a:b"],
  ["/v1beta/models/tuned%2Fa:generateContent", "generate", "tuned/a"],
  ["/v1beta/models/%zz:generateContent", "generate", "%zz"],
  [`${regional}/gemini:generateContent`, "regional", "gemini"],
  ["/v1/projects/p/chat/completions", "compatible", null],
  ["/v1beta/models/:generateContent", undefined, null],
  ["/v1beta/models/a/b:generateContent", undefined, null],
  ["/v1beta/models/a:streamGenerateContent", undefined, null],
  ["/v1beta/models/a:generateContent/x", undefined, null],
  [`${regional}/:generateContent`, undefined, null],
  ["/v1/projects//locations/l/publishers/google/models/a:generateContent", undefined, null],
  ["/v1/projects/a/b/locations/l/publishers/google/models/a:generateContent", undefined, null],
  ["/v1/projects/a/locations/l/publishers/google/models:generateContent", undefined, null],
  ["/v1/projects/a/locations/publishers/google/models/a:generateContent", undefined, null],
  ["/v1/projects//chat/completions", undefined, null],
  ["/v1/projects/chat/completions", undefined, null],
  [`/v1/projects/${"a".repeat(1_025)}/chat/completions`, undefined, null],
];

for (const [path, name, pathModel] of wildcards) {
  t.test(`findOperation() finds ${name ?? "nothing"} at ${path.slice(0, 80)}`, async (t) => {
    const found = findOperation(withWildcards, "POST", path);
    const facts = found && { name: found.layout.operation.name, pathModel: found.pathModel };
    t.same(facts, name === undefined ? undefined : { name, pathModel });
  });
}

t.test("findOperation() makes a layout once", async (t) => {
  for (const provider of providers) {
    for (const { paths } of operationsOf(provider)) {
      for (const path of paths) {
        const [first, second] = [path, path].map((one) => findOperation(provider, "POST", one));
        t.ok(first?.layout, path);
        t.equal(first?.layout, second?.layout, path);
      }
    }
  }
});

t.test("no provider declares a path twice", async (t) => {
  for (const provider of providers) {
    const paths = operationsOf(provider).flatMap((operation) => operation.paths);
    t.equal(new Set(paths).size, paths.length, provider.name);
  }
});

t.test("answerSlots numbers every fact once", async (t) => {
  t.same(Object.keys(answerSlots), answerFacts);
  t.same(
    Object.values(answerSlots),
    answerFacts.map((_, index) => index),
  );
});

function operationsOf(provider: Provider): readonly Operation[] {
  return provider.operations ?? [];
}

const ranged = [
  {
    provider: "google_genai",
    path: "/v1beta/models/v1beta:generateContent?x=/v1beta",
    model: "v1beta",
  },
  {
    provider: "azure_openai",
    path: "/openai/deployments/openai/chat/completions",
    model: "openai",
  },
  {
    provider: "aws_bedrock",
    path: "/model/arn%3aaws%3Abedrock%2fa/converse",
    model: "arn%3aaws%3Abedrock%2fa",
  },
];
for (const { provider, path, model } of ranged) {
  t.test(`findOperation() says where the model of ${path} stands`, async (t) => {
    const declared = findProviderByName(provider) ?? openai;
    const range = findOperation(declared, "POST", path)?.modelRange;
    t.equal(path.slice(range?.start, range?.end), model);
    t.equal(range?.start, path.indexOf(`/${model}`, 5) + 1);
  });
}

t.test("findOperation() gives no place for a model that the body names", async (t) => {
  t.equal(findOperation(openai, "POST", "/v1/chat/completions")?.modelRange, null);
});
