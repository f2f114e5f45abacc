import t from "tap";
import { parseJsonText } from "../json-text.ts";
import { decodeTokenLogprobs, encodeTokenLogprobs } from "./responses-logprobs.ts";

const wire = [
  {
    token: "é",
    logprob: -0.25,
    bytes: [195, 169],
    top_logprobs: [{ token: "e", logprob: -2.5, bytes: [101] }],
  },
];
const tokens = [
  {
    token: "é",
    logprob: -0.25,
    bytes: [195, 169],
    top: [{ token: "e", logprob: -2.5, bytes: [101] }],
  },
];

t.test("decodeTokenLogprobs() reads tokens and their alternatives", async (t) => {
  t.same(decodeTokenLogprobs(wire), tokens);
});

t.test("encodeTokenLogprobs() writes what decodeTokenLogprobs() reads", async (t) => {
  t.same(encodeTokenLogprobs(tokens), wire);
});

t.test("encodeTokenLogprobs() makes bytes up from the token", async (t) => {
  const [entry] = encodeTokenLogprobs([{ token: "é", logprob: -1, bytes: null, top: [] }]);
  t.same(entry?.["bytes"], [195, 169]);
});

t.test("decodeTokenLogprobs() keeps the digits of probabilities", async (t) => {
  const digits = "-0.12345678901234567890";
  const parsed = parseJsonText(`[{"token":"a","logprob":${digits}}]`);
  const [entry] = decodeTokenLogprobs(parsed.kind === "value" ? parsed.value : undefined);
  t.equal(JSON.stringify(entry?.logprob), digits);
});

for (const { name, list } of [
  { name: "nothing", list: undefined },
  { name: "null", list: null },
  { name: "an empty list", list: [] },
  { name: "a text", list: "x" },
]) {
  t.test(`decodeTokenLogprobs() finds none in ${name}`, async (t) => {
    t.same(decodeTokenLogprobs(list), []);
  });
}
