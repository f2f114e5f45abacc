/** What the codec of the Responses API writes, read by the `openai` SDK: no network, the SDK's `fetch` gets the bytes. */

import OpenAI from "openai";
import type { ResponseCreateParamsNonStreaming } from "openai/resources/responses/responses";
import t from "tap";
import type { WireRequest } from "../../providers/codec.ts";
import type { ChatRequest, ChatResponse, StreamEvent, Usage } from "../../providers/ir.ts";
import { openaiResponses } from "../../providers/openai/responses-codec.ts";

const usage: Usage = {
  inputTokens: 30,
  outputTokens: 12,
  cachedInputTokens: 10,
  cacheWriteTokens: null,
  reasoningTokens: 5,
  audioInputTokens: null,
  audioOutputTokens: null,
};

const params = {
  model: "gpt-5",
  instructions: "Be brief.",
  input: "Weather in Paris?",
  metadata: { team: "a" },
  tools: [
    {
      type: "function" as const,
      name: "weather",
      description: "Weather of a city",
      parameters: { type: "object", properties: { city: { type: "string" } } },
      strict: false,
    },
  ],
} satisfies ResponseCreateParamsNonStreaming;

const start: StreamEvent = {
  kind: "start",
  id: "msg_01",
  model: "claude-x",
  created: 1_700_000_000,
};
const end: readonly StreamEvent[] = [
  { kind: "usage", usage },
  { kind: "finish", finish: "stop", stopText: null },
  { kind: "end" },
];

const textEvents: readonly StreamEvent[] = [
  start,
  { kind: "part-start", index: 0, part: { kind: "text" } },
  { kind: "delta", index: 0, text: 'It is "sunny"' },
  { kind: "delta", index: 0, text: " in Paris\u2028 ☀.\n" },
  { kind: "part-end", index: 0 },
  ...end,
];

const toolEvents: readonly StreamEvent[] = [
  start,
  {
    kind: "part-start",
    index: 0,
    part: { kind: "reasoning", encrypted: null, origin: "anthropic-messages" },
  },
  { kind: "delta", index: 0, text: "They want " },
  { kind: "delta", index: 0, text: "the weather." },
  { kind: "signature", index: 0, signature: "sig==" },
  { kind: "part-end", index: 0 },
  { kind: "part-start", index: 1, part: { kind: "tool-call", id: "toolu_1", name: "weather" } },
  { kind: "part-start", index: 2, part: { kind: "tool-call", id: "toolu_2", name: "weather" } },
  { kind: "delta", index: 1, text: '{"city":' },
  { kind: "delta", index: 2, text: '{"city":"Rome"}' },
  { kind: "delta", index: 1, text: '"Paris"}' },
  { kind: "part-end", index: 1 },
  { kind: "part-end", index: 2 },
  { kind: "usage", usage },
  { kind: "finish", finish: "tool-calls", stopText: null },
  { kind: "end" },
];

const refusalEvents: readonly StreamEvent[] = [
  start,
  { kind: "part-start", index: 0, part: { kind: "refusal" } },
  { kind: "delta", index: 0, text: "I will " },
  { kind: "delta", index: 0, text: "not." },
  { kind: "part-end", index: 0 },
  { kind: "finish", finish: "refusal", stopText: null },
  { kind: "end" },
];

const failedEvents: readonly StreamEvent[] = [
  start,
  { kind: "part-start", index: 0, part: { kind: "text" } },
  { kind: "delta", index: 0, text: "It is" },
  {
    kind: "failed",
    error: { status: 429, kind: "rate-limit", message: "Too many", code: "rate_limit_exceeded" },
  },
];

