import t from "tap";
import type { FinishReason, PartStart, StreamEvent } from "../ir.ts";
import { chatRequest, decodeStream, dialect, eventsOf } from "../testdata/anthropic-messages.ts";
import { answerPieces, readRecordedCalls } from "../testdata/recorded-calls.ts";
import { randomPieces, seededRandom } from "../testdata/seeded-random.ts";
import { anthropicMessages } from "./messages-codec.ts";
import { MessageEventEncoder } from "./stream-encoder.ts";

const start: StreamEvent = { kind: "start", id: "chatcmpl-1", model: "gpt-5", created: 17 };
const text: PartStart = { kind: "text" };
const call = (id: string): PartStart => ({ kind: "tool-call", id, name: "f" });
const thinking = (origin: string, encrypted: string | null = null): PartStart => ({
  kind: "reasoning",
  encrypted,
  origin,
});
const begin = (index: number, part: PartStart): StreamEvent => ({
  kind: "part-start",
  index,
  part,
});
const add = (index: number, text: string): StreamEvent => ({ kind: "delta", index, text });
const sign = (index: number, signature: string): StreamEvent => ({
  kind: "signature",
  index,
  signature,
});
const close = (index: number): StreamEvent => ({ kind: "part-end", index });
const usage = (
  inputTokens: number,
  outputTokens: number,
  cachedInputTokens: number | null = null,
): StreamEvent => ({
  kind: "usage",
  usage: {
    inputTokens,
    outputTokens,
    cachedInputTokens,
    cacheWriteTokens: null,
    reasoningTokens: null,
    audioInputTokens: null,
    audioOutputTokens: null,
  },
});
const finish = (reason: FinishReason): StreamEvent => ({
  kind: "finish",
  finish: reason,
  stopText: null,
});
const end: StreamEvent = { kind: "end" };

function write(...events: readonly StreamEvent[]): Record<string, unknown>[] {
  const encoder = anthropicMessages.createStreamEncoder(chatRequest({ stream: true }));
  return eventsOf(String(encoder.write(events)));
}

/** What is written between the start and the end of a message. */
function writeParts(...events: readonly StreamEvent[]): Record<string, unknown>[] {
  return write(start, ...events, finish("stop"), end).slice(1, -2);
}

const opened = (index: number, content_block: object) => ({
  type: "content_block_start",
  index,
  content_block,
});
const added = (index: number, delta: object) => ({ type: "content_block_delta", index, delta });
const closed = (index: number) => ({ type: "content_block_stop", index });

t.test("createMessageStreamEncoder() writes an event stream", async (t) => {
  const encoder = anthropicMessages.createStreamEncoder(chatRequest());
  t.equal(encoder.contentType, "text/event-stream; charset=utf-8");
  encoder.write([start]);
  t.equal(
    encoder.write([begin(0, text), add(0, 'a"\n\u2028')]),
    'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n' +
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\\"\\n\u2028"}}\n\n',
  );
});

t.test("createMessageStreamEncoder() writes a message around its blocks", async (t) => {
  t.strictSame(write(start, usage(9, 1, 4), finish("stop"), usage(9, 7, 4), end), [
    {
      type: "message_start",
      message: {
        id: "msg_chatcmpl1",
        type: "message",
        role: "assistant",
        model: "gpt-5",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: {
          input_tokens: 5,
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: 4,
          output_tokens: 1,
        },
      },
    },
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: {
        input_tokens: 5,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 4,
        output_tokens: 7,
      },
    },
    { type: "message_stop" },
  ]);
});

t.test(
  "createMessageStreamEncoder() tells usage at the end where nobody told it at the start",
  async (t) => {
    const [first, last] = write(start, finish("stop"), usage(9, 7), end);
    t.match(first, { message: { usage: { input_tokens: 0, output_tokens: 0 } } });
    t.match(last, { usage: { input_tokens: 9, output_tokens: 7 } });
  },
);

