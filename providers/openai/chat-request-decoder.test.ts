import t from "tap";
import type { Feature } from "../features.ts";
import type { ChatRequest } from "../ir.ts";
import type { JsonValue } from "../json-text.ts";
import { writeJson } from "../json-text.ts";
import { decodeChatRequest } from "./chat-request-decoder.ts";
import { emptyRequest, text, decodedValue, wireRequest } from "./testdata/chat.ts";

const base = { model: "m", messages: [] };

function decode(fields: Record<string, unknown>): ChatRequest {
  return decodedValue(decodeChatRequest(wireRequest({ ...base, ...fields })));
}

t.test("decodeChatRequest() reads the least that a request can say", async (t) => {
  t.strictSame(decode({}), emptyRequest);
});

t.test("decodeChatRequest() takes the model of the path before that of the body", async (t) => {
  const named = decodeChatRequest(wireRequest(base, "deployment"));
  t.equal(decodedValue(named).model, "deployment");
  const unnamed = decodeChatRequest(wireRequest({ messages: [] }, "deployment"));
  t.equal(decodedValue(unnamed).model, "deployment");
});

t.test("decodeChatRequest() reads the conversation and its tools", async (t) => {
  const request = decode({
    messages: [
      { role: "system", content: "Be brief" },
      { role: "user", content: "Hi" },
    ],
    tools: [{ type: "function", function: { name: "f" } }],
    tool_choice: "required",
    parallel_tool_calls: false,
  });
  t.strictSame(request, {
    ...emptyRequest,
    system: [text("Be brief")],
    messages: [{ role: "user", parts: [text("Hi")] }],
    tools: [{ name: "f", description: null, parameters: null, strict: null }],
    toolChoice: { kind: "required" },
    parallelToolCalls: false,
  });
});

const fields: readonly {
  readonly fields: Record<string, unknown>;
  readonly request: Partial<ChatRequest>;
}[] = [
  { fields: { max_tokens: 5 }, request: { maxOutputTokens: 5 } },
  { fields: { max_completion_tokens: 6 }, request: { maxOutputTokens: 6 } },
  { fields: { max_tokens: 5, max_completion_tokens: 6 }, request: { maxOutputTokens: 6 } },
  { fields: { max_tokens: 5, max_completion_tokens: null }, request: { maxOutputTokens: 5 } },
  { fields: { temperature: 0 }, request: { temperature: 0 } },
  { fields: { top_p: 0.9 }, request: { topP: 0.9 } },
  { fields: { top_k: 40 }, request: { topK: 40 } },
  { fields: { seed: 7 }, request: { seed: 7 } },
  { fields: { random_seed: 7 }, request: { seed: 7 } },
  { fields: { frequency_penalty: -1 }, request: { frequencyPenalty: -1 } },
  { fields: { presence_penalty: 1.5 }, request: { presencePenalty: 1.5 } },
  { fields: { stop: "x" }, request: { stop: ["x"] } },
  { fields: { stop: ["x", "y"] }, request: { stop: ["x", "y"] } },
  { fields: { stop: null }, request: { stop: [] } },
  { fields: { n: 2 }, request: { choices: 2 } },
  { fields: { n: 1 }, request: { choices: null } },
  { fields: { logprobs: true }, request: { logprobs: { top: 0 } } },
  { fields: { logprobs: true, top_logprobs: 5 }, request: { logprobs: { top: 5 } } },
  { fields: { logprobs: false }, request: { logprobs: null } },
  { fields: { response_format: { type: "text" } }, request: { output: { kind: "text" } } },
  { fields: { response_format: { type: "json_object" } }, request: { output: { kind: "json" } } },
  {
    fields: { response_format: { type: "json_object", schema: { type: "object" } } },
    request: {
      output: {
        kind: "schema",
        name: null,
        description: null,
        schema: { type: "object" },
        strict: null,
      },
    },
  },
  {
    fields: {
      response_format: {
        type: "json_schema",
        json_schema: { name: "a", description: "b", schema: { type: "object" }, strict: true },
      },
    },
    request: {
      output: {
        kind: "schema",
        name: "a",
        description: "b",
        schema: { type: "object" },
        strict: true,
      },
    },
  },
  {
    fields: { response_format: { type: "json_schema", json_schema: { name: "a" } } },
    request: {
      output: { kind: "schema", name: "a", description: null, schema: {}, strict: null },
    },
  },
  { fields: { stream: true }, request: { stream: true } },
  { fields: { stream: false }, request: { stream: false } },
  {
    fields: { stream: true, stream_options: { include_usage: true } },
    request: { stream: true, streamUsage: true },
  },
  {
    fields: { stream: true, stream_options: { include_usage: false, include_obfuscation: false } },
    request: { stream: true },
  },
  { fields: { user: "u" }, request: { endUser: "u" } },
  { fields: { safety_identifier: "s" }, request: { endUser: "s" } },
  { fields: { modalities: ["text"] }, request: {} },
  { fields: { store: false, logit_bias: {}, metadata: null, functions: [] }, request: {} },
];

