import t from "tap";
import type { ChatResponse, Part } from "../ir.ts";
import { chatResponse, dialect, reasoning, toolCall } from "../testdata/anthropic-messages.ts";
import { decodeResponseObject, encodeResponseObject } from "./response.ts";

const message = {
  id: "msg_01",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-4-5-20250929",
  content: [{ type: "text", text: "Hi" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 5 },
};

function decode(changes: object = {}): ChatResponse {
  const decoded = decodeResponseObject(JSON.parse(JSON.stringify({ ...message, ...changes })));
  if (decoded.kind === "malformed") throw new Error(decoded.reason);
  return decoded.value;
}
const encode = (response: ChatResponse) =>
  JSON.parse(JSON.stringify(encodeResponseObject(response)));

t.test("decodeResponseObject() reads an answer", async (t) => {
  t.strictSame(decode(), {
    id: "msg_01",
    model: "claude-sonnet-4-5-20250929",
    created: null,
    choices: [
      { parts: [{ kind: "text", text: "Hi" }], finish: "stop", stopText: null, logprobs: null },
    ],
    usage: {
      inputTokens: 3,
      outputTokens: 5,
      cachedInputTokens: null,
      cacheWriteTokens: null,
      reasoningTokens: null,
      audioInputTokens: null,
      audioOutputTokens: null,
    },
  });
});

const blocks = [
  {
    name: "text with citations",
    block: { type: "text", text: "a", citations: [{}] },
    part: { kind: "text", text: "a" },
  },
  {
    name: "thinking",
    block: { type: "thinking", thinking: "Hm", signature: "proof" },
    part: reasoning("Hm"),
  },
  {
    name: "thinking without proof",
    block: { type: "thinking", thinking: "Hm" },
    part: reasoning("Hm", null),
  },
  {
    name: "redacted thinking",
    block: { type: "redacted_thinking", data: "Em" },
    part: { kind: "reasoning", text: "", signature: null, encrypted: "Em", origin: dialect },
  },
  {
    name: "a call",
    block: { type: "tool_use", id: "toolu_1", name: "f", input: { a: 1 } },
    part: toolCall("toolu_1", '{"a":1}'),
  },
  {
    name: "a call without id and input",
    block: { type: "tool_use", name: "f" },
    part: toolCall("toolu_0"),
  },
];
for (const { name, block, part } of blocks) {
  t.test(`decodeResponseObject() reads ${name}`, async (t) => {
    t.strictSame(decode({ content: [block] }).choices[0]?.parts, [part]);
  });
}

t.test("decodeResponseObject() leaves out what only the provider acts on", async (t) => {
  const content = [
    { type: "server_tool_use", id: "s", name: "web_search", input: {} },
    { type: "web_search_tool_result", tool_use_id: "s", content: [] },
    { type: "text", text: "Found" },
    { type: "container_upload", file_id: "f" },
    null,
    "text",
  ];
  t.strictSame(decode({ content }).choices[0]?.parts, [{ kind: "text", text: "Found" }]);
});

t.test("decodeResponseObject() reads why the model stopped, and at what", async (t) => {
  const choice = decode({ stop_reason: "stop_sequence", stop_sequence: "END" }).choices[0];
  t.match(choice, { finish: "stop-text", stopText: "END" });
  t.match(decode({ stop_reason: "pause_turn" }).choices[0], { finish: "paused" });
});

t.test("decodeResponseObject() bears with absent members", async (t) => {
  const decoded = decodeResponseObject({ content: [] });
  t.match(decoded, { kind: "ok", value: { id: "", model: "", usage: null } });
});

t.test("decodeResponseObject() refuses what is no answer", async (t) => {
  t.strictSame(decodeResponseObject([]), {
    kind: "malformed",
    reason: "the answer is not an object",
  });
  t.strictSame(decodeResponseObject({ type: "error" }), {
    kind: "malformed",
    reason: "content is not a list",
  });
});

t.test("encodeResponseObject() writes a whole message", async (t) => {
  const response = chatResponse(
    { parts: [{ kind: "text", text: "Hi" }], finish: "stop" },
    { id: "chatcmpl-1", model: "gpt-5", created: 17 },
  );
  t.strictSame(encode(response), {
    id: "msg_chatcmpl1",
    type: "message",
    role: "assistant",
    model: "gpt-5",
    content: [{ type: "text", text: "Hi" }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: {
      input_tokens: 0,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: 0,
    },
  });
});

const foreign = { ...reasoning("Hm", "theirs"), origin: "google-genai" } as Part;
const written: readonly {
  readonly name: string;
  readonly part: Part;
  readonly content: readonly object[];
}[] = [
  { name: "text", part: { kind: "text", text: "a" }, content: [{ type: "text", text: "a" }] },
  { name: "empty text", part: { kind: "text", text: "" }, content: [] },
  {
    name: "a refusal",
    part: { kind: "refusal", text: "No" },
    content: [{ type: "text", text: "No" }],
  },
  {
    name: "a call",
    part: toolCall("c1", '{"a":1}'),
    content: [{ type: "tool_use", id: "c1", name: "f", input: { a: 1 } }],
  },
  {
    name: "a call that is no object",
    part: toolCall("c1", '{"a":'),
    content: [{ type: "tool_use", id: "c1", name: "f", input: { _raw: '{"a":' } }],
  },
  {
    name: "reasoning",
    part: reasoning("Hm"),
    content: [{ type: "thinking", thinking: "Hm", signature: "proof" }],
  },
  {
    name: "reasoning without proof",
    part: reasoning("Hm", null),
    content: [{ type: "thinking", thinking: "Hm", signature: "" }],
  },
  {
    name: "hidden reasoning",
    part: { ...reasoning("", null), encrypted: "Em" } as Part,
    content: [{ type: "redacted_thinking", data: "Em" }],
  },
  {
    name: "reasoning of another dialect",
    part: foreign,
    content: [{ type: "thinking", thinking: "Hm", signature: "" }],
  },
  {
    name: "hidden reasoning of another dialect",
    part: { ...foreign, text: "", encrypted: "x" } as Part,
    content: [],
  },
  {
    name: "an image",
    part: {
      kind: "image",
      source: { kind: "url", url: "https://a", mediaType: null },
      detail: null,
    },
    content: [],
  },
];
for (const { name, part, content } of written) {
  t.test(`encodeResponseObject() writes ${name}`, async (t) => {
    t.strictSame(encode(chatResponse({ parts: [part] })).content, content);
  });
}

t.test("encodeResponseObject() says by the reason that a refusal is one", async (t) => {
  const refusal: Part = { kind: "refusal", text: "No" };
  t.equal(encode(chatResponse({ parts: [refusal] })).stop_reason, "refusal");
  t.equal(encode(chatResponse({ parts: [refusal], finish: "length" })).stop_reason, "max_tokens");
});

t.test("encodeResponseObject() says that tools are to be called where they are", async (t) => {
  t.equal(
    encode(chatResponse({ parts: [toolCall("c1")], finish: "stop" })).stop_reason,
    "tool_use",
  );
});

t.test("encodeResponseObject() tells the text that was met", async (t) => {
  t.match(encode(chatResponse({ finish: "stop-text", stopText: "END" })), {
    stop_reason: "stop_sequence",
    stop_sequence: "END",
  });
});

t.test("encodeResponseObject() writes the first of several choices", async (t) => {
  const first = chatResponse({ parts: [{ kind: "text", text: "1" }] });
  const second = chatResponse({ parts: [{ kind: "text", text: "2" }] });
  const both = { ...first, choices: [...first.choices, ...second.choices] };
  t.strictSame(encode(both).content, [{ type: "text", text: "1" }]);
});

t.test("decodeResponseObject() reads what encodeResponseObject() writes", async (t) => {
  const response = chatResponse(
    {
      parts: [reasoning("Hm"), { kind: "text", text: "a" }, toolCall("toolu_1", '{"a":1e3}')],
      finish: "tool-calls",
    },
    {
      usage: {
        inputTokens: 60,
        outputTokens: 5,
        cachedInputTokens: 30,
        cacheWriteTokens: 20,
        reasoningTokens: 2,
        audioInputTokens: null,
        audioOutputTokens: null,
      },
    },
  );
  const decoded = decodeResponseObject(encodeResponseObject(response));
  t.strictSame(decoded, { kind: "ok", value: response });
});