const parts: readonly {
  readonly name: string;
  readonly events: readonly StreamEvent[];
  readonly written: readonly object[];
}[] = [
  {
    name: "text",
    events: [begin(0, text), add(0, "a"), add(0, ""), add(0, "b"), close(0)],
    written: [
      opened(0, { type: "text", text: "" }),
      added(0, { type: "text_delta", text: "a" }),
      added(0, { type: "text_delta", text: "b" }),
      closed(0),
    ],
  },
  {
    name: "no block for text without a word",
    events: [begin(0, text), add(0, ""), close(0)],
    written: [],
  },
  {
    name: "a call",
    events: [begin(0, call("c1")), add(0, '{"a":'), add(0, "1}"), close(0)],
    written: [
      opened(0, { type: "tool_use", id: "c1", name: "f", input: {} }),
      added(0, { type: "input_json_delta", partial_json: '{"a":' }),
      added(0, { type: "input_json_delta", partial_json: "1}" }),
      closed(0),
    ],
  },
  {
    name: "a call without arguments",
    events: [begin(0, call("c1")), close(0)],
    written: [opened(0, { type: "tool_use", id: "c1", name: "f", input: {} }), closed(0)],
  },
  {
    name: "no proof of a call",
    events: [begin(0, call("c1")), sign(0, "theirs"), close(0)],
    written: [opened(0, { type: "tool_use", id: "c1", name: "f", input: {} }), closed(0)],
  },
  {
    name: "reasoning with its proof",
    events: [begin(0, thinking(dialect)), add(0, "Hm"), sign(0, "Eq"), close(0)],
    written: [
      opened(0, { type: "thinking", thinking: "", signature: "" }),
      added(0, { type: "thinking_delta", thinking: "Hm" }),
      added(0, { type: "signature_delta", signature: "Eq" }),
      closed(0),
    ],
  },
  {
    name: "reasoning that shows nothing but its proof",
    events: [begin(0, thinking(dialect)), sign(0, "Eq"), close(0)],
    written: [
      opened(0, { type: "thinking", thinking: "", signature: "" }),
      added(0, { type: "signature_delta", signature: "Eq" }),
      closed(0),
    ],
  },
  {
    name: "hidden reasoning",
    events: [begin(0, thinking(dialect, "Em")), close(0)],
    written: [opened(0, { type: "redacted_thinking", data: "Em" }), closed(0)],
  },
  {
    name: "reasoning of another dialect without its proof",
    events: [begin(0, thinking("google-genai")), add(0, "Hm"), sign(0, "theirs"), close(0)],
    written: [
      opened(0, { type: "thinking", thinking: "", signature: "" }),
      added(0, { type: "thinking_delta", thinking: "Hm" }),
      closed(0),
    ],
  },
  {
    name: "no block for hidden reasoning of another dialect",
    events: [
      begin(0, thinking("openai-responses", "enc")),
      sign(0, "theirs"),
      close(0),
      begin(1, text),
      add(1, "a"),
      close(1),
    ],
    written: [
      opened(0, { type: "text", text: "" }),
      added(0, { type: "text_delta", text: "a" }),
      closed(0),
    ],
  },
  {
    name: "parts that interleave, one after another",
    events: [
      begin(0, call("c1")),
      begin(1, call("c2")),
      add(0, "{"),
      add(1, "["),
      add(0, "}"),
      add(1, "]"),
      close(1),
      begin(2, text),
      add(2, "later"),
      close(0),
      add(2, " still"),
      close(2),
    ],
    written: [
      opened(0, { type: "tool_use", id: "c1", name: "f", input: {} }),
      added(0, { type: "input_json_delta", partial_json: "{" }),
      added(0, { type: "input_json_delta", partial_json: "}" }),
      closed(0),
      opened(1, { type: "tool_use", id: "c2", name: "f", input: {} }),
      added(1, { type: "input_json_delta", partial_json: "[]" }),
      closed(1),
      opened(2, { type: "text", text: "" }),
      added(2, { type: "text_delta", text: "later" }),
      added(2, { type: "text_delta", text: " still" }),
      closed(2),
    ],
  },
  {
    name: "a proof that waited",
    events: [
      begin(0, text),
      add(0, "a"),
      begin(1, thinking(dialect)),
      sign(1, "Eq"),
      close(1),
      close(0),
    ],
    written: [
      opened(0, { type: "text", text: "" }),
      added(0, { type: "text_delta", text: "a" }),
      closed(0),
      opened(1, { type: "thinking", thinking: "", signature: "" }),
      added(1, { type: "signature_delta", signature: "Eq" }),
      closed(1),
    ],
  },
  {
    name: "parts that were left open",
    events: [begin(0, text), add(0, "a"), begin(1, call("c1")), add(1, "{}")],
    written: [
      opened(0, { type: "text", text: "" }),
      added(0, { type: "text_delta", text: "a" }),
      closed(0),
      opened(1, { type: "tool_use", id: "c1", name: "f", input: {} }),
      added(1, { type: "input_json_delta", partial_json: "{}" }),
      closed(1),
    ],
  },
  {
    name: "nothing for parts that never began, and for probabilities",
    events: [add(3, "a"), sign(3, "b"), close(3), { kind: "logprobs", index: 0, logprobs: [] }],
    written: [],
  },
];
for (const { name, events, written } of parts) {
  t.test(`createMessageStreamEncoder() writes ${name}`, async (t) => {
    t.strictSame(writeParts(...events), written);
  });
}

const reasons: readonly { readonly events: readonly StreamEvent[]; readonly reason: string }[] = [
  { events: [finish("stop")], reason: "end_turn" },
  { events: [finish("length")], reason: "max_tokens" },
  { events: [finish("content-filter")], reason: "refusal" },
  {
    events: [begin(0, { kind: "refusal" }), add(0, "No"), close(0), finish("stop")],
    reason: "refusal",
  },
  { events: [begin(0, call("c1")), close(0), finish("stop")], reason: "tool_use" },
  { events: [begin(0, call("c1")), close(0), finish("tool-calls")], reason: "tool_use" },
];
for (const { events, reason } of reasons) {
  t.test(
    `createMessageStreamEncoder() says ${reason} after ${events.map(({ kind }) => kind).join(", ")}`,
    async (t) => {
      t.match(write(start, ...events, end).at(-2), { delta: { stop_reason: reason } });
    },
  );
}

