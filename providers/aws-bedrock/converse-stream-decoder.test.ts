import t from "tap";
import { randomPieces, seededRandom } from "../testdata/seeded-random.ts";
import type { StreamEvent } from "../ir.ts";
import { ConverseStreamDecoder } from "./converse-stream-decoder.ts";
import { decodeStream, exceptionFrame, frame } from "./testdata/converse-calls.ts";

function decode(pieces: readonly Buffer[]): StreamEvent[] {
  return decodeStream(new ConverseStreamDecoder(), pieces);
}

const start = frame("messageStart", { role: "assistant", p: "abc" });
const delta = (index: number, change: object) =>
  frame("contentBlockDelta", { contentBlockIndex: index, delta: change, p: "abcdefghi" });
const callStart = (index: number, toolUseId: string, name: string) =>
  frame("contentBlockStart", { contentBlockIndex: index, start: { toolUse: { toolUseId, name } } });
const stop = (index: number) => frame("contentBlockStop", { contentBlockIndex: index });
const finish = (stopReason: string) => frame("messageStop", { stopReason });
const metadata = frame("metadata", {
  usage: { inputTokens: 12, outputTokens: 7, totalTokens: 29, cacheReadInputTokens: 10 },
  metrics: { latencyMs: 552 },
});

const started: StreamEvent = { kind: "start", id: "", model: "", created: null };
const counted: StreamEvent = {
  kind: "usage",
  usage: {
    inputTokens: 22,
    outputTokens: 7,
    cachedInputTokens: 10,
    cacheWriteTokens: null,
    reasoningTokens: null,
    audioInputTokens: null,
    audioOutputTokens: null,
  },
};
const finished = (reason: "stop" | "tool-calls"): StreamEvent => ({
  kind: "finish",
  finish: reason,
  stopText: null,
});
const ended: StreamEvent = { kind: "end" };
const reasoningPart = {
  kind: "reasoning",
  encrypted: null,
  origin: "bedrock-converse",
} as const;

const full = [
  start,
  delta(0, { reasoningContent: { text: "Let" } }),
  delta(0, { reasoningContent: { text: " me" } }),
  delta(0, { reasoningContent: { signature: "sig" } }),
  stop(0),
  delta(1, { text: "Grü" }),
  delta(1, { text: "" }),
  delta(1, { text: "ße" }),
  stop(1),
  callStart(2, "t1", "f"),
  delta(2, { toolUse: { input: "" } }),
  delta(2, { toolUse: { input: '{"a"' } }),
  delta(2, { toolUse: { input: ":1}" } }),
  stop(2),
  callStart(3, "t2", "g"),
  stop(3),
  finish("tool_use"),
  metadata,
];

const fullEvents: readonly StreamEvent[] = [
  started,
  { kind: "part-start", index: 0, part: reasoningPart },
  { kind: "delta", index: 0, text: "Let" },
  { kind: "delta", index: 0, text: " me" },
  { kind: "signature", index: 0, signature: "sig" },
  { kind: "part-end", index: 0 },
  { kind: "part-start", index: 1, part: { kind: "text" } },
  { kind: "delta", index: 1, text: "Grü" },
  { kind: "delta", index: 1, text: "ße" },
  { kind: "part-end", index: 1 },
  { kind: "part-start", index: 2, part: { kind: "tool-call", id: "t1", name: "f" } },
  { kind: "delta", index: 2, text: '{"a"' },
  { kind: "delta", index: 2, text: ":1}" },
  { kind: "part-end", index: 2 },
  { kind: "part-start", index: 3, part: { kind: "tool-call", id: "t2", name: "g" } },
  { kind: "part-end", index: 3 },
  finished("tool-calls"),
  counted,
  ended,
];

t.test("ConverseStreamDecoder tells a stream", async (t) => {
  t.same(decode(full), fullEvents);
});

