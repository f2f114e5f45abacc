/** Amounts of processors, memory and disk. */
import { quantityFormat } from "./quantity.ts";
import { testReads, testRefused } from "./testdata/format-cases.ts";

testReads(quantityFormat, ["1", "0.5", "500m", "2Gi", "1e3", "1.5E", "10k", "007"]);

testRefused(quantityFormat, [
  ["", ""],
  ["-1", ""],
  ["1.", ""],
  ["1 Gi", ""],
  ["1GB", ""],
  ["0", "it must be more than 0"],
  ["0.0Mi", "it must be more than 0"],
  ["1".repeat(33), ""],
]);
