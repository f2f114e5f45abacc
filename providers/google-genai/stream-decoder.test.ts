import t from "tap";
import type { StreamEvent, Usage } from "../ir.ts";
import { randomPieces, seededRandom } from "../testdata/seeded-random.ts";
import { createStreamDecoder } from "./stream-decoder.ts";

/** Events of a stream that comes in pieces. */
function read(pieces: readonly Buffer[]): StreamEvent[] {
  const decoder = createStreamDecoder();
  const events = pieces.flatMap((piece) => [...decoder.write(piece)]);
  return [
    ...events,
    ...decoder.end(),
    ...decoder.end(),
    ...decoder.write(Buffer.from("data: {}\n\n")),
  ];
}

function readText(text: string): StreamEvent[] {
  return read([Buffer.from(text)]);
}

const facts = { modelVersion: "m", responseId: "r1" };

/** One event with parts of the only candidate. */
function event(parts: readonly object[], others: object = {}, response: object = {}): string {
  const candidates = [{ content: { parts, role: "model" }, ...others, index: 0 }];
  return `data: ${JSON.stringify({ candidates, ...response, ...facts })}\r\n\r\n`;
}

const stop = { finishReason: "STOP" };
const start: StreamEvent = { kind: "start", id: "r1", model: "m", created: null };
const end: StreamEvent = { kind: "end" };
const finish = (reason: "stop" | "tool-calls" | "length" | "content-filter" | "error") =>
  ({ kind: "finish", finish: reason, stopText: null }) as const;
const textStart = (index: number): StreamEvent => ({
  kind: "part-start",
  index,
  part: { kind: "text" },
});
const thoughtStart = (index: number): StreamEvent => ({
  kind: "part-start",
  index,
  part: { kind: "reasoning", encrypted: null, origin: "gemini-generate-content" },
});
const callStart = (index: number, id: string, name: string): StreamEvent => ({
  kind: "part-start",
  index,
  part: { kind: "tool-call", id, name },
});
const delta = (index: number, text: string): StreamEvent => ({ kind: "delta", index, text });
const partEnd = (index: number): StreamEvent => ({ kind: "part-end", index });
const usage = (given: Partial<Usage>): StreamEvent => ({
  kind: "usage",
  usage: {
    inputTokens: null,
    outputTokens: null,
    cachedInputTokens: null,
    cacheWriteTokens: null,
    reasoningTokens: null,
    audioInputTokens: null,
    audioOutputTokens: null,
    ...given,
  },
});
const failed = (
  status: number,
  kind: "server" | "overloaded",
  message: string,
  code: string | null,
) => ({ kind: "failed", error: { status, kind, message, code } }) as const;

