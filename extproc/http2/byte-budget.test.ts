/** Tests of a shared number of bytes. */
import t from "tap";
import { ByteBudget } from "./byte-budget.ts";

t.test("take() gives all or nothing", async (t) => {
  const budget = new ByteBudget(10);
  t.equal(budget.take(6), true);
  t.equal(budget.take(5), false);
  t.equal(budget.used, 6);
  t.equal(budget.take(4), true);
  budget.give(6);
  t.equal(budget.used, 4);
});