t.test("create() gives every event of a streamed text in the SDK's own types", async (t) => {
  const { client } = clientOf(stream(textEvents));
  const types: string[] = [];
  const numbers: number[] = [];
  let text = "";
  for await (const event of await client.responses.create({ ...params, stream: true })) {
    types.push(event.type);
    numbers.push(event.sequence_number);
    if (event.type === "response.output_text.delta") text += event.delta;
  }
  t.same(types, [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
  ]);
  t.same(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.equal(text, 'It is "sunny" in Paris\u2028 ☀.\n');
});

t.test("stream() gathers a streamed text into a whole answer", async (t) => {
  const { client } = clientOf(stream(textEvents));
  const answer = await client.responses.stream(params).finalResponse();
  t.equal(answer.output_text, 'It is "sunny" in Paris\u2028 ☀.\n');
  t.equal(answer.id, "resp_msg01");
  t.equal(answer.status, "completed");
  t.equal(answer.model, "claude-x");
  t.equal(answer.created_at, 1_700_000_000);
  t.equal(answer.instructions, "Be brief.");
  t.same(answer.metadata, { team: "a" });
  t.same(answer.tools, params.tools);
  t.match(answer.usage, {
    input_tokens: 30,
    input_tokens_details: { cached_tokens: 10 },
    output_tokens: 12,
    output_tokens_details: { reasoning_tokens: 5 },
    total_tokens: 42,
  });
});

t.test("stream() gathers reasoning and interleaved calls", async (t) => {
  const { client } = clientOf(stream(toolEvents));
  const answer = await client.responses.stream(params).finalResponse();
  t.match(answer.output, [
    { type: "reasoning", summary: [{ type: "summary_text", text: "They want the weather." }] },
    { type: "function_call", call_id: "toolu_1", name: "weather", arguments: '{"city":"Paris"}' },
    { type: "function_call", call_id: "toolu_2", name: "weather", arguments: '{"city":"Rome"}' },
  ]);
});

t.test("stream() gives reasoning whose signature comes back with the next request", async (t) => {
  const first = clientOf(stream(toolEvents));
  const answer = await first.client.responses.stream(params).finalResponse();
  const second = clientOf(stream(textEvents));
  const input = [
    { role: "user" as const, content: "Weather in Paris?" },
    ...answer.output,
    { type: "function_call_output" as const, call_id: "toolu_1", output: "sunny" },
    { type: "function_call_output" as const, call_id: "toolu_2", output: "rainy" },
  ];
  // @ts-expect-error what answers hold may be sent back, but their types have more than inputs have
  await second.client.responses.create({ ...params, input, stream: true });
  const { messages, unexpressed } = second.request();
  t.same(
    unexpressed.map(({ feature }) => feature),
    ["metadata"],
  );
  t.match(messages[1], {
    role: "assistant",
    parts: [
      {
        kind: "reasoning",
        text: "They want the weather.",
        signature: "sig==",
        encrypted: null,
        origin: "anthropic-messages",
      },
      { kind: "tool-call", id: "toolu_1", name: "weather", arguments: '{"city":"Paris"}' },
      { kind: "tool-call", id: "toolu_2", name: "weather", arguments: '{"city":"Rome"}' },
    ],
  });
  t.match(messages[2], {
    role: "user",
    parts: [
      { kind: "tool-result", callId: "toolu_1", parts: [{ kind: "text", text: "sunny" }] },
      { kind: "tool-result", callId: "toolu_2", parts: [{ kind: "text", text: "rainy" }] },
    ],
  });
});

t.test("stream() gathers a refusal", async (t) => {
  const { client } = clientOf(stream(refusalEvents));
  const answer = await client.responses.stream(params).finalResponse();
  t.match(answer.output, [
    { type: "message", content: [{ type: "refusal", refusal: "I will not." }] },
  ]);
  t.equal(answer.status, "completed");
});

t.test("stream() gathers an answer that was cut", async (t) => {
  const { client } = clientOf(
    stream([
      ...textEvents.slice(0, 3),
      { kind: "part-end", index: 0 },
      { kind: "finish", finish: "length", stopText: null },
      { kind: "end" },
    ]),
  );
  const answer = await client.responses.stream(params).finalResponse();
  t.equal(answer.status, "incomplete");
  t.same(answer.incomplete_details, { reason: "max_output_tokens" });
  t.equal(answer.output_text, 'It is "sunny"');
});

t.test("stream() rejects when the stream fails", async (t) => {
  const { client } = clientOf(stream(failedEvents));
  await t.rejects(client.responses.stream(params).finalResponse(), {
    name: "Error",
    message: "Too many",
    code: "rate_limit_exceeded",
    type: "rate_limit_error",
  });
});

t.test("create() raises when the stream fails before it begins", async (t) => {
  const { client } = clientOf(stream(failedEvents.slice(-1)));
  const events = await client.responses.create({ ...params, stream: true });
  await t.rejects(
    (async () => {
      for await (const event of events) t.fail(event.type);
    })(),
    { message: "Too many" },
  );
});

t.test("create() reads a failed answer where the error event is passed over", async (t) => {
  const { client } = clientOf((request) => {
    const bytes = stream(failedEvents)(request);
    return { ...bytes, body: bytes.body.replace(/event: error\n.*\n\n/, "") };
  });
  const answer = await client.responses.stream(params).finalResponse();
  t.equal(answer.status, "failed");
  t.match(answer.error, { code: "rate_limit_exceeded", message: "Too many" });
  t.equal(answer.output_text, "It is");
});

t.test("create() reads a whole answer", async (t) => {
  const response: ChatResponse = {
    id: "chatcmpl-9",
    model: "gemini-x",
    created: null,
    choices: [
      {
        parts: [
          { kind: "text", text: "One. " },
          { kind: "text", text: "Two." },
        ],
        finish: "stop",
        stopText: null,
        logprobs: [{ token: "One", logprob: -0.5, bytes: null, top: [] }],
      },
    ],
    usage,
  };
  const { client } = clientOf((request) => {
    const { contentType, body } = openaiResponses.encodeResponse(response, request);
    return { status: 200, contentType, body: String(body) };
  });
  const answer = await client.responses.create(params);
  t.equal(answer.output_text, "One. Two.");
  t.equal(answer.id, "resp_chatcmpl9");
  t.match(answer.output[0], {
    type: "message",
    content: [{ logprobs: [{ token: "One", logprob: -0.5, bytes: [79, 110, 101] }] }],
  });
});

t.test("parse() reads a structured answer that streamed", async (t) => {
  const json: readonly StreamEvent[] = [
    start,
    { kind: "part-start", index: 0, part: { kind: "text" } },
    { kind: "delta", index: 0, text: '{"city":"Paris"}' },
    { kind: "part-end", index: 0 },
    ...end,
  ];
  const { client, request } = clientOf(stream(json));
  const format = {
    type: "json_schema" as const,
    name: "place",
    schema: { type: "object", properties: { city: { type: "string" } } },
  };
  const answer = await client.responses.stream({ ...params, text: { format } }).finalResponse();
  t.match(request().output, { kind: "schema", name: "place", schema: format.schema });
  t.match(answer.text, { format });
  t.equal(answer.output_text, '{"city":"Paris"}');
});

const failures = [
  { name: "bad requests", kind: "invalid-request", status: 400, raised: "BadRequestError" },
  { name: "authentication", kind: "authentication", status: 401, raised: "AuthenticationError" },
  { name: "permission", kind: "permission", status: 403, raised: "PermissionDeniedError" },
  { name: "models", kind: "not-found", status: 404, raised: "NotFoundError" },
  { name: "limits", kind: "rate-limit", status: 429, raised: "RateLimitError" },
  { name: "overload", kind: "overloaded", status: 529, raised: "InternalServerError" },
] as const;

for (const { name, kind, status, raised } of failures) {
  t.test(`create() raises ${raised} for errors of ${name}`, async (t) => {
    const error = { status, kind, message: "Sorry", code: null };
    const { client } = clientOf(() => {
      const encoded = openaiResponses.encodeError(error);
      return { ...encoded, body: String(encoded.body) };
    });
    const outcome = await client.responses.create(params).catch((cause: unknown) => cause);
    t.ok(outcome instanceof OpenAI.APIError);
    t.equal(outcome instanceof Error ? outcome.constructor.name : "", raised);
    t.match(outcome, { message: /Sorry/ });
  });
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Answers with a stream of events. */
function stream(events: readonly StreamEvent[]): (request: ChatRequest) => Answer {
  return (request) => {
    const encoder = openaiResponses.createStreamEncoder(request);
    const pieces = events.map((event) => String(encoder.write([event])));
    return { status: 200, contentType: encoder.contentType, body: pieces.join("") };
  };
}

/** A client whose requests are decoded and answered by `answer`, and the last one decoded. */
function clientOf(answer: (request: ChatRequest) => Answer): {
  readonly client: OpenAI;
  request(): ChatRequest;
} {
  let last: ChatRequest | null = null;
  const fetch = async (_url: unknown, init?: RequestInit) => {
    last = decode(String(init?.body));
    const { status, contentType, body } = answer(last);
    return new Response(body, { status, headers: { "content-type": contentType } });
  };
  const client = new OpenAI({ apiKey: "none", maxRetries: 0, fetch });
  return {
    client,
    request: () => {
      if (last === null) throw new Error("No request was sent");
      return last;
    },
  };
}

function decode(body: string): ChatRequest {
  const wire: WireRequest = {
    path: "/v1/responses",
    pathModel: null,
    header: () => undefined,
    body: Buffer.from(body),
  };
  const decoded = openaiResponses.decodeRequest(wire);
  if (decoded.kind === "malformed") throw new Error(decoded.reason);
  return decoded.value;
}