t.test("ConverseStreamDecoder has the id of the request to AWS", async (t) => {
  const header = (name: string) => (name === "x-amzn-requestid" ? "6a0d-11" : undefined);
  const [first] = decodeStream(new ConverseStreamDecoder({ header }), full);
  t.match(first, { kind: "start", id: "6a0d-11" });
});

t.test("ConverseStreamDecoder does not mind how a stream is cut", async (t) => {
  const bytes = Buffer.concat(full);
  t.same(decode([bytes]), fullEvents, "whole");
  t.same(decode(Array.from(bytes, (byte) => Buffer.of(byte))), fullEvents, "byte by byte");
  const random = seededRandom(9);
  for (let round = 0; round < 200; round++) {
    const events = decode(randomPieces(bytes, 1 + round * 8, random));
    if (JSON.stringify(events) !== JSON.stringify(fullEvents)) t.fail(`round ${round}`);
  }
});

const streams: readonly {
  readonly name: string;
  readonly frames: readonly Buffer[];
  readonly events: readonly StreamEvent[];
}[] = [
  {
    name: "blocks that have an unknown start, and events of tomorrow",
    frames: [
      start,
      frame("contentBlockStart", { contentBlockIndex: 0, start: { image: { format: "png" } } }),
      delta(0, { image: { source: { bytes: "AQID" } } }),
      stop(0),
      frame("tomorrow", { a: 1 }),
      delta(1, { citation: { title: "x" } }),
      delta(1, { text: "a" }),
      stop(1),
      finish("end_turn"),
      metadata,
    ],
    events: [
      started,
      { kind: "part-start", index: 0, part: { kind: "text" } },
      { kind: "delta", index: 0, text: "a" },
      { kind: "part-end", index: 0 },
      finished("stop"),
      counted,
      ended,
    ],
  },
  {
    name: "a tool that the provider runs, which is left out",
    frames: [
      start,
      frame("contentBlockStart", {
        contentBlockIndex: 0,
        start: { toolUse: { toolUseId: "t", name: "web", type: "server_tool_use" } },
      }),
      delta(0, { toolUse: { input: "{}" } }),
      stop(0),
      finish("end_turn"),
      metadata,
    ],
    events: [started, finished("stop"), counted, ended],
  },
  {
    name: "blocks that interleave and never end",
    frames: [
      start,
      delta(0, { text: "a" }),
      callStart(1, "t", "f"),
      delta(0, { text: "b" }),
      delta(1, { toolUse: { input: "{}" } }),
      finish("tool_use"),
      metadata,
    ],
    events: [
      started,
      { kind: "part-start", index: 0, part: { kind: "text" } },
      { kind: "delta", index: 0, text: "a" },
      { kind: "part-start", index: 1, part: { kind: "tool-call", id: "t", name: "f" } },
      { kind: "delta", index: 0, text: "b" },
      { kind: "delta", index: 1, text: "{}" },
      { kind: "part-end", index: 0 },
      { kind: "part-end", index: 1 },
      finished("tool-calls"),
      counted,
      ended,
    ],
  },
  {
    name: "redacted reasoning, and a block that goes on as something else",
    frames: [
      start,
      delta(0, { reasoningContent: { redactedContent: "AQID" } }),
      delta(0, { text: "a" }),
      stop(0),
      finish("end_turn"),
      metadata,
    ],
    events: [
      started,
      { kind: "part-start", index: 0, part: { ...reasoningPart, encrypted: "AQID" } },
      { kind: "part-end", index: 0 },
      { kind: "part-start", index: 1, part: { kind: "text" } },
      { kind: "delta", index: 1, text: "a" },
      { kind: "part-end", index: 1 },
      finished("stop"),
      counted,
      ended,
    ],
  },
  {
    name: "counts that come before the end, and no start",
    frames: [metadata, delta(0, { text: "a" }), finish("end_turn")],
    events: [
      counted,
      started,
      { kind: "part-start", index: 0, part: { kind: "text" } },
      { kind: "delta", index: 0, text: "a" },
      { kind: "part-end", index: 0 },
      finished("stop"),
      ended,
    ],
  },
  {
    name: "an end that tells no counts",
    frames: [start, finish("end_turn"), frame("metadata", { metrics: { latencyMs: 1 } })],
    events: [started, finished("stop"), ended],
  },
  {
    name: "the text at which the model stopped",
    frames: [
      start,
      frame("messageStop", {
        stopReason: "stop_sequence",
        additionalModelResponseFields: { stop_sequence: "END" },
      }),
      metadata,
    ],
    events: [started, { kind: "finish", finish: "stop-text", stopText: "END" }, counted, ended],
  },
  {
    name: "nothing after its end",
    frames: [start, finish("end_turn"), metadata, delta(0, { text: "a" }), start],
    events: [started, finished("stop"), counted, ended],
  },
];