t.test("createMessageStreamEncoder() tells the text that was met", async (t) => {
  const met: StreamEvent = { kind: "finish", finish: "stop-text", stopText: "END" };
  t.match(write(start, met, end).at(-2), {
    delta: { stop_reason: "stop_sequence", stop_sequence: "END" },
  });
});

const failed: StreamEvent = {
  kind: "failed",
  error: { status: 529, kind: "overloaded", message: "Overloaded", code: null },
};
const errorEvent = {
  type: "error",
  error: { type: "overloaded_error", message: "Overloaded" },
  request_id: null,
};

t.test("createMessageStreamEncoder() writes an error and nothing after it", async (t) => {
  const encoder = anthropicMessages.createStreamEncoder(chatRequest());
  encoder.write([start, begin(0, text), add(0, "a")]);
  t.strictSame(eventsOf(String(encoder.write([failed, add(0, "b"), end]))), [errorEvent]);
  t.equal(encoder.write([add(0, "b"), finish("stop"), end, failed]), "");
});

t.test("createMessageStreamEncoder() writes an error before anything else", async (t) => {
  t.strictSame(write(failed), [errorEvent]);
});

t.test("createMessageStreamEncoder() writes nothing after the end", async (t) => {
  const encoder = anthropicMessages.createStreamEncoder(chatRequest());
  encoder.write([start, finish("stop"), end]);
  t.equal(encoder.write([begin(0, text), add(0, "a"), failed, end]), "");
});

t.test(
  "createMessageStreamEncoder() writes every event at once, alone or with others",
  async (t) => {
    const events = [
      start,
      begin(0, text),
      add(0, "a"),
      close(0),
      begin(1, call("c1")),
      add(1, "{}"),
      close(1),
      usage(1, 2),
      finish("tool-calls"),
      end,
    ];
    const encoder = anthropicMessages.createStreamEncoder(chatRequest());
    const alone = events.map((event) => String(encoder.write([event])));
    t.strictSame(eventsOf(alone.join("")), write(...events));
    t.match(alone[2], "text_delta");
    t.match(alone[5], "input_json_delta");
  },
);

t.test(
  "createMessageStreamEncoder() gives up where parts wait with more than can be held",
  async (t) => {
    const encoder = anthropicMessages.createStreamEncoder(chatRequest());
    encoder.write([start, begin(0, text), begin(1, text)]);
    const chunk = "x".repeat(1024 * 1024);
    for (let held = 0; held < 8; held++) t.equal(encoder.write([add(1, chunk)]), "");
    t.strictSame(eventsOf(String(encoder.write([add(1, "x")]))), [
      {
        type: "error",
        error: {
          type: "api_error",
          message: "The provider's stream is broken: parts of it wait too long for one another",
        },
        request_id: null,
      },
    ]);
    t.equal(encoder.write([close(0), end]), "");
  },
);

for (const { name, events, path, provider } of readRecordedCalls()) {
  if (provider !== "anthropic" || path !== "/v1/messages" || events === undefined) continue;
  const recorded = readRecordedCalls().find((call) => call.name === name);
  t.test(
    `createMessageStreamEncoder() writes what reads like ${name}, however events are batched`,
    async (t) => {
      const told = decodeStream(
        anthropicMessages,
        recorded === undefined ? [] : answerPieces(recorded, "compact"),
      );
      const random = seededRandom(11);
      for (let run = 0; run < 20; run++) {
        const encoder = anthropicMessages.createStreamEncoder(chatRequest());
        let bytes = "";
        for (let at = 0; at < told.length; ) {
          const count = 1 + Math.floor(random() * 4);
          bytes += String(encoder.write(told.slice(at, at + count)));
          at += count;
        }
        const again = decodeStream(anthropicMessages, randomPieces(Buffer.from(bytes), 50, random));
        const withoutUsage = (events: readonly StreamEvent[]) =>
          events.filter(({ kind }) => kind !== "usage");
        t.strictSame(withoutUsage(again), withoutUsage(told));
        if (told.at(-1)?.kind === "end") {
          const last = (events: readonly StreamEvent[]) =>
            events.findLast(({ kind }) => kind === "usage");
          t.strictSame(last(again), last(told));
        }
      }
    },
  );
}

t.test("MessageEventEncoder gives type and JSON to whoever frames them", async (t) => {
  const written: string[] = [];
  const encoder = new MessageEventEncoder((type, json) =>
    written.push(`${type} ${JSON.parse(json).type}`),
  );
  encoder.write([start, begin(0, text), add(0, "a"), finish("stop"), end]);
  t.strictSame(written, [
    "message_start message_start",
    "content_block_start content_block_start",
    "content_block_delta content_block_delta",
    "content_block_stop content_block_stop",
    "message_delta message_delta",
    "message_stop message_stop",
  ]);
});
