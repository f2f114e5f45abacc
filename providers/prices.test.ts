import t from "tap";
import { priceTable, pricesAsOf } from "./price-table.ts";
import { costOf, findPrice, mostCostOf } from "./prices.ts";
import { findProviderByName } from "./registry.ts";

const price = { input: 3_000_000, cachedInput: 300_000, cacheWrite: 3_750_000, output: 15_000_000 };
const none = { input: 0, cachedInput: 0, cacheWrite: 0, output: 0 };

t.test("costOf() gives each sort of token its price, and rounds up once", async (test) => {
  test.equal(
    costOf(price, { input: 1_000_000, cachedInput: 0, cacheWrite: 0, output: 0 }),
    3_000_000,
  );
  test.equal(costOf(price, { input: 1_000, cachedInput: 600, cacheWrite: 300, output: 10 }), 1_755);
  test.equal(costOf({ input: 50_000, output: 400_000 }, { ...none, input: 1 }), 1, "0.05 is not 0");
  test.equal(costOf({ input: 50_000, output: 400_000 }, { ...none, input: 20, output: 5 }), 3);
  test.equal(costOf(price, none), 0);
  test.equal(costOf({ input: 2, output: 0 }, { ...none, input: 5, cachedInput: 9 }), 1);
});

t.test("costOf() is exact where doubles are not", async (test) => {
  const tokens = { input: 9_007_199_254_740_991, cachedInput: 0, cacheWrite: 0, output: 0 };
  test.equal(costOf({ input: 1_000_000, output: 0 }, tokens), 9_007_199_254_740_991);
});

t.test("costOf() rounds up by what a division of doubles would lose", async (test) => {
  const one = { input: 1, output: 0 };
  for (const input of [8_999_999_999_000_000, 8_999_999_999_000_001, 8_999_999_999_999_999]) {
    const exact = Number((BigInt(input) + 999_999n) / 1_000_000n);
    test.equal(costOf(one, { ...none, input }), exact);
  }
});

t.test("costOf() takes the prices of long calls for all of their tokens", async (test) => {
  const stepped = {
    ...price,
    long: { aboveInputTokens: 200_000, input: 6_000_000, output: 22_500_000 },
  };
  test.equal(costOf(stepped, { ...none, input: 200_000, output: 1 }), 600_015);
  test.equal(costOf(stepped, { ...none, input: 200_001, output: 1 }), 1_200_029);
});

t.test("mostCostOf() is never below what the call may cost", async (test) => {
  for (const { price: one } of priceTable) {
    const most = mostCostOf(one, { input: 250_000, output: 1_000 });
    for (const [cachedInput, cacheWrite] of [
      [0, 0],
      [250_000, 0],
      [0, 250_000],
    ] as const) {
      test.ok(costOf(one, { input: 250_000, cachedInput, cacheWrite, output: 1_000 }) <= most);
    }
  }
});

const models: readonly (readonly [string, string, number | undefined])[] = [
  ["openai", "gpt-4o", 2_500_000],
  ["openai", "gpt-4o-2024-05-13", 5_000_000],
  ["openai", "gpt-4o-audio-preview", undefined],
  ["openai", "gpt-4.1-mini-2025-04-14", 400_000],
  ["openai", "ft:gpt-4.1:me::1", undefined],
  ["anthropic", "claude-sonnet-4-5-20250929", 3_000_000],
  ["anthropic", "claude-opus-4-20250514", 15_000_000],
  ["anthropic", "claude-opus-4-5-20251101", 5_000_000],
  ["aws_bedrock", "us.anthropic.claude-3-7-sonnet-20250219-v1:0", 3_000_000],
  ["google_genai", "gemini-2.5-flash", 300_000],
  ["google_genai", "gemini-2.5-flash-image", undefined],
  ["mistral_ai", "gpt-4o", undefined],
];

for (const [provider, model, input] of models) {
  t.test(`findPrice() of ${model} at ${provider}`, async (test) => {
    test.equal(findPrice(priceTable, provider, model)?.input, input);
  });
}

t.test("an entry before the table's own is taken instead", async (test) => {
  const own = { provider: "openai", models: ["gpt-*"], price: { input: 7, output: 8 } };
  test.equal(findPrice([own, ...priceTable], "openai", "gpt-4o")?.input, 7);
  test.equal(findPrice([{ ...own, models: ["a*b*c"] }], "openai", "a-b-b-c")?.input, 7);
  test.equal(findPrice([{ ...own, models: ["a*a"] }], "openai", "a"), undefined);
});

t.test("the table names providers that there are, and prices that can be", async (test) => {
  test.match(pricesAsOf, /^\d{4}-\d\d-\d\d$/);
  for (const { provider, models: globs, price: one } of priceTable) {
    test.equal(findProviderByName(provider)?.name, provider);
    for (const value of [one.input, one.output, one.cachedInput ?? 0, one.cacheWrite ?? 0]) {
      test.ok(Number.isSafeInteger(value) && value >= 0 && value < 1_000_000_000, globs.join());
    }
  }
});

t.test(
  "findPrice() finds the same again, however many models were asked for between",
  async (test) => {
    const entries = [
      { provider: "openai", models: ["known-*", "__proto__"], price: none },
    ] as const;
    const long = `known-${"x".repeat(1_000)}`;
    for (let turn = 0; turn < 2; turn++) {
      for (let at = 0; at < 1_500; at++) {
        test.equal(findPrice(entries, "openai", `known-${at}`), none);
        test.equal(findPrice(entries, "openai", `unknown-${at}`), undefined);
      }
      test.equal(findPrice(entries, "openai", long), none);
      test.equal(findPrice(entries, "openai", "__proto__"), none);
      test.equal(findPrice(entries, "openai", "constructor"), undefined);
      test.equal(findPrice(entries, "anthropic", "known-1"), undefined);
      test.equal(findPrice(priceTable, "openai", "known-1"), undefined, "of other entries");
    }
  },
);
