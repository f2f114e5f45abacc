import t from "tap";
import { EventStreamReader, textHeader } from "../aws-event-stream.ts";
import type { StreamEvent } from "../ir.ts";
import { tellsStopText } from "./converse-request-decoder.ts";
import { ConverseStreamDecoder } from "./converse-stream-decoder.ts";
import { ConverseStreamEncoder } from "./converse-stream-encoder.ts";
import { chatRequest, decodeStream } from "./testdata/converse-calls.ts";
import { toolUseId } from "./tool-use-id.ts";

/** What stands in the frames: the event's or exception's type, and its body. */
function unframe(bytes: Buffer): [type: string | undefined, body: unknown][] {
  const frames: [type: string | undefined, body: unknown][] = [];
  const reader = new EventStreamReader((message) => {
    const sort = textHeader(message, ":message-type");
    frames.push([textHeader(message, `:${sort}-type`), JSON.parse(message.payload.toString())]);
  });
  reader.write(bytes);
  if (reader.problem !== undefined || reader.isInMessage) throw new Error(reader.problem);
  return frames;
}

function encode(events: readonly StreamEvent[], variant = "") {
  return unframe(new ConverseStreamEncoder(chatRequest({ variant })).write(events));
}

const start: StreamEvent = { kind: "start", id: "x", model: "m", created: 1 };
const end: StreamEvent = { kind: "end" };
const finish: StreamEvent = { kind: "finish", finish: "stop", stopText: null };
const usage: StreamEvent = {
  kind: "usage",
  usage: {
    inputTokens: 22,
    outputTokens: 7,
    cachedInputTokens: 10,
    cacheWriteTokens: null,
    reasoningTokens: 3,
    audioInputTokens: null,
    audioOutputTokens: null,
  },
};

const metadata = [
  "metadata",
  { usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 }, metrics: { latencyMs: 0 } },
];

const text = (index: number, value: string): StreamEvent[] => [
  { kind: "part-start", index, part: { kind: "text" } },
  { kind: "delta", index, text: value },
  { kind: "part-end", index },
];

const streams: readonly {
  readonly name: string;
  readonly events: readonly StreamEvent[];
  readonly frames: readonly unknown[];
}[] = [
  {
    name: "text",
    events: [start, ...text(0, "Grüße"), finish, usage, end],
    frames: [
      ["messageStart", { role: "assistant" }],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Grüße" } }],
      ["contentBlockStop", { contentBlockIndex: 0 }],
      ["messageStop", { stopReason: "end_turn" }],
      [
        "metadata",
        {
          usage: { inputTokens: 12, outputTokens: 7, totalTokens: 29, cacheReadInputTokens: 10 },
          metrics: { latencyMs: 0 },
        },
      ],
    ],
  },
  {
    name: "a refusal as text",
    events: [
      start,
      { kind: "part-start", index: 0, part: { kind: "refusal" } },
      { kind: "delta", index: 0, text: "No" },
      { kind: "part-end", index: 0 },
      { kind: "finish", finish: "refusal", stopText: null },
      end,
    ],
    frames: [
      ["messageStart", { role: "assistant" }],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: "No" } }],
      ["contentBlockStop", { contentBlockIndex: 0 }],
      ["messageStop", { stopReason: "content_filtered" }],
      metadata,
    ],
  },
  {
    name: "calls, one of them without arguments",
    events: [
      start,
      { kind: "part-start", index: 0, part: { kind: "tool-call", id: "call:1", name: "f" } },
      { kind: "delta", index: 0, text: '{"a"' },
      { kind: "delta", index: 0, text: ":1}" },
      { kind: "signature", index: 0, signature: "x" },
      { kind: "part-end", index: 0 },
      { kind: "part-start", index: 1, part: { kind: "tool-call", id: "b", name: "g" } },
      { kind: "part-end", index: 1 },
      { kind: "finish", finish: "tool-calls", stopText: null },
      end,
    ],
    frames: [
      ["messageStart", { role: "assistant" }],
      [
        "contentBlockStart",
        {
          contentBlockIndex: 0,
          start: { toolUse: { toolUseId: toolUseId("call:1"), name: "f" } },
        },
      ],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { toolUse: { input: '{"a"' } } }],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { toolUse: { input: ":1}" } } }],
      ["contentBlockStop", { contentBlockIndex: 0 }],
      [
        "contentBlockStart",
        { contentBlockIndex: 1, start: { toolUse: { toolUseId: "b", name: "g" } } },
      ],
      ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolUse: { input: "{}" } } }],
      ["contentBlockStop", { contentBlockIndex: 1 }],
      ["messageStop", { stopReason: "tool_use" }],
      metadata,
    ],
  },
  {
    name: "no blocks for parts without a word, and no holes between the others",
    events: [
      start,
      ...text(0, "a"),
      { kind: "part-start", index: 1, part: { kind: "text" } },
      { kind: "part-end", index: 1 },
      {
        kind: "part-start",
        index: 2,
        part: { kind: "reasoning", encrypted: "x", origin: "anthropic-messages" },
      },
      { kind: "part-end", index: 2 },
      ...text(3, "b"),
      finish,
      end,
    ],
    frames: [
      ["messageStart", { role: "assistant" }],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: "a" } }],
      ["contentBlockStop", { contentBlockIndex: 0 }],
      ["contentBlockDelta", { contentBlockIndex: 1, delta: { text: "b" } }],
      ["contentBlockStop", { contentBlockIndex: 1 }],
      ["messageStop", { stopReason: "end_turn" }],
      metadata,
    ],
  },
  {
    name: "reasoning of its own with its proof",
    events: [
      {
        kind: "part-start",
        index: 0,
        part: { kind: "reasoning", encrypted: null, origin: "bedrock-converse" },
      },
      { kind: "delta", index: 0, text: "Hm" },
      { kind: "signature", index: 0, signature: "sig" },
      { kind: "part-end", index: 0 },
      {
        kind: "part-start",
        index: 1,
        part: { kind: "reasoning", encrypted: "AQID", origin: "bedrock-converse" },
      },
      { kind: "part-end", index: 1 },
    ],
    frames: [
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { text: "Hm" } } }],
      [
        "contentBlockDelta",
        { contentBlockIndex: 0, delta: { reasoningContent: { signature: "sig" } } },
      ],
      ["contentBlockStop", { contentBlockIndex: 0 }],
      [
        "contentBlockDelta",
        { contentBlockIndex: 1, delta: { reasoningContent: { redactedContent: "AQID" } } },
      ],
      ["contentBlockStop", { contentBlockIndex: 1 }],
    ],
  },
  {
    name: "another's reasoning without its proof",
    events: [
      {
        kind: "part-start",
        index: 0,
        part: { kind: "reasoning", encrypted: null, origin: "anthropic-messages" },
      },
      { kind: "delta", index: 0, text: "Hm" },
      { kind: "signature", index: 0, signature: "sig" },
      { kind: "part-end", index: 0 },
    ],
    frames: [
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { text: "Hm" } } }],
      ["contentBlockStop", { contentBlockIndex: 0 }],
    ],
  },
  {
    name: "parts that interleave",
    events: [
      { kind: "part-start", index: 0, part: { kind: "tool-call", id: "a", name: "f" } },
      { kind: "part-start", index: 1, part: { kind: "tool-call", id: "b", name: "g" } },
      { kind: "delta", index: 1, text: "{}" },
      { kind: "delta", index: 0, text: "{}" },
      { kind: "part-end", index: 1 },
      { kind: "part-end", index: 0 },
    ],
    frames: [
      [
        "contentBlockStart",
        { contentBlockIndex: 0, start: { toolUse: { toolUseId: "a", name: "f" } } },
      ],
      [
        "contentBlockStart",
        { contentBlockIndex: 1, start: { toolUse: { toolUseId: "b", name: "g" } } },
      ],
      ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolUse: { input: "{}" } } }],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { toolUse: { input: "{}" } } }],
      ["contentBlockStop", { contentBlockIndex: 1 }],
      ["contentBlockStop", { contentBlockIndex: 0 }],
    ],
  },
  {
    name: "nothing of likelihoods",
    events: [{ kind: "logprobs", index: 0, logprobs: [] }],
    frames: [],
  },
  {
    name: "nothing of parts that never began",
    events: [
      { kind: "delta", index: 4, text: "a" },
      { kind: "signature", index: 4, signature: "s" },
      { kind: "part-end", index: 4 },
    ],
    frames: [],
  },
];

