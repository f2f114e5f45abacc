import { readFileSync } from "node:fs";
import t from "tap";
import type { ErrorKind, FinishReason, StreamEvent } from "../ir.ts";
import { decodeStream, streamBytes } from "../testdata/openai-responses-codec/wire-calls.ts";
import { randomPieces, seededRandom } from "../testdata/seeded-random.ts";

/** Bytes of a stream of the provider's reference. */
function recorded(name: string): Buffer {
  const file = new URL(`../testdata/openai/${name}.json`, import.meta.url);
  const { events } = JSON.parse(readFileSync(file, "utf8"));
  return streamBytes(events.map(({ data }: { data: object }) => data));
}

const names = ["response-stream", "response-stream-call", "response-stream-incomplete"];

const created = {
  type: "response.created",
  sequence_number: 0,
  response: { id: "resp_1", model: "gpt-5", created_at: 5, status: "in_progress", output: [] },
};
const running = { ...created, type: "response.in_progress", sequence_number: 1 };
const delta = { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "a" };

function completed(response: object = {}, type = "response.completed") {
  return { type, response: { id: "resp_1", output: [], ...response } };
}

const start = { kind: "start", id: "resp_1", model: "gpt-5", created: 5 };
const textOfA = [
  { kind: "part-start", index: 0, part: { kind: "text" } },
  { kind: "delta", index: 0, text: "a" },
];
const endOfA = { kind: "part-end", index: 0 };

function finishOf(events: readonly StreamEvent[]): FinishReason | undefined {
  return events.find((event) => event.kind === "finish")?.finish;
}

t.test("write() reads the reference's stream of a call", async (t) => {
  t.same(decodeStream([recorded("response-stream-call")]), [
    {
      kind: "start",
      id: "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
      model: "o4-mini-2025-04-16",
      created: 1_741_476_542,
    },
    {
      kind: "part-start",
      index: 0,
      part: { kind: "tool-call", id: "call_1", name: "get_weather" },
    },
    { kind: "delta", index: 0, text: '{"city":"Paris"}' },
    { kind: "part-end", index: 0 },
    {
      kind: "usage",
      usage: {
        inputTokens: 60,
        outputTokens: 200,
        cachedInputTokens: null,
        cacheWriteTokens: null,
        reasoningTokens: 128,
        audioInputTokens: null,
        audioOutputTokens: null,
      },
    },
    { kind: "finish", finish: "tool-calls", stopText: null },
    { kind: "end" },
  ]);
});

t.test("write() reads the reference's stream that was cut", async (t) => {
  t.equal(finishOf(decodeStream([recorded("response-stream-incomplete")])), "length");
});

for (const name of names) {
  t.test(`write() reads ${name} alike however it is cut`, async (t) => {
    const bytes = recorded(name);
    const whole = decodeStream([bytes]);
    t.equal(whole.at(-1)?.kind, "end");
    const single = Array.from(bytes, (byte) => Buffer.of(byte));
    t.same(decodeStream(single), whole);
    const random = seededRandom(7);
    for (let round = 0; round < 200; round++) {
      const longest = 1 + Math.floor(random() * 400);
      t.same(decodeStream(randomPieces(bytes, longest, random)), whole);
    }
  });

  t.test(`end() fails ${name} wherever it breaks off`, async (t) => {
    const bytes = recorded(name);
    const last = bytes.length - 2;
    for (let length = 0; length <= last; length += 1 + Math.floor(length / 40)) {
      const events = decodeStream([bytes.subarray(0, length)]);
      t.match(events.at(-1), {
        kind: "failed",
        error: {
          status: 502,
          kind: "server",
          message: "The provider's stream ended before the answer was complete",
        },
      });
    }
  });
}

t.test("write() begins with the first event that tells of the answer", async (t) => {
  const events = decodeStream([streamBytes([created, running, delta, completed()])]);
  t.same(events.slice(0, 4), [start, ...textOfA, endOfA]);
});

t.test("write() begins a stream whose begin was left out", async (t) => {
  const [first, second] = decodeStream([streamBytes([delta, completed({ status: "completed" })])]);
  t.same(first, { kind: "start", id: "", model: "", created: null });
  t.same(second, textOfA[0]);
  t.same(decodeStream([streamBytes([running, completed()])])[0], start);
});

t.test("write() tells no time that is none", async (t) => {
  for (const created_at of [170_000_001_700_000_000, -1, 0.5, "5"]) {
    const broken = { ...created, response: { ...created.response, created_at } };
    const [first] = decodeStream([streamBytes([broken])]);
    t.strictSame(first, { ...start, created: null }, `${created_at}`);
  }
});

t.test("write() begins no answer by what says nothing of it", async (t) => {
  const events = decodeStream([
    Buffer.from(": hello\n\n"),
    streamBytes([
      { type: "keepalive", sequence_number: 3 },
      { type: "ping" },
      created,
      completed(),
    ]),
  ]);
  t.same(events[0], start);
});

