import t from "tap";
import type { ChatRequest, ReasoningRequest } from "../ir.ts";
import {
  assistantTurn,
  chatRequest,
  dialect,
  reasoning,
  toolCall,
  toolResult,
  userTurn,
} from "../testdata/anthropic-messages.ts";
import { generationOf } from "./claude-generation.ts";
import { chooseThinking, encodeThinking } from "./thinking-encoder.ts";

function choose(
  model: string,
  asked: Partial<ReasoningRequest> | null,
  changes: Partial<ChatRequest> = {},
) {
  const wish =
    asked === null ? null : { effort: null, budgetTokens: null, visible: null, ...asked };
  const request = chatRequest({ model, reasoning: wish, ...changes });
  const choice = chooseThinking(request, generationOf(model).thinking);
  return { ...choice, thinking: encodeThinking(choice, choice.budget) };
}

const manual = "claude-sonnet-4-5";
const both = "claude-sonnet-4-6";
const adaptive = "claude-opus-4-8";
const byDefault = "claude-opus-5";
const always = "claude-fable-5";
const between = "claude-sonnet-5-5";

const foreign = [
  { model: manual, asked: null, thinking: undefined, effort: null },
  {
    model: manual,
    asked: { effort: "high" },
    thinking: { type: "enabled", budget_tokens: 16_384 },
    effort: null,
  },
  {
    model: manual,
    asked: { effort: "minimal" },
    thinking: { type: "enabled", budget_tokens: 1_024 },
    effort: null,
  },
  {
    model: manual,
    asked: { budgetTokens: 5_000 },
    thinking: { type: "enabled", budget_tokens: 5_000 },
    effort: null,
  },
  {
    model: manual,
    asked: { budgetTokens: 5 },
    thinking: { type: "enabled", budget_tokens: 1_024 },
    effort: null,
  },
  {
    model: manual,
    asked: { budgetTokens: -1 },
    thinking: { type: "enabled", budget_tokens: 8_192 },
    effort: null,
  },
  {
    model: manual,
    asked: { budgetTokens: -1, effort: "low" },
    thinking: { type: "enabled", budget_tokens: 2_048 },
    effort: null,
  },
  { model: manual, asked: { effort: "none" }, thinking: { type: "disabled" }, effort: null },
  { model: manual, asked: { budgetTokens: 0 }, thinking: { type: "disabled" }, effort: null },
  { model: both, asked: { effort: "high" }, thinking: { type: "adaptive" }, effort: "high" },
  { model: both, asked: { effort: "xhigh" }, thinking: { type: "adaptive" }, effort: "high" },
  {
    model: both,
    asked: { budgetTokens: 5_000 },
    thinking: { type: "enabled", budget_tokens: 5_000 },
    effort: null,
  },
  { model: adaptive, asked: { effort: "minimal" }, thinking: { type: "adaptive" }, effort: "low" },
  { model: adaptive, asked: { effort: "xhigh" }, thinking: { type: "adaptive" }, effort: "xhigh" },
  {
    model: adaptive,
    asked: { budgetTokens: 8_000 },
    thinking: { type: "adaptive" },
    effort: "medium",
  },
  { model: adaptive, asked: { budgetTokens: -1 }, thinking: { type: "adaptive" }, effort: null },
  {
    model: adaptive,
    asked: { visible: true },
    thinking: { type: "adaptive", display: "summarized" },
    effort: null,
  },
  {
    model: adaptive,
    asked: { visible: false },
    thinking: { type: "adaptive", display: "omitted" },
    effort: null,
  },
  {
    model: manual,
    asked: { budgetTokens: 5_000, visible: true },
    thinking: { type: "enabled", budget_tokens: 5_000 },
    effort: null,
  },
  {
    model: manual,
    asked: { budgetTokens: 5_000, visible: false },
    thinking: { type: "enabled", budget_tokens: 5_000, display: "omitted" },
    effort: null,
  },
  {
    model: both,
    asked: { effort: "low", visible: true },
    thinking: { type: "adaptive" },
    effort: "low",
  },
  {
    model: "my-deployment",
    asked: { budgetTokens: 5_000, visible: true },
    thinking: { type: "enabled", budget_tokens: 5_000 },
    effort: null,
  },
  { model: adaptive, asked: { effort: "none" }, thinking: { type: "disabled" }, effort: null },
  { model: byDefault, asked: null, thinking: undefined, effort: null },
  { model: byDefault, asked: { effort: "none" }, thinking: { type: "disabled" }, effort: null },
  {
    model: byDefault,
    asked: { effort: "max", budgetTokens: 0 },
    thinking: { type: "disabled" },
    effort: "high",
  },
  { model: always, asked: { effort: "none" }, thinking: undefined, effort: "low" },
  { model: always, asked: { effort: "medium" }, thinking: { type: "adaptive" }, effort: "medium" },
  { model: between, asked: { effort: "none" }, thinking: { type: "between_tools" }, effort: null },
  {
    model: "claude-3-5-haiku-latest",
    asked: { effort: "high" },
    thinking: undefined,
    effort: null,
  },
  {
    model: "my-deployment",
    asked: { effort: "low" },
    thinking: { type: "enabled", budget_tokens: 2_048 },
    effort: null,
  },
] as const;
for (const { model, asked, thinking, effort } of foreign) {
  t.test(
    `chooseThinking() asks ${model} for ${JSON.stringify(asked)} of another dialect`,
    async (t) => {
      const choice = choose(model, asked);
      t.strictSame(choice.thinking, thinking);
      t.equal(choice.effort, effort);
    },
  );
}

