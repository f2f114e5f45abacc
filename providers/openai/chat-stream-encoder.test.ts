import OpenAI, { APIError } from "openai";
import t from "tap";
import type { StreamEvent, Usage } from "../ir.ts";
import { createChatStreamEncoder } from "./chat-stream-encoder.ts";
import { decodePieces, requestWith } from "./testdata/chat.ts";

const usage: Usage = {
  inputTokens: 10,
  outputTokens: 5,
  cachedInputTokens: 4,
  cacheWriteTokens: null,
  reasoningTokens: 2,
  audioInputTokens: 0,
  audioOutputTokens: 0,
};

const begin: StreamEvent = { kind: "start", id: "msg_1", model: "claude", created: 5 };
const finish: readonly StreamEvent[] = [
  { kind: "finish", finish: "stop", stopText: null },
  { kind: "end" },
];
const hello: readonly StreamEvent[] = [
  { kind: "part-start", index: 0, part: { kind: "text" } },
  { kind: "delta", index: 0, text: "Hel" },
  { kind: "delta", index: 0, text: 'lo "you"\n' },
  { kind: "part-end", index: 0 },
];
const thought: readonly StreamEvent[] = [
  { kind: "part-start", index: 0, part: { kind: "reasoning", encrypted: null, origin: "x" } },
  { kind: "delta", index: 0, text: "Hm" },
  { kind: "signature", index: 0, signature: "not for this dialect" },
  { kind: "part-end", index: 0 },
];
const twoCalls: readonly StreamEvent[] = [
  { kind: "part-start", index: 0, part: { kind: "tool-call", id: "a", name: "f" } },
  { kind: "delta", index: 0, text: '{"n":' },
  { kind: "delta", index: 0, text: "1.0}" },
  { kind: "part-end", index: 0 },
  { kind: "part-start", index: 1, part: { kind: "tool-call", id: "b", name: "g" } },
  { kind: "part-end", index: 1 },
  { kind: "finish", finish: "tool-calls", stopText: null },
  { kind: "end" },
];

function encode(events: readonly StreamEvent[], streamUsage = false): string {
  const encoder = createChatStreamEncoder(requestWith({ stream: true, streamUsage }));
  return `${encoder.write(events)}`;
}

/** Data of the events: JSON, or text that is none. */
function dataOf(stream: string): unknown[] {
  return stream
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => event.replace(/^data: /, ""))
    .map((data) => (data.startsWith("{") ? JSON.parse(data) : data));
}

/** Deltas and reasons of the chunks. */
function choicesOf(stream: string): unknown[] {
  return dataOf(stream).flatMap((data) => {
    if (typeof data !== "object" || data === null || !("choices" in data)) return [];
    const { choices } = data;
    return Array.isArray(choices)
      ? choices.map(({ delta, finish_reason }) => (finish_reason === null ? delta : finish_reason))
      : [];
  });
}

const role = { role: "assistant", content: "", refusal: null };

t.test("write() writes whole chunks with every member that OpenAI's own have", async (t) => {
  const encoder = createChatStreamEncoder(requestWith({ stream: true }));
  t.equal(encoder.contentType, "text/event-stream; charset=utf-8");
  const head =
    '{"id":"chatcmpl-msg1","object":"chat.completion.chunk","created":5,"model":"claude","choices":[{"index":0,"delta":';
  t.equal(
    encode([begin, ...hello, ...finish]),
    [
      `data: ${head}{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]}\n\n`,
      `data: ${head}{"content":"Hel"},"logprobs":null,"finish_reason":null}]}\n\n`,
      `data: ${head}{"content":"lo \\"you\\"\\n"},"logprobs":null,"finish_reason":null}]}\n\n`,
      `data: ${head}{},"logprobs":null,"finish_reason":"stop"}]}\n\n`,
      "data: [DONE]\n\n",
    ].join(""),
  );
});

t.test(
  "write() writes usage only when the agent wants it, in a chunk without choices",
  async (t) => {
    const events: StreamEvent[] = [begin, ...hello, { kind: "usage", usage }, ...finish];
    t.notMatch(encode(events), "usage");
    const chunks = dataOf(encode(events, true));
    t.equal(chunks.pop(), "[DONE]");
    const last = chunks.pop();
    t.match(last, {
      object: "chat.completion.chunk",
      choices: [],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    });
    for (const chunk of chunks) t.match(chunk, { usage: null });
  },
);

t.test("write() writes the last of several counts", async (t) => {
  const early = { kind: "usage", usage: { ...usage, outputTokens: 1 } } as const;
  const stream = encode([begin, early, ...hello, { kind: "usage", usage }, ...finish], true);
  t.match(stream, '"completion_tokens":5');
  t.notMatch(stream, '"completion_tokens":1,');
});

t.test("write() writes no chunk of usage when none was told", async (t) => {
  t.notMatch(encode([begin, ...hello, ...finish], true), '"choices":[]');
});

