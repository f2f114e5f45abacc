/** Every recorded call, however its bodies are cut, written or cut off. */
import t from "tap";
import type { Test } from "tap";
import type { CallObserver, ObservedCall } from "./call-observer.ts";
import { createCallObserver } from "./call-observer.ts";
import { openai } from "./openai/provider.ts";
import { findProviderByName } from "./registry.ts";
import type { Notation, RecordedCall } from "./testdata/recorded-calls.ts";
import {
  answerPieces,
  jsonBody,
  notations,
  readRecordedBedrockCalls,
  readRecordedCalls,
} from "./testdata/recorded-calls.ts";
import { randomPieces, seededRandom } from "./testdata/seeded-random.ts";

const calls = [...readRecordedCalls(), ...readRecordedBedrockCalls()];

function observe(call: Pick<RecordedCall, "provider" | "path">): CallObserver {
  const provider = findProviderByName(call.provider);
  const observer = provider && createCallObserver(provider, { method: "POST", path: call.path });
  if (observer === undefined) throw new Error(`No operation at ${call.path}`);
  return observer;
}

/** An observer that has seen the request. */
function requested(call: RecordedCall): CallObserver {
  const observer = observe(call);
  observer.requestChunk(jsonBody(call.request, "compact"));
  observer.requestEnd();
  observer.responseStart(call);
  return observer;
}

/** `facts` with the time that follows when the n-th event comes after n `ms`. */
function expected({ facts }: RecordedCall): ObservedCall {
  const { contentEvent, ...call } = facts;
  return { ...call, timeToFirstTokenMs: contentEvent };
}

interface TimedPiece {
  readonly piece: Buffer;
  readonly ms: number;
}

/** Cuts the answer; a piece comes when the event of its last byte does. */
function cutAnswer(call: RecordedCall, notation: Notation, sizes: () => number): TimedPiece[] {
  return answerPieces(call, notation).flatMap((event, ms) => {
    const cut: TimedPiece[] = [];
    for (let at = 0; at < event.length; ) {
      const size = sizes();
      cut.push({ piece: event.subarray(at, at + size), ms });
      at += size;
    }
    return cut;
  });
}

function finish(observer: CallObserver, pieces: readonly TimedPiece[]): ObservedCall {
  for (const { piece, ms } of pieces) observer.responseChunk(piece, ms);
  observer.responseEnd();
  return observer.result();
}

for (const call of calls) {
  t.test(`result() says what is recorded of ${call.name}`, async (t) => {
    for (const notation of notations) {
      const pieces = cutAnswer(call, notation, () => Number.POSITIVE_INFINITY);
      t.same(finish(requested(call), pieces), expected(call), notation);
    }
  });

  t.test(`result() does not depend on how ${call.name} is cut`, async (t) => {
    for (const notation of notations) {
      const bytes = cutAnswer(call, notation, () => 1);
      t.same(finish(requested(call), bytes), expected(call), `${notation}, byte by byte`);
      const random = seededRandom(bytes.length);
      for (let round = 1; round < 10; round++) {
        const pieces = cutAnswer(call, notation, () => 1 + Math.floor(random() * round * 9));
        t.same(finish(requested(call), pieces), expected(call), `${notation}, random ${round}`);
      }
    }
  });

  t.test(`requestChunk() does not depend on how the request of ${call.name} is cut`, async (t) => {
    const { requestModel, requestedStream } = call.facts;
    for (const notation of ["compact", "spaced"] as const) {
      const body = jsonBody(call.request, notation);
      const random = seededRandom(body.length);
      for (let longest = 0; longest < 20; longest++) {
        const observer = observe(call);
        for (const piece of randomPieces(body, longest, random)) observer.requestChunk(piece);
        observer.requestEnd();
        t.match(observer.result(), { requestModel, requestedStream });
      }
    }
  });

  t.test(`result() only learns while ${call.name} passes`, async (t) => {
    for (const notation of ["compact", "crlf"] as const) {
      const observer = requested(call);
      let before = observer.result();
      const body = Buffer.concat(answerPieces(call, notation));
      for (let at = 0; at < body.length; at++) {
        observer.responseChunk(body.subarray(at, at + 1), 0);
        const now = observer.result();
        if (!isLater(before, now)) t.same(now, before, `${notation} at ${at}`);
        if (!sameAsCutOff(call, body.subarray(0, at + 1), now)) t.fail(`cut off at ${at}`);
        before = now;
      }
      t.same(before, { ...expected(call), timeToFirstTokenMs: before.timeToFirstTokenMs });
    }
  });
}

const counts = [
  "inputTokens",
  "outputTokens",
  "cachedInputTokens",
  "cacheWriteTokens",
  "reasoningTokens",
] as const;

