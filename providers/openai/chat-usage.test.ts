import t from "tap";
import { decodeChatUsage, encodeChatUsage } from "./chat-usage.ts";

const nothing = {
  inputTokens: null,
  outputTokens: null,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
  audioInputTokens: null,
  audioOutputTokens: null,
};
const counts = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };

const rows: readonly {
  readonly name: string;
  readonly wire: Record<string, unknown>;
  readonly usage: object;
}[] = [
  { name: "totals only", wire: counts, usage: { inputTokens: 100, outputTokens: 20 } },
  {
    name: "every detail",
    wire: {
      ...counts,
      prompt_tokens_details: { cached_tokens: 1, cache_write_tokens: 2, audio_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 4, audio_tokens: 5 },
    },
    usage: {
      inputTokens: 100,
      outputTokens: 20,
      cachedInputTokens: 1,
      cacheWriteTokens: 2,
      audioInputTokens: 3,
      reasoningTokens: 4,
      audioOutputTokens: 5,
    },
  },
  {
    name: "no details where others have them",
    wire: { ...counts, prompt_tokens_details: null, completion_tokens_details: null },
    usage: { inputTokens: 100, outputTokens: 20 },
  },
  {
    name: "DeepSeek's cache",
    wire: { ...counts, prompt_cache_hit_tokens: 64, prompt_cache_miss_tokens: 36 },
    usage: { inputTokens: 100, outputTokens: 20, cachedInputTokens: 64 },
  },
  {
    name: "Moonshot's cache",
    wire: { ...counts, cached_tokens: 64 },
    usage: { inputTokens: 100, outputTokens: 20, cachedInputTokens: 64 },
  },
  {
    name: "xAI's reasoning beside the output",
    wire: { ...counts, total_tokens: 150, completion_tokens_details: { reasoning_tokens: 30 } },
    usage: { inputTokens: 100, outputTokens: 50, reasoningTokens: 30 },
  },
  {
    name: "OpenAI's reasoning within the output",
    wire: { ...counts, completion_tokens_details: { reasoning_tokens: 15 } },
    usage: { inputTokens: 100, outputTokens: 20, reasoningTokens: 15 },
  },
  { name: "nothing that is known", wire: { tokens: 1, prompt_tokens: "1" }, usage: {} },
];

for (const { name, wire, usage } of rows) {
  t.test(`decodeChatUsage() reads ${name}`, async (t) => {
    t.strictSame(decodeChatUsage(JSON.parse(JSON.stringify(wire))), { ...nothing, ...usage });
  });
}

t.test("decodeChatUsage() gives null when there is no usage", async (t) => {
  for (const value of [null, undefined, 1, []]) t.equal(decodeChatUsage(value), null);
});

t.test("encodeChatUsage() writes what decodeChatUsage() reads", async (t) => {
  const usage = {
    inputTokens: 100,
    outputTokens: 20,
    cachedInputTokens: 1,
    cacheWriteTokens: 2,
    reasoningTokens: 4,
    audioInputTokens: 3,
    audioOutputTokens: 5,
  };
  t.strictSame(decodeChatUsage(encodeChatUsage(usage)), usage);
});

t.test("encodeChatUsage() writes zeros for what is not known, and a total", async (t) => {
  t.strictSame(JSON.parse(JSON.stringify(encodeChatUsage({ ...nothing, inputTokens: 7 }))), {
    prompt_tokens: 7,
    completion_tokens: 0,
    total_tokens: 7,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  });
});
