import t from "tap";
import { parseScript } from "./script.ts";

const silent = {
  fail: undefined,
  ending: undefined,
  calls: undefined,
  aloud: false,
  signature: undefined,
};

const cases = [
  { name: "no direction", text: " Hello ", script: { ...silent, said: "Hello" } },
  {
    name: "a failure",
    text: "Hello [[fail 429 7]]",
    script: { ...silent, said: "Hello", fail: { status: 429, retryAfterSeconds: 7 } },
  },
  {
    name: "a failure without a time",
    text: "[[fail 500]]",
    script: { ...silent, said: "", fail: { status: 500, retryAfterSeconds: undefined } },
  },
  { name: "a cut", text: "a [[cut]] b", script: { ...silent, said: "a  b", ending: "cut" } },
  { name: "a break", text: "[[break]]a", script: { ...silent, said: "a", ending: "break" } },
  {
    name: "several",
    text: "a [[calls 2]] [[aloud]] [[sign Robin Hood]]",
    script: { ...silent, said: "a", calls: 2, aloud: true, signature: "Robin Hood" },
  },
  { name: "an unknown one", text: "a [[dance]]", script: { ...silent, said: "a [[dance]]" } },
] as const;

for (const { name, text, script } of cases) {
  t.test(`parseScript() reads ${name}`, async (test) => {
    test.same(parseScript(text), script);
  });
}
