import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { ManualClock } from "../gateway/clock.ts";
import { BudgetJournal } from "./budget-journal.ts";
import { encodeBudgetKey } from "./budget-key.ts";
import { ThreadBudgets } from "./thread-budgets.ts";

const count = { name: "default/team", scope: "day", unit: "usd", counted: "2026-11-28" } as const;
const key = encodeBudgetKey(count);

t.test(
  "each thread has a journal, and when it ends with calls open, these are charged and told",
  async (test) => {
    const directory = mkdtempSync(path.join(tmpdir(), "clrk-"));
    test.teardown(() => rmSync(directory, { recursive: true, force: true }));
    const budgets = new ThreadBudgets(directory);
    test.equal(budgets.failure, "");
    const [first, second] = [{}, {}];
    const { journal } = budgets.begin(first);
    const other = budgets.begin(second).journal;
    test.not(journal?.name, other?.name);
    if (journal === undefined) throw new TypeError("No journal");
    new BudgetJournal({ ...journal, clock: new ManualClock() }).append({
      kind: "reserved",
      id: 0,
      counts: [{ key, amount: 10, expected: 6, untilMs: 1e15 }],
      call: { transaction: "t1", tokens: 3, microDollars: 6 },
    });
    test.same(budgets.list(), [{ ...count, used: 0, reserved: 10 }]);
    test.same(budgets.end(second), []);
    test.same(budgets.end({}), []);
    test.same(budgets.list(), [{ ...count, used: 0, reserved: 10 }], "not its own");
    const charge = { tokens: 3, microDollars: 6, isEstimated: true };
    test.match(budgets.end(first), [{ id: "t1", isLost: true, charge }]);
    test.same(budgets.end(first), []);
    budgets.merge();
    test.same(budgets.list(), [{ ...count, used: 6, reserved: 0 }]);
    budgets.close();
    budgets.close();
  },
);

t.test("without a folder no budget can be kept", async (test) => {
  const budgets = new ThreadBudgets(undefined);
  test.equal(budgets.begin({}).journal, undefined);
  test.match(budgets.failure, "No folder");
  test.same(budgets.list(), []);
  budgets.close();
});