const own = [
  { model: "claude-opus-4-5", asked: { effort: "high" }, thinking: undefined, effort: "high" },
  { model: adaptive, asked: { effort: "max" }, thinking: undefined, effort: "max" },
  { model: manual, asked: { effort: "high" }, thinking: undefined, effort: null },
  {
    model: "claude-opus-4-5",
    asked: { effort: "medium", budgetTokens: 3_000 },
    thinking: { type: "enabled", budget_tokens: 3_000 },
    effort: "medium",
  },
  {
    model: adaptive,
    asked: { budgetTokens: -1, effort: "low" },
    thinking: { type: "adaptive" },
    effort: "low",
  },
  { model: adaptive, asked: { effort: "none" }, thinking: { type: "disabled" }, effort: null },
  {
    model: adaptive,
    asked: { effort: "high", budgetTokens: 0 },
    thinking: { type: "disabled" },
    effort: "high",
  },
] as const;
for (const { model, asked, thinking, effort } of own) {
  t.test(
    `chooseThinking() asks ${model} for ${JSON.stringify(asked)} of this dialect`,
    async (t) => {
      const choice = choose(model, asked, { variant: dialect });
      t.strictSame(choice.thinking, thinking);
      t.equal(choice.effort, effort);
    },
  );
}

const tools = [{ name: "f", description: null, parameters: null, strict: null }];
const forced = [
  { model: manual, toolChoice: { kind: "required" }, thinking: undefined },
  { model: manual, toolChoice: { kind: "tool", name: "f" }, thinking: undefined },
  { model: adaptive, toolChoice: { kind: "required" }, thinking: undefined },
  { model: byDefault, toolChoice: { kind: "required" }, thinking: { type: "disabled" } },
  { model: always, toolChoice: { kind: "required" }, thinking: undefined },
  {
    model: manual,
    toolChoice: { kind: "auto" },
    thinking: { type: "enabled", budget_tokens: 2_048 },
  },
  {
    model: manual,
    toolChoice: { kind: "none" },
    thinking: { type: "enabled", budget_tokens: 2_048 },
  },
] as const;
for (const { model, toolChoice, thinking } of forced) {
  t.test(
    `chooseThinking() heeds that ${toolChoice.kind} is the choice of tools of ${model}`,
    async (t) => {
      t.strictSame(choose(model, { effort: "low" }, { tools, toolChoice }).thinking, thinking);
    },
  );
}

