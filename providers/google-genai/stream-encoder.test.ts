import t from "tap";
import type { ChatRequest, StreamEvent } from "../ir.ts";
import { createStreamDecoder } from "./stream-decoder.ts";
import { createStreamEncoder } from "./stream-encoder.ts";
import { requestWith } from "./testdata/requests.ts";

const visible = { effort: null, budgetTokens: null, visible: true } as const;

function encoderFor(given: Partial<ChatRequest> = {}) {
  const request = { model: "gemini-2.5-flash", stream: true, variant: "sse", ...given };
  return createStreamEncoder(requestWith(request));
}

function encode(events: readonly StreamEvent[], given: Partial<ChatRequest> = {}): string {
  return encoderFor(given).write(events).toString();
}

/** The responses of an event stream. */
function responses(text: string): ReturnType<typeof JSON.parse>[] {
  return text
    .split("\r\n\r\n")
    .filter((event) => event.startsWith("data: "))
    .map((event) => JSON.parse(event.slice("data: ".length)));
}

const start: StreamEvent = { kind: "start", id: "r1", model: "m", created: 7 };
const end: StreamEvent = { kind: "end" };
const finish: StreamEvent = { kind: "finish", finish: "stop", stopText: null };
const textStart = (index: number): StreamEvent => ({
  kind: "part-start",
  index,
  part: { kind: "text" },
});
const thoughtStart = (index: number, origin = "gemini-generate-content"): StreamEvent => ({
  kind: "part-start",
  index,
  part: { kind: "reasoning", encrypted: null, origin },
});
const callStart = (index: number, id: string): StreamEvent => ({
  kind: "part-start",
  index,
  part: { kind: "tool-call", id, name: "f" },
});
const delta = (index: number, text: string): StreamEvent => ({ kind: "delta", index, text });
const signature = (index: number): StreamEvent => ({ kind: "signature", index, signature: "c2ln" });
const partEnd = (index: number): StreamEvent => ({ kind: "part-end", index });
const usage: StreamEvent = {
  kind: "usage",
  usage: {
    inputTokens: 9,
    outputTokens: 5,
    cachedInputTokens: null,
    cacheWriteTokens: null,
    reasoningTokens: 2,
    audioInputTokens: null,
    audioOutputTokens: null,
  },
};
const failed: StreamEvent = {
  kind: "failed",
  error: { status: 529, kind: "overloaded", message: "Busy", code: null },
};

const response = (parts: readonly object[], others: object = {}) => ({
  candidates: [{ content: { parts, role: "model" }, ...others, index: 0 }],
  modelVersion: "m",
  responseId: "r1",
});
const last = { ...response([{ text: "" }], { finishReason: "STOP" }) };

const streams: readonly {
  readonly name: string;
  readonly events: readonly StreamEvent[];
  readonly request?: Partial<ChatRequest>;
  readonly wanted: readonly object[];
}[] = [
  {
    name: "text with usage at its end",
    events: [start, textStart(0), delta(0, "Hé"), delta(0, "\n\n"), partEnd(0), usage, finish, end],
    wanted: [
      response([{ text: "Hé" }]),
      response([{ text: "\n\n" }]),
      {
        ...last,
        usageMetadata: {
          promptTokenCount: 9,
          candidatesTokenCount: 3,
          totalTokenCount: 14,
          thoughtsTokenCount: 2,
        },
      },
    ],
  },
  {
    name: "usage that comes after the reason",
    events: [start, finish, usage, end],
    wanted: [{ ...last, usageMetadata: { promptTokenCount: 9 } }],
  },
  {
    name: "a refusal as text",
    events: [
      start,
      { kind: "part-start", index: 0, part: { kind: "refusal" } },
      delta(0, "No"),
      partEnd(0),
      { kind: "finish", finish: "refusal", stopText: null },
      end,
    ],
    wanted: [response([{ text: "No" }]), response([{ text: "" }], { finishReason: "SAFETY" })],
  },
  {
    name: "a call, held until it is whole",
    events: [start, callStart(0, "1"), delta(0, '{"a"'), delta(0, ":1}"), partEnd(0), finish, end],
    wanted: [response([{ functionCall: { id: "1", name: "f", args: { a: 1 } } }]), last],
  },
  {
    name: "calls side by side",
    events: [
      start,
      callStart(0, "1"),
      callStart(1, "2"),
      delta(1, '{"b":'),
      delta(0, '{"a":'),
      delta(1, "2}"),
      delta(0, "1}"),
      partEnd(1),
      partEnd(0),
      finish,
      end,
    ],
    wanted: [
      response([{ functionCall: { id: "2", name: "f", args: { b: 2 } } }]),
      response([{ functionCall: { id: "1", name: "f", args: { a: 1 } } }]),
      last,
    ],
  },
  {
    name: "a call that nobody ended",
    events: [start, callStart(0, "1"), finish, end],
    wanted: [response([{ functionCall: { id: "1", name: "f", args: {} } }]), last],
  },
  {
    name: "calls signed for the model that the agent will ask again",
    events: [start, callStart(0, "1"), partEnd(0), callStart(1, "2"), partEnd(1), finish, end],
    request: { model: "gemini-3-pro" },
    wanted: [
      response([
        {
          functionCall: { id: "1", name: "f", args: {} },
          thoughtSignature: "skip_thought_signature_validator",
        },
      ]),
      response([{ functionCall: { id: "2", name: "f", args: {} } }]),
      last,
    ],
  },
  {
    name: "the signature of a call",
    events: [start, callStart(0, "1"), signature(0), delta(0, "{}"), partEnd(0), finish, end],
    wanted: [
      response([{ functionCall: { id: "1", name: "f", args: {} }, thoughtSignature: "c2ln" }]),
      last,
    ],
  },
  {
    name: "thoughts that the agent asked for",
    events: [start, thoughtStart(0), delta(0, "Hm"), signature(0), partEnd(0), finish, end],
    request: { reasoning: visible },
    wanted: [
      response([{ thought: true, text: "Hm" }]),
      response([{ thought: true, text: "", thoughtSignature: "c2ln" }]),
      last,
    ],
  },
  {
    name: "signatures of thoughts that it did not ask for",
    events: [start, thoughtStart(0), delta(0, "Hm"), signature(0), partEnd(0), finish, end],
    wanted: [response([{ text: "", thoughtSignature: "c2ln" }]), last],
  },
  {
    name: "no signatures of others'",
    events: [start, thoughtStart(0, "x"), delta(0, "Hm"), signature(0), partEnd(0), finish, end],
    request: { reasoning: visible },
    wanted: [response([{ thought: true, text: "Hm" }]), last],
  },
  {
    name: "probabilities",
    events: [
      start,
      textStart(0),
      { kind: "logprobs", index: 0, logprobs: [{ token: "a", logprob: -1, bytes: null, top: [] }] },
      partEnd(0),
      finish,
      end,
    ],
    wanted: [
      {
        candidates: [
          { logprobsResult: { chosenCandidates: [{ token: "a", logProbability: -1 }] } },
        ],
      },
      last,
    ],
  },
];

