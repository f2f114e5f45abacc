import t from "tap";
import { openAccount } from "./call-account.ts";
import type { CallDemand } from "./call-demand.ts";
import { createBudgeter } from "./testdata/budgeter.ts";
import { createEstimates, demandOf } from "./testdata/estimates.ts";
import { headerView } from "./testdata/playbook.ts";

const counts = [{ name: "n", scope: "day", unit: "tokens", limit: 1_000 }] as const;
const cheap = { input: 1_000_000, output: 1_000_000 };
const demands = [
  demandOf({ input: 100, output: 50, price: cheap, promptWeight: 40 }),
  demandOf({ input: 200, output: 10 }),
];
const usage = {
  inputTokens: 7,
  outputTokens: 3,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
};
const model = {
  operation: "chat",
  requestModel: "m",
  responseModel: "m",
  responseId: "1",
  finishReasons: ["stop"],
  isStream: true,
  timeToFirstTokenMs: 1,
  usage,
};

function open(of: readonly CallDemand[] = demands) {
  const budgets = createBudgeter();
  const { estimates, table } = createEstimates();
  const tools = { budgeter: budgets.budgeter, estimates };
  const opened = openAccount(
    { counts },
    { caller: "run:1", demands: of, transaction: "t1" },
    tools,
  );
  if (opened.kind !== "open") throw new TypeError(opened.refusal.message);
  return { account: opened.account, lines: budgets.lines, table };
}

const served = { isLocal: false, demands: demands.slice(0, 1), textWeight: 8 };
const cut = { ...model, usage: null, finishReasons: [] };
/** 40 units at 1.25 tokens, which is usual before anything is learned. */
const inputOfCut = 50;

t.test("the most that any candidate may use is reserved, with what is expected", async (test) => {
  test.match(open().lines, [
    { counts: [{ amount: 210, expected: 135 }], call: { transaction: "t1", tokens: 135 } },
  ]);
});

t.test("what the candidate that served has counted is charged, and learned", async (test) => {
  const { account, lines, table } = open();
  account.onAnswer(headerView({ ":status": "200" }));
  test.same(account.settle(model, served), { tokens: 10, microDollars: 10, isEstimated: false });
  test.match(lines[1], { kind: "settled", used: [10] });
  test.match(table.read("p m"), { calls: 1, outputTokens: 3, promptWeight: 40, textWeight: 8 });
});

t.test("a stream that did not tell how it ended is charged by its text", async (test) => {
  const { account, table } = open();
  account.onAnswer(headerView({ ":status": "200" }));
  const tokens = inputOfCut + 10;
  test.same(account.settle(cut, served), { tokens, microDollars: tokens, isEstimated: true });
  test.match(table.read("p m"), { calls: 0 }, "and teaches nothing");
});

t.test("a plain answer that was cut is charged by the length that its head said", async (test) => {
  const { account } = open();
  account.onAnswer(headerView({ ":status": "200", "content-length": "80" }));
  account.onPiece(10);
  const charge = account.settle({ ...cut, isStream: false }, served);
  test.match(charge, { tokens: inputOfCut + 20, isEstimated: true });
});

t.test(
  "who answered is not known: what the dearest is expected to use is charged",
  async (test) => {
    const { account } = open();
    const charge = account.settle(null, { ...served, demands });
    test.match(charge, { tokens: 135, isEstimated: true });
  },
);

t.test("a request that reached nobody is charged nothing", async (test) => {
  const unsent = open();
  unsent.account.onAnswer(headerView({ ":status": "503", "x-clrk-unsent": "true" }));
  test.match(unsent.account.settle(null, { ...served, isLocal: true }), { tokens: 0 });
  const forged = open();
  forged.account.onAnswer(headerView({ ":status": "200", "x-clrk-unsent": "true" }));
  test.match(forged.account.settle(model, served), { tokens: 10 }, "a provider cannot say so");
});

t.test("a call for which there is no room is refused", async (test) => {
  const tools = { ...createBudgeter(), ...createEstimates() };
  const demand = demandOf({ input: 1_000, output: 1 });
  const call = { caller: "run:1", demands: [demand], transaction: "t1" };
  test.match(openAccount({ counts }, call, tools), {
    kind: "refused",
    refusal: { status: 429, reason: "budget-exhausted" },
  });
});
