import t from "tap";
import type { ChatResponse, Choice, FinishReason, Usage } from "../ir.ts";
import { answerCases, usageOfCases } from "./answer-cases.ts";
import { answerProblems, usageProblems } from "./plain-answer.ts";

const choice: Choice = {
  parts: [{ kind: "text", text: "Hello" }],
  finish: "stop",
  stopText: null,
  logprobs: null,
};
const response: ChatResponse = {
  id: "1",
  model: "m",
  created: null,
  choices: [choice],
  usage: usageOfCases,
};
const withChoice = (changes: Partial<Choice>) => ({
  ...response,
  choices: [{ ...choice, ...changes }],
});

for (const one of answerCases()) {
  t.test(
    `answerProblems() finds none in ${one.name} itself, and some in every other`,
    async (t) => {
      t.same(answerProblems(one.response, one.response, true), []);
      const alike = answerCases().filter(
        (other) => answerProblems(other.response, one.response, true).length === 0,
      );
      t.ok(alike.length <= 5, alike.map(({ name }) => name).join(", "));
    },
  );
}

t.test("answerProblems() allows another id, no model, and joined texts", async (t) => {
  const parts = ["Hel", "", "lo"].map((text) => ({ kind: "text" as const, text }));
  t.same(answerProblems({ ...withChoice({ parts }), id: "2", model: "" }, response, true), []);
});

for (const { name, found, problems } of [
  {
    name: "a lost text",
    found: withChoice({ parts: [] }),
    problems: ["choices[0].parts has 0 elements, wanted 1"],
  },
  {
    name: "another model",
    found: { ...response, model: "x" },
    problems: ['model is "x", wanted "m"'],
  },
  {
    name: "another finish",
    found: withChoice({ finish: "length" }),
    problems: ['choices[0].finish is "length", wanted "stop"'],
  },
  {
    name: "a stop text that is made up",
    found: withChoice({ stopText: "END" }),
    problems: ['choices[0].stopText is "END", wanted ""'],
  },
  {
    name: "a second choice",
    found: { ...response, choices: [choice, choice] },
    problems: ["choices has 2 elements, wanted 1"],
  },
  {
    name: "log probabilities that are made up",
    found: withChoice({ logprobs: [] }),
    problems: ["choices[0].logprobs is a list, wanted null"],
  },
]) {
  t.test(`answerProblems() finds ${name}`, async (t) => {
    t.same(answerProblems(found, response, true), problems);
  });
}

for (const { wanted, found, isFine } of [
  { wanted: "stop-text", found: "stop", isFine: true },
  { wanted: "refusal", found: "content-filter", isFine: true },
  { wanted: "paused", found: "length", isFine: true },
  { wanted: "paused", found: "tool-calls", isFine: false },
  { wanted: "length", found: "stop", isFine: false },
  { wanted: "tool-calls", found: "stop", isFine: false },
  { wanted: "stop", found: "stop-text", isFine: false },
] as { wanted: FinishReason; found: FinishReason; isFine: boolean }[]) {
  t.test(`answerProblems() ${isFine ? "allows" : "finds"} ${found} for ${wanted}`, async (t) => {
    const problems = answerProblems(
      withChoice({ finish: found }),
      withChoice({ finish: wanted }),
      true,
    );
    t.equal(problems.length, isFine ? 0 : 1);
  });
}

for (const { name, found, wanted, problems } of [
  {
    name: "no details",
    found: { ...usageOfCases, cachedInputTokens: null, reasoningTokens: 0 },
    wanted: usageOfCases,
    problems: [],
  },
  {
    name: "zero for none",
    found: { ...usageOfCases, inputTokens: 0, outputTokens: 0 },
    wanted: null,
    problems: [],
  },
  { name: "none for none", found: null, wanted: null, problems: [] },
  {
    name: "usage that is lost",
    found: null,
    wanted: usageOfCases,
    problems: [
      "usage.inputTokens is missing, wanted 120",
      "usage.outputTokens is missing, wanted 34",
    ],
  },
  {
    name: "usage that is made up",
    found: usageOfCases,
    wanted: null,
    problems: ["usage.inputTokens is 120, wanted none", "usage.outputTokens is 34, wanted none"],
  },
  {
    name: "input without what the cache held",
    found: { ...usageOfCases, inputTokens: 63 },
    wanted: usageOfCases,
    problems: ["usage.inputTokens is 63, wanted 120"],
  },
  {
    name: "details in the wrong place",
    found: { ...usageOfCases, cachedInputTokens: 7 },
    wanted: usageOfCases,
    problems: ["usage.cachedInputTokens is 7, wanted 50"],
  },
  {
    name: "details that are made up",
    found: { ...usageOfCases, audioInputTokens: 3 },
    wanted: usageOfCases,
    problems: ["usage.audioInputTokens is 3, wanted none"],
  },
] as { name: string; found: Usage | null; wanted: Usage | null; problems: string[] }[]) {
  t.test(`usageProblems() of ${name}`, async (t) => {
    t.same(usageProblems(found, wanted), problems);
  });
}
