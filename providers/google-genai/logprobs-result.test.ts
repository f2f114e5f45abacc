import t from "tap";
import type { TokenLogprob } from "../ir.ts";
import { writeJson } from "../json-text.ts";
import { decodeLogprobs, encodeLogprobs } from "./logprobs-result.ts";

const wire = {
  topCandidates: [
    {
      candidates: [
        { token: "Hi", logProbability: -0.1 },
        { token: "Ho", logProbability: -2.5 },
      ],
    },
    { candidates: [] },
  ],
  chosenCandidates: [
    { token: "Hi", logProbability: -0.1 },
    { token: "!", logProbability: -0.5 },
  ],
};
const logprobs: readonly TokenLogprob[] = [
  {
    token: "Hi",
    logprob: -0.1,
    bytes: null,
    top: [
      { token: "Hi", logprob: -0.1, bytes: null },
      { token: "Ho", logprob: -2.5, bytes: null },
    ],
  },
  { token: "!", logprob: -0.5, bytes: null, top: [] },
];

t.test("decodeLogprobs() reads tokens with their alternatives", async (t) => {
  t.same(decodeLogprobs(wire), logprobs);
});

t.test("encodeLogprobs() writes them", async (t) => {
  t.same(JSON.parse(writeJson(encodeLogprobs(logprobs))), wire);
});

t.test("decodeLogprobs() takes a missing probability for certainty", async (t) => {
  t.same(decodeLogprobs({ chosenCandidates: [{ token: "a", tokenId: 7 }] }), [
    { token: "a", logprob: 0, bytes: null, top: [] },
  ]);
});

t.test("decodeLogprobs() gives nothing where there is nothing", async (t) => {
  for (const value of [undefined, null, 7, []]) t.equal(decodeLogprobs(value), null);
  t.same(decodeLogprobs({}), []);
  t.same(decodeLogprobs({ chosenCandidates: [7, { token: "a", logProbability: "x" }] }), []);
});
