/** AIProviderRoutes as rules: providers, endpoints, and what is not enforced. */
import t from "tap";
import {
  aiRoute,
  compiled,
  conditionOf,
  decisions,
  gateway,
  gatewayOf,
  hostPolicy,
  hostTexts,
  target,
} from "./testdata/objects.ts";

const label = "AIProviderRoute default/r";

function route(rule: object, provider = "openai") {
  return compiled(gateway(), aiRoute("r", provider, { ...rule }));
}

t.test("draftAiProviderRoute() allows the hosts of a provider, by any of its names", async (t) => {
  for (const name of ["azure_openai", "Azure-OpenAI", "AZURE"]) {
    const result = route({}, name);
    t.same(hostTexts(gatewayOf(result)), [
      "*.services.ai.azure.com",
      "*.cognitiveservices.azure.com",
      "*.openai.azure.com",
    ]);
    t.equal(hostPolicy(result, "*.openai.azure.com").rules[0]?.provider, "azure_openai");
  }
});

t.test("draftAiProviderRoute() makes paths of endpoints", async (t) => {
  const endpoints = ["/v1/models", "/v1/chat/*"];
  const result = route({ matches: [{ provider: "openai", endpoints }] });
  t.same(
    hostPolicy(result, "api.openai.com").rules.map(({ match }) => match),
    [
      { path: { kind: "exact", value: "/v1/models" } },
      { path: { kind: "regex", value: "/v1/chat/(?s:.*)" } },
    ],
  );
});

t.test("draftAiProviderRoute() keeps each match to the hosts of its own provider", async (t) => {
  const result = route({
    matches: [{ provider: "anthropic", endpoints: ["/v1/messages"] }, { provider: "openai" }],
  });
  t.same(
    hostPolicy(result, "api.anthropic.com").rules.map(({ match, provider }) => [provider, match]),
    [["anthropic", { path: { kind: "exact", value: "/v1/messages" } }]],
  );
  t.same(
    hostPolicy(result, "api.openai.com").rules.map(({ match, provider }) => [provider, match]),
    [["openai", {}]],
  );
});

t.test("draftAiProviderRoute() takes models that are not limited", async (t) => {
  for (const models of [[], ["*"], ["gpt-*", "*"]]) {
    const result = route({ matches: [{ provider: "openai", models }] });
    t.same(decisions(hostPolicy(result, "api.openai.com")), ["allow AIProviderRoute r/0"]);
  }
});

const budget = { type: "TokenBudget", tokenBudget: { maxTokensPerDay: 1000 } };

const unenforced = [
  {
    name: "models",
    rule: { matches: [{ provider: "openai" }, { provider: "openai", models: ["gpt-*"] }] },
    message: "spec.rules[0].matches[1].models is not enforced yet",
  },
  {
    name: "a token budget",
    rule: { filters: [budget] },
    message: "spec.rules[0].filters[0].tokenBudget is not enforced yet",
  },
  {
    name: "a plugin's policy",
    rule: { filters: [{ type: "ExtensionRef", extensionRef: target("MyPolicy", "p") }] },
    message: "spec.rules[0].filters[0].extensionRef (MyPolicy default/p) is not enforced yet",
  },
];

for (const { name, rule, message } of unenforced) {
  t.test(`draftAiProviderRoute() refuses a whole route with ${name}`, async (t) => {
    const rules = [
      { matches: [{ provider: "openai" }], ...rule },
      { matches: [{ provider: "anthropic" }] },
    ];
    const result = compiled(gateway(), aiRoute("r", "openai", {}, { rules }));
    t.equal(conditionOf(result, label, "Accepted"), `NotEnforced: ${message}`);
    for (const host of ["api.openai.com", "api.anthropic.com"]) {
      const actions = hostPolicy(result, host).rules.map(({ action }) => action);
      t.ok(actions.length > 0);
      for (const action of actions) {
        t.same(action, {
          kind: "deny",
          status: 403,
          reason: "not-enforced",
          message: `Refused because ${label} cannot be enforced: ${message}`,
        });
      }
    }
  });
}

t.test("draftAiProviderRoute() names the nearest provider for an unknown one", async (t) => {
  const result = route({ matches: [{ provider: "anthropic" }, { provider: "opnai" }] });
  t.match(
    conditionOf(result, label, "Accepted"),
    /^ProviderNotFound: spec\.rules\[0\]\.matches\[1\]\.provider: no provider "opnai": did you mean "openai"\? known are anthropic, aws_bedrock, .*gemini, .*litellm \(nothing is refused by it, because its hosts are unknown\)$/,
  );
  t.same(decisions(hostPolicy(result, "api.anthropic.com")), [
    "deny not-enforced AIProviderRoute r/0",
  ]);
  t.throws(() => hostPolicy(result, "api.openai.com"));
});

t.test("draftAiProviderRoute() suggests nothing when no name is near", async (t) => {
  const result = route({ matches: [{ provider: "zzzzzzzz" }] });
  t.match(conditionOf(result, label, "Accepted"), /no provider "zzzzzzzz": known are anthropic,/);
});

t.test("draftAiProviderRoute() does not enforce provider custom, which has no hosts", async (t) => {
  const result = route({ matches: [{ provider: "Custom" }] });
  t.equal(
    conditionOf(result, label, "Accepted"),
    'NotEnforced: spec.rules[0].matches[0].provider "custom" names no hosts and is not enforced yet: use an EgressHTTPRoute',
  );
  t.same(gatewayOf(result).hosts, []);
});

t.test("draftAiProviderRoute() has no provider for names that objects inherit", async (t) => {
  const result = route({ matches: [{ provider: "constructor" }] });
  t.match(conditionOf(result, label, "Accepted"), /^ProviderNotFound/);
});
