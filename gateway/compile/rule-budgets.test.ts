/** TokenBudget filters of AIProviderRoutes. */
import t from "tap";
import { indexObjects } from "./object-index.ts";
import { judgeBudgets } from "./rule-budgets.ts";
import type { ParsedObject } from "../../crds/kinds.ts";
import {
  aiRoute,
  awsCredential,
  compiled,
  conditionOf,
  decisions,
  gateway,
  hostPolicy,
  queryCredential,
  secret,
  target,
} from "./testdata/objects.ts";

type Budget = Readonly<Record<string, unknown>>;
const budgetFilter = (tokenBudget: Budget) => ({ type: "TokenBudget", tokenBudget });
const routeOf = (name: string, ...budgets: readonly Budget[]) =>
  aiRoute(name, "openai", { filters: budgets.map(budgetFilter) });
const route = { kind: "AIProviderRoute", namespace: "default", name: "r" };

function judge(own: readonly Budget[], ...others: readonly (readonly Budget[])[]) {
  const all = [own, ...others].map((budgets, position) =>
    routeOf(position === 0 ? "r" : `r${position}`, ...budgets),
  );
  const index = indexObjects(all);
  const [first] = index.list("AIProviderRoute").filter(({ metadata }) => metadata.name === "r");
  const filters = first?.spec.rules[0]?.filters ?? [];
  return judgeBudgets(filters, ["spec", "rules", 0], { index, route, ruleIndex: 0 });
}

const own = "AIProviderRoute/default/r/0";

t.test("judgeBudgets() counts a rule's own budget by its name", async (test) => {
  test.same(judge([]), { obstacles: [] });
  const all = {
    maxTokensPerExecution: 1,
    maxTokensPerDay: 2,
    maxOutputTokensPerRequest: 3,
    maxCostPerExecution: "0.5",
    maxCostPerDay: "10",
  };
  test.same(judge([all]), {
    budget: {
      maxOutputTokens: 3,
      counts: [
        { name: own, scope: "execution", unit: "tokens", limit: 1 },
        { name: own, scope: "day", unit: "tokens", limit: 2 },
        { name: own, scope: "execution", unit: "usd", limit: 500_000 },
        { name: own, scope: "day", unit: "usd", limit: 10_000_000 },
      ],
    },
    obstacles: [],
  });
});

t.test("judgeBudgets() takes the smallest of several limits for one count", async (test) => {
  const found = judge([
    { maxTokensPerDay: 5, maxOutputTokensPerRequest: 9 },
    { maxTokensPerDay: 4, maxOutputTokensPerRequest: 8 },
    { maxTokensPerDay: 6 },
  ]);
  test.same(found.budget, {
    maxOutputTokens: 8,
    counts: [{ name: own, scope: "day", unit: "tokens", limit: 4 }],
  });
});

t.test(
  "judgeBudgets() gives all rules of a shared budget the limits that any states",
  async (test) => {
    const team = { budgetRef: "team" };
    const shared = [{ name: "default/team", scope: "day", unit: "tokens", limit: 7 }];
    test.same(judge([team], [{ ...team, maxTokensPerDay: 7 }]).budget?.counts, shared);
    test.same(
      judge([{ ...team, maxTokensPerDay: 9 }], [{ ...team, maxTokensPerDay: 7 }]).budget?.counts,
      shared,
    );
    const other = judge(
      [{ budgetRef: "other", maxTokensPerDay: 1 }],
      [{ ...team, maxTokensPerDay: 7 }],
    );
    test.same(other.budget?.counts, [{ ...shared[0], name: "default/other", limit: 1 }]);
  },
);

t.test("a shared budget that nobody limits refuses its rules", async (test) => {
  const result = compiled(gateway(), routeOf("r", { budgetRef: "team" }));
  test.match(
    conditionOf(result, "AIProviderRoute default/r", "Accepted"),
    /^NotEnforced: spec.rules\[0\].filters\[0\].tokenBudget.budgetRef "team": no rule/,
  );
});

t.test("a rule with a budget has model calls read and refuses all else", async (test) => {
  const result = compiled(gateway(), routeOf("r", { maxTokensPerDay: 1 }));
  test.equal(
    conditionOf(result, "AIProviderRoute default/r", "Accepted"),
    "Accepted: Valid and attached",
  );
  const policy = hostPolicy(result, "api.openai.com");
  test.match(decisions(policy).at(-1), /^deny no-rule/);
  const calls = policy.rules.slice(0, -1);
  test.ok(calls.some(({ match }) => match.path?.value === "/v1/embeddings"));
  test.ok(calls.length > 3);
  for (const { action, engine } of calls) {
    test.equal(action.kind, "forward", "its one way is known by the path");
    test.match(engine, {
      routing: { otherwise: "deny", rules: [{ budget: { counts: [{ limit: 1 }] } }] },
      why: /budget/,
    });
  }
});

const key = secret("key", { token: "sk-1" });
const aws = secret("aws", { access_key_id: "AKIA", secret_access_key: "shh" });
const spending = { filters: [budgetFilter({ maxTokensPerDay: 1 })] };
const chosenBudgets: readonly {
  readonly name: string;
  readonly provider: string;
  readonly host: string;
  readonly rule?: object;
  readonly objects?: readonly ParsedObject[];
}[] = [
  {
    name: "that names models",
    ...{ provider: "openai", host: "api.openai.com" },
    rule: { matches: [{ provider: "openai", models: ["gpt-*"] }] },
  },
  {
    name: "whose endpoints are some of those with a model in their path",
    ...{ provider: "google_genai", host: "generativelanguage.googleapis.com" },
    rule: { matches: [{ provider: "google_genai", endpoints: ["/v1beta/models/gemini-2*"] }] },
  },
  {
    name: "whose credential goes into the query",
    ...{ provider: "openai", host: "api.openai.com" },
    objects: [queryCredential("q", [target("AIProviderRoute", "r")]), key],
  },
  {
    name: "whose requests are signed",
    ...{ provider: "aws_bedrock", host: "bedrock-runtime.us-east-1.amazonaws.com" },
    objects: [awsCredential("w", [target("AIProviderRoute", "r")]), aws],
  },
];

for (const { name, provider, host, rule = {}, objects = [] } of chosenBudgets) {
  t.test(`calls of a rule with a budget ${name} are chosen`, async (test) => {
    const route = aiRoute("r", provider, { ...spending, ...rule });
    const result = compiled(gateway(), route, ...objects);
    const { rules } = hostPolicy(result, host);
    const read = rules.filter(({ engine, pick }) => engine !== undefined && pick === undefined);
    test.ok(read.length > 0);
    for (const { action } of read) test.equal(action.kind, "choose");
  });
}

t.test(
  "calls with a model in their path go their one way where all are the rule's",
  async (test) => {
    const result = compiled(gateway(), aiRoute("r", "google_genai", spending));
    const { rules } = hostPolicy(result, "generativelanguage.googleapis.com");
    const read = rules.filter(({ engine }) => engine !== undefined);
    test.ok(read.some(({ match }) => match.path?.kind === "regex"));
    for (const { action } of read) test.equal(action.kind, "forward");
  },
);
