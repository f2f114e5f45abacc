import t from "tap";
import type { CallEnd } from "./call-charge.ts";
import { createEstimates, demandOf } from "./testdata/estimates.ts";

const demand = demandOf({ promptWeight: 1_000 });
const asked = { caller: "run:1", most: { tokens: 2_100, microDollars: null } };
const whole: CallEnd = {
  ...{ demands: [demand], status: 200, isLocal: false, isUnsent: false, isWhole: true },
  seen: { isStream: true, textWeight: 50, plainBytes: null },
  usage: {
    ...{ inputTokens: 900, outputTokens: 50, reasoningTokens: null },
    ...{ cachedInputTokens: null, cacheWriteTokens: null },
  },
};
const cut: CallEnd = { ...whole, usage: null, isWhole: false };

t.test("calls that were told teach what those cost that were not", async (test) => {
  const { estimates } = createEstimates();
  test.match(estimates.charge(cut, asked), { tokens: 1_250 + 63, isEstimated: true });
  for (let call = 0; call < 200; call++) {
    test.match(estimates.charge(whole, asked), { tokens: 950, isEstimated: false });
  }
  const { tokens } = estimates.charge(cut, asked);
  test.ok(tokens >= 950 && tokens <= 960, `${tokens}`);
  test.equal(estimates.expect([demand]).tokens > 950, true);
});

t.test("only what a provider told of one candidate teaches", async (test) => {
  const { estimates, table } = createEstimates();
  const ends: readonly CallEnd[] = [
    cut,
    { ...whole, isWhole: false },
    { ...whole, demands: [demand, demand] },
    { ...whole, demands: [] },
    { ...whole, isLocal: true },
    { ...whole, status: 400 },
    { ...whole, demands: [demandOf({ input: 0, output: 0 })] },
  ];
  for (const end of ends) estimates.charge(end, asked);
  test.equal(table.read(demand.habit).promptWeight, 0);
});

t.test("an agent that breaks off everything comes to pay what was reserved", async (test) => {
  const { estimates } = createEstimates();
  const charges = Array.from({ length: 300 }, () => estimates.charge(cut, asked).tokens);
  test.equal(charges[0], 1_250 + 63);
  test.equal(charges.at(-1), demand.input + 63);
});
