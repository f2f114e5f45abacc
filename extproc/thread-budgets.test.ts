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

t.test("each thread has a journal, and is charged when it ends with calls open", async (test) => {
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
    id: `${journal.name}.0`,
    counts: [{ key, amount: 10, untilMs: 1e15 }],
  });
  test.same(budgets.list(), [{ ...count, used: 0, reserved: 10 }]);
  budgets.end(second);
  budgets.end({});
  test.same(budgets.list(), [{ ...count, used: 0, reserved: 10 }], "not its own");
  budgets.end(first);
  budgets.end(first);
  budgets.merge();
  test.same(budgets.list(), [{ ...count, used: 10, reserved: 0 }]);
  budgets.close();
  budgets.close();
});

t.test("without a folder no budget can be kept", async (test) => {
  const budgets = new ThreadBudgets(undefined);
  test.equal(budgets.begin({}).journal, undefined);
  test.match(budgets.failure, "No folder");
  test.same(budgets.list(), []);
  budgets.close();
});
