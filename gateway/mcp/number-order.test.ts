/** Numbers compared by their digits. */
import t from "tap";
import { compareNumbers } from "./number-order.ts";

const ascending = [
  ["-1e400"],
  ["-12345678901234567891"],
  ["-12345678901234567890"],
  ["-10", "-1e1", "-10.0", "-0.1e2"],
  ["-9.5"],
  ["-0.001"],
  ["0", "-0", "0.0", "0e9"],
  ["1e-400"],
  ["0.1", "1e-1", "0.10"],
  ["0.11"],
  ["5", "5.0", "0.5e1", "50E-1"],
  ["9007199254740992"],
  ["9007199254740993"],
  ["1e400"],
  ["1e+401", "10e400"],
];

t.test("compareNumbers() agrees with the order of the numbers", async (test) => {
  for (const [low, ones] of ascending.entries()) {
    for (const [high, others] of ascending.entries()) {
      for (const one of ones) {
        for (const other of others) {
          const wanted = Math.sign(low - high);
          test.equal(
            Math.sign(compareNumbers(one, other) ?? Number.NaN),
            wanted,
            `${one} ${other}`,
          );
        }
      }
    }
  }
});

t.test("compareNumbers() compares no text, and nothing of endless digits", async (test) => {
  for (const text of ["", "x", "1x", " 1", "0x1", "Infinity", `1e${"9".repeat(200)}`]) {
    test.equal(compareNumbers(text, "1"), undefined, text.slice(0, 20));
    test.equal(compareNumbers("1", text), undefined, text.slice(0, 20));
  }
});