const sequences: readonly {
  readonly name: string;
  readonly events: readonly StreamEvent[];
  readonly choices: readonly unknown[];
}[] = [
  {
    name: "reasoning as text of its own",
    events: [begin, ...thought, ...finish],
    choices: [role, { reasoning_content: "Hm" }, "stop"],
  },
  {
    name: "a refusal",
    events: [
      begin,
      { kind: "part-start", index: 0, part: { kind: "refusal" } },
      { kind: "delta", index: 0, text: "No" },
      { kind: "part-end", index: 0 },
      { kind: "finish", finish: "refusal", stopText: null },
      { kind: "end" },
    ],
    choices: [role, { refusal: "No" }, "stop"],
  },
  {
    name: "calls with numbers of their own, and `{}` where there are no arguments",
    events: [begin, ...twoCalls],
    choices: [
      role,
      {
        tool_calls: [
          { index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } },
        ],
      },
      { tool_calls: [{ index: 0, function: { arguments: '{"n":' } }] },
      { tool_calls: [{ index: 0, function: { arguments: "1.0}" } }] },
      {
        tool_calls: [
          { index: 1, id: "b", type: "function", function: { name: "g", arguments: "" } },
        ],
      },
      { tool_calls: [{ index: 1, function: { arguments: "{}" } }] },
      "tool_calls",
    ],
  },
  {
    name: "parts that are interleaved one after another",
    events: [
      begin,
      { kind: "part-start", index: 0, part: { kind: "text" } },
      { kind: "part-start", index: 1, part: { kind: "tool-call", id: "a", name: "f" } },
      { kind: "delta", index: 1, text: "{}" },
      { kind: "delta", index: 0, text: "x" },
      { kind: "part-end", index: 1 },
      { kind: "part-end", index: 0 },
      ...finish,
    ],
    choices: [
      role,
      { content: "x" },
      {
        tool_calls: [
          { index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } },
        ],
      },
      { tool_calls: [{ index: 0, function: { arguments: "{}" } }] },
      "stop",
    ],
  },
  {
    name: "proof of reasoning where Google has it",
    events: [
      begin,
      { kind: "part-start", index: 0, part: { kind: "tool-call", id: "a", name: "f" } },
      { kind: "delta", index: 0, text: "{}" },
      { kind: "signature", index: 0, signature: "proof" },
      { kind: "part-end", index: 0 },
      ...finish,
    ],
    choices: [
      role,
      {
        tool_calls: [
          { index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } },
        ],
      },
      { tool_calls: [{ index: 0, function: { arguments: "{}" } }] },
      {
        tool_calls: [
          {
            index: 0,
            function: { arguments: "" },
            extra_content: { google: { thought_signature: "proof" } },
          },
        ],
      },
      "stop",
    ],
  },
  {
    name: "nothing for empty deltas and for parts that nobody began",
    events: [
      begin,
      { kind: "part-start", index: 0, part: { kind: "text" } },
      { kind: "delta", index: 0, text: "" },
      { kind: "delta", index: 7, text: "x" },
      { kind: "signature", index: 7, signature: "x" },
      { kind: "part-end", index: 7 },
      ...finish,
    ],
    choices: [role, "stop"],
  },
];

for (const { name, events, choices } of sequences) {
  t.test(`write() writes ${name}`, async (t) => {
    t.strictSame(choicesOf(encode(events)), choices);
  });
}

t.test("write() writes log probabilities", async (t) => {
  const stream = encode([
    begin,
    { kind: "part-start", index: 0, part: { kind: "text" } },
    { kind: "delta", index: 0, text: "a" },
    { kind: "logprobs", index: 0, logprobs: [{ token: "a", logprob: -1, bytes: [97], top: [] }] },
  ]);
  t.match(
    stream,
    '"logprobs":{"content":[{"token":"a","logprob":-1,"bytes":[97],"top_logprobs":[]}],"refusal":null}',
  );
});

t.test("write() writes a failure as an error and nothing thereafter", async (t) => {
  const encoder = createChatStreamEncoder(requestWith({ stream: true, streamUsage: true }));
  encoder.write([begin, ...hello]);
  const error = { status: 529, kind: "overloaded", message: "Busy", code: "overloaded" } as const;
  t.equal(
    encoder.write([{ kind: "failed", error }, ...finish]),
    'data: {"error":{"message":"Busy","type":"server_error","param":null,"code":"overloaded"}}\n\n',
  );
  t.equal(encoder.write([...finish, { kind: "failed", error }]), "");
});

t.test("write() writes nothing after the end", async (t) => {
  const encoder = createChatStreamEncoder(requestWith({ stream: true }));
  encoder.write([begin, ...hello, ...finish]);
  t.equal(encoder.write([...hello, ...finish]), "");
});

t.test("write() writes the same in pieces as at once", async (t) => {
  const events: StreamEvent[] = [begin, ...twoCalls];
  const encoder = createChatStreamEncoder(requestWith({ stream: true }));
  const pieces = events.map((event) => `${encoder.write([event])}`);
  t.equal(pieces.join(""), encode(events));
});

