import t from "tap";
import { shortCost, shortCount, shortDollars } from "./figures.ts";

t.test("shortCount() takes at most six cells", async (t) => {
  for (const [count, text] of [
    [0, "0"],
    [9_999, "9,999"],
    [10_000, "10.0k"],
    [123_456, "123k"],
    [999_999, "1.0M"],
    [4_500_000, "4.5M"],
    [1e9, "1.0G"],
    [2e12, "2.0T"],
  ] as const) {
    t.equal(shortCount(count), text);
  }
});

t.test("shortCost() says that something of it is not known", async (t) => {
  t.equal(shortCost({ microDollars: 12_100, unpriced: 0 }), "$0.0121");
  t.equal(shortCost({ microDollars: 12_100, unpriced: 2 }), "$0.0121+?");
  t.equal(shortCost({ microDollars: 0, unpriced: 1 }), "$+?");
  t.equal(shortCost({ microDollars: 0, unpriced: 0 }), "-");
});

t.test("shortDollars() shows what is small, and never a cost as nothing", async (t) => {
  for (const [microDollars, text] of [
    [0, "-"],
    [1, "<$0.0001"],
    [12_100, "$0.0121"],
    [12_340_000, "$12.34"],
    [1_234_000_000, "$1,234"],
  ] as const) {
    t.equal(shortDollars(microDollars), text);
  }
});
