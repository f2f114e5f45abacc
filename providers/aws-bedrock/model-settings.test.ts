import t from "tap";
import type { ChatRequest, Part } from "../ir.ts";
import type { ModelSettings } from "./model-settings.ts";
import { settingsOf } from "./model-settings.ts";
import { chatRequest, nova, opus48, sonnet45 } from "./testdata/converse-calls.ts";

const haiku3 = "anthropic.claude-3-haiku-20240307-v1:0";
const opus46 = "global.anthropic.claude-opus-4-6-v1";

const think = { effort: null, budgetTokens: 2_000, visible: null };
const high = { effort: "high", budgetTokens: null, visible: null } as const;

const rows: readonly {
  readonly name: string;
  readonly request: Partial<ChatRequest>;
  readonly wanted: Partial<Pick<ModelSettings, "maxTokens" | "temperature" | "topP" | "effort">> & {
    readonly fields?: object | null;
  };
}[] = [
  { name: "nothing", request: {}, wanted: {} },
  {
    name: "sampling of a model of which nothing is known",
    request: {
      model: nova,
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      maxOutputTokens: 9,
      reasoning: think,
    },
    wanted: { temperature: 0.5, topP: 0.9, maxTokens: 9 },
  },
  {
    name: "a temperature beyond what Converse takes",
    request: { model: nova, temperature: 1.7, topP: 1.2 },
    wanted: { temperature: 1, topP: 1 },
  },
  {
    name: "top-k of Claude",
    request: { topK: 40 },
    wanted: { fields: { top_k: 40 } },
  },
  {
    name: "one of two of Claude 4",
    request: { temperature: 0.2, topP: 0.9 },
    wanted: { temperature: 0.2 },
  },
  {
    name: "both of Claude 3",
    request: { model: haiku3, temperature: 0.2, topP: 0.9 },
    wanted: { temperature: 0.2, topP: 0.9 },
  },
  {
    name: "no sampling of Claude 4.8",
    request: { model: opus48, temperature: 0.2, topP: 0.9, topK: 3 },
    wanted: {},
  },
  {
    name: "a budget",
    request: { reasoning: think, maxOutputTokens: 10_000 },
    wanted: {
      fields: { thinking: { type: "enabled", budget_tokens: 2_000 } },
      maxTokens: 10_000,
    },
  },
  {
    name: "a budget without a limit of the answer",
    request: { reasoning: think },
    wanted: {
      fields: { thinking: { type: "enabled", budget_tokens: 2_000 } },
      maxTokens: 64_000,
    },
  },
  {
    name: "a word where the model counts tokens",
    request: { reasoning: high, maxOutputTokens: 30_000 },
    wanted: {
      fields: { thinking: { type: "enabled", budget_tokens: 16_384 } },
      maxTokens: 30_000,
    },
  },
  {
    name: "a budget that is as large as the answer",
    request: { reasoning: think, maxOutputTokens: 500 },
    wanted: {
      fields: { thinking: { type: "enabled", budget_tokens: 2_000 } },
      maxTokens: 2_500,
    },
  },
  {
    name: "no sampling beside a budget",
    request: { reasoning: think, maxOutputTokens: 10_000, temperature: 0.3, topK: 4, topP: 0.5 },
    wanted: {
      fields: { thinking: { type: "enabled", budget_tokens: 2_000 } },
      maxTokens: 10_000,
    },
  },
  {
    name: "a high top-p beside a budget",
    request: { reasoning: think, maxOutputTokens: 10_000, topP: 0.97 },
    wanted: {
      fields: { thinking: { type: "enabled", budget_tokens: 2_000 } },
      maxTokens: 10_000,
      topP: 0.97,
    },
  },
  {
    name: "no budget where a tool is forced",
    request: {
      reasoning: think,
      tools: [{ name: "f", description: null, parameters: null, strict: null }],
      toolChoice: { kind: "required" },
      temperature: 0.3,
    },
    wanted: { temperature: 0.3 },
  },
  {
    name: "no thinking of a model that cannot",
    request: { model: haiku3, reasoning: think },
    wanted: {},
  },
  {
    name: "effort of a model that thinks as it likes",
    request: { model: opus48, reasoning: { ...high, effort: "xhigh" } },
    wanted: { effort: "xhigh", fields: { thinking: { type: "adaptive" } } },
  },
  {
    name: "effort between two of Claude 4.6's",
    request: { model: opus46, reasoning: { ...high, effort: "xhigh" } },
    wanted: { effort: "high", fields: { thinking: { type: "adaptive" } } },
  },
  {
    name: "tokens of a model that takes effort only",
    request: { model: opus48, reasoning: { ...think, visible: true } },
    wanted: {
      effort: "low",
      fields: { thinking: { type: "adaptive", display: "summarized" } },
    },
  },
];

for (const { name, request, wanted } of rows) {
  t.test(`settingsOf() has ${name}`, async (t) => {
    const { takesReasoning, takesStrict, fields, ...settings } = settingsOf(chatRequest(request));
    const { fields: wantedFields = null, ...others } = wanted;
    t.same(settings, { maxTokens: null, temperature: null, topP: null, effort: null, ...others });
    t.same(JSON.parse(JSON.stringify(fields)), wantedFields);
  });
}

t.test("settingsOf() keeps digits of numbers", async (t) => {
  const raw = { rawJSON: "0.10" };
  t.equal(settingsOf(chatRequest({ temperature: raw })).temperature, raw);
  t.equal(settingsOf(chatRequest({ temperature: { rawJSON: "1.50" } })).temperature, 1);
});

t.test("settingsOf() knows who takes reasoning back and who strict tools", async (t) => {
  const of = (model: string) => settingsOf(chatRequest({ model }));
  t.match(of(sonnet45), { takesReasoning: true, takesStrict: true });
  t.match(of(haiku3), { takesReasoning: true, takesStrict: false });
  t.match(of(nova), { takesReasoning: false, takesStrict: false });
});

const call = { kind: "tool-call", id: "t", name: "f", arguments: "{}", signature: null } as const;
const result = { kind: "tool-result", callId: "t", name: null, parts: [], isError: false } as const;
const reasoning = {
  kind: "reasoning",
  text: "Hm",
  signature: "s",
  encrypted: null,
  origin: "bedrock-converse",
} as const;

const turns: readonly {
  readonly name: string;
  readonly parts: readonly Part[];
  readonly thinks: boolean;
}[] = [
  { name: "reasoning of its own", parts: [reasoning, call], thinks: true },
  { name: "no reasoning", parts: [call], thinks: false },
  {
    name: "another's reasoning",
    parts: [{ ...reasoning, origin: "openai-responses" }, call],
    thinks: false,
  },
  { name: "unsigned reasoning", parts: [{ ...reasoning, signature: null }, call], thinks: false },
];

for (const { name, parts, thinks } of turns) {
  t.test(`settingsOf() ${thinks ? "thinks" : "does not think"} on after ${name}`, async (t) => {
    const messages = [
      { role: "user", parts: [{ kind: "text", text: "Hi" }] },
      { role: "assistant", parts },
      { role: "user", parts: [result] },
    ] as const;
    const { fields } = settingsOf(chatRequest({ messages, reasoning: think }));
    t.equal(JSON.stringify(fields ?? {}).includes("thinking"), thinks);
  });
}
