/** Percentages: fractions of what is written. */
import t from "tap";
import { percentageFormat, readPercentage } from "./percentage.ts";

for (const [text, fraction] of [
  ["0%", 0],
  ["5%", 0.05],
  ["0.25%", 0.0025],
  ["100%", 1],
  ["012.5%", 0.125],
] as const) {
  t.test(`readPercentage() reads ${text}`, (t) => {
    t.same(readPercentage(text), { kind: "valid", value: fraction });
    t.same(percentageFormat.read(text), { kind: "valid", value: text });
    t.end();
  });
}

for (const text of [
  "",
  "5",
  "%",
  "-1%",
  "101%",
  "100.01%",
  "1e1%",
  " 5%",
  "5 %",
  "0.00001%",
  "5%%",
]) {
  t.test(`readPercentage() refuses ${JSON.stringify(text)}`, (t) => {
    t.equal(readPercentage(text).kind, "invalid");
    t.equal(percentageFormat.read(text).kind, "invalid");
    t.end();
  });
}
