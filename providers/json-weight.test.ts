import t from "tap";
import { isHeavierThan } from "./json-weight.ts";

for (const [text, weight] of [
  ["[1,2,3]", 10],
  ['{"a":1,"b":[]}', 33],
  ['["a,b:[{",""]', 9],
  ['["\\",\\\\",1]', 9],
  ['["\\\\\\",", 1, 2]', 10],
  // No JSON, of which a parser reads no more than the string that has no end.
  ['[1,"a,,,', 9],
  ['[1,"a\\",,', 9],
] as const) {
  t.test(`isHeavierThan() weighs ${text}`, async (t) => {
    t.equal(isHeavierThan(text, weight), false);
    t.equal(isHeavierThan(text, weight - 1), true);
  });
}

t.test("isHeavierThan() weighs a string of escapes in one pass", async (t) => {
  const text = `["${"\\\\".repeat(1_000_000)}",1]`;
  t.equal(isHeavierThan(text, 9), false);
  t.equal(isHeavierThan(text, 8), true);
});