t.test("write() writes what the decoder of the dialect reads", async (t) => {
  const events: StreamEvent[] = [
    { kind: "start", id: "chatcmpl-1", model: "m", created: 5 },
    ...hello,
    { kind: "part-start", index: 1, part: { kind: "tool-call", id: "a", name: "f" } },
    { kind: "delta", index: 1, text: "{}" },
    { kind: "part-end", index: 1 },
    { kind: "usage", usage },
    { kind: "finish", finish: "tool-calls", stopText: null },
    { kind: "end" },
  ];
  // The reason ends the parts; whoever reads it is told the counts that follow before it
  t.strictSame(decodePieces([Buffer.from(encode(events, true))]), events);
});

function clientFor(stream: string): OpenAI {
  return new OpenAI({
    apiKey: "unit",
    maxRetries: 0,
    fetch: async () =>
      new Response(stream, { headers: { "content-type": "text/event-stream; charset=utf-8" } }),
  });
}

t.test("write() writes what OpenAI's SDK gathers into a completion", async (t) => {
  const stream = encode(
    [begin, ...thought, ...hello.map(shifted), { kind: "usage", usage }, ...finish],
    true,
  );
  const runner = clientFor(stream).chat.completions.stream({
    model: "m",
    messages: [],
    stream_options: { include_usage: true },
  });
  const completion = await runner.finalChatCompletion();
  t.equal(completion.id, "chatcmpl-msg1");
  t.equal(completion.choices[0]?.message.content, 'Hello "you"\n');
  t.equal(completion.choices[0]?.finish_reason, "stop");
  t.equal(completion.usage?.total_tokens, 15);
});

t.test("write() writes calls that OpenAI's SDK gathers", async (t) => {
  const runner = clientFor(encode([begin, ...twoCalls])).chat.completions.stream({
    model: "m",
    messages: [],
  });
  const [choice] = (await runner.finalChatCompletion()).choices;
  t.equal(choice?.finish_reason, "tool_calls");
  t.strictSame(
    choice?.message.tool_calls?.map(
      (call) => call.type === "function" && [call.id, call.function.name, call.function.arguments],
    ),
    [
      ["a", "f", '{"n":1.0}'],
      ["b", "g", "{}"],
    ],
  );
});

t.test("write() writes calls side by side so that OpenAI's SDK tells each whole", async (t) => {
  const sideBySide: StreamEvent[] = [
    begin,
    { kind: "part-start", index: 0, part: { kind: "tool-call", id: "a", name: "f" } },
    { kind: "part-start", index: 1, part: { kind: "tool-call", id: "b", name: "g" } },
    { kind: "delta", index: 0, text: '{"n":' },
    { kind: "delta", index: 1, text: '{"m":' },
    { kind: "delta", index: 0, text: "1}" },
    { kind: "delta", index: 1, text: "2}" },
    { kind: "part-end", index: 0 },
    { kind: "part-end", index: 1 },
    ...twoCalls.slice(-2),
  ];
  const runner = clientFor(encode(sideBySide)).chat.completions.stream({
    model: "m",
    messages: [],
  });
  const told: string[] = [];
  runner.on("tool_calls.function.arguments.done", ({ name, arguments: text }) =>
    told.push(`${name} ${text}`),
  );
  await runner.done();
  t.strictSame(told, ['f {"n":1}', 'g {"m":2}']);
});

t.test("write() writes usage beside the reason where the dialect has it there", async (t) => {
  const encoder = createChatStreamEncoder({ streamUsage: true }, { usageIn: "finish-chunk" });
  const [reason, ...others] = finish;
  const events = [begin, ...hello, ...(reason === undefined ? [] : [reason])];
  const written = `${encoder.write(events)}${encoder.write([{ kind: "usage", usage }, ...others])}`;
  const chunks = dataOf(written);
  t.equal(chunks.pop(), "[DONE]");
  t.match(chunks.pop(), {
    choices: [{ delta: {}, finish_reason: "stop" }],
    usage: { prompt_tokens: 10, completion_tokens: 5 },
  });
  for (const chunk of chunks) t.notOk(Object.hasOwn(Object(chunk), "usage"));
  t.strictSame(choicesOf(written).at(-1), "stop");
});

t.test("write() writes a failure that OpenAI's SDK raises", async (t) => {
  const error = { status: 500, kind: "server", message: "Sorry", code: "oops" } as const;
  const stream = await clientFor(
    encode([begin, ...hello, { kind: "failed", error }]),
  ).chat.completions.create({
    model: "m",
    messages: [],
    stream: true,
  });
  let text = "";
  let raised: unknown;
  try {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  } catch (cause) {
    raised = cause;
  }
  t.equal(text, 'Hello "you"\n');
  t.ok(raised instanceof APIError);
  t.equal(raised instanceof APIError && raised.code, "oops");
});

/** The event of the next part. */
function shifted(event: StreamEvent): StreamEvent {
  return "index" in event ? { ...event, index: event.index + 1 } : event;
}