const streams: readonly {
  readonly name: string;
  readonly text: string;
  readonly events: readonly StreamEvent[];
}[] = [
  {
    name: "text with usage that grows",
    text:
      event([{ text: "" }], {}, { usageMetadata: { trafficType: "ON_DEMAND" } }) +
      event(
        [{ text: "Hel" }],
        {},
        { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1 } },
      ) +
      event([{ text: "lo" }], stop, {
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2 },
      }),
    events: [
      start,
      textStart(0),
      delta(0, "Hel"),
      usage({ inputTokens: 3, outputTokens: 1 }),
      delta(0, "lo"),
      usage({ inputTokens: 3, outputTokens: 2 }),
      partEnd(0),
      finish("stop"),
      end,
    ],
  },
  {
    name: "thoughts, text and a signature at the end",
    text:
      event([{ text: "Hm", thought: true }]) +
      event([{ text: "…", thought: true }]) +
      event([{ text: "Hi" }]) +
      event([{ text: "", thoughtSignature: "c2ln" }], stop),
    events: [
      start,
      thoughtStart(0),
      delta(0, "Hm"),
      delta(0, "…"),
      partEnd(0),
      textStart(1),
      delta(1, "Hi"),
      partEnd(1),
      thoughtStart(2),
      { kind: "signature", index: 2, signature: "c2ln" },
      partEnd(2),
      finish("stop"),
      end,
    ],
  },
  {
    name: "a thought that is signed",
    text: event([{ text: "Hm", thought: true, thoughtSignature: "c2ln" }], stop),
    events: [
      start,
      thoughtStart(0),
      delta(0, "Hm"),
      { kind: "signature", index: 0, signature: "c2ln" },
      partEnd(0),
      finish("stop"),
      end,
    ],
  },
  {
    name: "calls, which come whole",
    text:
      event([{ text: "Let me" }]) +
      event([
        { functionCall: { id: "own", name: "f", args: { a: [1, "é"] } }, thoughtSignature: "c2ln" },
        { function_call: { name: "g" } },
      ]) +
      event([{ text: "" }], stop),
    events: [
      start,
      textStart(0),
      delta(0, "Let me"),
      partEnd(0),
      callStart(1, "own", "f"),
      { kind: "signature", index: 1, signature: "c2ln" },
      delta(1, '{"a":[1,"é"]}'),
      partEnd(1),
      callStart(2, "call_r1_1", "g"),
      delta(2, "{}"),
      partEnd(2),
      finish("tool-calls"),
      end,
    ],
  },
  {
    name: "probabilities",
    text: event([{ text: "a" }], {
      ...stop,
      logprobsResult: { chosenCandidates: [{ token: "a", logProbability: -1 }] },
    }),
    events: [
      start,
      textStart(0),
      delta(0, "a"),
      {
        kind: "logprobs",
        index: 0,
        logprobs: [{ token: "a", logprob: -1, bytes: null, top: [] }],
      },
      partEnd(0),
      finish("stop"),
      end,
    ],
  },
  {
    name: "a reason in every event, of which the last counts",
    text: event([{ text: "a" }], stop) + event([{ text: "b" }], { finishReason: "MAX_TOKENS" }),
    events: [start, textStart(0), delta(0, "a"), delta(0, "b"), partEnd(0), finish("length"), end],
  },
  {
    name: "usage after the reason",
    text:
      event([{ text: "a" }], stop) +
      `data: ${JSON.stringify({ usageMetadata: { promptTokenCount: 1 }, ...facts })}\n\n`,
    events: [
      start,
      textStart(0),
      delta(0, "a"),
      usage({ inputTokens: 1 }),
      partEnd(0),
      finish("stop"),
      end,
    ],
  },
  {
    name: "a blocked prompt",
    text: `data: ${JSON.stringify({ promptFeedback: { blockReason: "OTHER" }, ...facts })}\n\n`,
    events: [start, finish("content-filter"), end],
  },
  {
    name: "an answer that was filtered",
    text: event([{ text: "a" }]) + event([], { finishReason: "PROHIBITED_CONTENT" }),
    events: [start, textStart(0), delta(0, "a"), partEnd(0), finish("content-filter"), end],
  },
  {
    name: "an answer without content",
    text: `data: {"candidates":[{"finishReason":"MAX_TOKENS"}],"createTime":"1970-01-01T00:00:09Z"}\n\n`,
    events: [{ kind: "start", id: "", model: "", created: 9 }, finish("length"), end],
  },
  {
    name: "several candidates, of which the first counts",
    text: `data: ${JSON.stringify({
      candidates: [
        { content: { parts: [{ text: "b" }] }, index: 1, finishReason: "SAFETY" },
        { content: { parts: [{ text: "a" }] }, finishReason: "STOP" },
      ],
      ...facts,
    })}\n\n`,
    events: [start, textStart(0), delta(0, "a"), partEnd(0), finish("stop"), end],
  },
  {
    name: "comments, other fields and events over several lines",
    text: `: ping\n\nevent: x\nid: 7\ndata: {"candidates":[{"content":\ndata: {"parts":[{"text":"a"}]},"finishReason":"STOP"}],\ndata: "responseId":"r1","modelVersion":"m"}\n\n`,
    events: [start, textStart(0), delta(0, "a"), partEnd(0), finish("stop"), end],
  },
  {
    name: "parts that it does not know",
    text: event([{ executableCode: { code: "1" } }, { text: "a" }, {}], stop),
    events: [start, textStart(0), delta(0, "a"), partEnd(0), finish("stop"), end],
  },
  {
    name: "an error as an event",
    text: `${event([{ text: "a" }])}data: {"error":{"code":503,"message":"Busy","status":"UNAVAILABLE"}}\n\n${event([{ text: "b" }])}`,
    events: [start, textStart(0), delta(0, "a"), failed(503, "overloaded", "Busy", "UNAVAILABLE")],
  },
  {
    name: "an error as a bare document",
    text: `${event([{ text: "a" }])}{\n  "error": {\n    "code": 503,\n    "message": "Busy",\n    "status": "UNAVAILABLE"\n  }\n}\n`,
    events: [start, textStart(0), delta(0, "a"), failed(503, "overloaded", "Busy", "UNAVAILABLE")],
  },
  {
    name: "an error that says nothing",
    text: 'data: {"error":{}}\n\n',
    events: [failed(500, "server", "The provider gave no reason", null)],
  },
  {
    name: "an image",
    text: event(
      [{ text: "a" }, { inlineData: { mimeType: "image/png", data: "AA==" } }, { text: "b" }],
      stop,
    ),
    events: [
      start,
      textStart(0),
      delta(0, "a"),
      failed(502, "server", "The answer has media, which a stream of text cannot hold", null),
    ],
  },
  {
    name: "a stream that ends early",
    text: event([{ text: "a" }]),
    events: [
      start,
      textStart(0),
      delta(0, "a"),
      failed(502, "server", "The stream ended early", null),
    ],
  },
  {
    name: "a stream that ends in an event",
    text: `${event([{ text: "a" }])}${event([{ text: "b" }], stop).slice(0, -20)}`,
    events: [
      start,
      textStart(0),
      delta(0, "a"),
      failed(502, "server", "The stream ended early", null),
    ],
  },
  {
    name: "nothing",
    text: "",
    events: [failed(502, "server", "The stream ended early", null)],
  },
  {
    name: "a page",
    text: "<html>\n\nBad gateway</html>",
    events: [failed(502, "server", "The stream ended early", null)],
  },
  {
    name: "an event that is broken",
    text: `${event([{ text: "a" }])}data: {"candidates":[\n\n${event([{ text: "b" }], stop)}`,
    events: [
      start,
      textStart(0),
      delta(0, "a"),
      failed(502, "server", "An event of the stream is not a JSON object", null),
    ],
  },
  {
    name: "an event that is a list",
    text: "data: []\n\n",
    events: [failed(502, "server", "An event of the stream is not a JSON object", null)],
  },
];