t.test("chooseThinking() keeps the word for effort where a tool is forced", async (t) => {
  const toolChoice = { kind: "required" } as const;
  t.equal(choose(always, { effort: "low" }, { tools, toolChoice }).effort, "low");
  t.equal(choose(adaptive, { effort: "max" }, { tools, toolChoice }).effort, "high");
});

t.test("chooseThinking() takes no tool for forced where there are none", async (t) => {
  const changes = { tools: [], toolChoice: { kind: "required" } } as const;
  t.strictSame(choose(manual, { effort: "low" }, changes).thinking, enabled);
});

const enabled = { type: "enabled", budget_tokens: 2_048 };
const foreignReasoning = {
  ...reasoning("Hm", null),
  origin: "openai-responses",
  signature: "theirs",
} as const;
const histories = [
  { name: "a first turn", messages: [userTurn("Hi")], thinking: enabled },
  {
    name: "an earlier turn without thinking",
    messages: [userTurn("Hi"), assistantTurn("Yes"), userTurn("Go")],
    thinking: enabled,
  },
  {
    name: "a beginning of the answer",
    messages: [userTurn("Hi"), assistantTurn("So")],
    thinking: undefined,
  },
  {
    name: "results of a turn that began with thinking",
    messages: [
      userTurn("Hi"),
      assistantTurn(reasoning("Hm"), toolCall("t")),
      userTurn(toolResult("t", "1")),
    ],
    thinking: enabled,
  },
  {
    name: "results of a turn that began without",
    messages: [userTurn("Hi"), assistantTurn(toolCall("t")), userTurn(toolResult("t", "1"))],
    thinking: undefined,
  },
  {
    name: "results of a turn of another provider's",
    messages: [
      userTurn("Hi"),
      assistantTurn(foreignReasoning, toolCall("t")),
      userTurn(toolResult("t", "1")),
    ],
    thinking: undefined,
  },
  {
    name: "results of a turn whose thinking has no proof",
    messages: [
      userTurn("Hi"),
      assistantTurn(reasoning("Hm", null), toolCall("t")),
      userTurn(toolResult("t", "1")),
    ],
    thinking: undefined,
  },
  {
    name: "later results of a turn that began with thinking",
    messages: [
      userTurn("Hi"),
      assistantTurn(reasoning("Hm"), toolCall("t")),
      userTurn(toolResult("t", "1")),
      assistantTurn(toolCall("u")),
      userTurn(toolResult("u", "2")),
    ],
    thinking: enabled,
  },
  {
    name: "results of a conversation that the assistant began",
    messages: [assistantTurn(toolCall("t")), userTurn(toolResult("t", "1"))],
    thinking: undefined,
  },
  {
    name: "a new question after a turn without thinking",
    messages: [
      userTurn("Hi"),
      assistantTurn(toolCall("t")),
      userTurn(toolResult("t", "1")),
      assistantTurn("1"),
      userTurn("?"),
    ],
    thinking: enabled,
  },
];
for (const { name, messages, thinking } of histories) {
  t.test(`chooseThinking() heeds the history with a budget: ${name}`, async (t) => {
    t.strictSame(choose(manual, { effort: "low" }, { messages }).thinking, thinking);
  });
}

t.test("chooseThinking() lets adaptive thinking begin in any turn", async (t) => {
  const messages = [userTurn("Hi"), assistantTurn(toolCall("t")), userTurn(toolResult("t", "1"))];
  t.strictSame(choose(adaptive, { effort: "low" }, { messages }).thinking, { type: "adaptive" });
});

t.test("chooseThinking() says how much room thinking needs", async (t) => {
  for (const [model, asked, budget] of [
    [manual, null, 0],
    [manual, { effort: "high" }, 16_384],
    [manual, { effort: "none" }, 0],
    [adaptive, { effort: "high" }, 16_384],
    [adaptive, null, 0],
    [byDefault, null, 8_192],
    [always, { effort: "none" }, 8_192],
  ] as const) {
    t.equal(choose(model, asked).budget, budget, `${model} ${JSON.stringify(asked)}`);
  }
});