for (const { fields: wire, request } of fields) {
  t.test(`decodeChatRequest() reads ${JSON.stringify(wire)}`, async (t) => {
    t.strictSame(decode(wire), { ...emptyRequest, ...request });
  });
}

const reasonings: readonly {
  readonly fields: Record<string, unknown>;
  readonly reasoning: ChatRequest["reasoning"];
}[] = [
  {
    fields: { reasoning_effort: "low" },
    reasoning: { effort: "low", budgetTokens: null, visible: null },
  },
  {
    fields: { reasoning_effort: "none" },
    reasoning: { effort: "none", budgetTokens: null, visible: null },
  },
  {
    fields: { reasoning_effort: "xhigh" },
    reasoning: { effort: "xhigh", budgetTokens: null, visible: null },
  },
  { fields: { reasoning_effort: null }, reasoning: null },
  {
    fields: { reasoning: { effort: "high" } },
    reasoning: { effort: "high", budgetTokens: null, visible: null },
  },
  {
    fields: { reasoning: { max_tokens: 2000, exclude: true } },
    reasoning: { effort: null, budgetTokens: 2000, visible: false },
  },
  {
    fields: { reasoning: { enabled: true } },
    reasoning: { effort: "medium", budgetTokens: null, visible: null },
  },
  {
    fields: { reasoning: { enabled: false, effort: "high" } },
    reasoning: { effort: "none", budgetTokens: null, visible: null },
  },
  {
    fields: { reasoning_effort: "low", reasoning: {} },
    reasoning: { effort: "low", budgetTokens: null, visible: null },
  },
  {
    fields: { thinking: { type: "enabled" } },
    reasoning: { effort: "medium", budgetTokens: null, visible: null },
  },
  {
    fields: { thinking: { type: "enabled" }, reasoning_effort: "max" },
    reasoning: { effort: "max", budgetTokens: null, visible: null },
  },
  {
    fields: { thinking: { type: "enabled", budget_tokens: 1024 } },
    reasoning: { effort: null, budgetTokens: 1024, visible: null },
  },
  {
    fields: { thinking: { type: "disabled" } },
    reasoning: { effort: "none", budgetTokens: null, visible: null },
  },
];

for (const { fields: wire, reasoning } of reasonings) {
  t.test(`decodeChatRequest() reads the reasoning of ${JSON.stringify(wire)}`, async (t) => {
    t.strictSame(decode(wire), { ...emptyRequest, reasoning });
  });
}

const noted: readonly {
  readonly fields: Record<string, unknown>;
  readonly feature: Feature;
  readonly at: string;
}[] = [
  { fields: { metadata: { a: "b" } }, feature: "metadata", at: "metadata" },
  { fields: { store: true }, feature: "store", at: "store" },
  { fields: { service_tier: "flex" }, feature: "service-tier", at: "service_tier" },
  {
    fields: { prediction: { type: "content", content: "a" } },
    feature: "prediction",
    at: "prediction",
  },
  { fields: { verbosity: "low" }, feature: "verbosity", at: "verbosity" },
  { fields: { logit_bias: { 50256: -100 } }, feature: "logit-bias", at: "logit_bias" },
  { fields: { prompt_cache_key: "a" }, feature: "cache-hint", at: "prompt_cache_key" },
  {
    fields: { prompt_cache_retention: "24h" },
    feature: "cache-hint",
    at: "prompt_cache_retention",
  },
  {
    fields: { prompt_cache_options: { mode: "explicit" } },
    feature: "cache-hint",
    at: "prompt_cache_options",
  },
  { fields: { web_search_options: {} }, feature: "server-tool", at: "web_search_options" },
  { fields: { plugins: [{ id: "web" }] }, feature: "server-tool", at: "plugins" },
  { fields: { moderation: { model: "x" } }, feature: "safety", at: "moderation" },
  { fields: { functions: [{ name: "f" }] }, feature: "custom-tool", at: "functions" },
  { fields: { function_call: "auto" }, feature: "custom-tool", at: "function_call" },
  { fields: { audio: { voice: "alloy", format: "wav" } }, feature: "audio-output", at: "audio" },
  { fields: { modalities: ["text", "audio"] }, feature: "audio-output", at: "modalities" },
  { fields: { modalities: ["text", "image"] }, feature: "image-output", at: "modalities" },
  { fields: { top_logprobs: 2 }, feature: "unknown-field", at: "top_logprobs" },
  { fields: { min_p: 0.1 }, feature: "unknown-field", at: "min_p" },
  { fields: { enable_thinking: false }, feature: "unknown-field", at: "enable_thinking" },
  { fields: { constructor: 1 }, feature: "unknown-field", at: "constructor" },
  {
    fields: { stream_options: { include_obfuscation: true } },
    feature: "unknown-field",
    at: "stream_options.include_obfuscation",
  },
  { fields: { reasoning_effort: "ultra" }, feature: "unknown-field", at: "reasoning_effort" },
  {
    fields: { response_format: { type: "grammar" } },
    feature: "unknown-content",
    at: "response_format.type",
  },
];

