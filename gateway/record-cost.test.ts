/** Tests of costs: what they follow from, and that nothing is a cost that is none. */
import t from "tap";
import type { ModelCall, TokenUsage } from "./call-facts.ts";
import type { PricedCall } from "./record-cost.ts";
import { allPrices, costOfCall, recordedCost } from "./record-cost.ts";
import { httpRecord } from "./testdata/egress-record.ts";

const prices = allPrices([
  { provider: "acme", models: ["acme-*"], price: { input: 2_000_000, output: 4_000_000 } },
  {
    provider: "acme",
    models: ["cached"],
    price: { input: 10_000_000, cachedInput: 1_000_000, cacheWrite: 20_000_000, output: 0 },
  },
]);
const usage: TokenUsage = {
  inputTokens: 1_000,
  outputTokens: 500,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
};
const model: ModelCall = {
  operation: "chat",
  requestModel: "acme-1",
  responseModel: "acme-1-2026",
  responseId: null,
  finishReasons: [],
  isStream: false,
  timeToFirstTokenMs: null,
  usage,
};
const routing = { backend: null, provider: "", model: "", translation: null, dropped: [] };
const call = (changes: Partial<PricedCall> = {}): PricedCall => ({
  ...{ model, routing: null },
  ...changes,
});

const costs: readonly (readonly [
  says: string,
  call: PricedCall,
  cost: string | null | undefined,
])[] = [
  ["a call by the price of the model that was asked for", call(), "0.004"],
  [
    "a deployment by that of the model that answered",
    call({ model: { ...model, requestModel: "deployment-7" } }),
    "0.004",
  ],
  [
    "a rewritten call by that of the model that was asked at the provider",
    call({ model: { ...model, requestModel: "gpt-x" }, routing: { ...routing, model: "acme-2" } }),
    "0.004",
  ],
  [
    "what the cache read and wrote at its own price",
    call({
      model: {
        ...model,
        requestModel: "cached",
        usage: { ...usage, cachedInputTokens: 600, cacheWriteTokens: 100 },
      },
    }),
    "0.0056",
  ],
  [
    "no more of the cache than there was input",
    call({
      model: { ...model, requestModel: "cached", usage: { ...usage, cachedInputTokens: 9_000 } },
    }),
    "0.001",
  ],
  ["a charge as it was charged", call({ charge: charged(900) }), "0.0009"],
  [
    "a charge of a call that told nothing",
    { ...chargeOf(7), model: null, routing: null },
    "0.000007",
  ],
  ["a charge without a price not at all", { ...chargeOf(null), model: null, routing: null }, null],
  [
    "a model that nobody knows not at all",
    call({ model: { ...model, requestModel: "m", responseModel: "n" } }),
    null,
  ],
  [
    "more tokens than a provider can mean not at all",
    call({ model: { ...model, usage: { ...usage, inputTokens: Number.MAX_SAFE_INTEGER } } }),
    null,
  ],
  ["a charge of as many not at all", call({ charge: charged(1e15) }), null],
  [
    "the model of another provider not at all",
    call({ routing: { ...routing, provider: "other" } }),
    null,
  ],
  ["no call of a model not at all", call({ model: null }), undefined],
  ["an answer that told nothing not at all", call({ model: { ...model, usage: null } }), undefined],
  [
    "an answer that took no tokens not at all",
    call({ model: { ...model, usage: { ...usage, inputTokens: 0, outputTokens: null } } }),
    undefined,
  ],
];

function charged(microDollars: number | null) {
  return { tokens: 10, microDollars, isEstimated: true };
}

function chargeOf(microDollars: number | null) {
  return { charge: charged(microDollars) };
}

for (const [says, made, cost] of costs) {
  t.test(`costOfCall() prices ${says}`, (t) => {
    t.equal(costOfCall(made, "acme", prices), cost);
    t.end();
  });
}

t.test("costOfCall() knows no price without a provider", (t) => {
  t.equal(costOfCall(call(), null, prices), null);
  t.end();
});

t.test("recordedCost() tells what is known from what is not", (t) => {
  const none = { microDollars: 0, isUnpriced: false };
  const unpriced = { microDollars: 0, isUnpriced: true };
  t.same(recordedCost(httpRecord()), none);
  t.same(recordedCost(httpRecord({ cost: "1.50" })), {
    microDollars: 1_500_000,
    isUnpriced: false,
  });
  t.same(recordedCost(httpRecord({ cost: null, usage })), unpriced);
  t.same(recordedCost(httpRecord({ cost: null })), unpriced, "its tokens were estimated");
  t.same(recordedCost(httpRecord({ usage })), unpriced, "of an older gateway");
  const charge = { tokens: 1, cost: "0.000042", estimated: false };
  t.same(recordedCost(httpRecord({ usage, charge })), { microDollars: 42, isUnpriced: false });
  const absurd = { tokens: 1, cost: "1000000000.00", estimated: false };
  for (const cost of [undefined, null, "22517998136.852528", "NaN.aN"]) {
    const told = { ...(cost !== undefined && { cost }), usage, charge: absurd };
    t.same(
      recordedCost(httpRecord(told)),
      unpriced,
      `${cost} of a record that is kept all the same`,
    );
  }
  t.end();
});
