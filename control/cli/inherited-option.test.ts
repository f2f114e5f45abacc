import t from "tap";
import { findInheritedOption } from "./inherited-option.ts";

for (const [words, wanted] of [
  [["get", "--constructor"], "constructor"],
  [["get", "--constructor=1"], "constructor"],
  [["get", "--no-constructor"], "constructor"],
  [["get", "--to-string", "x"], "to-string"],
  [["get", "--toString"], "toString"],
  [["get", "--__proto__"], "__proto__"],
  [["run", "--", "tool", "--constructor"], undefined],
  [["get", "constructor", "-o", "json"], undefined],
  [["get", "--namespace", "team"], undefined],
] as const) {
  t.test(`findInheritedOption() finds ${wanted} in ${words.join(" ")}`, async (t) => {
    t.equal(findInheritedOption(words), wanted);
  });
}