for (const { fields: wire, feature, at } of noted) {
  t.test(`decodeChatRequest() notes ${feature} for ${JSON.stringify(wire)}`, async (t) => {
    t.strictSame(decode(wire), { ...emptyRequest, unexpressed: [{ feature, at }] });
  });
}

t.test("decodeChatRequest() notes several answers only when they are to be streamed", async (t) => {
  t.strictSame(decode({ n: 2 }).unexpressed, []);
  t.strictSame(decode({ n: 1, stream: true }).unexpressed, []);
  t.strictSame(decode({ n: 2, stream: true }).unexpressed, [
    { feature: "choices-streamed", at: "n" },
  ]);
});

t.test("decodeChatRequest() notes an end user that comes twice", async (t) => {
  const request = decode({ user: "u", safety_identifier: "s" });
  t.equal(request.endUser, "u");
  t.strictSame(request.unexpressed, [{ feature: "content-metadata", at: "safety_identifier" }]);
});

t.test("decodeChatRequest() keeps the digits of numbers", async (t) => {
  const body =
    '{"model":"m","messages":[],"seed":9007199254740993,"temperature":0.10,"top_p":1e-1,"n":2.0}';
  const { seed, temperature, topP, choices } = decodedValue(decodeChatRequest(wireRequest(body)));
  t.equal(writeJson([seed, temperature, topP, choices]), "[9007199254740993,0.10,1e-1,2.0]");
});

t.test(
  "decodeChatRequest() takes one answer for none in particular, however it is written",
  async (t) => {
    const body = '{"model":"m","messages":[],"seed":9007199254740993,"n":1.0}';
    t.equal(decodedValue(decodeChatRequest(wireRequest(body))).choices, null);
  },
);

t.test("decodeChatRequest() keeps the digits of schemas", async (t) => {
  const schema = '{"type":"integer","maximum":12345678901234567890}';
  const body = `{"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":${schema}}}]}`;
  const [tool] = decodedValue(decodeChatRequest(wireRequest(body))).tools;
  t.equal(writeJson(tool?.parameters ?? null), schema);
});

for (const [body, reason] of [
  ["", "the body cannot be read: it is not JSON"],
  ["[]", "the body is not a JSON object"],
  [{ messages: [] }, "model is not a string"],
  [{ model: 1, messages: [] }, "model is not a string"],
  [{ model: "m" }, "messages is not a list"],
  [{ ...base, max_tokens: "5" }, "max_tokens is not a number"],
  [{ ...base, temperature: "hot" }, "temperature is not a number"],
  [{ ...base, stream: "true" }, "stream is not a boolean"],
  [{ ...base, stream_options: true }, "stream_options is not an object"],
  [
    { ...base, stream_options: { include_usage: 1 } },
    "stream_options.include_usage is not a boolean",
  ],
  [{ ...base, stop: 1 }, "stop is neither a string nor a list"],
  [{ ...base, stop: ["a", 1] }, "stop[1] is not a string"],
  [{ ...base, n: true }, "n is not a number"],
  [{ ...base, logprobs: 5 }, "logprobs is not a boolean"],
  [{ ...base, response_format: "json" }, "response_format is not an object"],
  [{ ...base, response_format: {} }, "response_format.type is not a string"],
  [
    { ...base, response_format: { type: "json_schema" } },
    "response_format.json_schema is not an object",
  ],
  [
    { ...base, response_format: { type: "json_schema", json_schema: { schema: [] } } },
    "response_format.json_schema.schema is not an object",
  ],
  [{ ...base, reasoning_effort: 3 }, "reasoning_effort is not a string"],
  [{ ...base, reasoning: "high" }, "reasoning is not an object"],
  [{ ...base, thinking: {} }, "thinking.type is not a string"],
  [{ ...base, parallel_tool_calls: "no" }, "parallel_tool_calls is not a boolean"],
  [{ ...base, user: 5 }, "user is not a string"],
  [{ ...base, modalities: "audio" }, "modalities is not a list"],
] as const satisfies readonly (readonly [JsonValue, string])[]) {
  t.test(`decodeChatRequest() says that ${reason} for ${JSON.stringify(body)}`, async (t) => {
    t.strictSame(decodeChatRequest(wireRequest(body)), { kind: "malformed", reason });
  });
}
