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
  const document = { type: "document", source: {} };
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
    "messages.0.role: Input should be 'user' or 'assistant'",
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
    "messages.0.content.0.text.text: Field required",
  ],
] as const;

for (const [change, status, message] of rejected) {
  t.test(`answerMessages() rejects ${JSON.stringify(change)}`, async (test) => {
    const reply = answer(change);
    test.equal(reply.status, status);
    test.match(jsonOf(reply), { type: "error", error: { message } });
  });
}