/** Nothing that was known is unknown, and no count is less. */
function isLater(before: ObservedCall, now: ObservedCall): boolean {
  return (
    (before.responseId ?? now.responseId) === now.responseId &&
    (before.responseModel ?? now.responseModel) === now.responseModel &&
    (before.timeToFirstTokenMs ?? now.timeToFirstTokenMs) === now.timeToFirstTokenMs &&
    before.finishReasons.every((reason) => now.finishReasons.includes(reason)) &&
    counts.every((count) => (before.usage?.[count] ?? -1) <= (now.usage?.[count] ?? -1))
  );
}

/** Whether one that was never asked before says the same of an answer that ends here. */
function sameAsCutOff(call: RecordedCall, body: Buffer, now: ObservedCall): boolean {
  const observer = requested(call);
  observer.responseChunk(body, 0);
  observer.responseEnd();
  return JSON.stringify(observer.result()) === JSON.stringify(now);
}

t.test("createCallObserver() observes only operations", async (t) => {
  t.equal(createCallObserver(openai, { method: "GET", path: "/v1/models" }), undefined);
  t.equal(createCallObserver(openai, { method: "POST", path: "/v1/files" }), undefined);
});

const nothing: ObservedCall = {
  operation: "chat",
  requestModel: null,
  requestedStream: false,
  responseModel: null,
  responseId: null,
  finishReasons: [],
  isStream: false,
  timeToFirstTokenMs: null,
  usage: null,
};

const chat = { provider: "openai", path: "/v1/chat/completions" };

t.test("result() knows nothing but the operation at first", async (t) => {
  t.same(observe(chat).result(), nothing);
});

const broken: readonly { readonly name: string; readonly body: string | Buffer }[] = [
  { name: "no body", body: "" },
  { name: "HTML", body: "<html><body>Bad gateway</body></html>" },
  { name: "a form", body: '--x\r\ncontent-disposition: form-data; name="model"\r\n\r\ngpt\r\n' },
  { name: "an array", body: '[{"model":"m","id":"x"}]' },
  { name: "text in UTF-16", body: Buffer.from('{"model":"m"}', "utf16le") },
  { name: "compressed bytes", body: Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x22, 0x7b) },
  { name: "values of other types", body: '{"model":7,"id":{},"stream":"true","usage":"x"}' },
  { name: "an answer that nests too deep", body: "[".repeat(1_000) },
];

for (const { name, body } of broken) {
  t.test(`result() reads nothing of ${name}`, async (t) => {
    for (const contentType of ["application/json", "text/event-stream", "", null]) {
      const observer = observe(chat);
      observer.requestChunk(Buffer.from(body));
      observer.requestEnd();
      observer.responseStart({ status: 200, contentType });
      observer.responseChunk(Buffer.from(body), 3);
      observer.responseEnd();
      const isStream = contentType === "text/event-stream";
      t.same(observer.result(), { ...nothing, isStream }, `${contentType}`);
    }
  });
}

const types: readonly (readonly [string | null, boolean])[] = [
  ["text/event-stream", true],
  ["text/event-stream;charset=utf-8", true],
  ["Text/Event-Stream ; charset=UTF-8", true],
  ["text/event-streams", false],
  ["application/vnd.amazon.eventstream", true],
  ["Application/Vnd.Amazon.EventStream; x=y", true],
  ["application/vnd.amazon.eventstreams", false],
  ["application/json", false],
  ["", false],
  [null, false],
];

for (const [contentType, isStream] of types) {
  t.test(`responseStart() takes ${contentType} for ${isStream ? "a" : "no"} stream`, async (t) => {
    const observer = observe(chat);
    observer.responseStart({ status: 200, contentType });
    t.equal(observer.result().isStream, isStream);
  });
}

t.test("responseChunk() reads no answer that failed", async (t) => {
  const body = Buffer.from('{"id":"x","model":"m","usage":{"prompt_tokens":3}}');
  for (const [status, isRead] of [
    [200, true],
    [201, true],
    [199, false],
    [302, false],
    [400, false],
    [500, false],
    [0, false],
  ] as const) {
    const observer = observe(chat);
    observer.responseStart({ status, contentType: "application/json" });
    observer.responseChunk(body, 1);
    t.equal(observer.result().usage !== null, isRead, `${status}`);
  }
});

t.test("requestChunk() takes the last of a repeated model, as parsers do", async (t) => {
  const observer = observe(chat);
  observer.requestChunk(Buffer.from('{"model":"a","stream":true,'));
  t.match(observer.result(), { requestModel: "a", requestedStream: true });
  observer.requestChunk(Buffer.from('"mod\\u0065l":"b","stream":false}'));
  observer.requestEnd();
  t.match(observer.result(), { requestModel: "b", requestedStream: false });
});

