import t from "tap";
import type { CallEnd } from "./call-charge.ts";
import { chargeFor } from "./call-charge.ts";

const price = { input: 1_000_000, cachedInput: 100_000, cacheWrite: 2_000_000, output: 10_000_000 };
const most = { tokens: 2_100, microDollars: 5_000 };
const usage = {
  inputTokens: 100,
  outputTokens: 20,
  cachedInputTokens: 50,
  cacheWriteTokens: 10,
  reasoningTokens: 5,
};
const whole: CallEnd = {
  demand: { input: 2_000, output: 100, price },
  status: 200,
  isLocal: false,
  isUnsent: false,
  answerBytes: 80,
  usage,
  isWhole: true,
};
const bare = {
  inputTokens: 100,
  outputTokens: 1,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
};

const cases: readonly {
  readonly name: string;
  readonly end: Partial<CallEnd>;
  readonly tokens: number;
  readonly microDollars?: number | null;
  readonly isEstimated: boolean;
}[] = [
  {
    name: "what the provider counted",
    end: {},
    tokens: 120,
    microDollars: 40 + 5 + 20 + 200,
    isEstimated: false,
  },
  {
    name: "no price",
    end: { demand: { input: 9, output: 9, price: null } },
    tokens: 120,
    microDollars: null,
    isEstimated: false,
  },
  {
    name: "an error of the provider",
    end: { status: 429, usage: null },
    tokens: 0,
    microDollars: 0,
    isEstimated: false,
  },
  { name: "an error that tells usage", end: { status: 400 }, tokens: 120, isEstimated: false },
  {
    name: "a request that was never sent",
    end: { status: 503, isLocal: true, isUnsent: true, usage: null },
    tokens: 0,
    microDollars: 0,
    isEstimated: false,
  },
  {
    name: "a provider that did not answer in time",
    end: { status: 504, isLocal: true, usage: null },
    ...most,
    isEstimated: true,
  },
  {
    name: "an agent that went before the answer",
    end: { status: 0, usage: null },
    ...most,
    isEstimated: true,
  },
  { name: "nobody knows who answered", end: { demand: undefined }, ...most, isEstimated: true },
  { name: "an answer without usage", end: { usage: null }, tokens: 2_020, isEstimated: true },
  {
    name: "an answer that was cut before any byte",
    end: { usage: null, answerBytes: 0 },
    tokens: 2_000,
    isEstimated: true,
  },
  {
    name: "a long answer without usage",
    end: { usage: null, answerBytes: 100_000 },
    tokens: 2_100,
    isEstimated: true,
  },
  {
    name: "a stream that told its input and was cut",
    end: { usage: bare, isWhole: false },
    tokens: 120,
    isEstimated: true,
  },
  {
    name: "a stream that told more output than was seen",
    end: { usage: { ...bare, outputTokens: 90 }, isWhole: false },
    tokens: 190,
    isEstimated: true,
  },
  {
    name: "embeddings",
    end: { demand: { input: 2_000, output: 0, price }, usage: { ...bare, outputTokens: null } },
    tokens: 100,
    isEstimated: false,
  },
  {
    name: "a count of tokens",
    end: { demand: { input: 0, output: 0, price }, usage: null },
    tokens: 0,
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

for (const { name, end, tokens, microDollars, isEstimated } of cases) {
  t.test(`chargeFor() of ${name}`, async (test) => {
    const charge = chargeFor({ ...whole, ...end }, most);
    test.match(charge, { tokens, isEstimated });
    if (microDollars !== undefined) test.equal(charge.microDollars, microDollars);
  });
}
