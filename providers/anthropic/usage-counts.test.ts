import t from "tap";
import { encodeUsage, nothingTold, readCounts, unknownUsage, usageOf } from "./usage-counts.ts";

const full = {
  input_tokens: 10,
  cache_creation_input_tokens: 20,
  cache_read_input_tokens: 30,
  output_tokens: 5,
  output_tokens_details: { thinking_tokens: 2 },
};

t.test("usageOf() counts input with what the cache was read and written for", async (t) => {
  t.strictSame(usageOf(readCounts(full, nothingTold)), {
    inputTokens: 60,
    outputTokens: 5,
    cachedInputTokens: 30,
    cacheWriteTokens: 20,
    reasoningTokens: 2,
    audioInputTokens: null,
    audioOutputTokens: null,
  });
});

t.test("usageOf() does not know what was not told", async (t) => {
  t.strictSame(usageOf(nothingTold), unknownUsage);
  t.match(usageOf(readCounts({ input_tokens: 1 }, nothingTold)), {
    inputTokens: 1,
    cachedInputTokens: null,
  });
});

t.test("readCounts() keeps counts that a later object leaves out or says null of", async (t) => {
  const first = readCounts(full, nothingTold);
  const later = readCounts({ input_tokens: null, output_tokens: 50 }, first);
  t.strictSame(later, { ...first, output: 50 });
});

t.test("readCounts() ignores what is no count", async (t) => {
  for (const value of [undefined, null, 1, "a", []])
    t.strictSame(readCounts(value, nothingTold), nothingTold);
  t.strictSame(
    readCounts({ input_tokens: "1", output_tokens: -1, output_tokens_details: [] }, nothingTold),
    nothingTold,
  );
  t.strictSame(readCounts({ input_tokens: 1.5, output_tokens: 1e21 }, nothingTold), nothingTold);
});

t.test("encodeUsage() writes what readCounts() reads", async (t) => {
  t.strictSame(encodeUsage(usageOf(readCounts(full, nothingTold))), full);
});

t.test("encodeUsage() has zero for what the API always tells", async (t) => {
  const zero = {
    input_tokens: 0,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 0,
  };
  t.strictSame(encodeUsage(null), zero);
  t.strictSame(encodeUsage(unknownUsage), zero);
});

t.test("encodeUsage() never goes below zero", async (t) => {
  t.equal(
    encodeUsage({ ...unknownUsage, inputTokens: 5, cachedInputTokens: 9 })["input_tokens"],
    0,
  );
});
