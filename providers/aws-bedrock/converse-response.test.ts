import t from "tap";
import type { ChatResponse, Choice } from "../ir.ts";
import { decodeConverseResponse, encodeConverseResponse } from "./converse-response.ts";
import { tellsStopText } from "./converse-request-decoder.ts";
import { chatRequest, wireResponse } from "./testdata/converse-calls.ts";

const answer = {
  metrics: { latencyMs: 1275 },
  output: { message: { role: "assistant", content: [{ text: "Hello" }] } },
  stopReason: "end_turn",
  usage: { inputTokens: 30, outputTokens: 628, totalTokens: 658 },
};

function decode(body: unknown, headers: Record<string, string> = {}): ChatResponse {
  const decoded = decodeConverseResponse(wireResponse(body, { headers }));
  if (decoded.kind === "malformed") throw new Error(decoded.reason);
  return decoded.value;
}

t.test("decodeConverseResponse() reads an answer", async (t) => {
  t.same(decode(answer, { "x-amzn-requestid": "6a0d" }), {
    id: "6a0d",
    model: "",
    created: null,
    choices: [
      {
        parts: [{ kind: "text", text: "Hello" }],
        finish: "stop",
        stopText: null,
        logprobs: null,
      },
    ],
    usage: {
      inputTokens: 30,
      outputTokens: 628,
      cachedInputTokens: null,
      cacheWriteTokens: null,
      reasoningTokens: null,
      audioInputTokens: null,
      audioOutputTokens: null,
    },
  });
});

t.test("decodeConverseResponse() does without what may be absent", async (t) => {
  const { output } = answer;
  t.match(decode({ output }), {
    id: "",
    usage: null,
    choices: [{ finish: "stop", stopText: null }],
  });
});

t.test("decodeConverseResponse() knows the model that a router asked", async (t) => {
  const trace = { promptRouter: { invokedModelId: "anthropic.claude-3-haiku" } };
  t.equal(decode({ ...answer, trace }).model, "anthropic.claude-3-haiku");
});

t.test("decodeConverseResponse() knows at which text the model stopped", async (t) => {
  const [choice] = decode({
    ...answer,
    stopReason: "stop_sequence",
    additionalModelResponseFields: { stop_sequence: "END" },
  }).choices;
  t.match(choice, { finish: "stop-text", stopText: "END" });
});

t.test("decodeConverseResponse() ignores content that it does not know", async (t) => {
  const content = [
    { tomorrow: { a: 1 } },
    { cachePoint: { type: "default" } },
    { reasoningContent: { reasoningText: { text: "Hm", signature: "s" } } },
    { toolUse: { toolUseId: "t", name: "f", input: { a: 1 } } },
  ];
  const message = { role: "assistant", content };
  const [choice] = decode({ ...answer, output: { message }, stopReason: "tool_use" }).choices;
  t.match(choice, { finish: "tool-calls" });
  t.same(
    choice?.parts.map(({ kind }) => kind),
    ["reasoning", "tool-call"],
  );
});

const broken: readonly { readonly body: unknown; readonly reason: string }[] = [
  { body: "<html>", reason: "it is not JSON" },
  { body: [], reason: "output.message is not an object" },
  { body: {}, reason: "output.message is not an object" },
  { body: { output: { message: {} } }, reason: "output.message.content is not a list" },
  {
    body: { output: { message: { content: [{ toolUse: { name: "f" } }] } } },
    reason: "output.message.content[0].toolUse.toolUseId is not a string",
  },
];

for (const { body, reason } of broken) {
  t.test(`decodeConverseResponse() says of ${JSON.stringify(body)} that ${reason}`, async (t) => {
    t.same(decodeConverseResponse(wireResponse(body)), { kind: "malformed", reason });
  });
}

const choice: Choice = {
  parts: [{ kind: "text", text: "Hello" }],
  finish: "stop",
  stopText: null,
  logprobs: null,
};
const response: ChatResponse = {
  id: "x",
  model: "m",
  created: 1,
  choices: [choice],
  usage: null,
};

