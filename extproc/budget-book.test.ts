import t from "tap";
import { BudgetBook } from "./budget-book.ts";

const untilMs = 100;
const reserved = (id: number, ...counts: readonly (readonly [string, number])[]) =>
  ({
    kind: "reserved",
    id,
    counts: counts.map(([key, amount]) => ({ key, amount, expected: amount - 1, untilMs })),
    call: { transaction: `of ${id}`, tokens: 9, microDollars: null },
  }) as const;
const settled = (id: number, ...used: readonly number[]) =>
  ({ kind: "settled", id, used, untilMs: used.map(() => untilMs) }) as const;

t.test("what is reserved becomes what was used", async (test) => {
  const book = new BudgetBook();
  book.apply("x", reserved(1, ["a", 10], ["b", 20]));
  book.apply("x", reserved(2, ["a", 5]));
  test.strictSame(book.list(0), [
    { key: "a", used: 0, reserved: 15, untilMs },
    { key: "b", used: 0, reserved: 20, untilMs },
  ]);
  book.apply("x", settled(1, 3, 4));
  test.strictSame(book.list(0), [
    { key: "a", used: 3, reserved: 5, untilMs },
    { key: "b", used: 4, reserved: 0, untilMs },
  ]);
});

t.test("what nobody settles is charged as it was expected, once", async (test) => {
  const book = new BudgetBook();
  book.apply("x", reserved(1, ["a", 10]));
  book.apply("y", reserved(1, ["a", 7]));
  const isOfX = (journal: string) => journal === "x";
  test.strictSame(book.chargeOpen(isOfX), [
    {
      counts: [{ key: "a", amount: 10, expected: 9, untilMs }],
      call: { transaction: "of 1", tokens: 9, microDollars: null },
    },
  ]);
  test.strictSame(book.chargeOpen(isOfX), []);
  book.apply("x", settled(1, 3));
  test.strictSame(book.list(0), [{ key: "a", used: 9, reserved: 7, untilMs }]);
});

t.test("an estimate is taken back once, and only an estimate", async (test) => {
  const book = new BudgetBook();
  const estimated = (id: number, used: number) =>
    ({ ...settled(id, used), isEstimated: true }) as const;
  book.apply("x", reserved(1, ["a", 10]));
  book.apply("x", reserved(2, ["a", 10]));
  book.apply("y", reserved(3, ["a", 10]));
  test.equal(book.refund("of 1"), undefined, "not before it is settled");
  book.apply("x", estimated(1, 6));
  book.apply("x", settled(2, 4));
  book.chargeOpen((journal) => journal === "y");
  test.strictSame(book.refund("of 1"), [{ key: "a", used: 6, untilMs }]);
  test.equal(book.refund("of 1"), undefined);
  test.equal(book.refund("of 2"), undefined);
  test.match(book.refund("of 3"), [{ used: 9 }], "also what a lost thread left");
  test.strictSame(book.list(0), [{ key: "a", used: 4, reserved: 0, untilMs }]);
});

t.test("estimates of longest ago can be taken back no more", async (test) => {
  const book = new BudgetBook();
  for (let id = 0; id <= 16_384; id++) {
    book.apply("x", reserved(id, ["a", 2]));
    book.apply("x", { ...settled(id, 1), isEstimated: true });
  }
  test.equal(book.refund("of 0"), undefined);
  test.match(book.refund("of 1"), [{ used: 1 }]);
});

t.test("a book of another's state goes on as that one", async (test) => {
  const book = new BudgetBook();
  book.apply("x", reserved(1, ["a", 10]));
  book.apply("x", reserved(2, ["a", 4]));
  book.apply("x", settled(1, 9));
  const copy = new BudgetBook(JSON.parse(JSON.stringify(book.state())));
  test.strictSame(copy.list(0), book.list(0));
  copy.apply("x", settled(2, 1));
  test.strictSame(copy.list(0), [{ key: "a", used: 10, reserved: 0, untilMs }]);
});

t.test("counts end with their time, which use makes longer", async (test) => {
  const book = new BudgetBook();
  book.apply("x", reserved(1, ["a", 1], ["b", 1]));
  book.apply("x", { kind: "settled", id: 1, used: [1, 1], untilMs: [100, 200] });
  book.prune(100);
  test.strictSame(book.list(100), [{ key: "b", used: 1, reserved: 0, untilMs: 200 }]);
  test.strictSame(book.list(200), []);
  test.strictSame(book.state().counts, [["b", 1, 200]]);
});
