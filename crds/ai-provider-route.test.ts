/** AIProviderRoute: providers are open names, everything else is checked. */
import t from "tap";
import { aiProviderRouteKind } from "./ai-provider-route.ts";
import {
  change,
  expectObject,
  objectOf,
  parentRef,
  testAcceptance,
  testRefusals,
} from "./testdata/kind-cases.ts";

const group = "clrk.apoxy.dev";
const least = objectOf("AIProviderRoute", {
  parentRefs: [parentRef],
  rules: [{ matches: [{ provider: "openai" }] }],
});
const most = objectOf("AIProviderRoute", {
  parentRefs: [parentRef],
  rules: [
    {
      matches: [
        {
          provider: "anthropic",
          models: ["claude-opus-*"],
          endpoints: ["/v1/messages", "*/count"],
        },
      ],
      filters: [
        { type: "TokenBudget", tokenBudget: { maxTokensPerDay: 1_000_000, budgetRef: "team" } },
        { type: "ExtensionRef", extensionRef: { group, kind: "MyPolicy", name: "mine" } },
      ],
      backendRefs: [{ group, kind: "Backend", name: "direct", weight: 90 }],
    },
  ],
});

t.test("parse() of the least route has empty lists for what is left out", (t) => {
  t.same(expectObject(aiProviderRouteKind.parse(least)).spec.rules, [
    {
      matches: [{ provider: "openai", hostnames: [], models: [], endpoints: [] }],
      filters: [],
      backendRefs: [],
    },
  ]);
  t.end();
});

t.test("parse() keeps all that can be said", (t) => {
  const [rule] = expectObject(aiProviderRouteKind.parse(most)).spec.rules;
  t.same(rule?.matches[0]?.endpoints, ["/v1/messages", "*/count"]);
  t.same(rule?.filters[0], {
    type: "TokenBudget",
    tokenBudget: { maxTokensPerDay: 1_000_000, budgetRef: "team" },
  });
  t.same(rule?.backendRefs, [{ group, kind: "Backend", name: "direct", weight: 90 }]);
  t.end();
});

const match = "spec.rules.0.matches.0";
testAcceptance(aiProviderRouteKind, most, [
  [`${match}.provider`, "custom"],
  [`${match}.provider`, "some provider of a plugin"],
  [`${match}.models`, ["*"]],
  [`${match}.hostnames`, ["llm.internal", "*.llm.internal"]],
  ["spec.rules.0.filters.0.tokenBudget", { budgetRef: "team" }],
  ["spec.rules.0.filters.0.tokenBudget", { maxTokensPerExecution: Number.MAX_SAFE_INTEGER }],
  ["spec.rules.0.filters.0.tokenBudget", { maxCostPerDay: "12.50" }],
]);

const at = "spec.rules[0].matches[0]";
const filter = "spec.rules[0].filters[0]";
const limits =
  "maxTokensPerExecution, maxTokensPerDay, maxOutputTokensPerRequest, budgetRef, maxCostPerExecution or maxCostPerDay";

