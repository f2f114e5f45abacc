/** Tests of choosing for model calls whose bodies nobody has. */
import t from "tap";
import type { RecordedCall, ReplayedChoice } from "../gateway/replay.ts";
import type { Candidate, RoutedRule } from "../gateway/routing-plan.ts";
import type { EnginePlan } from "../gateway/snapshot.ts";
import { priceTable } from "../providers/price-table.ts";
import { createRecordedChoice } from "./recorded-choice.ts";

const route = { kind: "AIProviderRoute", namespace: "default", name: "models" };

function candidate(name: string, more: Partial<Candidate> = {}): Candidate {
  return {
    pick: name,
    backend: { kind: "Backend", namespace: "default", name },
    ...{ provider: "openai", basePath: "", authority: "", tier: 0, weight: 1 },
    ...{ modelRewrites: [], streamUsage: false, queryCredentials: [] },
    ...more,
  };
}

function rule(more: Partial<RoutedRule> = {}): RoutedRule {
  const common = { route, ruleIndex: 0, endpoints: [], meters: true };
  return { ...common, models: ["gpt-*"], candidates: [candidate("one")], ...more };
}

function choose(
  rules: readonly RoutedRule[],
  call: Partial<RecordedCall> = {},
  otherwise: "next" | "deny" = "deny",
): ReplayedChoice {
  const plan: EnginePlan = {
    ...{ id: "plan", gateway: "default/egress", route, ruleIndex: 0, provider: "openai" },
    ...{ meters: true, queryCredentials: [], why: ["chooses"], routing: { rules, otherwise } },
  };
  const asked = { method: "POST", path: "/v1/chat/completions", model: "gpt-5", served: null };
  return createRecordedChoice(priceTable)(plan, { ...asked, ...call });
}

const claude = candidate("claude", {
  provider: "anthropic",
  modelRewrites: [{ from: "*", to: "claude-sonnet-4-5" }],
});
const missing = { missing: "model of the request" };
const dollars = { counts: [{ name: "x", scope: "day", unit: "usd", limit: 1_000 }] } as const;
const gone = { status: 503, reason: "backend-missing", message: "" } as const;

const rows: readonly {
  readonly name: string;
  readonly choice: ReplayedChoice;
  readonly is: object;
}[] = [
  { name: "serves by the rule of its model", choice: choose([rule()]), is: { kind: "serve" } },
  {
    name: "refuses a model that no rule is about",
    choice: choose([rule()], { model: "o3" }),
    is: { kind: "refuse", reason: "no-rule" },
  },
  {
    name: "leaves it to Envoy where the plan does",
    choice: choose([rule()], { model: "o3" }, "next"),
    is: { kind: "next" },
  },
  {
    name: "does not know a model that nobody read",
    choice: choose([rule()], { model: missing }),
    is: { kind: "unknown", missing: "model of the request" },
  },
  {
    name: "refuses what is no model call, whatever its model",
    choice: choose([rule()], { path: "/v1/other", model: missing }),
    is: { kind: "refuse", reason: "body-malformed" },
  },
  {
    name: "rewrites the model",
    choice: choose([
      rule({ candidates: [candidate("one", { modelRewrites: [{ from: "*", to: "gpt-4o" }] })] }),
    ]),
    is: { kind: "serve", ways: [{ model: "gpt-4o", provider: "openai" }] },
  },
  {
    name: "does not know whether another dialect can say it",
    choice: choose([rule({ candidates: [claude] })]),
    is: { kind: "unknown", missing: "whether anthropic can express the request" },
  },
  {
    name: "knows that it could where it was",
    choice: choose([rule({ candidates: [claude] })], {
      served: {
        provider: "anthropic",
        translation: { from: "openai-chat", to: "anthropic-messages" },
      },
    }),
    is: { kind: "serve", ways: [{ model: "claude-sonnet-4-5", provider: "anthropic" }] },
  },
  {
    name: "is sure that somebody serves it where one can",
    choice: choose([rule({ candidates: [claude, candidate("one")] })]),
    is: { kind: "serve", ways: [{ provider: "anthropic" }, { provider: "openai" }] },
  },
  {
    name: "refuses what a budget in money has no price for",
    choice: choose([rule({ budget: dollars })], { model: "gpt-unheard-of" }),
    is: { kind: "refuse", reason: "not-translatable" },
  },
  {
    name: "refuses as the only backend does",
    choice: choose([rule({ candidates: [candidate("one", { refusal: gone })] })]),
    is: { kind: "refuse", reason: "backend-missing" },
  },
  {
    name: "refuses where all have weight 0",
    choice: choose([rule({ candidates: [candidate("one", { weight: 0 })] })]),
    is: { kind: "refuse", reason: "not-translatable" },
  },
  {
    name: "refuses by a rule that does",
    choice: choose([rule({ refusal: { status: 403, reason: "deny-policy", message: "" } })]),
    is: { kind: "refuse", reason: "deny-policy" },
  },
];

for (const { name, choice, is } of rows) {
  t.test(`createRecordedChoice() ${name}`, async (t) => {
    t.match(choice, is);
  });
}
