import t from "tap";
import { eventsOf, fixedEnvironment, jsonOf } from "./fake-request.ts";
import { answerResponse } from "./openai-responses.ts";

const parameters = { type: "object", properties: { city: { type: "string" } } };
const weather = { type: "function", name: "weather", parameters, strict: false };

function call(id: string) {
  return { type: "function_call", call_id: id, name: "weather", arguments: "{}" };
}

function answer(change: object) {
  return answerResponse({ model: "gpt-4.1", input: "Hello", ...change }, fixedEnvironment);
}

t.test("answerResponse() returns a completed response with counted usage", async (test) => {
  test.match(jsonOf(answer({ instructions: "Be kind" })), {
    id: `resp_${"a".repeat(48)}`,
    object: "response",
    status: "completed",
    model: "gpt-4.1-2025-04-14",
    output: [{ type: "message", content: [{ type: "output_text", text: "You said: Hello" }] }],
    usage: { input_tokens: 7, output_tokens: 4, total_tokens: 11 },
  });
});

t.test("answerResponse() answers the last user message of a list", async (test) => {
  const input = [
    { role: "developer", content: "x" },
    { type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] },
    { role: "assistant", content: [{ type: "output_text", text: "Ho" }] },
  ];
  test.match(jsonOf(answer({ input })), { output: [{ content: [{ text: "You said: Hi" }] }] });
});

t.test("answerResponse() calls tools, and takes their results back", async (test) => {
  const asked = { role: "user", content: "Look [[calls 2]] [[aloud]]" };
  const reply = jsonOf(answer({ input: [asked], tools: [weather] }));
  test.match(reply, {
    output: [
      { type: "message", content: [{ text: "Let me look" }] },
      { type: "function_call", id: /^fc_/, call_id: /^call_/, arguments: '{"city":"city 1"}' },
      { type: "function_call", arguments: '{"city":"city 2"}' },
    ],
  });
  const result = (id: string, output: unknown) => ({
    type: "function_call_output",
    call_id: id,
    output,
  });
  const input = [
    asked,
    ...["call_1", "call_2"].map((id) => call(id)),
    result("call_1", "warm"),
    result("call_2", [{ type: "input_text", text: "cold" }]),
  ];
  test.match(jsonOf(answer({ input, tools: [weather] })), {
    output: [{ content: [{ text: "Tools said warm and cold: Look" }] }],
  });
});

t.test("answerResponse() streams reasoning, then calls", async (test) => {
  const reply = answer({
    model: "gpt-5",
    stream: true,
    tools: [weather],
    reasoning: { effort: "low", summary: "auto" },
    include: ["reasoning.encrypted_content"],
  });
  const events = eventsOf(reply);
  const types = events.map((event) => Object(event).type);
  test.same(
    [...new Set(types)],
    [
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.reasoning_summary_part.added",
      "response.reasoning_summary_text.delta",
      "response.reasoning_summary_text.done",
      "response.reasoning_summary_part.done",
      "response.output_item.done",
      "response.function_call_arguments.delta",
      "response.function_call_arguments.done",
      "response.completed",
    ],
  );
  test.match(events.at(-1), {
    response: {
      output: [
        {
          type: "reasoning",
          summary: [{ text: "Thinking about: Hello" }],
          encrypted_content: /^gAAAA/,
        },
        { type: "function_call" },
      ],
      usage: { output_tokens_details: { reasoning_tokens: 5 } },
    },
  });
});

t.test("answerResponse() breaks a stream with an error event when told", async (test) => {
  const events = eventsOf(answer({ input: "Hello [[break]]", stream: true }));
  test.match(events.at(-1), { type: "error", code: "server_error", sequence_number: 6 });
});

t.test("answerResponse() writes JSON that fits a schema", async (test) => {
  const schema = { type: "object", properties: { a: { enum: ["x"] } }, required: ["a"] };
  const format = (more: object) => ({
    text: {
      format: { type: "json_schema", name: "a", schema: { ...schema, ...more }, strict: true },
    },
  });
  test.match(jsonOf(answer(format({ additionalProperties: false }))), {
    output: [{ content: [{ text: '{"a":"x"}' }] }],
  });
  test.match(jsonOf(answer(format({}))), { error: { param: "text.format.schema" } });
});

