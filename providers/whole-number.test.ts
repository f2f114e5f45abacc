import t from "tap";
import { parseJsonText } from "./json-text.ts";
import { wholeNumberOf } from "./whole-number.ts";

const cases = [
  { name: "nothing", text: "0", wanted: 0 },
  { name: "seconds", text: "1741569952", wanted: 1_741_569_952 },
  { name: "a point without a fraction", text: "7.0", wanted: 7 },
  { name: "the most that is believed", text: "1125899906842624", wanted: 2 ** 50 },
  { name: "one more", text: "1125899906842625", wanted: null },
  { name: "the most that a double holds", text: "9007199254740991", wanted: null },
  { name: "what a double holds by chance", text: "170000001700000000", wanted: null },
  { name: "what no double holds", text: "12345678901234567890", wanted: null },
  { name: "a fraction", text: "0.5", wanted: null },
  { name: "less than nothing", text: "-1", wanted: null },
  { name: "a text", text: '"7"', wanted: null },
  { name: "null", text: "null", wanted: null },
];

for (const { name, text, wanted } of cases) {
  t.test(`wholeNumberOf() reads ${name}`, async (t) => {
    const parsed = parseJsonText(text);
    t.equal(parsed.kind === "value" ? wholeNumberOf(parsed.value) : undefined, wanted);
  });
}

t.test("wholeNumberOf() reads what is not there", async (t) => {
  t.equal(wholeNumberOf(undefined), null);
});
