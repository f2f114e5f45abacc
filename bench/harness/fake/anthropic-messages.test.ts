import t from "tap";
import { answerCountTokens, answerMessages } from "./anthropic-messages.ts";
import { eventsOf, fixedEnvironment, jsonOf } from "./fake-request.ts";

const old = { version: "2023-06-01", beta: false };
const strict = { version: "2026-10-21", beta: false };
const hello = {
  model: "claude-sonnet-4-5",
  max_tokens: 64,
  messages: [{ role: "user", content: "Hello" }],
};

const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const weather = {
  name: "weather",
  input_schema: { type: "object", properties: { city: { type: "string" } } },
};

function toolUse(id: string) {
  return { type: "tool_use", id, name: "weather", input: {} };
}

function result(id: string, content: unknown) {
  return { type: "tool_result", tool_use_id: id, content };
}

function conversation(...contents: readonly unknown[]) {
  const messages = contents.map((content, index) => ({
    role: index % 2 === 0 ? "user" : "assistant",
    content,
  }));
  return { messages, tools: [weather] };
}

function answer(change: object, contract = old) {
  return answerMessages({ ...hello, ...change }, fixedEnvironment, contract);
}

t.test("answerMessages() returns a message with counted usage", async (test) => {
  test.match(jsonOf(answer({ system: "Be kind" })), {
    id: `msg_01${"a".repeat(22)}`,
    type: "message",
    role: "assistant",
    model: "claude-sonnet-4-5-20250929",
    content: [{ type: "text", text: "You said: Hello" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 10, output_tokens: 4 },
  });
});

t.test("answerMessages() stops at max_tokens and says so", async (test) => {
  test.match(jsonOf(answer({ max_tokens: 1 })), {
    content: [{ text: "You" }],
    stop_reason: "max_tokens",
  });
});

t.test("answerMessages() streams events in the documented order", async (test) => {
  const reply = answer({ stream: true });
  const types = eventsOf(reply).map((event) =>
    typeof event === "object" && event !== null && "type" in event ? event.type : "",
  );
  test.same(types, [
    "message_start",
    "content_block_start",
    "ping",
    ...Array.from({ length: 4 }, () => "content_block_delta"),
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
  test.match(eventsOf(reply)[0], {
    message: { content: [], stop_reason: null, usage: { input_tokens: 8 } },
  });
  test.match(eventsOf(reply).at(-2), {
    delta: { stop_reason: "end_turn" },
    usage: { output_tokens: 4 },
  });
  test.match(String([...(reply.chunks ?? [])][0]), /^event: message_start\ndata: /);
});

t.test("answerCountTokens() agrees with the usage of the message", async (test) => {
  const { max_tokens: _limit, ...counted } = hello;
  test.same(jsonOf(answerCountTokens(counted, old)), { input_tokens: 8 });
  test.match(jsonOf(answerCountTokens(hello, old)), {
    error: { message: "max_tokens: Extra inputs are not permitted" },
  });
});

t.test(
  "answerMessages() takes sampling parameters before version 2026-10-21 only",
  async (test) => {
    for (const change of [{ temperature: 1 }, { top_p: 0.5 }, { top_k: 5 }]) {
      test.equal(answer(change).status, 200);
      test.equal(answer(change, strict).status, 400);
    }
    test.equal(answer({ temperature: 1.5 }).status, 400);
  },
);

t.test("answerMessages() refuses what version 2026-10-21 removed from content", async (test) => {
  const source = { type: "text", media_type: "text/plain", data: "x" };
  const document = { type: "document", source };
  const cited = { type: "text", text: "x", citations: [{}] };
  const assistant = { messages: [...hello.messages, { role: "assistant", content: [document] }] };
  const user = { messages: [{ role: "user", content: [cited] }] };
  for (const change of [assistant, user]) {
    test.equal(answer(change).status, 200);
    test.equal(answer(change, strict).status, 400);
  }
  test.equal(answer({ messages: [{ role: "user", content: [document] }] }, strict).status, 200);
});

t.test("answerMessages() takes beta fields only with a beta header", async (test) => {
  const change = { mcp_servers: [] };
  test.match(jsonOf(answer(change)), {
    error: { message: "mcp_servers: Extra inputs are not permitted" },
  });
  test.equal(answer(change, { ...old, beta: true }).status, 200);
});

t.test("answerMessages() calls tools, and takes their results back", async (test) => {
  const asked = { role: "user", content: "Look [[calls 2]] [[aloud]]" };
  const reply = jsonOf(answer({ messages: [asked], tools: [weather] }));
  test.match(reply, {
    content: [
      { type: "text", text: "Let me look" },
      { type: "tool_use", id: /^toolu_01/, name: "weather", input: { city: "city 1" } },
      { type: "tool_use", input: { city: "city 2" } },
    ],
    stop_reason: "tool_use",
  });
  const messages = [
    asked,
    { role: "assistant", content: [toolUse("a"), toolUse("b")] },
    {
      role: "user",
      content: [
        result("a", "warm"),
        { ...result("b", [{ type: "text", text: "no" }]), is_error: true },
        { type: "text", text: "Well?" },
      ],
    },
  ];
  test.match(jsonOf(answer({ messages, tools: [weather] })), {
    content: [{ text: "Tools said warm and no (failed): Well?" }],
  });
});

t.test("answerMessages() calls no more than it may", async (test) => {
  const messages = [{ role: "user", content: "Look [[calls 2]]" }];
  const count = (choice: object) =>
    Object(jsonOf(answer({ messages, tools: [weather], tool_choice: choice }))).content.length;
  test.equal(count({ type: "auto", disable_parallel_tool_use: true }), 1);
  test.equal(count({ type: "any" }), 2);
  test.match(jsonOf(answer({ tools: [weather], tool_choice: { type: "none" } })), {
    content: [{ type: "text" }],
  });
});

t.test("answerMessages() thinks, and takes only its own thinking back", async (test) => {
  const thinking = { type: "enabled", budget_tokens: 1_024 };
  const change = { max_tokens: 2_048, thinking };
  const { content } = Object(jsonOf(answer(change)));
  test.match(content, [
    { type: "thinking", thinking: "Thinking about: Hello", signature: /^.{44}$/ },
    { type: "text" },
  ]);
  const events = eventsOf(answer({ ...change, stream: true }));
  test.match(events[1], { content_block: { type: "thinking", thinking: "", signature: "" } });
  test.match(events[8], { index: 0, delta: { type: "signature_delta", signature: /^.{44}$/ } });
  const turns = (block: object) => [
    ...hello.messages,
    { role: "assistant", content: [block, { type: "text", text: "x" }] },
    { role: "user", content: "Go on" },
  ];
  test.equal(answer({ ...change, messages: turns(content[0]) }).status, 200);
  test.match(jsonOf(answer({ ...change, messages: turns({ ...content[0], signature: "x" }) })), {
    error: { message: "messages.1.content.0: Invalid `signature` in `thinking` block" },
  });
});

t.test("answerMessages() takes adaptive thinking where a model has it", async (test) => {
  const adaptive = { type: "adaptive", display: "omitted" };
  const change = { model: "claude-opus-5-5", thinking: adaptive, output_config: { effort: "max" } };
  test.match(jsonOf(answer(change)), { content: [{ type: "thinking", thinking: "" }, {}] });
  test.equal(answer({ thinking: adaptive }).status, 400);
});

t.test(
  "answerMessages() takes instructions in mid-conversation from newer models",
  async (test) => {
    const messages = [...hello.messages, { role: "system", content: "[[sign Robin]]" }];
    test.match(jsonOf(answer({ model: "claude-opus-5-5", messages })), {
      content: [{ text: "You said: Hello, signed Robin" }],
    });
  },
);

t.test("answerMessages() says of images and documents what they are", async (test) => {
  const content = [
    { type: "text", text: "See" },
    { type: "image", source: { type: "base64", media_type: "image/png", data: png } },
    { type: "image", source: { type: "url", url: "https://a.test/b.png" } },
  ];
  test.match(jsonOf(answer({ messages: [{ role: "user", content }] })), {
    content: [{ text: /^You said: See with image\/png of 70 bytes \(\w+\) with image at https/ }],
  });
});

t.test("answerMessages() writes JSON that fits a schema", async (test) => {
  const format = (schema: object) => ({
    output_config: { format: { type: "json_schema", schema } },
  });
  const schema = { type: "object", properties: { a: { type: "integer" } } };
  test.match(jsonOf(answer(format({ ...schema, additionalProperties: false }))), {
    content: [{ text: '{"a":1}' }],
  });
  test.match(jsonOf(answer(format(schema))), {
    error: { message: /^output_config.format.schema: .*'additionalProperties' is required/ },
  });
});

t.test("answerMessages() fails, cuts or breaks when told", async (test) => {
  const told = (words: string) =>
    answer({ stream: true, messages: [{ role: "user", content: `Hello ${words}` }] });
  test.match(told("[[fail 429 7]]"), { status: 429, headers: { "retry-after": "7" } });
  test.match(told("[[fail 503]]"), { status: 529 });
  test.match(told("[[cut]]"), { cutAfterChunks: 5 });
  test.match(eventsOf(told("[[break]]")).at(-1), { error: { type: "overloaded_error" } });
});

const rejected = [
  [{ model: undefined }, 400, "model: Field required"],
  [{ model: "claude-0" }, 404, "model: claude-0"],
  [{ max_tokens: undefined }, 400, "max_tokens: Field required"],
  [{ max_tokens: 0 }, 400, "max_tokens: Input should be greater than or equal to 1"],
  [{ max_tokens: "1" }, 400, "max_tokens: Input should be a valid integer"],
  [{ frequency_penalty: 1 }, 400, "frequency_penalty: Extra inputs are not permitted"],
  [{ messages: [] }, 400, "messages: at least one message is required"],
  [{ messages: {} }, 400, "messages: Input should be a valid list"],
  [{ messages: ["x"] }, 400, "messages.0: Input should be a valid dictionary"],
  [
    { messages: [{ role: "system", content: "x" }] },
    400,
    "role 'system' is not supported on this model",
  ],
  [{ messages: [{ role: "user" }] }, 400, "messages.0.content: Field required"],
  [
    { messages: [{ role: "user", content: "" }] },
    400,
    "messages: text content blocks must be non-empty",
  ],
  [
    { messages: [{ role: "user", content: [{ type: "text", text: "" }] }] },
    400,
    "messages: text content blocks must be non-empty",
  ],
  [
    { messages: [{ role: "user", content: [{}] }] },
    400,
    "messages.0.content.0.type: Field required",
  ],
  [
    { messages: [{ role: "user", content: ["x"] }] },
    400,
    "messages.0.content.0: Input should be a valid dictionary",
  ],
  [
    { messages: [{ role: "user", content: [{ type: "text" }] }] },
    400,
    "messages.0.content.0.text: Field required",
  ],
  [{ max_tokens: 70_000 }, 400, /^max_tokens: 70000 > 64000/],
  [{ temperature: 0.5, top_p: 0.5 }, 400, /cannot both be specified/],
  [{ model: "claude-opus-5-5", temperature: 1 }, 400, /deprecated for this model/],
  [conversation("a", "b "), 400, /cannot end with trailing whitespace/],
  [{ model: "claude-opus-5-5", ...conversation("a", "b") }, 400, /assistant message prefill/],
  [{ messages: [{ role: "assistant", content: "x" }] }, 400, /first message must use the "user"/],
  [{ stop_sequences: [" "] }, 400, /non-whitespace/],
  [{ system: [{ type: "text", text: " " }] }, 400, /^system: .*non-whitespace/],
  [{ tools: [{ name: "a b", input_schema: {} }] }, 400, /^tools.0.name: String should match/],
  [{ tools: [{ name: "a", input_schema: {} }] }, 400, /input_schema.type: Field required/],
  [{ tools: [weather, weather] }, 400, "tools: Tool names must be unique."],
  [{ tool_choice: { type: "any" } }, 400, /only be specified while providing `tools`/],
  [{ tools: [weather], tool_choice: { type: "tool", name: "x" } }, 400, /Tool 'x' not found/],
  [conversation("a", [toolUse("b")]), 400, /`tool_use` ids were found without .*: b\./],
  [conversation("a", [toolUse("b")], "c"), 400, /messages.1: `tool_use` ids were found without/],
  [
    conversation("a", [toolUse("b")], [{ type: "text", text: "c" }, result("b", "d")]),
    400,
    /`tool_use` ids were found without/,
  ],
  [conversation([result("b", "d")]), 400, /unexpected `tool_use_id` found .*: b\./],
  [conversation("a", [toolUse("b:c")]), 400, /messages.1.content.0.id: String should match/],
  [conversation([toolUse("b")]), 400, /`tool_use` blocks are not permitted in user messages/],
  [
    conversation([
      { type: "image", source: { type: "base64", media_type: "image/gif", data: png } },
    ]),
    400,
    /the bytes are no image\/gif/,
  ],
  [
    { max_tokens: 1_024, thinking: { type: "enabled", budget_tokens: 1_024 } },
    400,
    /must be greater than `thinking.budget_tokens`/,
  ],
  [
    {
      max_tokens: 4_096,
      thinking: { type: "enabled", budget_tokens: 1_024 },
      ...conversation("a", [toolUse("b")], [result("b", "c")]),
    },
    400,
    /Expected `thinking` or `redacted_thinking`, but found `tool_use`/,
  ],
  [{ output_config: { effort: "low" } }, 400, /does not support the effort parameter/],
] as const;

for (const [change, status, message] of rejected) {
  t.test(`answerMessages() rejects ${JSON.stringify(change)}`, async (test) => {
    const reply = answer(change);
    test.equal(reply.status, status);
    test.match(jsonOf(reply), { type: "error", error: { message } });
  });
}
