import t from "tap";
import type { CallEnd } from "./call-charge.ts";
import { chargeFor, expectedOf } from "./call-charge.ts";
import type { CallDemand } from "./call-demand.ts";
import type { Habits } from "./habit-table.ts";
import { demandOf } from "./testdata/estimates.ts";

const price = { input: 1_000_000, cachedInput: 100_000, cacheWrite: 2_000_000, output: 10_000_000 };
const most = { tokens: 2_100, microDollars: 5_000 };
const demand = demandOf({ price });
/** Known so well that what is usual adds nothing: about a token a unit, 40 of output and of it 10 hidden. */
const almost = 1e9 - 1e4;
const habits: Habits = {
  ...{ promptWeight: 1e9, promptTokens: almost, textWeight: 1e9, textTokens: almost },
  ...{ plainBytes: 1e9, plainTokens: almost / 10 },
  ...{ calls: 1e9, outputTokens: 40 * almost, hiddenTokens: 10 * almost },
};
const usage = {
  inputTokens: 100,
  outputTokens: 20,
  cachedInputTokens: 50,
  cacheWriteTokens: 10,
  reasoningTokens: 5,
};
const bare = {
  inputTokens: 100,
  outputTokens: 1,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
};
const whole: CallEnd = {
  demands: [demand],
  status: 200,
  isLocal: false,
  isUnsent: false,
  seen: { isStream: true, textWeight: 20, plainBytes: null },
  usage,
  isWhole: true,
};
const plain = (plainBytes: number | null) => ({ isStream: false, textWeight: 0, plainBytes });

interface Case {
  readonly name: string;
  readonly end: Partial<CallEnd>;
  readonly margin?: number;
  readonly tokens: number;
  readonly microDollars?: number | null;
  readonly isEstimated: boolean;
}

const told: readonly Case[] = [
  {
    name: "what the provider counted",
    end: {},
    tokens: 120,
    microDollars: 40 + 5 + 20 + 200,
    isEstimated: false,
  },
  {
    name: "no price",
    end: { demands: [demandOf({ input: 9, output: 9 })] },
    tokens: 120,
    microDollars: null,
    isEstimated: false,
  },
  { name: "an error that tells usage", end: { status: 400 }, tokens: 120, isEstimated: false },
  {
    name: "embeddings",
    end: { demands: [demandOf({ output: 0, price })], usage: { ...bare, outputTokens: null } },
    tokens: 100,
    isEstimated: false,
  },
  {
    name: "caches of more than all input",
    end: { usage: { ...usage, cachedInputTokens: 900 } },
    tokens: 120,
    microDollars: 10 + 200,
    isEstimated: false,
  },
];

const free: readonly Case[] = [
  {
    name: "an error of the provider",
    end: { status: 429, usage: null },
    tokens: 0,
    microDollars: 0,
    isEstimated: false,
  },
  {
    name: "a request that was never sent",
    end: { status: 503, isLocal: true, isUnsent: true, usage: null },
    tokens: 0,
    microDollars: 0,
    isEstimated: false,
  },
  {
    name: "a count of tokens",
    end: { demands: [demandOf({ input: 0, output: 0, promptWeight: 0, price })], usage: null },
    tokens: 0,
    isEstimated: false,
  },
];

const unanswered: readonly Case[] = [
  {
    name: "a provider that did not answer in time",
    end: { status: 504, isLocal: true, usage: null },
    tokens: 140,
    microDollars: 200 + 400,
    isEstimated: true,
  },
  {
    name: "an agent that went before the answer",
    end: { status: 0, usage: null },
    tokens: 140,
    isEstimated: true,
  },
  {
    name: "an agent whose calls break off more often than not",
    end: { status: 0, usage: null },
    margin: 0.5,
    tokens: (140 + 2_100) / 2,
    microDollars: (600 + 5_000) / 2,
    isEstimated: true,
  },
  {
    name: "nobody knows who answered: the dearer one",
    end: { demands: [demand, demandOf({ promptWeight: 300 })], usage: null },
    tokens: 340,
    isEstimated: true,
  },
  { name: "nobody may have answered", end: { demands: [] }, ...most, isEstimated: true },
];

const seen: readonly Case[] = [
  {
    name: "a stream that told nothing, by its text and what is hidden",
    end: { usage: null, isWhole: false },
    tokens: 100 + 20 + 10,
    isEstimated: true,
  },
  {
    name: "a stream that was cut before any text",
    end: { usage: null, isWhole: false, seen: { ...whole.seen, textWeight: 0 } },
    tokens: 110,
    isEstimated: true,
  },
  {
    name: "a long stream without usage",
    end: { usage: null, isWhole: false, seen: { ...whole.seen, textWeight: 100_000 } },
    tokens: 200,
    isEstimated: true,
  },
  {
    name: "a stream that told its input and was cut",
    end: { usage: bare, isWhole: false },
    margin: 1,
    tokens: 130,
    microDollars: 100 + 300,
    isEstimated: true,
  },
  {
    name: "a stream that told more output than was seen",
    end: { usage: { ...bare, outputTokens: 90 }, isWhole: false },
    tokens: 190,
    isEstimated: true,
  },
  {
    name: "a plain answer that was cut, by the length that its head said",
    end: { usage: null, seen: plain(500), isWhole: false },
    tokens: 150,
    isEstimated: true,
  },
  {
    name: "a plain answer that was cut, by what is usual",
    end: { usage: null, seen: plain(null), isWhole: false },
    tokens: 140,
    isEstimated: true,
  },
  {
    name: "a prompt whose size says nothing",
    end: { demands: [demandOf({ promptWeight: null })], usage: null, isWhole: false },
    tokens: 2_030,
    isEstimated: true,
  },
  {
    name: "an agent that breaks off what it asks for",
    end: { usage: null, isWhole: false },
    margin: 1,
    tokens: 2_030,
    isEstimated: true,
  },
];

for (const { name, end, margin = 0, ...charged } of [...told, ...free, ...unanswered, ...seen]) {
  t.test(`chargeFor() of ${name}`, async (test) => {
    const terms = { most, habitsOf: () => habits, margin: () => margin };
    const charge = chargeFor({ ...whole, ...end }, terms);
    test.match(charge, charged);
  });
}

t.test("chargeFor() asks for a margin only where a call broke off", async (test) => {
  const asked: number[] = [];
  const margin = (tokens: number) => {
    asked.push(tokens);
    return 0;
  };
  const terms = { most, habitsOf: () => habits, margin };
  const { end: count } = free[2] ?? { end: {} };
  for (const end of [{}, { usage: null }, { status: 500, usage: null }, count]) {
    chargeFor({ ...whole, ...end }, terms);
  }
  test.strictSame(asked, [], "a stream that is whole without usage did not break off");
  chargeFor({ ...whole, usage: null, isWhole: false }, terms);
  test.strictSame(asked, [130]);
});

t.test("expectedOf() is what the dearest may use, never more than the most", async (test) => {
  const habitsOf = ({ habit }: CallDemand) =>
    habit === "known" ? habits : { ...habits, outputTokens: 0, promptTokens: 0 };
  const demands = [demandOf({ habit: "known", output: 30, price }), demandOf({ output: 0 })];
  test.same(expectedOf(demands, habitsOf), { tokens: 130, microDollars: 200 + 300 });
  test.same(expectedOf([], habitsOf), { tokens: 0, microDollars: null });
});
