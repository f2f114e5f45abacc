import t from "tap";
import { formatMicroDollars, moneyFormat, parseMicroDollars } from "./money.ts";

const amounts: readonly (readonly [string, number, string])[] = [
  ["12.50", 12_500_000, "12.50"],
  ["1", 1_000_000, "1.00"],
  ["0.000001", 1, "0.000001"],
  ["0.1", 100_000, "0.10"],
  ["0.123", 123_000, "0.123"],
  ["999999999.999999", 999_999_999_999_999, "999999999.999999"],
];

for (const [text, micro, shown] of amounts) {
  t.test(`${text} is read and written exactly`, async (test) => {
    test.strictSame(moneyFormat.read(text), { kind: "valid", value: text });
    test.equal(parseMicroDollars(text), micro);
    test.equal(formatMicroDollars(micro), shown);
  });
}

for (const text of [
  "",
  "-1",
  "1e3",
  "1.",
  ".5",
  "1.0000001",
  "1234567890",
  "$5",
  "1,000",
  "0",
  "0.00",
]) {
  t.test(`${JSON.stringify(text)} is no limit`, async (test) => {
    test.equal(moneyFormat.read(text).kind, "invalid");
  });
}

t.test("what is no amount throws", async (test) => {
  test.throws(() => parseMicroDollars("many"), TypeError);
});
