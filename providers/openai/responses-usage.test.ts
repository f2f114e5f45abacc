import t from "tap";
import { decodeUsage, encodeUsage } from "./responses-usage.ts";

const wire = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 40, cache_write_tokens: 7 },
  output_tokens: 30,
  output_tokens_details: { reasoning_tokens: 20 },
  total_tokens: 130,
};

const counts = {
  inputTokens: 100,
  outputTokens: 30,
  cachedInputTokens: 40,
  cacheWriteTokens: 7,
  reasoningTokens: 20,
  audioInputTokens: null,
  audioOutputTokens: null,
};

t.test("decodeUsage() reads all counts", async (t) => {
  t.same(decodeUsage(wire), counts);
});

t.test("encodeUsage() writes what decodeUsage() reads", async (t) => {
  t.same(encodeUsage(counts), wire);
});

t.test("decodeUsage() knows nothing of counts that are missing", async (t) => {
  t.same(decodeUsage({ input_tokens: "5", input_tokens_details: null }), {
    inputTokens: null,
    outputTokens: null,
    cachedInputTokens: null,
    cacheWriteTokens: null,
    reasoningTokens: null,
    audioInputTokens: null,
    audioOutputTokens: null,
  });
});

for (const { name, usage } of [
  { name: "null", usage: null },
  { name: "nothing", usage: undefined },
  { name: "a number", usage: 5 },
]) {
  t.test(`decodeUsage() finds no usage in ${name}`, async (t) => {
    t.equal(decodeUsage(usage), null);
  });
}

t.test("encodeUsage() writes zero for what the provider did not say", async (t) => {
  const unknown = {
    ...counts,
    inputTokens: null,
    cachedInputTokens: null,
    cacheWriteTokens: null,
    reasoningTokens: null,
  };
  t.same(encodeUsage(unknown), {
    input_tokens: 0,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: 30,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 30,
  });
});

t.test("encodeUsage() writes zeros where there is none", async (t) => {
  t.same(encodeUsage(null), {
    input_tokens: 0,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: 0,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 0,
  });
});
