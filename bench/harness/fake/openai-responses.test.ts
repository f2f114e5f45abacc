import t from "tap";
import { eventsOf, fixedEnvironment, jsonOf } from "./fake-request.ts";
import { answerResponse } from "./openai-responses.ts";

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
    { type: "function_call_output", call_id: "c", output: "{}" },
  ];
  test.match(jsonOf(answer({ input })), { output: [{ content: [{ text: "You said: Hi" }] }] });
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
  [{ input: [{ role: "user", content: ["x"] }] }, 400, { param: "input[0].content[0].type" }],
  [{ max_output_tokens: 1 }, 400, { param: "max_output_tokens" }],
] as const;

for (const [change, status, error] of rejected) {
  t.test(`answerResponse() rejects ${JSON.stringify(change)}`, async (test) => {
    const reply = answer(change);
    test.equal(reply.status, status);
    test.match(jsonOf(reply), { error: { type: "invalid_request_error", ...error } });
  });
}
