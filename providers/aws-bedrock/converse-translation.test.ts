/** Calls of Anthropic's dialect that Converse serves, and the other way round. */
import t from "tap";
import { anthropicMessages } from "../anthropic/messages-codec.ts";
import type { ChatRequest } from "../ir.ts";
import type { DecodedCall } from "../translation.ts";
import { createStreamTranslator, decodeCall, encodeCall, translateAnswer } from "../translation.ts";
import { bedrockConverse } from "./converse-codec.ts";
import { bedrockServed } from "./served.ts";
import { frame, opus48, sonnet45, wireRequest, wireResponse } from "./testdata/converse-calls.ts";

const agentBody = {
  model: "claude-sonnet-4-5",
  max_tokens: 9_000,
  system: "Be kind",
  stream: true,
  thinking: { type: "enabled", budget_tokens: 2_000 },
  tools: [{ name: "f", description: "Does", input_schema: { type: "object" } }],
  messages: [
    { role: "user", content: "Hi" },
    {
      role: "assistant",
      content: [
        { type: "text", text: "Let me see" },
        { type: "tool_use", id: "toolu_1", name: "f", input: { a: 1 } },
        { type: "tool_use", id: "toolu_2", name: "f", input: {} },
      ],
    },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "toolu_1", content: "one" },
        { type: "tool_result", tool_use_id: "toolu_2", content: "two", is_error: true },
        { type: "text", text: "And?" },
      ],
    },
  ],
};

function decode(body: object): DecodedCall & { readonly request: ChatRequest } {
  const outcome = decodeCall(anthropicMessages, wireRequest(body, { pathModel: null }));
  if (outcome.kind === "malformed") throw new Error(outcome.reason);
  const { call } = outcome;
  if (call.operation === "embeddings") throw new Error("No conversation");
  return call;
}

function encode(model: string, changes: object = {}): unknown {
  const api = bedrockServed.find(
    ({ codec, serves }) => codec === bedrockConverse && serves?.(model) !== false,
  );
  if (api === undefined) throw new Error("Not served");
  return JSON.parse(String(encodeCall(decode({ ...agentBody, ...changes }), api, model)));
}

t.test("encodeCall() writes an agent's call in Converse", async (t) => {
  t.same(encode(sonnet45), {
    system: [{ text: "Be kind" }],
    messages: [
      { role: "user", content: [{ text: "Hi" }] },
      {
        role: "assistant",
        content: [
          { text: "Let me see" },
          { toolUse: { toolUseId: "toolu_1", name: "f", input: { a: 1 } } },
          { toolUse: { toolUseId: "toolu_2", name: "f", input: {} } },
        ],
      },
      {
        role: "user",
        content: [
          { toolResult: { toolUseId: "toolu_1", content: [{ text: "one" }] } },
          { toolResult: { toolUseId: "toolu_2", content: [{ text: "two" }], status: "error" } },
          { text: "And?" },
        ],
      },
    ],
    inferenceConfig: { maxTokens: 9_000 },
    toolConfig: {
      tools: [
        { toolSpec: { name: "f", description: "Does", inputSchema: { json: { type: "object" } } } },
      ],
    },
    // No thinking: the turn that called the tools began without
  });
});

t.test("encodeCall() asks for thinking where no tool is in use", async (t) => {
  t.match(encode(sonnet45, { messages: [{ role: "user", content: "Hi" }] }), {
    additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 2_000 } },
  });
});

t.test("encodeCall() asks newer models to think in their own words", async (t) => {
  t.match(encode(opus48), {
    outputConfig: { effort: "low" },
    additionalModelRequestFields: { thinking: { type: "adaptive" } },
  });
});

const stream = [
  frame("messageStart", { role: "assistant" }),
  frame("contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Hello" } }),
  frame("contentBlockStop", { contentBlockIndex: 0 }),
  frame("messageStop", { stopReason: "end_turn" }),
  frame("metadata", { usage: { inputTokens: 9, outputTokens: 3, totalTokens: 12 } }),
];

t.test("createStreamTranslator() names the model that was asked where none is named", async (t) => {
  const { request } = decode(agentBody);
  const translator = createStreamTranslator(anthropicMessages, bedrockConverse, request);
  const text = [...stream.map((piece) => translator.write(piece)), translator.end()].join("");
  t.match(text, '"model":"claude-sonnet-4-5"');
  t.match(text, '"text":"Hello"');
  t.match(text, /"output_tokens":3.*\n\nevent: message_stop/s);
});

t.test("translateAnswer() names the model that was asked where none is named", async (t) => {
  const call = decode({ ...agentBody, stream: false });
  const body = {
    output: { message: { role: "assistant", content: [{ text: "Hello" }] } },
    stopReason: "end_turn",
    usage: { inputTokens: 9, outputTokens: 3, totalTokens: 12 },
  };
  const response = wireResponse(body, { headers: { "x-amzn-requestid": "6a0d-11" } });
  const outcome = translateAnswer(call, bedrockConverse, response);
  if (outcome.kind === "malformed") throw new Error(outcome.reason);
  t.match(JSON.parse(String(outcome.answer.body)), {
    id: "msg_6a0d11",
    model: "claude-sonnet-4-5",
    content: [{ type: "text", text: "Hello" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 9, output_tokens: 3 },
  });
});