t.test("no method minds an order that it does not expect", async (t) => {
  const observer = observe(chat);
  const body = Buffer.from('{"model":"m","id":"x"}');
  observer.responseEnd();
  observer.responseChunk(body, 1);
  observer.requestEnd();
  observer.requestChunk(body);
  observer.requestEnd();
  t.same(observer.result(), nothing);
});

t.test("chunks may be plain arrays in the middle of a buffer", async (t) => {
  const bytes = new TextEncoder().encode('xx{"model":"m"}xx');
  const observer = observe(chat);
  observer.requestChunk(bytes.subarray(2, -2));
  observer.requestEnd();
  t.equal(observer.result().requestModel, "m");
});

t.test("result() survives random damage", async (t) => {
  const random = seededRandom(21);
  for (const call of calls) damage(t, call, random);
});

function damage(t: Test, call: RecordedCall, random: () => number): void {
  for (let round = 0; round < 30; round++) {
    const body = Buffer.concat(answerPieces(call, notations[round % 4] ?? "compact"));
    for (let flips = 0; flips < 4; flips++) {
      body[Math.floor(random() * body.length)] = Math.floor(random() * 256);
    }
    const whole = requested(call);
    whole.responseChunk(body, 0);
    const cut = requested(call);
    for (const piece of randomPieces(body, 30, random)) cut.responseChunk(piece, 0);
    const same = JSON.stringify(whole.result()) === JSON.stringify(cut.result());
    if (!same) t.same(cut.result(), whole.result(), `${call.name}: ${body}`);
  }
  t.pass(call.name);
}

const hostile: readonly { readonly name: string; readonly text: string }[] = [
  {
    name: "one string over many data fields",
    text: `data: {"a":"\n${"data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n".repeat(150_000)}`,
  },
  { name: "backslashes", text: `data: {"a":"${"\\".repeat(2_000_000)}` },
  { name: "escaped quotes", text: `data: {"a":"${'\\"'.repeat(1_000_000)}` },
  { name: "quotes far apart", text: `data: {"a":"${`${"x".repeat(40)}\\"`.repeat(50_000)}` },
  { name: "a long key", text: `data: {"${"k".repeat(2_000_000)}` },
  { name: "many keys", text: `data: {${'"id":1,'.repeat(300_000)}` },
  { name: "blank lines", text: "\n".repeat(2_000_000) },
  { name: "returns", text: "\r".repeat(2_000_000) },
  { name: "names that never end", text: "dat".repeat(700_000) },
  { name: "elements", text: `data: {"choices":[${"{},".repeat(700_000)}` },
];

for (const { name, text } of hostile) {
  t.test(`responseChunk() takes time in proportion to its bytes for ${name}`, async (t) => {
    const bytes = Buffer.from(text);
    for (const size of [bytes.length, 1_000]) {
      const observer = observe(chat);
      observer.responseStart({ status: 200, contentType: "text/event-stream" });
      const start = process.cpuUsage();
      for (let at = 0; at < bytes.length; at += size) {
        observer.responseChunk(bytes.subarray(at, at + size), 0);
      }
      const { user } = process.cpuUsage(start);
      // Some 20 ms each; hours where time grew with the square
      t.ok(user < 2_000_000, `${size}: ${user} µs`);
    }
  });
}

t.test("textWeight() weighs what a stream writes, as it was told to", async (t) => {
  const event = (delta: object) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`;
  const calls = [{ function: { name: "read", arguments: '{"file":"a.txt"}' } }];
  const stream = [
    event({ role: "assistant", content: "" }),
    event({ content: "The sea is " }),
    event({ content: "wide" }),
    event({ reasoning_content: "Let me see" }),
    event({ tool_calls: calls }),
  ];
  const weightOf = (weighs: boolean, events: readonly string[]) => {
    const request = { method: "POST", path: "/v1/chat/completions", weighs };
    const observer = createCallObserver(openai, request);
    observer?.responseStart({ status: 200, contentType: "text/event-stream" });
    for (const text of events) observer?.responseChunk(Buffer.from(text), 1);
    return observer?.textWeight() ?? Number.NaN;
  };
  const weights = stream.map((_, at) => weightOf(true, stream.slice(0, at + 1)));
  t.equal(weights[0], 0);
  t.ok(
    weights.every((weight, at) => at === 0 || weight > (weights[at - 1] ?? 0)),
    `${weights}`,
  );
  t.ok((weights.at(-1) ?? 0) > 10 && (weights.at(-1) ?? 0) < 30, `${weights.at(-1)}`);
  t.equal(weightOf(false, stream), 0, "nobody asked");
});