testRefusals(aiProviderRouteKind, most, [
  ["spec.parentRefs", undefined, "spec.parentRefs: not set, wanted a list of 1 to 32"],
  ["spec.rules", [], "spec.rules: found an empty list, wanted a list of 1 to 64"],
  [
    "spec.rules.0.matches",
    [],
    "spec.rules[0].matches: found an empty list, wanted a list of 1 to 64",
  ],
  [
    "spec.rules.0.provider",
    "openai",
    'spec.rules[0].provider: unknown field; known: "matches", "filters", "backendRefs"',
  ],
  [`${match}.provider`, 7, `${at}.provider: found 7, wanted a string`],
  [`${match}.provider`, "", `${at}.provider: found an empty string, wanted a non-empty string`],
  [`${match}.provider`, undefined, `${at}.provider: not set, wanted a string`],
  [
    `${match}.provider`,
    "x".repeat(129),
    `${at}.provider: found 129 characters, wanted at most 128 characters`,
  ],
  [
    `${match}.model`,
    "gpt-4.1",
    `${at}.model: unknown field; known: "provider", "hostnames", "models", "endpoints"`,
  ],
  [`${match}.models`, "gpt-4.1", `${at}.models: found "gpt-4.1", wanted a list of at most 64`],
  [
    `${match}.models`,
    [""],
    `${at}.models[0]: found an empty string, wanted a glob such as "claude-*"`,
  ],
  [
    `${match}.models`,
    ["gpt-[45]"],
    `${at}.models[0]: found "gpt-[45]", wanted a glob such as "claude-*": character "[" at position 4; only "*" and "?" are special here`,
  ],
  [
    `${match}.models`,
    ["a", "a"],
    `${at}.models[1]: found "a", wanted different values: item 0 has it too`,
  ],
  [
    `${match}.endpoints`,
    ["v1/messages"],
    `${at}.endpoints[0]: found "v1/messages", wanted a path glob such as "/v1/*": it begins neither with "/" nor with "*"`,
  ],
  [
    "spec.rules.0.filters.0.type",
    "Budget",
    `${filter}.type: found "Budget", wanted "TokenBudget", "RequestSizeLimit" or "ExtensionRef"`,
  ],
  [
    "spec.rules.0.filters.0.type",
    undefined,
    `${filter}.type: not set, wanted "TokenBudget", "RequestSizeLimit" or "ExtensionRef"`,
  ],
  [
    "spec.rules.0.filters.0.tokenBudget",
    undefined,
    `${filter}.tokenBudget: not set, wanted a value, because type is "TokenBudget"`,
  ],
  [
    "spec.rules.0.filters.0.tokenBudget",
    {},
    `${filter}.tokenBudget: found no limit, wanted ${limits}`,
  ],
  [
    "spec.rules.0.filters.0.tokenBudget.maxTokensPerDay",
    0,
    `${filter}.tokenBudget.maxTokensPerDay: found 0, wanted an integer of at least 1`,
  ],
  [
    "spec.rules.0.filters.0.tokenBudget.maxTokensPerDay",
    "1M",
    `${filter}.tokenBudget.maxTokensPerDay: found "1M", wanted an integer of at least 1`,
  ],
  [
    "spec.rules.0.filters.0.tokenBudget.maxTokensPerDay",
    1.5,
    `${filter}.tokenBudget.maxTokensPerDay: found 1.5, wanted an integer of at least 1`,
  ],
  [
    "spec.rules.0.filters.0.tokenBudget.budgetRef",
    "",
    `${filter}.tokenBudget.budgetRef: found an empty string, wanted a name without spaces, such as "team-budget"`,
  ],
  [
    "spec.rules.0.filters.0.extensionRef",
    { group, kind: "X", name: "y" },
    `${filter}.extensionRef: found a value, wanted none, because type is "TokenBudget": it goes with type "ExtensionRef"`,
  ],
  [
    "spec.rules.0.filters.1.extensionRef",
    undefined,
    'spec.rules[0].filters[1].extensionRef: not set, wanted a value, because type is "ExtensionRef"',
  ],
  [
    "spec.rules.0.filters.1.extensionRef.group",
    "x.dev",
    'spec.rules[0].filters[1].extensionRef.group: found "x.dev", wanted "clrk.apoxy.dev"',
  ],
  [
    "spec.rules.0.filters.1.extensionRef.kind",
    "",
    'spec.rules[0].filters[1].extensionRef.kind: found an empty string, wanted a kind such as "RateLimitPolicy"',
  ],
  [
    "spec.rules.0.backendRefs.0.group",
    "",
    'spec.rules[0].backendRefs[0].group: found an empty string, wanted "clrk.apoxy.dev"',
  ],
]);

t.test("parse() reports the mistakes of all rules at once", (t) => {
  const value = change(
    change(most, "spec.rules.1", { matches: [{ provider: 7 }] }),
    `${match}.provider`,
    null,
  );
  const result = aiProviderRouteKind.parse(value);
  t.strictSame(result.kind === "invalid" && result.problems.map(({ message }) => message), [
    "spec.rules[0].matches[0].provider: found null, wanted a string",
    "spec.rules[1].matches[0].provider: found 7, wanted a string",
  ]);
  t.end();
});
