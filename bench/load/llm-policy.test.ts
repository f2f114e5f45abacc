/** Unit tests of what our gateway is told in `llm`: objects that it takes, with the credential of who serves. */
import t from "tap";
import { parseAnyObject } from "../../crds/kinds.ts";
import { anthropicAnswers, openaiAnswers } from "./llm-answers.ts";
import { llmPolicy } from "./llm-policy.ts";
import type { Serving } from "./llm-policy.ts";

const servings: readonly Serving[] = [
  "openai",
  "openai-plain",
  "anthropic",
  "failover",
  "limited",
  "captured",
];

function kindsOf(serving: Serving): string[] {
  return llmPolicy(serving).flatMap((object) => ("kind" in object ? [String(object.kind)] : []));
}

t.test("llmPolicy() writes objects that the gateway takes", async (t) => {
  for (const serving of servings) {
    for (const object of llmPolicy(serving)) {
      const result = parseAnyObject(object);
      t.equal(result.kind, "valid", `${serving} ${JSON.stringify(object)}`);
      if (result.kind === "invalid") t.same(result.problems, []);
    }
  }
});

t.test(
  "llmPolicy() has a backend where another provider serves, and a way on where one fails",
  async (t) => {
    const secret = ["Secret", "CredentialInjectionPolicy"];
    t.same(kindsOf("openai"), ["AIProviderRoute", ...secret]);
    t.same(kindsOf("openai-plain"), ["AIProviderRoute"], "no credential goes into plain HTTP");
    t.same(kindsOf("captured"), ["AIProviderRoute", "LoggingPolicy", ...secret]);
    t.same(kindsOf("anthropic"), ["AIProviderRoute", "Backend", ...secret]);
    t.same(kindsOf("failover"), [
      "AIProviderRoute",
      "Backend",
      "Backend",
      "FallbackRoutingPolicy",
      ...secret,
    ]);
  },
);

t.test("llmPolicy() gives the credential of the provider that serves", async (t) => {
  const text = (serving: Serving) => JSON.stringify(llmPolicy(serving));
  t.match(text("openai"), openaiAnswers.credential.value);
  t.notMatch(text("openai"), anthropicAnswers.credential.value);
  for (const serving of ["anthropic", "failover"] as const) {
    t.match(text(serving), anthropicAnswers.credential.value);
    t.notMatch(text(serving), openaiAnswers.credential.value);
    t.match(text(serving), '"sectionName":"claude"');
  }
});