for (const { name, frames, events } of streams) {
  t.test(`ConverseStreamDecoder tells of ${name}`, async (t) => {
    t.same(decode(frames), events);
    t.same(decode([Buffer.concat(frames)]), events, "at once");
  });
}

const early: StreamEvent = {
  kind: "failed",
  error: {
    status: 502,
    kind: "server",
    message: "The provider's stream is broken: it ended early",
    code: null,
  },
};

t.test("ConverseStreamDecoder tells that a stream was cut off, wherever it was", async (t) => {
  const bytes = Buffer.concat(full);
  const toldEnd = bytes.length - metadata.length;
  for (let end = 0; end < bytes.length; end += 7) {
    const events = decode([bytes.subarray(0, end)]);
    t.same(events.at(-1), early, `${end}`);
    t.notOk(
      events.some(({ kind }) => kind === "end"),
      `${end}`,
    );
  }
  t.same(decode([bytes.subarray(0, toldEnd)]).slice(-2), [finished("tool-calls"), early]);
  t.same(decode([]), [early]);
});

t.test("ConverseStreamDecoder tells of damage in the middle, and nothing after it", async (t) => {
  const bytes = Buffer.concat(full);
  for (let at = start.length; at < bytes.length; at += 11) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    const events = decode([damaged]);
    t.match(events.at(-1), { kind: "failed", error: { kind: "server" } }, `${at}`);
    t.equal(events.filter(({ kind }) => kind === "failed").length, 1);
  }
});

t.test("ConverseStreamDecoder tells of an event that is no JSON object", async (t) => {
  for (const body of ["oops", "[]", ""]) {
    t.match(decode([start, frame("contentBlockDelta", body), metadata]).at(-1), {
      kind: "failed",
      error: { message: "The provider's stream is broken: an event is no JSON object" },
    });
  }
});

t.test("ConverseStreamDecoder tells of an exception in mid-stream", async (t) => {
  const exception = exceptionFrame("throttlingException", { message: "Too fast" });
  const events = decode([start, delta(0, { text: "a" }), exception, stop(0), finish("end_turn")]);
  t.same(events, [
    started,
    { kind: "part-start", index: 0, part: { kind: "text" } },
    { kind: "delta", index: 0, text: "a" },
    {
      kind: "failed",
      error: { status: 429, kind: "rate-limit", message: "Too fast", code: "ThrottlingException" },
    },
  ]);
});

t.test("ConverseStreamDecoder raises nothing for events of any shape", async (t) => {
  const types = ["contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop"];
  const bodies = [
    {},
    { contentBlockIndex: "x", delta: null, start: 1 },
    { contentBlockIndex: 0, delta: { text: 1, toolUse: [], reasoningContent: { text: {} } } },
    { contentBlockIndex: {}, start: { toolUse: { toolUseId: 1, name: "f" } } },
    { usage: [], stopReason: {}, additionalModelResponseFields: [] },
  ];
  for (const type of types) {
    for (const body of bodies) t.doesNotThrow(() => decode([start, frame(type, body)]), type);
  }
});
