/** Answers that codecs must carry back: each with the conversation that it answers. */

import type {
  ChatRequest,
  ChatResponse,
  Choice,
  FinishReason,
  Part,
  TokenLogprob,
  Usage,
} from "../ir.ts";
import { difficultText } from "./case-parts.ts";
import { plainConversation } from "./request-cases.ts";
import { weatherTool } from "./tool-cases.ts";

/** One answer. */
export interface AnswerCase {
  readonly name: string;
  readonly request: ChatRequest;
  readonly response: ChatResponse;
}

/** Tokens of cases; each number is another one, so that none passes for another. */
export const usageOfCases: Usage = {
  inputTokens: 120,
  outputTokens: 34,
  cachedInputTokens: 50,
  cacheWriteTokens: 7,
  reasoningTokens: 11,
  audioInputTokens: null,
  audioOutputTokens: null,
};

const plainUsage: Usage = {
  ...usageOfCases,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
};

const finishReasons: readonly FinishReason[] = [
  ...(["stop", "stop-text", "length", "tool-calls"] as const),
  ...(["content-filter", "refusal", "paused", "error"] as const),
];

/** Every answer; those with one choice also come as streams. */
export function answerCases(): readonly AnswerCase[] {
  return [
    answer("one text", [text("Hello, world")]),
    answer("difficult text", [text(difficultText)]),
    answer("a long text", [text("All work and no play. ".repeat(12))]),
    answer("no text", []),
    answer("details of usage", [text("Hello")], { usage: usageOfCases }),
    answer("no usage", [text("Hello")], { usage: null }),
    answer("a refusal", [{ kind: "refusal", text: "I will not" }], { finish: "refusal" }),
    ...finishReasons.filter((finish) => finish !== "tool-calls").map(finished),
    ...callCases(),
    answer("log probabilities", [text("Hello")], {
      request: { logprobs: { top: 1 } },
      logprobs: [logprob("Hel", -0.125), logprob("lo", -2)],
    }),
    twoAnswers(),
  ];
}

function callCases(): readonly AnswerCase[] {
  const called = { request: { tools: [weatherTool] }, finish: "tool-calls" } as const;
  const bern = call("call_1", '{"city":"Bern","days":12345678901234567890,"factor":1.50}');
  const basel = call("call_2", `{"city":${JSON.stringify(difficultText)}}`);
  return [
    answer("a call", [bern], called),
    answer("a call without arguments", [call("call_1", "{}")], called),
    answer("a text and a call", [text("I look"), bern], called),
    answer("several calls", [bern, basel, call("call_3", '{"city":"Genf"}')], called),
  ];
}

interface Changes {
  readonly request?: Partial<ChatRequest>;
  readonly finish?: FinishReason;
  readonly stopText?: string;
  readonly usage?: Usage | null;
  readonly logprobs?: readonly TokenLogprob[];
}

function answer(name: string, parts: readonly Part[], changes: Changes = {}): AnswerCase {
  const { request = {}, finish = "stop", usage = plainUsage } = changes;
  const { stopText = null, logprobs = null } = changes;
  return {
    name,
    request: { ...plainConversation, ...request },
    response: {
      id: "answer-1",
      model: "model-1",
      created: 1_700_000_000,
      choices: [{ parts, finish, stopText, logprobs }],
      usage,
    },
  };
}

function finished(finish: FinishReason): AnswerCase {
  const isStop = finish === "stop-text";
  return answer(`finish "${finish}"`, [text("Hello")], {
    finish,
    ...(isStop && { request: { stop: ["END"] }, stopText: "END" }),
  });
}

function twoAnswers(): AnswerCase {
  const first = answer("two answers", [text("Heads")], { request: { choices: 2 } });
  const second: Choice = {
    parts: [text("Tails")],
    finish: "length",
    stopText: null,
    logprobs: null,
  };
  const choices = [...first.response.choices, second];
  return { ...first, response: { ...first.response, choices } };
}

function logprob(token: string, value: number): TokenLogprob {
  const bytes = [...Buffer.from(token)];
  const self = { token, logprob: value, bytes };
  return { ...self, top: [self] };
}

function text(value: string): Part {
  return { kind: "text", text: value };
}

function call(id: string, json: string): Part {
  return { kind: "tool-call", id, name: "get_weather", arguments: json, signature: null };
}
