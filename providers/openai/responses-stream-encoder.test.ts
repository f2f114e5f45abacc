import t from "tap";
import type { StreamEvent, Usage } from "../ir.ts";
import {
  chatRequest,
  decodeFields,
  encodeStream,
  writtenEvents,
} from "../testdata/openai-responses-codec/wire-calls.ts";
import { ResponsesStreamEncoder } from "./responses-stream-encoder.ts";

const start: StreamEvent = { kind: "start", id: "x", model: "m", created: 5 };
const end: StreamEvent = { kind: "end" };
const usage: Usage = {
  inputTokens: 1,
  outputTokens: 2,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
  audioInputTokens: null,
  audioOutputTokens: null,
};

function text(index: number, ...pieces: readonly string[]): StreamEvent[] {
  return [
    { kind: "part-start", index, part: { kind: "text" } },
    ...pieces.map((piece): StreamEvent => ({ kind: "delta", index, text: piece })),
    { kind: "part-end", index },
  ];
}

function finish(finish: Extract<StreamEvent, { kind: "finish" }>["finish"]): StreamEvent {
  return { kind: "finish", finish, stopText: null };
}

function typesOf(bytes: string): string[] {
  return writtenEvents(bytes).map(({ event }) => event);
}

/** The answer that the last event holds. */
function lastAnswer(bytes: string): Record<string, unknown> {
  const answer: unknown = writtenEvents(bytes).at(-1)?.data["response"];
  if (typeof answer !== "object" || answer === null) throw new Error("No answer");
  return { ...answer };
}

