import t from "tap";
import { roundManifest } from "./round.ts";
import { nodeClients } from "./sdk-clients.ts";
import { targets } from "./targets.ts";

/** The objects of a manifest file by kind and name. */
function objectsOf(text: string): Map<string, Record<string, unknown>> {
  const documents = text.split("---\n").filter((part) => part.trim() !== "");
  return new Map(
    documents.map((part) => {
      const { kind, metadata, spec } = JSON.parse(part);
      return [`${kind} ${metadata.name}`, spec];
    }),
  );
}

t.test("roundManifest() leads every provider's calls to the target but its own", async (test) => {
  const [openAi] = targets;
  if (openAi === undefined) return;
  const objects = objectsOf(roundManifest(nodeClients, openAi));
  test.match(objects.get("Backend openai"), {
    schema: { name: "openai" },
    upstream: { host: "api.openai.com" },
    modelRewrites: [{ from: "gpt-5", to: "gpt-5" }],
  });
  test.match(objects.get("AIProviderRoute anthropic"), {
    rules: [
      { matches: [{ provider: "anthropic" }], backendRefs: [{ kind: "Backend", name: "openai" }] },
    ],
  });
  const own = Object(objects.get("AIProviderRoute openai"));
  test.equal(own.rules[0].backendRefs, undefined);
  const policies = [...objects.keys()].filter((key) => key.startsWith("CredentialInjectionPolicy"));
  test.equal(policies.length, 5, "one for each provider that agents dial");
});

t.test("roundManifest() names models for reasoning before all others", async (test) => {
  for (const target of targets) {
    const objects = objectsOf(roundManifest(nodeClients, target));
    const backend = Object(objects.get(`Backend ${target.name.replaceAll("_", "-")}`));
    test.same(backend.modelRewrites.at(-1), { from: "*", to: target.models.chat });
    test.ok(
      backend.modelRewrites.some(({ to }: { to: string }) => to === target.models.reasoning),
      target.name,
    );
  }
});
