/** The manifests of one round of the matrix: every dialect's calls are led to one provider. */
import { objectManifest } from "../gateway-manifests.ts";
import type { SdkClient } from "./sdk-clients.ts";
import type { Target } from "./targets.ts";

/** Routes, the Backend and credentials that lead all clients to a target. */
export function roundManifest(clients: readonly SdkClient[], target: Target): string {
  const providers = [...new Set(clients.map(({ provider }) => provider))];
  const backend = target.name.replaceAll("_", "-");
  return [
    objectManifest("Backend", backend, {
      schema: target.schema,
      upstream: { host: target.host },
      modelRewrites: rewritesOf(clients, target),
    }),
    ...providers.map((provider) => routeTo(provider, target, backend)),
  ].join("");
}

function routeTo(provider: string, target: Target, backend: string): string {
  const name = provider.replaceAll("_", "-");
  const isOwn = provider === target.schema.name;
  const backendRefs = [{ group: "clrk.apoxy.dev", kind: "Backend", name: backend }];
  const route = objectManifest("AIProviderRoute", name, {
    rules: [{ matches: [{ provider }], ...(!isOwn && { backendRefs }) }],
  });
  return route + target.credential({ route: name, backend: isOwn ? undefined : backend });
}

/** The first that matches applies: models for reasoning and vectors are named, all others are for chat. */
function rewritesOf(clients: readonly SdkClient[], { models }: Target): object[] {
  const named = clients.flatMap((client) => [
    { from: client.models.reasoning, to: models.reasoning },
    ...(client.models.embedding !== undefined && models.embedding !== undefined
      ? [{ from: client.models.embedding, to: models.embedding }]
      : []),
  ]);
  const unique = new Map(named.map((one) => [one.from, one]));
  return [...unique.values(), { from: "*", to: models.chat }];
}
