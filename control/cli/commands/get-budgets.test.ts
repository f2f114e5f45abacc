import t from "tap";
import type { BudgetStatus } from "../../../gateway/budget-list.ts";
import { createFakeContext } from "../testdata/fake-context.ts";
import { openFakeControl } from "../testdata/fake-control.ts";
import { formatBudgets } from "./get-budgets.ts";

const day: BudgetStatus = {
  name: "default/team",
  scope: "day",
  unit: "usd",
  counted: "2026-11-28",
  used: 1_250_000,
  reserved: 42,
  limit: 10_000_000,
  resets: "2026-11-29T00:00:00.000Z",
};
const execution: BudgetStatus = {
  name: "AIProviderRoute/default/openai/0",
  scope: "execution",
  unit: "tokens",
  counted: "run-1\u0007",
  used: 12,
  reserved: 0,
  limit: null,
  resets: null,
};
const show = (items: readonly BudgetStatus[], name?: string, output?: string) =>
  formatBudgets(items, { name, output });

t.test("a table has amounts in their units", async (test) => {
  const lines = show([day, execution]).split("\n");
  test.match(lines[0], /^NAME +SCOPE +OF +USED +RESERVED +LIMIT +RESETS$/);
  test.match(
    lines[1],
    /^default\/team +day +2026-11-28 +\$1\.25 +\$0\.000042 +\$10\.00 +2026-11-29T00:00:00\.000Z$/,
  );
  test.match(
    lines[2],
    /^AIProviderRoute\/default\/openai\/0 +execution +run-1\S+ +12 +0 +none +never$/,
  );
  test.equal(lines[2]?.includes("\u0007"), false);
});

t.test("one budget by its name, or none", async (test) => {
  test.notMatch(show([day, execution], "default/team"), /AIProviderRoute/);
  test.throws(() => show([day], "other"), /Cannot find budget "other"/);
  test.equal(show([]), "No rule has a budget with a limit\n");
});

t.test("JSON has whole numbers, and there is no YAML", async (test) => {
  test.strictSame(JSON.parse(show([day], undefined, "json")), { items: [day] });
  test.throws(() => show([day], undefined, "yaml"), /use -o json/);
});

t.test("clrk get budgets asks the running gateway", async (test) => {
  const context = await createFakeContext(test);
  await using control = await openFakeControl(context.home);
  control.budgets = [day];
  test.equal(await context.clrk("get", "budgets"), 0);
  test.match(context.stdout(), /default\/team +day/);
});
