import t from "tap";
import type { Usage } from "../ir.ts";
import { decodeTokenUsage, encodeTokenUsage } from "./token-usage.ts";

const unknown: Usage = {
  inputTokens: null,
  outputTokens: null,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
  audioInputTokens: null,
  audioOutputTokens: null,
};

const usages: readonly {
  readonly name: string;
  readonly wire: object;
  readonly usage: Usage;
}[] = [
  {
    name: "input and output",
    wire: { inputTokens: 12, outputTokens: 7, totalTokens: 19 },
    usage: { ...unknown, inputTokens: 12, outputTokens: 7 },
  },
  {
    name: "a cache that was read",
    wire: { inputTokens: 12, outputTokens: 7, totalTokens: 119, cacheReadInputTokens: 100 },
    usage: { ...unknown, inputTokens: 112, outputTokens: 7, cachedInputTokens: 100 },
  },
  {
    name: "a cache that was read and written",
    wire: {
      inputTokens: 1,
      outputTokens: 2,
      totalTokens: 33,
      cacheReadInputTokens: 10,
      cacheWriteInputTokens: 20,
    },
    usage: {
      ...unknown,
      inputTokens: 31,
      outputTokens: 2,
      cachedInputTokens: 10,
      cacheWriteTokens: 20,
    },
  },
  {
    name: "a cache that was not used",
    wire: {
      inputTokens: 5,
      outputTokens: 0,
      totalTokens: 5,
      cacheReadInputTokens: 0,
      cacheWriteInputTokens: 0,
    },
    usage: {
      ...unknown,
      inputTokens: 5,
      outputTokens: 0,
      cachedInputTokens: 0,
      cacheWriteTokens: 0,
    },
  },
];

for (const { name, wire, usage } of usages) {
  t.test(`decodeTokenUsage() reads ${name}`, async (t) => {
    t.same(decodeTokenUsage({ ...wire }), usage);
  });

  t.test(`encodeTokenUsage() writes ${name}`, async (t) => {
    t.same(JSON.parse(JSON.stringify(encodeTokenUsage(usage))), wire);
  });
}

t.test("decodeTokenUsage() is null for what is none", async (t) => {
  for (const value of [undefined, null, [], "x", 1]) t.equal(decodeTokenUsage(value), null);
});

t.test("decodeTokenUsage() knows nothing of counts that are none", async (t) => {
  t.same(decodeTokenUsage({ inputTokens: "1", outputTokens: -1, cacheDetails: [] }), unknown);
});

t.test("encodeTokenUsage() says 0 of what nobody counted", async (t) => {
  const zero = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };
  t.same(JSON.parse(JSON.stringify(encodeTokenUsage(null))), zero);
  t.same(JSON.parse(JSON.stringify(encodeTokenUsage(unknown))), zero);
});

t.test("encodeTokenUsage() says no less than 0", async (t) => {
  const usage = { ...unknown, inputTokens: 3, cachedInputTokens: 10 };
  t.equal(encodeTokenUsage(usage)["inputTokens"], 0);
});

t.test("decodeTokenUsage() does not count what is no whole number", async (t) => {
  t.strictSame(decodeTokenUsage({ inputTokens: 4.5, outputTokens: 1e21 }), unknown);
});
