/** Tests of limits and budgets over recorded time. */
import t from "tap";
import type { EgressRecord, RecordAgent } from "../gateway/record.ts";
import type { KnownOutcome } from "../gateway/replay.ts";
import type { LimitPlan, RuleBudget } from "../gateway/snapshot.ts";
import { modelRecord } from "./testdata/recorded-call.ts";
import { priceTable } from "../providers/price-table.ts";
import { UseReplay } from "./recorded-use.ts";

const route = { kind: "AIProviderRoute", namespace: "default", name: "models", rule: 0 };
const policy = { kind: "RateLimitPolicy", namespace: "default", name: "few" };
const few: LimitPlan = { policy, requests: 2, windowMs: 1_000, scope: "PerAgent" };
const dayMs = 86_400_000;

function outcome(more: Partial<KnownOutcome> = {}): KnownOutcome {
  return {
    ...{ kind: "known", verdict: "allow", reason: null, wouldDeny: null, route, credentials: [] },
    ...{ destinations: [], limits: [], budget: null, audits: false, tier: "engine", view: "http" },
    signature: "",
    ...more,
  };
}

function budget(limit: number, scope: "day" | "execution" = "day"): { budget: RuleBudget } {
  return { budget: { counts: [{ name: "team", scope, unit: "tokens", limit }] } };
}

const start = Date.UTC(2026, 0, 2, 12);
const { agent: someAgent } = modelRecord();
if (someAgent === null) throw new Error("The record has no agent");

function call(afterMs: number, agent: Partial<RecordAgent> = {}, tokens = 10): EgressRecord {
  const { usage } = modelRecord();
  return modelRecord({
    startUnixMs: start + afterMs,
    agent: { ...someAgent, ...agent } as RecordAgent,
    usage: usage && { ...usage, inputTokens: tokens, outputTokens: 0, cachedInputTokens: null },
  });
}

function refusals(records: readonly EgressRecord[], of: KnownOutcome) {
  const use = new UseReplay(priceTable);
  return records.map((record) => use.count(record, of).refusal);
}

t.test("count() limits each agent by the time of the records", async (t) => {
  const records = [call(0), call(1), call(2), call(2, { name: "other" }), call(600)];
  const limited = outcome({ limits: [few] });
  t.same(refusals(records, limited), [null, null, "rate-limited", null, null]);
});

t.test(
  "count() counts what is shared as if alone, and refuses nothing where that is audited",
  async (t) => {
    const shared = { ...few, shared: { onUnreachable: "Refuse" } } as const;
    const records = [call(0), call(1), call(2)];
    t.same(refusals(records, outcome({ limits: [shared] })), [null, null, "rate-limited"]);
    t.same(refusals(records, outcome({ limits: [few], audits: true })), [null, null, null]);
  },
);

t.test(
  "count() keeps a budget of a day for the day, and of an execution for the execution",
  async (t) => {
    const records = [
      call(0),
      call(1),
      call(2),
      call(dayMs),
      call(dayMs + 1, { invocationId: "next" }),
    ];
    t.same(refusals(records, outcome(budget(25))), [null, null, "budget-exhausted", null, null]);
    const execution = outcome(budget(25, "execution"));
    t.same(refusals(records, execution), [
      null,
      null,
      "budget-exhausted",
      "budget-exhausted",
      null,
    ]);
  },
);

t.test("count() charges what a call used, at the price of who serves it", async (t) => {
  const use = new UseReplay(priceTable);
  const to = { backend: "", address: "", provider: "openai", model: "gpt-4o", weight: 1 };
  const { use: charged } = use.count(
    call(0, {}, 1_000_000),
    outcome({ ...budget(9e9), destinations: [to] }),
  );
  t.same(charged, { tokens: 1_000_000, microDollars: 2_500_000 });
  const other = { ...to, model: "unheard-of" };
  const unpriced = use.count(call(0), outcome({ ...budget(9e9), destinations: [other] }));
  t.same(unpriced.use, { tokens: 10, microDollars: null });
});

t.test("count() says of which calls nobody knows what they used", async (t) => {
  const use = new UseReplay(priceTable);
  const record = modelRecord({ usage: null });
  t.match(use.count(record, outcome(budget(1))), { refusal: null, use: null, isUncounted: true });
});

t.test("count() takes nothing of what is refused anyway", async (t) => {
  const denied = outcome({ verdict: "deny", reason: "no-rule", limits: [few], ...budget(1) });
  t.same(refusals([call(0), call(0), call(0)], denied), [null, null, null]);
});