t.test("answerResponse() is incomplete when it reaches the token limit", async (test) => {
  const input = Array.from({ length: 13 }, () => "word").join(" "); // 16 tokens with "You said:"
  test.match(jsonOf(answer({ input, max_output_tokens: 16 })), { status: "completed" });
  const long = jsonOf(answer({ input: `${input} word`, max_output_tokens: 16 }));
  test.match(long, { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
});

t.test("answerResponse() streams events in the documented order, numbered from 0", async (test) => {
  const events = eventsOf(answer({ stream: true }));
  const types = events.map((event) =>
    typeof event === "object" && event !== null && "type" in event ? event.type : "",
  );
  test.same(types, [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    ...Array.from({ length: 4 }, () => "response.output_text.delta"),
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
  ]);
  test.match(
    events,
    events.map((_, index) => ({ sequence_number: index })),
  );
  test.match(events[0], { response: { status: "in_progress", output: [], usage: null } });
  test.match(events.at(-1), { response: { status: "completed", usage: { output_tokens: 4 } } });
});

const rejected = [
  [{ model: undefined }, 400, { message: "Missing required parameter: 'model'." }],
  [{ model: "gpt-0" }, 404, { code: "model_not_found" }],
  [{ input: undefined }, 400, { param: "input", code: "missing_required_parameter" }],
  [{ input: 1 }, 400, { param: "input", code: "invalid_type" }],
  [{ messages: [] }, 400, { message: "Unknown parameter: 'messages'.", code: "unknown_parameter" }],
  [{ input: ["x"] }, 400, { param: "input[0]" }],
  [{ input: [{ content: "x" }] }, 400, { param: "input[0].role" }],
  [
    { input: [{ role: "robot", content: "x" }] },
    400,
    { param: "input[0].role", code: "invalid_value" },
  ],
  [{ input: [{ role: "user" }] }, 400, { param: "input[0].content" }],
  [
    { input: [{ role: "user", content: 1 }] },
    400,
    { param: "input[0].content", code: "invalid_type" },
  ],
  [
    { input: [{ role: "user", content: [{ type: "text" }] }] },
    400,
    { param: "input[0].content[0].type" },
  ],
  [{ input: [{ role: "user", content: ["x"] }] }, 400, { param: "input[0].content[0]" }],
  [{ max_output_tokens: 1 }, 400, { param: "max_output_tokens" }],
  [{ stop: ["x"] }, 400, { code: "unknown_parameter" }],
  [{ reasoning: { effort: "low" } }, 400, { param: "reasoning.effort" }],
  [{ model: "gpt-5", temperature: 0 }, 400, { param: "temperature" }],
  [{ previous_response_id: "resp_1" }, 400, { code: "previous_response_not_found" }],
  [{ input: [call("call_1")] }, 400, { message: /No tool output found for function call call_1/ }],
  [
    { input: [{ type: "function_call_output", call_id: "call_1", output: "x" }] },
    400,
    { message: /No tool call found for function call output with call_id call_1/ },
  ],
  [
    { input: [{ ...call("call_1"), id: "call_1" }] },
    400,
    { param: "input[0].id", code: "invalid_value" },
  ],
  [
    { input: [{ role: "assistant", content: [{ type: "input_text", text: "x" }] }] },
    400,
    { param: "input[0].content[0].type" },
  ],
  [
    { input: [{ type: "reasoning", id: "rs_1", summary: [] }] },
    400,
    { message: /without its required following item/ },
  ],
  [
    { input: [{ type: "reasoning", id: "rs_1", summary: [], encrypted_content: "x" }, call("c")] },
    400,
    { code: "invalid_encrypted_content" },
  ],
] as const;

for (const [change, status, error] of rejected) {
  t.test(`answerResponse() rejects ${JSON.stringify(change)}`, async (test) => {
    const reply = answer(change);
    test.equal(reply.status, status);
    test.match(jsonOf(reply), { error: { type: "invalid_request_error", ...error } });
  });
}
