import t from "tap";
import { eventsOf, fixedEnvironment, jsonOf } from "./fake-request.ts";
import { answerChat } from "./openai-chat.ts";

const hello = { model: "gpt-4.1", messages: [{ role: "user", content: "Hello" }] };

const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const closed = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
  additionalProperties: false,
};
const weather = { type: "function", function: { name: "weather", parameters: closed } };

function call(id: string) {
  return { id, type: "function", function: { name: "weather", arguments: "{}" } };
}

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
    { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
  ];
  test.match(jsonOf(answer({ messages: [{ role: "user", content }] })), {
    choices: [
      { message: { content: /^You said: Hi with image\/png of 70 bytes \([0-9a-f]{8}\)$/ } },
    ],
  });
});

t.test("answerChat() calls tools, and takes their results back", async (test) => {
  const asked = { role: "user", content: "Look [[calls 2]]" };
  const reply = answer({ messages: [asked], tools: [weather] });
  test.match(jsonOf(reply), {
    choices: [
      {
        message: {
          content: null,
          tool_calls: [
            { id: /^call_/, type: "function", function: { name: "weather" } },
            { function: { arguments: '{"city":"city 2","days":2}' } },
          ],
        },
        finish_reason: "tool_calls",
      },
    ],
  });
  const calls = [call("call_1"), call("call_2")];
  const messages = [
    asked,
    { role: "assistant", content: null, tool_calls: calls },
    { role: "tool", tool_call_id: "call_2", content: "cold" },
    { role: "tool", tool_call_id: "call_1", content: "warm" },
  ];
  test.match(jsonOf(answer({ messages, tools: [weather] })), {
    choices: [{ message: { content: "Tools said cold and warm: Look" }, finish_reason: "stop" }],
  });
});

t.test("answerChat() streams calls in pieces", async (test) => {
  const events = eventsOf(answer({ tools: [weather], stream: true }));
  test.match(events[1], {
    choices: [{ delta: { tool_calls: [{ index: 0, id: /^call_/, function: { arguments: "" } }] } }],
  });
  test.match(events[2], {
    choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: '{"city"' } }] } }],
  });
  test.match(events.at(-2), { choices: [{ finish_reason: "tool_calls" }] });
});

t.test("answerChat() calls no more than it may", async (test) => {
  const messages = [{ role: "user", content: "Look [[calls 2]]" }];
  const count = (change: object) => {
    const [choice] = Object(jsonOf(answer({ messages, tools: [weather], ...change }))).choices;
    return choice.message.tool_calls?.length ?? 0;
  };
  test.equal(count({ parallel_tool_calls: false }), 1);
  test.equal(count({ tool_choice: "none" }), 0);
  test.equal(count({ tool_choice: { type: "function", function: { name: "weather" } } }), 2);
});

t.test("answerChat() writes JSON that fits a schema", async (test) => {
  const json_schema = { name: "place", strict: true, schema: closed };
  const reply = answer({ response_format: { type: "json_schema", json_schema } });
  test.match(jsonOf(reply), { choices: [{ message: { content: '{"city":"city 1","days":1}' } }] });
});

t.test("answerChat() counts the hidden reasoning of models that have it", async (test) => {
  test.match(jsonOf(answer({ model: "gpt-5" })), {
    usage: { completion_tokens: 9, completion_tokens_details: { reasoning_tokens: 5 } },
  });
});

t.test("answerChat() cuts a stream, or breaks it with an error, when told", async (test) => {
  const ending = (word: string) =>
    answer({ stream: true, messages: [{ role: "user", content: `Hello [[${word}]]` }] });
  test.match(ending("cut"), { cutAfterChunks: 4 });
  test.equal(eventsOf(ending("cut")).length, 4);
  const events = eventsOf(ending("break"));
  test.equal(events.length, 5);
  test.match(events.at(-1), { error: { type: "server_error" } });
});

t.test("answerChat() stops at a stop text", async (test) => {
  test.match(jsonOf(answer({ stop: [" said"] })), {
    choices: [{ message: { content: "You" }, finish_reason: "stop" }],
  });
});

const open = { type: "object", properties: {} };

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
  [{ model: "gpt-5", temperature: 0.5 }, 400, { code: "unsupported_value", param: "temperature" }],
  [{ model: "gpt-5", stop: ["x"] }, 400, { code: "unsupported_parameter", param: "stop" }],
  [{ reasoning_effort: "low" }, 400, { message: /reasoning_effort/ }],
  [{ tools: [] }, 400, { code: "empty_array", param: "tools" }],
  [{ tool_choice: "auto" }, 400, { param: "tool_choice" }],
  [{ stop: ["1", "2", "3", "4", "5"] }, 400, { code: "array_above_max_length" }],
  [
    { tools: [{ type: "function", function: { name: "a b" } }] },
    400,
    { param: "tools[0].function.name", code: "invalid_value" },
  ],
  [
    {
      tools: [{ type: "function", function: { name: "a", strict: true, parameters: open } }],
    },
    400,
    { message: /additionalProperties/, param: "tools[0].function.parameters" },
  ],
  [
    {
      response_format: {
        type: "json_schema",
        json_schema: { name: "a", strict: true, schema: { ...closed, required: ["city"] } },
      },
    },
    400,
    { message: /Missing 'days'/, param: "response_format" },
  ],
  [{ response_format: { type: "json_object" } }, 400, { message: /the word 'json'/ }],
  [
    { messages: [...hello.messages, { role: "tool", tool_call_id: "call_1", content: "x" }] },
    400,
    { param: "messages.[1].role" },
  ],
  [
    { messages: [...hello.messages, { role: "assistant", tool_calls: [call("call_1")] }] },
    400,
    { message: /did not have response messages: call_1$/ },
  ],
  [
    {
      messages: [
        ...hello.messages,
        { role: "assistant", tool_calls: [call("call_1")] },
        { role: "tool", tool_call_id: "call_2", content: "x" },
      ],
    },
    400,
    { param: "messages.[2].tool_call_id" },
  ],
  [
    { messages: [{ role: "assistant", tool_calls: [call("x".repeat(41))] }] },
    400,
    { param: "messages[0].tool_calls[0].id", code: "string_above_max_length" },
  ],
  [
    {
      messages: [
        {
          role: "user",
          content: [{ type: "image_url", image_url: { url: `data:image/jpeg;base64,${png}` } }],
        },
      ],
    },
    400,
    { message: /the bytes are no image\/jpeg/ },
  ],
] as const;

for (const [change, status, error] of rejected) {
  t.test(`answerChat() rejects ${JSON.stringify(change)}`, async (test) => {
    const reply = answer(change);
    test.equal(reply.status, status);
    test.match(jsonOf(reply), { error: { type: "invalid_request_error", ...error } });
  });
}
