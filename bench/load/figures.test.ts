/** Unit tests of how figures are written. */
import t from "tap";
import { formatCount, formatFigure, formatSpread } from "./figures.ts";

t.test("formatFigure() shows what can be told apart", async (t) => {
  const rows: readonly (readonly [number, string])[] = [
    [0, "0"],
    [0.004, "0.00"],
    [0.42, "0.42"],
    [9.84, "9.8"],
    [10.4, "10"],
    [154.6, "155"],
    [12_300.2, "12,300"],
  ];
  for (const [value, want] of rows) t.equal(formatFigure(value), want);
});

t.test("formatSpread() joins smallest and largest", async (t) => {
  t.equal(formatSpread([0.5, 1_200]), "0.50–1,200");
});

t.test("formatCount() keeps every digit", async (t) => {
  t.equal(formatCount(3), "3");
  t.equal(formatCount(200_000), "200,000");
});
