import t from "tap";
import { claudeGenerations, generationOf } from "./claude-generation.ts";

// What Anthropic's migration guides say of each model.
const models = [
  { model: "claude-instant-1.2", on: [], sampling: "both", most: 4_096, lacks: "reasoning" },
  { model: "claude-2.1", on: [], sampling: "both", most: 4_096, lacks: "schema-output" },
  { model: "claude-3-opus-20240229", on: [], sampling: "both", most: 4_096, lacks: "tool-strict" },
  {
    model: "claude-3-5-sonnet-20241022",
    on: [],
    sampling: "both",
    most: 8_192,
    lacks: "reasoning",
  },
  {
    model: "claude-3-7-sonnet-latest",
    on: ["enabled"],
    sampling: "both",
    most: 64_000,
    lacks: "schema-output",
  },
  {
    model: "claude-opus-4-20250514",
    on: ["enabled"],
    sampling: "one",
    most: 32_000,
    lacks: "schema-output",
  },
  {
    model: "claude-sonnet-4-20250514",
    on: ["enabled"],
    sampling: "one",
    most: 64_000,
    lacks: "schema-output",
  },
  {
    model: "claude-opus-4-1-20250805",
    on: ["enabled"],
    sampling: "one",
    most: 32_000,
    lacks: "system-in-mid-conversation",
  },
  {
    model: "claude-sonnet-4-5",
    on: ["enabled"],
    sampling: "one",
    most: 64_000,
    lacks: "system-in-mid-conversation",
  },
  {
    model: "claude-haiku-4-5-20251001",
    on: ["enabled"],
    sampling: "one",
    most: 64_000,
    lacks: "system-in-mid-conversation",
  },
  {
    model: "claude-opus-4-5-20251101",
    on: ["enabled"],
    sampling: "one",
    most: 64_000,
    lacks: "system-in-mid-conversation",
  },
  {
    model: "claude-opus-4-6",
    on: ["adaptive", "enabled"],
    sampling: "one",
    most: 128_000,
    lacks: "assistant-prefill",
  },
  {
    model: "claude-sonnet-4-6",
    on: ["adaptive", "enabled"],
    sampling: "one",
    most: 64_000,
    lacks: "system-in-mid-conversation",
  },
  {
    model: "claude-opus-4-7",
    on: ["adaptive"],
    sampling: "none",
    most: 128_000,
    lacks: "system-in-mid-conversation",
  },
  {
    model: "claude-opus-4-8",
    on: ["adaptive"],
    sampling: "none",
    most: 128_000,
    lacks: "temperature",
  },
  { model: "claude-opus-5", on: ["adaptive"], sampling: "none", most: 128_000, lacks: "top-k" },
  { model: "claude-sonnet-5", on: ["adaptive"], sampling: "none", most: 128_000, lacks: "top-p" },
  {
    model: "claude-fable-5",
    on: ["adaptive"],
    sampling: "none",
    most: 128_000,
    lacks: "assistant-prefill",
  },
  {
    model: "claude-mythos-preview",
    on: ["adaptive"],
    sampling: "none",
    most: 128_000,
    lacks: "assistant-prefill",
  },
  {
    model: "claude-haiku-5-5",
    on: ["adaptive"],
    sampling: "none",
    most: 128_000,
    lacks: "assistant-prefill",
  },
  {
    model: "claude-opus-5-5",
    on: ["adaptive"],
    sampling: "none",
    most: 128_000,
    lacks: "tool-choice-required",
  },
  {
    model: "claude-sonnet-5-5",
    on: ["adaptive"],
    sampling: "none",
    most: 128_000,
    lacks: "tool-choice-named",
  },
  {
    model: "claude-fable-5-1",
    on: ["adaptive"],
    sampling: "none",
    most: 128_000,
    lacks: "tool-choice-named",
  },
  {
    model: "claude-opus-6",
    on: ["adaptive"],
    sampling: "none",
    most: 128_000,
    lacks: "tool-choice-named",
  },
  {
    model: "claude-nova-12-3",
    on: ["adaptive"],
    sampling: "none",
    most: 128_000,
    lacks: "tool-choice-named",
  },
] as const;
for (const { model, on, sampling, most, lacks } of models) {
  t.test(`generationOf() knows what ${model} takes`, async (t) => {
    const generation = generationOf(model);
    t.strictSame(generation.thinking.on, on);
    t.equal(generation.sampling, sampling);
    t.equal(generation.mostTokens, most);
    t.ok(generation.lacks.has(lacks), lacks);
  });
}

