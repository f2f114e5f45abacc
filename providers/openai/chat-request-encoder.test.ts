import t from "tap";
import type { ChatRequest } from "../ir.ts";
import { parseJsonText } from "../json-text.ts";
import { decodeChatRequest } from "./chat-request-decoder.ts";
import { encodeChatRequest, encodeSpelledRequest, openaiSpelling } from "./chat-request-encoder.ts";
import { decodedValue, requestWith, text, wireRequest } from "./testdata/chat.ts";

function encode(fields: Partial<ChatRequest>): unknown {
  return JSON.parse(encodeChatRequest(requestWith(fields)));
}

t.test("encodeChatRequest() writes nothing that was not asked for", async (t) => {
  t.equal(encodeChatRequest(requestWith({})), '{"model":"m","messages":[]}');
});

const schema = { type: "object" };

const rows: readonly {
  readonly fields: Partial<ChatRequest>;
  readonly wire: Record<string, unknown>;
}[] = [
  { fields: { maxOutputTokens: 5 }, wire: { max_completion_tokens: 5 } },
  { fields: { temperature: 0 }, wire: { temperature: 0 } },
  { fields: { topP: 0.5 }, wire: { top_p: 0.5 } },
  { fields: { topK: 40 }, wire: {} },
  { fields: { seed: 7 }, wire: { seed: 7 } },
  { fields: { frequencyPenalty: 1 }, wire: { frequency_penalty: 1 } },
  { fields: { presencePenalty: -1 }, wire: { presence_penalty: -1 } },
  { fields: { stop: ["a", "b", "c", "d", "e"] }, wire: { stop: ["a", "b", "c", "d", "e"] } },
  { fields: { choices: 2 }, wire: { n: 2 } },
  { fields: { logprobs: { top: 0 } }, wire: { logprobs: true } },
  { fields: { logprobs: { top: 3 } }, wire: { logprobs: true, top_logprobs: 3 } },
  { fields: { output: { kind: "json" } }, wire: { response_format: { type: "json_object" } } },
  {
    fields: { output: { kind: "schema", name: null, description: null, schema, strict: null } },
    wire: { response_format: { type: "json_schema", json_schema: { name: "response", schema } } },
  },
  {
    fields: { output: { kind: "schema", name: "n", description: "d", schema, strict: true } },
    wire: {
      response_format: {
        type: "json_schema",
        json_schema: { name: "n", description: "d", schema, strict: true },
      },
    },
  },
  {
    fields: { reasoning: { effort: "high", budgetTokens: null, visible: true } },
    wire: { reasoning_effort: "high" },
  },
  {
    fields: { reasoning: { effort: null, budgetTokens: 2048, visible: null } },
    wire: { reasoning_effort: "low" },
  },
  { fields: { reasoning: { effort: null, budgetTokens: null, visible: true } }, wire: {} },
  { fields: { endUser: "u" }, wire: { user: "u" } },
  {
    fields: { stream: true },
    wire: { stream: true, stream_options: { include_usage: true } },
  },
  {
    fields: { tools: [{ name: "f", description: null, parameters: null, strict: null }] },
    wire: { tools: [{ type: "function", function: { name: "f" } }] },
  },
  {
    fields: { tools: [{ name: "f", description: "d", parameters: schema, strict: false }] },
    wire: {
      tools: [
        {
          type: "function",
          function: { name: "f", description: "d", parameters: schema, strict: false },
        },
      ],
    },
  },
  { fields: { toolChoice: { kind: "auto" } }, wire: { tool_choice: "auto" } },
  { fields: { toolChoice: { kind: "none" } }, wire: { tool_choice: "none" } },
  { fields: { toolChoice: { kind: "required" } }, wire: { tool_choice: "required" } },
  {
    fields: { toolChoice: { kind: "tool", name: "f" } },
    wire: { tool_choice: { type: "function", function: { name: "f" } } },
  },
  { fields: { parallelToolCalls: false }, wire: { parallel_tool_calls: false } },
];

for (const { fields, wire } of rows) {
  t.test(`encodeChatRequest() writes ${JSON.stringify(fields)}`, async (t) => {
    t.strictSame(encode(fields), { model: "m", messages: [], ...wire });
  });
}

t.test("encodeChatRequest() writes the digits that were read", async (t) => {
  const body =
    '{"model":"m","messages":[],"max_completion_tokens":100,"temperature":0.10,"seed":9007199254740993}';
  t.equal(encodeChatRequest(decodedValue(decodeChatRequest(wireRequest(body)))), body);
});

t.test(
  "encodeChatRequest() shortens tool ids that OpenAI would refuse, alike in both places",
  async (t) => {
    const id = `toolu_${"x".repeat(50)}`;
    const written = encodeChatRequest(
      requestWith({
        messages: [
          {
            role: "assistant",
            parts: [{ kind: "tool-call", id, name: "f", arguments: "{}", signature: null }],
          },
          {
            role: "user",
            parts: [
              { kind: "tool-result", callId: id, name: null, parts: [text("a")], isError: false },
            ],
          },
        ],
      }),
    );
    const ids = [...written.matchAll(/"(?:id|tool_call_id)":"([^"]*)"/g)].map(([, found]) => found);
    t.equal(ids.length, 2);
    t.equal(ids[0], ids[1]);
    t.ok((ids[0]?.length ?? 0) <= 40);
    t.equal(parseJsonText(written).kind, "value");
  },
);

t.test("encodeSpelledRequest() writes fields by the names of the server", async (t) => {
  const request = requestWith({ maxOutputTokens: 5, seed: 7, stream: true });
  const written = encodeSpelledRequest(request, {
    ...openaiSpelling,
    maxTokensField: "max_tokens",
    seedField: "random_seed",
    asksStreamUsage: false,
  });
  t.equal(written, '{"model":"m","messages":[],"max_tokens":5,"random_seed":7,"stream":true}');
});
