import t from "tap";
import type { StreamEvent } from "../ir.ts";
import { randomPieces, seededRandom } from "../testdata/seeded-random.ts";
import { InvokeStreamDecoder } from "./invoke-stream-decoder.ts";
import { chunkFrame, decodeStream, exceptionFrame, frame } from "./testdata/converse-calls.ts";

const events = [
  {
    type: "message_start",
    message: {
      id: "msg_bdrk_1",
      model: "claude-3-haiku",
      usage: { input_tokens: 9, output_tokens: 1 },
    },
  },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "ping" },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Grü" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "ße" } },
  { type: "content_block_stop", index: 0 },
  {
    type: "content_block_start",
    index: 1,
    content_block: { type: "tool_use", id: "toolu_1", name: "f", input: {} },
  },
  {
    type: "content_block_delta",
    index: 1,
    delta: { type: "input_json_delta", partial_json: "{}" },
  },
  { type: "content_block_stop", index: 1 },
  {
    type: "message_delta",
    delta: { stop_reason: "tool_use", stop_sequence: null },
    usage: { output_tokens: 20 },
  },
  {
    type: "message_stop",
    "amazon-bedrock-invocationMetrics": { inputTokenCount: 9, outputTokenCount: 20 },
  },
];

const frames = events.map(chunkFrame);

function decode(pieces: readonly Buffer[]): StreamEvent[] {
  return decodeStream(new InvokeStreamDecoder(), pieces);
}

const wanted = decode(frames);

t.test("InvokeStreamDecoder tells a stream", async (t) => {
  t.match(
    wanted.filter(({ kind }) => kind !== "usage"),
    [
      { kind: "start", id: "msg_bdrk_1", model: "claude-3-haiku" },
      { kind: "part-start", index: 0, part: { kind: "text" } },
      { kind: "delta", index: 0, text: "Grü" },
      { kind: "delta", index: 0, text: "ße" },
      { kind: "part-end", index: 0 },
      { kind: "part-start", index: 1, part: { kind: "tool-call", id: "toolu_1", name: "f" } },
      { kind: "delta", index: 1, text: "{}" },
      { kind: "part-end", index: 1 },
      { kind: "finish", finish: "tool-calls", stopText: null },
      { kind: "end" },
    ],
  );
  t.match(wanted.filter(({ kind }) => kind === "usage").at(-1), {
    usage: { inputTokens: 9, outputTokens: 20 },
  });
});

t.test("InvokeStreamDecoder does not mind how a stream is cut", async (t) => {
  const bytes = Buffer.concat(frames);
  t.same(decode([bytes]), wanted, "whole");
  t.same(decode(Array.from(bytes, (byte) => Buffer.of(byte))), wanted, "byte by byte");
  const random = seededRandom(4);
  for (let round = 0; round < 200; round++) {
    const told = decode(randomPieces(bytes, 1 + round * 10, random));
    if (JSON.stringify(told) !== JSON.stringify(wanted)) t.fail(`round ${round}`);
  }
});

t.test("InvokeStreamDecoder tells that a stream was cut off", async (t) => {
  for (let count = 0; count < frames.length; count++) {
    const last = decode(frames.slice(0, count)).at(-1);
    t.match(
      last,
      { kind: "failed", error: { kind: "server", message: /ended early/ } },
      `${count}`,
    );
  }
  const bytes = Buffer.concat(frames);
  t.match(decode([bytes.subarray(0, -1)]).at(-1), { kind: "failed" });
});

t.test("InvokeStreamDecoder tells of damage", async (t) => {
  const bytes = Buffer.concat(frames);
  for (let at = 0; at < bytes.length; at += 13) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    t.match(decode([damaged]).at(-1), { kind: "failed", error: { kind: "server" } }, `${at}`);
  }
});

t.test("InvokeStreamDecoder tells of an exception, and nothing after it", async (t) => {
  const [first = frame("x", {})] = frames;
  const exception = exceptionFrame("modelStreamErrorException", { message: "It broke" });
  const told = decode([first, exception, ...frames.slice(1)]);
  t.match(told[0], { kind: "start" });
  t.same(told.at(-1), {
    kind: "failed",
    error: {
      status: 500,
      kind: "server",
      message: "It broke",
      code: "ModelStreamErrorException",
    },
  });
});

t.test("InvokeStreamDecoder tells of an event that is no JSON", async (t) => {
  const bytes = Buffer.from("oops").toString("base64");
  t.match(decode([frame("chunk", { bytes })]), [
    { kind: "failed", error: { message: "The provider's stream is broken: an event is not JSON" } },
  ]);
});

t.test("InvokeStreamDecoder ignores messages that hold no event", async (t) => {
  const others = [
    frame("chunk", {}),
    frame("chunk", "oops"),
    frame("chunk", { bytes: 1 }),
    frame("tomorrow", {}),
  ];
  const [first = frame("x", {}), ...rest] = frames;
  t.same(decode([first, ...others, ...rest]), wanted);
});
