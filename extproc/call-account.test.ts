import t from "tap";
import { openAccount } from "./call-account.ts";
import { createBudgeter } from "./testdata/budgeter.ts";
import { headerView } from "./testdata/playbook.ts";

const counts = [{ name: "n", scope: "day", unit: "tokens", limit: 1_000 }] as const;
const cheap = { input: 1_000_000, output: 1_000_000 };
const demands = [
  { input: 100, output: 50, price: cheap },
  { input: 200, output: 10, price: null },
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

function open(of = demands) {
  const budgets = createBudgeter();
  const opened = openAccount({ counts }, { caller: "run:1", demands: of }, budgets.budgeter);
  if (opened.kind !== "open") throw new TypeError(opened.refusal.message);
  return { account: opened.account, lines: budgets.lines };
}

t.test("the most that any candidate may use is reserved", async (test) => {
  test.match(open().lines, [{ counts: [{ amount: 210 }] }]);
});

t.test("what the candidate that served has counted is charged", async (test) => {
  const { account, lines } = open();
  account.onAnswer(headerView({ ":status": "200" }));
  const served = { isLocal: false, demands: demands.slice(0, 1) };
  test.same(account.settle(model, served), { tokens: 10, microDollars: 10, isEstimated: false });
  test.match(lines[1], { kind: "settled", used: [10] });
});

t.test("a stream that did not tell how it ended is charged by what was seen", async (test) => {
  const { account } = open();
  account.onAnswer(headerView({ ":status": "200" }));
  account.onPiece(100);
  account.onPiece(60);
  const served = { isLocal: false, demands: demands.slice(0, 1) };
  const cut = { ...model, finishReasons: [] };
  test.same(account.settle(cut, served), { tokens: 47, microDollars: 47, isEstimated: true });
});

t.test("of a compressed answer the decoded bytes count", async (test) => {
  const { account } = open();
  account.onAnswer(headerView({ ":status": "200" }));
  account.onPiece(20);
  account.onDecoded(160);
  const served = { isLocal: false, demands: demands.slice(0, 1) };
  const cut = { ...model, finishReasons: [] };
  test.match(account.settle(cut, served), { tokens: 47, isEstimated: true });
});

t.test("who answered is not known: all that was reserved is charged", async (test) => {
  const { account } = open();
  test.match(account.settle(null, { isLocal: false, demands }), { tokens: 210, isEstimated: true });
});

t.test("a request that reached nobody is charged nothing", async (test) => {
  const unsent = open();
  unsent.account.onAnswer(headerView({ ":status": "503", "x-clrk-unsent": "true" }));
  test.match(unsent.account.settle(null, { isLocal: true, demands }), { tokens: 0 });
  const forged = open();
  forged.account.onAnswer(headerView({ ":status": "200", "x-clrk-unsent": "true" }));
  const served = { isLocal: false, demands: demands.slice(0, 1) };
  test.match(forged.account.settle(model, served), { tokens: 10 }, "a provider cannot say so");
});

t.test("a call for which there is no room is refused", async (test) => {
  const { budgeter } = createBudgeter();
  const call = { caller: "run:1", demands: [{ input: 1_000, output: 1, price: null }] };
  test.match(openAccount({ counts }, call, budgeter), {
    kind: "refused",
    refusal: { status: 429, reason: "budget-exhausted" },
  });
});