const finishes: readonly { name: string; event: object; finish: FinishReason }[] = [
  { name: "completed", event: completed(), finish: "stop" },
  { name: "a lost status", event: completed({ status: "in_progress" }), finish: "stop" },
  {
    name: "the limit",
    event: completed(
      { incomplete_details: { reason: "max_output_tokens" } },
      "response.incomplete",
    ),
    finish: "length",
  },
  {
    name: "the filter",
    event: completed({ incomplete_details: { reason: "content_filter" } }, "response.incomplete"),
    finish: "content-filter",
  },
  { name: "no reason", event: { type: "response.incomplete" }, finish: "length" },
];

for (const { name, event, finish } of finishes) {
  t.test(`write() tells why a stream ends by ${name}`, async (t) => {
    const events = decodeStream([streamBytes([created, delta, { ...event }])]);
    t.same(events.slice(-2), [{ kind: "finish", finish, stopText: null }, { kind: "end" }]);
  });
}

t.test("write() tells a refusal and a call", async (t) => {
  const refusal = { ...delta, type: "response.refusal.delta" };
  t.equal(finishOf(decodeStream([streamBytes([created, refusal, completed()])])), "refusal");
  const item = { type: "function_call", call_id: "c", name: "f" };
  const call = { type: "response.output_item.added", output_index: 0, item };
  t.equal(finishOf(decodeStream([streamBytes([created, call, completed()])])), "tool-calls");
});

t.test("write() tells nothing after the end", async (t) => {
  const bytes = streamBytes([created, completed(), delta, completed(), { type: "error" }]);
  t.same(
    decodeStream([bytes]).map(({ kind }) => kind),
    ["start", "finish", "end"],
  );
  t.same(decodeStream([bytes, bytes]).length, 3);
});

const failures: readonly { name: string; event: object; kind: ErrorKind; message: string }[] = [
  {
    name: "a failed answer",
    event: completed(
      { status: "failed", error: { code: "rate_limit_exceeded", message: "Slow" } },
      "response.failed",
    ),
    kind: "rate-limit",
    message: "Slow",
  },
  {
    name: "an error of the reference",
    event: { type: "error", code: "server_error", message: "Sorry", param: null },
    kind: "server",
    message: "Sorry",
  },
  {
    name: "an error in an object",
    event: { type: "error", error: { type: "invalid_request_error", message: "Long" } },
    kind: "invalid-request",
    message: "Long",
  },
  {
    name: "an error of a gateway",
    event: { error: { type: "server_error", code: "slow_down", message: "Later" } },
    kind: "overloaded",
    message: "Later",
  },
];

for (const { name, event, kind, message } of failures) {
  t.test(`write() fails by ${name}, and tells nothing more`, async (t) => {
    const events = decodeStream([streamBytes([created, delta, { ...event }, completed()])]);
    t.same(events.slice(0, -1), [start, ...textOfA]);
    t.match(events.at(-1), { kind: "failed", error: { kind, message } });
  });
}

for (const { name, data } of [
  { name: "broken", data: '{"type":"response.outp' },
  { name: "no object", data: "[1]" },
  { name: "HTML", data: "<html>" },
]) {
  t.test(`write() fails by an event that is ${name}`, async (t) => {
    const broken = Buffer.from(`data: ${data}\n\n`);
    const events = decodeStream([streamBytes([created]), broken, streamBytes([completed()])]);
    t.same(events, [
      start,
      {
        kind: "failed",
        error: {
          status: 502,
          kind: "server",
          message: "The provider's stream has an event that is not JSON",
          code: null,
        },
      },
    ]);
  });
}

t.test("write() passes over the sentinel of chat", async (t) => {
  const bytes = [streamBytes([created, completed()]), Buffer.from("data: [DONE]\n\n")];
  t.same(
    decodeStream(bytes).map(({ kind }) => kind),
    ["start", "finish", "end"],
  );
  t.equal(decodeStream([streamBytes([created]), bytes[1] ?? Buffer.of()]).at(-1)?.kind, "failed");
});

t.test("write() reads events without names and with carriage returns", async (t) => {
  const text = [created, delta, completed()].map((data) => `data:${JSON.stringify(data)}\r\n\r\n`);
  t.same(
    decodeStream([Buffer.from(text.join(""))]).map(({ kind }) => kind),
    ["start", "part-start", "delta", "part-end", "finish", "end"],
  );
});

t.test("write() keeps letters that are cut between pieces", async (t) => {
  const bytes = streamBytes([created, { ...delta, delta: "é☀" }, completed()]);
  const single = Array.from(bytes, (byte) => Buffer.of(byte));
  t.match(decodeStream(single)[2], { text: "é☀" });
});

const tooManyItems = {
  kind: "failed",
  error: {
    status: 502,
    kind: "server",
    message: "The provider's stream has more than 16384 items",
    code: null,
  },
};

t.test("write() fails when there are too many items that say nothing", async (t) => {
  const items = Array.from({ length: 16_385 }, (_, index) => ({
    type: "response.output_item.added",
    output_index: index,
  }));
  t.same(decodeStream([streamBytes([created, ...items.slice(0, -1), completed()])]).at(-1), {
    kind: "end",
  });
  t.same(decodeStream([streamBytes([created, ...items, completed()])]), [start, tooManyItems]);
});

t.test("write() fails when the whole output has too many items", async (t) => {
  const output = Array.from({ length: 16_385 }, () => ({}));
  t.same(decodeStream([streamBytes([created, completed({ output })])]), [start, tooManyItems]);
});