t.test("write() writes a whole stream of text", async (t) => {
  const bytes = encodeStream([start, ...text(0, "a", "b"), finish("stop"), end]);
  t.same(typesOf(bytes), [
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
});

t.test("write() names each event by its type and numbers it", async (t) => {
  const events = writtenEvents(encodeStream([start, ...text(0, "a"), ...text(1, "b"), end]));
  for (const [index, { event, data }] of events.entries()) {
    t.equal(data["type"], event);
    t.equal(data["sequence_number"], index);
  }
});

t.test("write() begins with the whole answer, which repeats the request", async (t) => {
  const request = decodeFields({ instructions: "I", metadata: { a: "b" } });
  const [created, running] = writtenEvents(encodeStream([start], request));
  t.match(created?.data["response"], {
    id: "resp_x",
    status: "in_progress",
    model: "m",
    created_at: 5,
    instructions: "I",
    metadata: { a: "b" },
    output: [],
    usage: null,
  });
  t.same(running?.data["response"], created?.data["response"]);
});

t.test("write() ends with the whole answer", async (t) => {
  const bytes = encodeStream([
    start,
    { kind: "usage", usage: { ...usage, outputTokens: 1 } },
    ...text(0, "a", "b"),
    { kind: "part-start", index: 1, part: { kind: "tool-call", id: "c", name: "f" } },
    { kind: "delta", index: 1, text: "{}" },
    { kind: "part-end", index: 1 },
    finish("tool-calls"),
    { kind: "usage", usage },
    end,
  ]);
  t.match(lastAnswer(bytes), {
    id: "resp_x",
    status: "completed",
    output: [
      { id: "msg_x0000", status: "completed", content: [{ text: "ab" }] },
      { id: "fc_x0001", status: "completed", call_id: "c", name: "f", arguments: "{}" },
    ],
    usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
  });
});

t.test("write() writes parts that overlap", async (t) => {
  const bytes = encodeStream([
    start,
    { kind: "part-start", index: 0, part: { kind: "tool-call", id: "a", name: "f" } },
    { kind: "part-start", index: 1, part: { kind: "tool-call", id: "b", name: "g" } },
    { kind: "delta", index: 1, text: "{" },
    { kind: "delta", index: 0, text: "[" },
    { kind: "delta", index: 1, text: "}" },
    { kind: "part-end", index: 1 },
    { kind: "part-end", index: 0 },
    end,
  ]);
  t.match(lastAnswer(bytes)["output"], [
    { call_id: "a", arguments: "[" },
    { call_id: "b", arguments: "{}" },
  ]);
});

t.test("write() makes one event of a token and its probability", async (t) => {
  const encoder = new ResponsesStreamEncoder(chatRequest());
  const logprobs = [{ token: "a", logprob: -1, bytes: [97], top: [] }];
  encoder.write([start, { kind: "part-start", index: 0, part: { kind: "text" } }]);
  const together = writtenEvents(
    encoder.write([
      { kind: "delta", index: 0, text: "a" },
      { kind: "logprobs", index: 0, logprobs },
    ]),
  );
  t.match(
    together.map(({ data }) => data),
    [{ delta: "a", logprobs: [{ token: "a" }] }],
  );
  t.equal(together.length, 1);
  const apart = writtenEvents(encoder.write([{ kind: "logprobs", index: 0, logprobs }]));
  t.match(
    apart.map(({ data }) => data),
    [{ delta: "", logprobs: [{ token: "a" }] }],
  );
});

t.test("write() keeps probabilities of one part from another", async (t) => {
  const encoder = new ResponsesStreamEncoder(chatRequest());
  encoder.write([
    start,
    { kind: "part-start", index: 0, part: { kind: "text" } },
    { kind: "part-start", index: 1, part: { kind: "text" } },
  ]);
  const events = writtenEvents(
    encoder.write([
      { kind: "delta", index: 0, text: "a" },
      { kind: "logprobs", index: 1, logprobs: [{ token: "b", logprob: -1, bytes: null, top: [] }] },
    ]),
  );
  t.match(
    events.map(({ data }) => data),
    [
      { output_index: 0, delta: "a", logprobs: [] },
      { output_index: 1, delta: "", logprobs: [{ token: "b" }] },
    ],
  );
});

const endings = [
  { finish: "length", type: "response.incomplete", reason: "max_output_tokens" },
  { finish: "content-filter", type: "response.incomplete", reason: "content_filter" },
  { finish: "refusal", type: "response.incomplete", reason: "content_filter" },
] as const;

for (const { finish: why, type, reason } of endings) {
  t.test(`write() ends an answer that ${why} ended`, async (t) => {
    const bytes = encodeStream([start, ...text(0, "a"), ...text(1, "b"), finish(why), end]);
    t.equal(typesOf(bytes).at(-1), type);
    t.match(lastAnswer(bytes), {
      incomplete_details: { reason },
      output: [{ status: "completed" }, { status: "incomplete" }],
    });
  });
}

t.test("write() completes an answer that is a refusal", async (t) => {
  const bytes = encodeStream([
    start,
    { kind: "part-start", index: 0, part: { kind: "refusal" } },
    { kind: "delta", index: 0, text: "No" },
    { kind: "part-end", index: 0 },
    finish("refusal"),
    end,
  ]);
  t.equal(typesOf(bytes).at(-1), "response.completed");
});

t.test("write() fails an answer whose model failed", async (t) => {
  const bytes = encodeStream([start, finish("error"), end]);
  t.equal(typesOf(bytes).at(-1), "response.failed");
  t.match(lastAnswer(bytes), { status: "failed", error: { code: "server_error" } });
});

t.test("write() closes what is open at the end", async (t) => {
  const bytes = encodeStream([
    start,
    { kind: "part-start", index: 0, part: { kind: "text" } },
    { kind: "delta", index: 0, text: "a" },
    end,
  ]);
  t.same(typesOf(bytes).slice(-4), [
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
  ]);
});

const failed: StreamEvent = {
  kind: "failed",
  error: { status: 429, kind: "rate-limit", message: "Slow", code: "insufficient_quota" },
};

t.test("write() tells a failure in the middle by an error and a failed answer", async (t) => {
  const bytes = encodeStream([
    start,
    ...text(0, "a"),
    { kind: "part-start", index: 1, part: { kind: "text" } },
    { kind: "delta", index: 1, text: "b" },
    failed,
  ]);
  t.same(typesOf(bytes).slice(-2), ["error", "response.failed"]);
  t.match(writtenEvents(bytes).at(-2)?.data, {
    type: "error",
    code: "insufficient_quota",
    message: "Slow",
    param: null,
    error: { type: "rate_limit_error", code: "insufficient_quota", message: "Slow" },
  });
  t.match(lastAnswer(bytes), {
    status: "failed",
    error: { code: "insufficient_quota", message: "Slow" },
    output: [
      { status: "completed", content: [{ text: "a" }] },
      { status: "incomplete", content: [{ text: "b" }] },
    ],
  });
});

t.test("write() tells a failure before the begin by an error alone", async (t) => {
  t.same(typesOf(encodeStream([failed])), ["error"]);
});

for (const { name, last } of [
  { name: "the end", last: end },
  { name: "a failure", last: failed },
]) {
  t.test(`write() writes nothing after ${name}`, async (t) => {
    const encoder = new ResponsesStreamEncoder(chatRequest());
    encoder.write([start, last, ...text(0, "a")]);
    t.equal(encoder.write([...text(0, "b"), failed, end]), "");
  });
}

t.test("write() writes the same for events one by one and all at once", async (t) => {
  const events = [start, ...text(0, "a", "b"), ...text(1, "c"), finish("stop"), end];
  t.equal(new ResponsesStreamEncoder(chatRequest()).write(events), encodeStream(events));
});

t.test("write() stands events out of order", async (t) => {
  t.equal(encodeStream([...text(0, "a"), end]), "");
  t.doesNotThrow(() => {
    encodeStream([
      start,
      { kind: "delta", index: 7, text: "a" },
      { kind: "logprobs", index: 7, logprobs: [] },
      { kind: "signature", index: 7, signature: "s" },
      { kind: "part-end", index: 7 },
      end,
    ]);
  });
});

t.test("contentType is that of event streams", async (t) => {
  t.match(new ResponsesStreamEncoder(chatRequest()).contentType, /^text\/event-stream/);
});