function encode(changes: Partial<ChatResponse>, variant = ""): Record<string, unknown> {
  const written = encodeConverseResponse({ ...response, ...changes }, chatRequest({ variant }));
  if (written.contentType !== "application/json") throw new Error(written.contentType);
  return JSON.parse(String(written.body));
}

t.test("encodeConverseResponse() writes an answer", async (t) => {
  const usage = {
    inputTokens: 30,
    outputTokens: 628,
    cachedInputTokens: 10,
    cacheWriteTokens: null,
    reasoningTokens: 100,
    audioInputTokens: null,
    audioOutputTokens: null,
  };
  t.same(encode({ usage }), {
    ...answer,
    usage: { inputTokens: 20, outputTokens: 628, totalTokens: 658, cacheReadInputTokens: 10 },
    metrics: { latencyMs: 0 },
  });
});

t.test("encodeConverseResponse() says 0 of counts that nobody made", async (t) => {
  t.match(encode({}), { usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 } });
});

t.test("encodeConverseResponse() writes the first choice, or nothing", async (t) => {
  const second = { ...choice, parts: [{ kind: "text", text: "Other" }] } as const;
  t.match(encode({ choices: [choice, second] }), answerOf([{ text: "Hello" }]));
  t.match(encode({ choices: [] }), answerOf([]));
});

t.test("encodeConverseResponse() writes refusals, calls and reasoning", async (t) => {
  const parts = [
    {
      kind: "reasoning",
      text: "Hm",
      signature: "s",
      encrypted: null,
      origin: "anthropic-messages",
    },
    { kind: "refusal", text: "I cannot" },
    { kind: "tool-call", id: "call_1", name: "f", arguments: '{"a":1}', signature: null },
  ] as const;
  t.match(
    encode({ choices: [{ ...choice, parts, finish: "tool-calls" }] }),
    answerOf([
      { reasoningContent: { reasoningText: { text: "Hm" } } },
      { text: "I cannot" },
      { toolUse: { toolUseId: "call_1", name: "f", input: { a: 1 } } },
    ]),
  );
});

t.test("encodeConverseResponse() gives no signature that is not its own", async (t) => {
  const part = { kind: "reasoning", text: "Hm", encrypted: null, signature: "s" } as const;
  for (const [origin, has] of [
    ["anthropic-messages", false],
    ["bedrock-converse", true],
  ] as const) {
    const body = JSON.stringify(encode({ choices: [{ ...choice, parts: [{ ...part, origin }] }] }));
    t.equal(body.includes("signature"), has, origin);
  }
});

t.test("encodeConverseResponse() tells where the model stopped to those who asked", async (t) => {
  const choices = [{ ...choice, finish: "stop-text", stopText: "END" } as const];
  const name = "additionalModelResponseFields";
  t.same(encode({ choices }, tellsStopText)[name], { stop_sequence: "END" });
  t.same(encode({}, tellsStopText)[name], { stop_sequence: null });
  t.notOk(Object.hasOwn(encode({ choices }), name));
});

t.test("decodeConverseResponse() reads what encodeConverseResponse() wrote", async (t) => {
  const parts = [
    {
      kind: "reasoning",
      text: "Hm",
      signature: "s",
      encrypted: null,
      origin: "bedrock-converse",
    },
    { kind: "text", text: "Hello" },
    {
      kind: "tool-call",
      id: "call_1",
      name: "f",
      arguments: '{"a":12345678901234567890}',
      signature: null,
    },
  ] as const;
  const choices = [{ ...choice, parts, finish: "tool-calls" } as const];
  const { body } = encodeConverseResponse({ ...response, choices }, chatRequest());
  t.same(decode(String(body)).choices, choices);
});

function answerOf(content: readonly object[]): object {
  return { output: { message: { role: "assistant", content } } };
}
