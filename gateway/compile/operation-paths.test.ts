/** Paths of model calls as Envoy matches them. */
import t from "tap";
import { matchGlob } from "../../crds/glob.ts";
import type { Operation } from "../../providers/operation.ts";
import type { Provider } from "../../providers/provider.ts";
import { findProviderByName } from "../../providers/registry.ts";
import { operationPaths } from "./operation-paths.ts";

const openai = known("openai");
const [chat] = openai.operations ?? [];

function known(name: string): Provider {
  const provider = findProviderByName(name);
  if (provider === undefined) throw new Error(`Cannot find provider "${name}"`);
  return provider;
}

function withPaths(...paths: readonly string[]): Provider {
  if (chat === undefined) throw new Error("Cannot find an operation");
  return { ...openai, operations: [{ ...chat, paths }] };
}

function values(provider: Provider, globs: readonly string[]): string[] {
  return operationPaths(provider, globs).map(({ match }) => match.value);
}

t.test(
  "operationPaths() gives every path of every operation where no glob limits it",
  async (t) => {
    const all = (openai.operations ?? []).flatMap(({ paths }: Operation) => paths);
    t.ok(all.length > 3);
    t.same(values(openai, []), all);
  },
);

t.test("operationPaths() keeps the operation with its path", async (t) => {
  const [first] = operationPaths(openai, ["/v1/chat/completions"]);
  t.equal(first?.operation, chat);
  t.same(first?.match, { kind: "exact", value: "/v1/chat/completions" });
});

t.test("operationPaths() is empty for a provider whose calls are not known", async (t) => {
  const { operations: _operations, ...silent } = openai;
  t.same(operationPaths(silent, []), []);
});

t.test("operationPaths() has one segment stand for a model, which may hold escapes", async (t) => {
  const [path] = operationPaths(withPaths("/v1.0/models/{model}:generate"), []);
  t.same(path?.match, { kind: "regex", value: "/v1\\.0/models/[^/]+:generate" });
  const anchored = new RegExp(`^(?:${path?.match.value})$`);
  t.match("/v1.0/models/a%3Ab:generate", anchored);
  t.notMatch("/v1x0/models/a:generate", anchored);
  t.notMatch("/v1.0/models/a/b:generate", anchored);
  t.notMatch("/v1.0/models/:generate", anchored);
});

const deployment = "/openai/deployments/{deployment}/chat/completions";
const globs = [
  { glob: "*", path: "/v1/x", want: true },
  { glob: "/v1/*", path: "/v1/x", want: true },
  { glob: "/v1/y", path: "/v1/x", want: false },
  { glob: "/v1/x/*", path: "/v1/x", want: false },
  { glob: "/openai/deployments/gpt-4/chat/completions", path: deployment, want: true },
  { glob: "/openai/deployments/gpt-*", path: deployment, want: true },
  { glob: "*gpt-4*", path: deployment, want: true },
  { glob: "*/completions", path: deployment, want: true },
  { glob: "/openai/*", path: deployment, want: true },
  { glob: "/openai/deployments/gpt-4/embeddings", path: deployment, want: false },
  { glob: "/openai/v1/*", path: deployment, want: false },
  { glob: "*/embeddings", path: deployment, want: false },
];
for (const { glob, path, want } of globs) {
  t.test(`operationPaths() ${want ? "takes" : "leaves out"} ${path} for ${glob}`, async (t) => {
    t.equal(values(withPaths(path), [glob]).length, want ? 1 : 0);
  });
}

t.test("operationPaths() leaves out no path that a glob fits with some model", async (t) => {
  const provider = withPaths(deployment, "/models/{model}:generate", "/v1/chat/completions");
  const models = ["a", "gpt-4", "x%2Fy", "deployments"];
  const real = [deployment, "/models/{model}:generate", "/v1/chat/completions"];
  const pieces = [
    "*",
    "?",
    "/openai/*",
    "*:generate",
    "/m?dels/*",
    "*gpt*",
    "*-4*",
    "/v1/*s",
    "*x*",
  ];
  for (const glob of pieces) {
    const found = new Set(operationPaths(provider, [glob]).map(({ match }) => match.value));
    for (const [index, path] of real.entries()) {
      const fits = models.some((model) => matchGlob(glob, path.replace(/\{[a-z]+\}/, model)));
      const value = values(provider, [])[index] ?? "";
      t.ok(!fits || found.has(value), `${glob} ${path}`);
    }
  }
});
