import t from "tap";
import { encodeToolInput } from "./tool-input.ts";

const cases = [
  { text: "", input: {} },
  { text: "{}", input: {} },
  { text: '{"a":[1,{"b":null}]}', input: { a: [1, { b: null }] } },
  { text: '{"a":', input: { _raw: '{"a":' } },
  { text: "[1]", input: { _raw: "[1]" } },
  { text: "null", input: { _raw: "null" } },
  { text: "1", input: { _raw: "1" } },
  { text: "run it", input: { _raw: "run it" } },
];
for (const { text, input } of cases) {
  t.test(`encodeToolInput() makes an object of ${text === "" ? "nothing" : text}`, async (t) => {
    t.strictSame(encodeToolInput(text), input);
  });
}

t.test("encodeToolInput() keeps the digits of numbers", async (t) => {
  const text = '{"a":12345678901234567890,"b":1.0e2,"c":-0}';
  t.equal(JSON.stringify(encodeToolInput(text)), text);
});
