import t from "tap";
import type { BudgetLine } from "./budget-lines.ts";
import { encodeBudgetLine, tryDecodeBudgetLine } from "./budget-lines.ts";

const lines: readonly BudgetLine[] = [
  {
    kind: "reserved",
    id: "1-2-3-4.5",
    counts: [
      { key: "day tokens a/b 2026-11-28", amount: 2 ** 53 - 1, expected: 7, untilMs: 1e12 },
      { key: "é \u0000\n", amount: 0, expected: 0, untilMs: 1 },
    ],
    call: { transaction: "AbCd1", tokens: 7, microDollars: null },
  },
  { kind: "settled", id: "1-2-3-4.5", used: [7, 0], untilMs: [1e12, 2] },
  { kind: "settled", id: "1", used: [7], untilMs: [1e12], isEstimated: true },
];

for (const [at, line] of lines.entries()) {
  t.test(`line ${at}, which was ${line.kind}, is read as it was written`, async (test) => {
    const text = encodeBudgetLine(line);
    test.equal(text.indexOf("\n"), text.length - 1);
    test.strictSame(tryDecodeBudgetLine(text.slice(0, -1)), line);
  });

  t.test(
    `of line ${at}, which was ${line.kind}, no cut and no damage is taken for one`,
    async (test) => {
      const text = encodeBudgetLine(line).slice(0, -1);
      for (let at = 0; at < text.length; at++) {
        test.equal(tryDecodeBudgetLine(text.slice(0, at)), undefined);
        const other = text[at] === "1" ? "2" : "1";
        test.equal(tryDecodeBudgetLine(text.slice(0, at) + other + text.slice(at + 1)), undefined);
      }
    },
  );
}