for (const { name, events, request, wanted } of streams) {
  t.test(`write() writes ${name}`, async (t) => {
    const written = responses(encode(events, request));
    t.equal(written.length, wanted.length);
    t.match(written, wanted);
  });

  t.test(`write() writes ${name} the same event by event`, async (t) => {
    const encoder = encoderFor(request);
    const written = events.map((event) => encoder.write([event])).join("");
    t.equal(written, encode(events, request));
  });

  t.test(`write() writes ${name} as elements of an array`, async (t) => {
    const text = encode(events, { ...request, variant: "array" });
    t.same(JSON.parse(text), responses(encode(events, request)));
  });
}

t.test("write() writes events exactly as Google's servers do", async (t) => {
  t.equal(
    encode([start, textStart(0), delta(0, "Hi"), partEnd(0), finish, end]),
    'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"index":0}],"modelVersion":"m","responseId":"r1"}\r\n\r\n' +
      'data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"modelVersion":"m","responseId":"r1"}\r\n\r\n',
  );
});

t.test("write() begins an array with its first response and ends it with its last", async (t) => {
  const encoder = encoderFor({ variant: "array" });
  t.equal(encoder.write([start, textStart(0)]), "");
  t.match(encoder.write([delta(0, "a")]), /^\[\{.*\}$/);
  t.match(encoder.write([delta(0, "b")]), /^,\r\n\{.*\}$/);
  t.match(encoder.write([partEnd(0), finish, end]), /^,\r\n\{.*\}\n\]$/);
  t.equal(encoder.write([delta(0, "c"), end]), "");
});

t.test("contentType fits the form", async (t) => {
  t.equal(encoderFor().contentType, "text/event-stream");
  t.equal(encoderFor({ variant: "array" }).contentType, "application/json; charset=UTF-8");
});

t.test("write() ends a broken stream with the error, as an event and bare", async (t) => {
  const encoder = encoderFor();
  const document = '{"error":{"code":503,"message":"Busy","status":"UNAVAILABLE"}}';
  encoder.write([start, textStart(0), delta(0, "a")]);
  t.equal(encoder.write([failed]), `data: ${document}\r\n\r\n${document}`);
  t.equal(encoder.write([delta(0, "b"), finish, end, failed]), "");
});

t.test("write() ends a broken array with the error", async (t) => {
  const text = encode([start, textStart(0), delta(0, "a"), failed], { variant: "array" });
  t.same(JSON.parse(text)[1], { error: { code: 503, message: "Busy", status: "UNAVAILABLE" } });
  const first = encode([failed], { variant: "array" });
  t.same(JSON.parse(first), [{ error: { code: 503, message: "Busy", status: "UNAVAILABLE" } }]);
});

t.test("write() escapes what names and ids hold", async (t) => {
  const text = encode([{ kind: "start", id: 'a"/b', model: 'm"\n', created: null }, finish, end]);
  t.match(responses(text)[0], { modelVersion: 'm"\n', responseId: "ab" });
});

t.test("write() minds no events out of order", async (t) => {
  t.equal(encode([delta(0, "a"), signature(3), partEnd(7)]), "");
  t.match(responses(encode([end]))[0], { candidates: [{ finishReason: "STOP" }] });
});

t.test("write() writes what the decoder reads as it was", async (t) => {
  const events: readonly StreamEvent[] = [
    { ...start, created: null } as StreamEvent,
    thoughtStart(0),
    delta(0, "Hm"),
    signature(0),
    partEnd(0),
    textStart(1),
    delta(1, "Hi"),
    delta(1, " there"),
    partEnd(1),
    callStart(2, "1"),
    signature(2),
    delta(2, '{"a":1}'),
    partEnd(2),
    usage,
    { kind: "finish", finish: "tool-calls", stopText: null },
    end,
  ];
  const decoder = createStreamDecoder();
  const text = encode(events, { reasoning: visible });
  t.same([...decoder.write(Buffer.from(text)), ...decoder.end()], events);
});

t.test("write() writes an error that the decoder reads", async (t) => {
  const decoder = createStreamDecoder();
  const text = encode([start, failed]);
  const events = [...decoder.write(Buffer.from(text)), ...decoder.end()];
  t.match(events, [
    { kind: "failed", error: { status: 503, kind: "overloaded", message: "Busy" } },
  ]);
});