t.test(
  "generationOf() knows which models think unasked, and which cannot be kept from it",
  async (t) => {
    for (const [model, byDefault, off] of [
      ["claude-sonnet-4-5", false, "disabled"],
      ["claude-opus-4-8", false, "disabled"],
      ["claude-opus-5", true, "disabled"],
      ["claude-sonnet-5", true, "disabled"],
      ["claude-haiku-5-5", true, "disabled"],
      ["claude-sonnet-5-5", true, "between_tools"],
      ["claude-opus-5-5", true, null],
      ["claude-fable-5", true, null],
      ["claude-mythos-5-2", true, null],
    ] as const) {
      const { thinking } = generationOf(model);
      t.equal(thinking.byDefault, byDefault, model);
      t.equal(thinking.off, off, model);
    }
  },
);

t.test("generationOf() knows which words for effort a model has", async (t) => {
  for (const [model, efforts] of [
    ["claude-sonnet-4-5", []],
    ["claude-opus-4-5", ["low", "medium", "high"]],
    ["claude-sonnet-4-6", ["low", "medium", "high", "max"]],
    ["claude-opus-4-7", ["low", "medium", "high", "xhigh", "max"]],
  ] as const) {
    t.strictSame(generationOf(model).thinking.efforts, efforts, model);
  }
});

t.test(
  "generationOf() knows who takes instructions in mid-conversation and who forced tools",
  async (t) => {
    for (const [model, midSystem, forced] of [
      ["claude-opus-4-7", false, true],
      ["claude-opus-4-8", true, true],
      ["claude-sonnet-5", true, true],
      ["claude-haiku-5-5", true, true],
      ["claude-opus-5-5", true, false],
      ["claude-sonnet-5-5", true, false],
    ] as const) {
      const { lacks } = generationOf(model);
      t.equal(lacks.has("system-in-mid-conversation"), !midSystem, model);
      t.equal(lacks.has("tool-choice-required"), !forced, model);
      t.equal(lacks.has("tool-choice-named"), !forced, model);
    }
  },
);

t.test("generationOf() reads names as each host writes them", async (t) => {
  for (const [name, model] of [
    ["us.anthropic.claude-opus-4-6-v1:0", "claude-opus-4-6"],
    ["anthropic.claude-3-5-sonnet-20240620-v1:0", "claude-3-5-sonnet"],
    ["anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4-0"],
    ["arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-opus-5-5", "claude-opus-5-5"],
    ["claude-opus-4@20250514", "claude-opus-4"],
    ["anthropic/claude-opus-4.7", "claude-opus-4-7"],
    ["Claude-Sonnet-4-5", "claude-sonnet-4-5"],
    ["anthropic.claude-v2:1", "claude-2"],
  ] as const) {
    t.equal(generationOf(name), generationOf(model), name);
  }
});

t.test(
  "generationOf() lets models that are none of Claude's be asked for everything",
  async (t) => {
    for (const model of [
      "",
      "gpt-5",
      "my-deployment",
      "claude",
      "claude-latest",
      "deepseek-chat",
    ]) {
      const generation = generationOf(model);
      t.equal(generation.lacks.size, 0, model);
      t.equal(generation.sampling, "both", model);
      t.equal(generation.mostTokens, null, model);
    }
  },
);

t.test("claudeGenerations has the generation of every model", async (t) => {
  for (const { model } of models) t.ok(claudeGenerations.includes(generationOf(model)), model);
  t.ok(claudeGenerations.includes(generationOf("other")));
});
