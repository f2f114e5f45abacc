import t from "tap";
import type { ChatCodec } from "../codec.ts";
import type { ChatResponse, Choice, Usage } from "../ir.ts";
import { checkAnswers } from "./answer-checks.ts";
import { answering, chatProblems } from "./testdata/broken-codecs.ts";
import { allBut, mirrorChat } from "./testdata/mirror-provider.ts";

const problemsOf = (chat: Partial<ChatCodec>) => chatProblems({ chat }, checkAnswers);
const choosing = (change: (choice: Choice) => object) =>
  answering(({ choices }) => ({
    choices: choices.map((choice) => ({ ...choice, ...change(choice) })),
  }));
const using = (change: (usage: Usage) => object) =>
  answering(({ usage }) => ({ usage: usage && { ...usage, ...change(usage) } }));

t.test("checkAnswers() finds nothing wrong with the mirror", async (t) => {
  t.same(problemsOf({}), []);
});

t.test("checkAnswers() leaves out what a dialect cannot express", async (t) => {
  const poor = answering(({ choices }) => ({
    choices: choices.slice(0, 1).map((choice) => ({ ...choice, logprobs: null })),
  }));
  t.same(problemsOf({ ...poor, expresses: allBut("choices", "logprobs") }), []);
  const proud = { ...poor, expresses: allBut("choices") };
  t.match(problemsOf(proud), [
    'answer "log probabilities": choices[0].logprobs is null, wanted a list',
  ]);
});

for (const { name, chat, problem } of [
  {
    name: "no text",
    chat: choosing(() => ({ parts: [] })),
    problem: 'answer "one text": choices[0].parts has 0 elements, wanted 1',
  },
  {
    name: "one call only",
    chat: choosing(({ parts }) => ({ parts: parts.slice(0, 1) })),
    problem: 'answer "several calls": choices[0].parts has 1 elements, wanted 3',
  },
  {
    name: "calls in another order",
    chat: choosing(({ parts }) => ({ parts: parts.toReversed() })),
    problem: /^answer "several calls": choices\[0\]\.parts\[0\]\.arguments is /,
  },
  {
    name: "the same finish for all",
    chat: choosing(() => ({ finish: "stop" })),
    problem: 'answer "a call": choices[0].finish is "stop", wanted "tool-calls"',
  },
  {
    name: "a stop text of its own",
    chat: choosing(() => ({ stopText: "." })),
    problem: 'answer "one text": choices[0].stopText is ".", wanted ""',
  },
  {
    name: "one of two answers",
    chat: answering(({ choices }) => ({ choices: choices.slice(0, 1) })),
    problem: 'answer "two answers": choices has 1 elements, wanted 2',
  },
  {
    name: "another model",
    chat: answering(() => ({ model: "other" })),
    problem: 'answer "one text": model is "other", wanted "model-1"',
  },
  {
    name: "no usage",
    chat: answering(() => ({ usage: null })),
    problem: 'answer "one text": usage.inputTokens is missing, wanted 120',
  },
  {
    name: "usage that is made up",
    chat: answering(({ usage }) => ({
      usage: usage ?? {
        inputTokens: 1,
        outputTokens: 0,
        cachedInputTokens: null,
        cacheWriteTokens: null,
        reasoningTokens: null,
        audioInputTokens: null,
        audioOutputTokens: null,
      },
    })),
    problem: 'answer "no usage": usage.inputTokens is 1, wanted none',
  },
  {
    name: "input without what the cache held",
    chat: using(({ inputTokens, cachedInputTokens }) => ({
      inputTokens: (inputTokens ?? 0) - (cachedInputTokens ?? 0),
    })),
    problem: 'answer "details of usage": usage.inputTokens is 70, wanted 120',
  },
  {
    name: "no log probabilities",
    chat: choosing(() => ({ logprobs: null })),
    problem: 'answer "log probabilities": choices[0].logprobs is null, wanted a list',
  },
  {
    name: "no reasoning",
    chat: choosing(({ parts }) => ({ parts: parts.filter(({ kind }) => kind !== "reasoning") })),
    problem:
      "answer with reasoning: no form of it survives, and the codec says that it expresses it",
  },
  {
    name: "something else each time",
    chat: answering(() => ({ id: String(Math.random()) })),
    problem: 'answer "one text": it is written in two ways',
  },
  {
    name: "no media type",
    chat: {
      encodeResponse: (response: ChatResponse) => ({
        contentType: "",
        body: JSON.stringify(response),
      }),
    },
    problem: 'answer "one text": it is written without a media type',
  },
  {
    name: "a body that it cannot read",
    chat: { encodeResponse: () => ({ contentType: "x", body: "{" }) },
    problem: 'answer "one text": its own writing is malformed: it is not JSON',
  },
  {
    name: "no IR",
    chat: { decodeResponse: () => ({ kind: "ok", value: {} }) as never },
    problem: /^answer "one text": it is read as no answer: /,
  },
  {
    name: "requests that it cannot carry",
    chat: { encodeRequest: () => "{" },
    problem:
      'answer "one text": its request cannot be carried: its own writing is malformed: it is not JSON',
  },
  {
    name: "a change of what it is given",
    chat: {
      encodeResponse: (
        response: ChatResponse,
        request: Parameters<ChatCodec["encodeResponse"]>[1],
      ) => {
        (response.choices as unknown[]).pop();
        return mirrorChat.encodeResponse(response, request);
      },
    },
    problem: /^answer "one text": it throws: Cannot delete property/,
  },
] as { name: string; chat: Partial<ChatCodec>; problem: string | RegExp }[]) {
  t.test(`checkAnswers() finds a codec that writes or reads ${name}`, async (t) => {
    const problems = problemsOf(chat);
    const isFound = problems.some((one) =>
      typeof problem === "string" ? one === problem : problem.test(one),
    );
    t.ok(
      isFound,
      `${String(problem)} in ${JSON.stringify(problems)
        .replaceAll(/[^\x20-\x7e]/g, "?")
        .slice(0, 600)}`,
    );
  });
}