for (const { name, events, frames } of streams) {
  t.test(`ConverseStreamEncoder writes ${name}`, async (t) => {
    t.same(encode(events), frames);
    const encoder = new ConverseStreamEncoder(chatRequest());
    const single = events.map((event) => encoder.write([event]));
    t.same(unframe(Buffer.concat(single)), frames, "one by one");
  });
}

t.test("ConverseStreamEncoder tells where the model stopped to those who asked", async (t) => {
  const stopped: StreamEvent = { kind: "finish", finish: "stop-text", stopText: "END" };
  t.same(encode([stopped], tellsStopText), [
    [
      "messageStop",
      { stopReason: "stop_sequence", additionalModelResponseFields: { stop_sequence: "END" } },
    ],
  ]);
  t.same(encode([stopped]), [["messageStop", { stopReason: "stop_sequence" }]]);
});

t.test(
  "ConverseStreamEncoder writes a failure as an exception, and nothing after it",
  async (t) => {
    const failed: StreamEvent = {
      kind: "failed",
      error: { status: 429, kind: "rate-limit", message: "Too fast", code: null },
    };
    const encoder = new ConverseStreamEncoder(chatRequest());
    const bytes = encoder.write([start, failed, ...text(0, "a"), end]);
    t.same(unframe(bytes), [
      ["messageStart", { role: "assistant" }],
      ["throttlingException", { message: "Too fast" }],
    ]);
    t.equal(encoder.write([finish, end]).length, 0);
  },
);

t.test("ConverseStreamEncoder writes nothing after the end", async (t) => {
  const encoder = new ConverseStreamEncoder(chatRequest());
  t.not(encoder.write([start, finish, end]).length, 0);
  t.equal(encoder.write([...text(0, "a"), end]).length, 0);
});

t.test("ConverseStreamEncoder has the media type of AWS's streams", async (t) => {
  const { contentType } = new ConverseStreamEncoder(chatRequest());
  t.equal(contentType, "application/vnd.amazon.eventstream");
});

t.test("ConverseStreamDecoder reads what ConverseStreamEncoder wrote", async (t) => {
  const events: StreamEvent[] = [
    { kind: "start", id: "", model: "", created: null },
    ...text(0, "a"),
    { kind: "part-start", index: 1, part: { kind: "tool-call", id: "a", name: "f" } },
    { kind: "delta", index: 1, text: "{}" },
    { kind: "part-end", index: 1 },
    { kind: "finish", finish: "tool-calls", stopText: null },
  ];
  const bytes = new ConverseStreamEncoder(chatRequest()).write([...events, end]);
  const read = decodeStream(new ConverseStreamDecoder(), [bytes]);
  t.same(
    read.filter(({ kind }) => kind !== "usage"),
    [...events, end],
  );
});
