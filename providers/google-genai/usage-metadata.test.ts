import t from "tap";
import type { Usage } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { decodeUsage, encodeUsage } from "./usage-metadata.ts";

const nothing: Usage = {
  inputTokens: null,
  outputTokens: null,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
  audioInputTokens: null,
  audioOutputTokens: null,
};

const counts: readonly {
  readonly name: string;
  readonly wire: JsonObject;
  readonly usage: Partial<Usage>;
}[] = [
  {
    name: "input and output",
    wire: { promptTokenCount: 9, candidatesTokenCount: 5, totalTokenCount: 14 },
    usage: { inputTokens: 9, outputTokens: 5 },
  },
  {
    name: "thoughts, which are output",
    wire: {
      promptTokenCount: 9,
      candidatesTokenCount: 5,
      totalTokenCount: 114,
      thoughtsTokenCount: 100,
    },
    usage: { inputTokens: 9, outputTokens: 105, reasoningTokens: 100 },
  },
  {
    name: "what was cached, which is input",
    wire: {
      promptTokenCount: 900,
      candidatesTokenCount: 5,
      totalTokenCount: 905,
      cachedContentTokenCount: 800,
    },
    usage: { inputTokens: 900, outputTokens: 5, cachedInputTokens: 800 },
  },
  {
    name: "sound",
    wire: {
      promptTokenCount: 9,
      candidatesTokenCount: 5,
      totalTokenCount: 14,
      promptTokensDetails: [{ modality: "AUDIO", tokenCount: 4 }],
      candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 2 }],
    },
    usage: { inputTokens: 9, outputTokens: 5, audioInputTokens: 4, audioOutputTokens: 2 },
  },
];

for (const { name, wire, usage } of counts) {
  t.test(`decodeUsage() reads ${name}`, async (t) => {
    t.same(decodeUsage(wire), { ...nothing, ...usage });
  });

  t.test(`encodeUsage() writes ${name}`, async (t) => {
    t.same(JSON.parse(JSON.stringify(encodeUsage({ ...nothing, ...usage }))), wire);
  });
}

const others: readonly (readonly [string, JsonObject, Partial<Usage>])[] = [
  [
    "thoughts without an answer",
    { promptTokenCount: 5, thoughtsTokenCount: 19, totalTokenCount: 24 },
    { inputTokens: 5, outputTokens: 19, reasoningTokens: 19 },
  ],
  ["a blocked prompt", { promptTokenCount: 8, totalTokenCount: 8 }, { inputTokens: 8 }],
  [
    "what tools of the server's read",
    { promptTokenCount: 8, toolUsePromptTokenCount: 30, candidatesTokenCount: 2 },
    { inputTokens: 38, outputTokens: 2 },
  ],
  [
    "snake case",
    { prompt_token_count: 8, candidates_token_count: 2 },
    { inputTokens: 8, outputTokens: 2 },
  ],
  [
    "counts that are none",
    { promptTokenCount: -1, candidatesTokenCount: "x", thoughtsTokenCount: 1.5 },
    {},
  ],
  [
    "details of other modalities",
    { promptTokenCount: 1, promptTokensDetails: [{ modality: "TEXT", tokenCount: 1 }, 7] },
    { inputTokens: 1 },
  ],
];

for (const [name, wire, usage] of others) {
  t.test(`decodeUsage() reads ${name}`, async (t) => {
    t.same(decodeUsage(wire), { ...nothing, ...usage });
  });
}

t.test("decodeUsage() gives nothing where nothing is counted", async (t) => {
  for (const value of [undefined, null, 7, [], {}, { trafficType: "ON_DEMAND" }]) {
    t.equal(decodeUsage(value), null, JSON.stringify(value));
  }
});

t.test("encodeUsage() leaves out what is not known", async (t) => {
  t.same(JSON.parse(JSON.stringify(encodeUsage(nothing))), {});
  t.same(JSON.parse(JSON.stringify(encodeUsage({ ...nothing, inputTokens: 3 }))), {
    promptTokenCount: 3,
    totalTokenCount: 3,
  });
});

t.test("encodeUsage() never counts below nothing", async (t) => {
  const usage = { ...nothing, inputTokens: 1, outputTokens: 2, reasoningTokens: 5 };
  t.match(encodeUsage(usage), { candidatesTokenCount: 0, thoughtsTokenCount: 5 });
});