for (const { name, text, events } of streams) {
  t.test(`write() and end() read ${name}`, async (t) => {
    t.same(readText(text), events);
  });

  t.test(`write() does not depend on how ${name} is cut`, async (t) => {
    const bytes = Buffer.from(text);
    const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    t.same(read(single), events, "byte by byte");
    const random = seededRandom(bytes.length + 1);
    for (let round = 0; round < 200; round++) {
      const found = read(randomPieces(bytes, 1 + round, random));
      if (JSON.stringify(found) !== JSON.stringify(events)) t.same(found, events, `round ${round}`);
    }
  });

  t.test(`end() says something of ${name} wherever it is cut off`, async (t) => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at++) {
      const kinds = read([bytes.subarray(0, at)]).map(({ kind }) => kind);
      const last = kinds.at(-1);
      if (last !== "end" && last !== "failed") t.fail(`nothing at ${at}`);
      if (kinds.filter((kind) => kind === "end" || kind === "failed").length > 1) {
        t.fail(`more than one end at ${at}`);
      }
    }
  });
}

t.test("write() keeps order: dense parts that begin, go on and end", async (t) => {
  for (const { name, text } of streams) {
    const open = new Set<number>();
    let next = 0;
    for (const one of readText(text)) {
      if (one.kind === "part-start") {
        t.equal(one.index, next, name);
        next++;
        open.add(one.index);
      } else if ("index" in one) {
        t.ok(open.has(one.index), `${name}: ${one.kind}`);
        if (one.kind === "part-end") open.delete(one.index);
      } else if (one.kind === "end") t.equal(open.size, 0, name);
    }
  }
});

t.test("write() only borrows its pieces", async (t) => {
  const decoder = createStreamDecoder();
  const bytes = Buffer.from(event([{ text: "Hello" }], stop));
  const first = Buffer.from(bytes.subarray(0, 50));
  decoder.write(first);
  first.fill("x");
  const events = [...decoder.write(bytes.subarray(50)), ...decoder.end()];
  t.same(events, [start, textStart(0), delta(0, "Hello"), partEnd(0), finish("stop"), end]);
});

t.test("write() keeps the digits of arguments", async (t) => {
  const text =
    'data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":12345678901234567890}}}]},"finishReason":"STOP"}]}\n\n';
  t.match(readText(text)[2], { text: '{"a":12345678901234567890}' });
});

t.test("write() fails on an event that is too long", async (t) => {
  const decoder = createStreamDecoder();
  decoder.write(Buffer.from("data: "));
  const piece = Buffer.alloc(8 * 1024 * 1024, "x");
  const events = Array.from({ length: 5 }, () => decoder.write(piece)).flat();
  t.same(events, [failed(502, "server", "An event of the stream is longer than 32 MiB", null)]);
  t.same(decoder.end(), []);
});

t.test("write() survives random damage", async (t) => {
  const random = seededRandom(3);
  for (const { name, text } of streams) {
    for (let round = 0; round < 50; round++) {
      const bytes = Buffer.from(text);
      for (let flips = 0; flips < 3; flips++) {
        if (bytes.length > 0)
          bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      const whole = read([bytes]);
      const cut = read(randomPieces(bytes, 40, random));
      if (JSON.stringify(whole) !== JSON.stringify(cut)) t.same(cut, whole, name);
    }
    t.pass(name);
  }
});
