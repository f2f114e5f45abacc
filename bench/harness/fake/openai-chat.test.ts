import t from "tap";
import { eventsOf, fixedEnvironment, jsonOf } from "./fake-request.ts";
import { answerChat } from "./openai-chat.ts";

const hello = { model: "gpt-4.1", messages: [{ role: "user", content: "Hello" }] };

function answer(change: object) {
  return answerChat({ ...hello, ...change }, fixedEnvironment);
}

t.test("answerChat() returns a completion with counted usage", async (test) => {
  const reply = answer({ messages: [{ role: "system", content: "Be kind" }, ...hello.messages] });
  test.equal(reply.status, 200);
  test.match(jsonOf(reply), {
    id: `chatcmpl-${"a".repeat(29)}`,
    object: "chat.completion",
    created: 1_700_000_000,
    model: "gpt-4.1-2025-04-14",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "You said: Hello", refusal: null },
        finish_reason: "stop",
      },
    ],
    // 2 + 4 and 1 + 4 tokens of messages and 3 of the reply; You, said, :, Hello
    usage: { prompt_tokens: 14, completion_tokens: 4, total_tokens: 18 },
  });
});

t.test("answerChat() stops at the token limit and says so", async (test) => {
  for (const limit of [{ max_tokens: 2 }, { max_completion_tokens: 2 }]) {
    test.match(jsonOf(answer(limit)), {
      choices: [{ message: { content: "You said" }, finish_reason: "length" }],
      usage: { completion_tokens: 2 },
    });
  }
});

t.test("answerChat() streams one chunk a token and ends with [DONE]", async (test) => {
  const events = eventsOf(answer({ stream: true }));
  test.equal(events.length, 7);
  test.match(events[0], {
    object: "chat.completion.chunk",
    choices: [{ delta: { role: "assistant", content: "" } }],
  });
  test.match(events[4], { choices: [{ delta: { content: " Hello" }, finish_reason: null }] });
  test.match(events[5], { choices: [{ delta: {}, finish_reason: "stop" }] });
  test.notOk(
    events.some((event) => typeof event === "object" && event !== null && "usage" in event),
  );
  test.equal(events[6], "[DONE]");
});

t.test(
  "answerChat() sends usage as the last chunk, null before, when include_usage is asked",
  async (test) => {
    const events = eventsOf(
      answer({ stream: true, stream_options: { include_usage: true }, n: 2 }),
    );
    test.match(
      events.slice(0, -2),
      Array.from({ length: 12 }, () => ({ usage: null })),
    );
    test.match(events.at(-2), {
      choices: [],
      usage: { prompt_tokens: 8, completion_tokens: 8, total_tokens: 16 },
    });
  },
);

t.test("answerChat() reads text parts", async (test) => {
  const content = [
    { type: "text", text: "Hi" },
    { type: "image_url", image_url: { url: "data:," } },
  ];
  test.match(jsonOf(answer({ messages: [{ role: "user", content }] })), {
    choices: [{ message: { content: "You said: Hi" } }],
  });
});

const rejected = [
  [{ model: undefined }, 400, { message: "you must provide a model parameter", code: null }],
  [{ model: "gpt-0" }, 404, { code: "model_not_found" }],
  [{ model: "text-embedding-3-small" }, 404, { code: "model_not_found" }],
  [
    { messages: undefined },
    400,
    { message: "Missing required parameter: 'messages'.", param: "messages" },
  ],
  [{ messages: [] }, 400, { code: "empty_array" }],
  [
    { messages: "x" },
    400,
    { message: "Invalid type for 'messages': expected an array, but got a string instead." },
  ],
  [{ messages: ["x"] }, 400, { param: "messages[0]", code: "invalid_type" }],
  [
    { messages: [{ role: "robot", content: "x" }] },
    400,
    { param: "messages[0].role", code: "invalid_value" },
  ],
  [
    { messages: [{ content: "x" }] },
    400,
    { param: "messages[0].role", code: "missing_required_parameter" },
  ],
  [{ messages: [{ role: "user" }] }, 400, { param: "messages[0].content" }],
  [
    { messages: [{ role: "user", content: null }] },
    400,
    { param: "messages[0].content", code: "invalid_type" },
  ],
  [
    { messages: [{ role: "user", content: "x", extra: 1 }] },
    400,
    { message: "Unknown parameter: 'messages[0].extra'." },
  ],
  [
    { messages: [{ role: "user", content: [{ type: "video" }] }] },
    400,
    { param: "messages[0].content[0].type" },
  ],
  [
    { messages: [{ role: "user", content: [{ type: "text" }] }] },
    400,
    { param: "messages[0].content[0].text" },
  ],
  [{ messages: [{ role: "tool", content: "x" }] }, 400, { param: "messages[0].tool_call_id" }],
  [
    { top_k: 1 },
    400,
    { message: "Unrecognized request argument supplied: top_k", param: null, code: null },
  ],
  [{ temperature: 3 }, 400, { param: "temperature" }],
  [{ n: 0 }, 400, { param: "n", code: "integer_below_min_value" }],
  [{ stream_options: { include_usage: true } }, 400, { param: "stream_options" }],
  [{ stream: true, stream_options: { x: 1 } }, 400, { param: "stream_options.x" }],
  [{ model: "gpt-5", max_tokens: 5 }, 400, { code: "unsupported_parameter", param: "max_tokens" }],
] as const;

for (const [change, status, error] of rejected) {
  t.test(`answerChat() rejects ${JSON.stringify(change)}`, async (test) => {
    const reply = answer(change);
    test.equal(reply.status, status);
    test.match(jsonOf(reply), { error: { type: "invalid_request_error", ...error } });
  });
}

t.test(
  "answerChat() accepts an assistant turn without content when it carries tool calls",
  async (test) => {
    const messages = [...hello.messages, { role: "assistant", content: null, tool_calls: [{}] }];
    test.equal(answer({ messages }).status, 200);
  },
);
