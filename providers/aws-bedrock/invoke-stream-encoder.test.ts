import t from "tap";
import { EventStreamReader, textHeader } from "../aws-event-stream.ts";
import type { StreamEvent } from "../ir.ts";
import { InvokeStreamDecoder } from "./invoke-stream-decoder.ts";
import { InvokeStreamEncoder } from "./invoke-stream-encoder.ts";
import { decodeStream } from "./testdata/converse-calls.ts";

/** What stands in the frames: Anthropic's events, or an exception's type and body. */
function unframe(bytes: Buffer): unknown[] {
  const frames: unknown[] = [];
  const reader = new EventStreamReader((message) => {
    const payload = JSON.parse(message.payload.toString());
    const exception = textHeader(message, ":exception-type");
    if (exception !== undefined) frames.push([exception, payload]);
    else if (textHeader(message, ":event-type") !== "chunk") throw new Error("No chunk");
    else frames.push(JSON.parse(Buffer.from(payload.bytes, "base64").toString()));
  });
  reader.write(bytes);
  if (reader.problem !== undefined || reader.isInMessage) throw new Error(reader.problem);
  return frames;
}

const model = "anthropic.claude-3-haiku-20240307-v1:0";
const answer: readonly StreamEvent[] = [
  { kind: "start", id: "msg_1", model: "", created: null },
  { kind: "part-start", index: 0, part: { kind: "text" } },
  { kind: "delta", index: 0, text: "Grüße" },
  { kind: "part-end", index: 0 },
  { kind: "finish", finish: "stop", stopText: null },
  { kind: "end" },
];

t.test("InvokeStreamEncoder writes Anthropic's events in chunks", async (t) => {
  t.match(unframe(new InvokeStreamEncoder({ model }).write(answer)), [
    { type: "message_start", message: { id: "msg_1", model } },
    { type: "content_block_start", index: 0 },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Grüße" } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn" } },
    { type: "message_stop" },
  ]);
});

t.test("InvokeStreamEncoder does not mind how events come", async (t) => {
  const whole = new InvokeStreamEncoder({ model }).write(answer);
  const encoder = new InvokeStreamEncoder({ model });
  const single = answer.map((event) => encoder.write([event]));
  t.same(unframe(Buffer.concat(single)), unframe(whole));
});

t.test("InvokeStreamEncoder names the model that answered", async (t) => {
  const [start, ...others] = answer;
  const named = [{ ...start, model: "gpt-5" } as StreamEvent, ...others];
  t.match(unframe(new InvokeStreamEncoder({ model }).write(named))[0], {
    message: { model: "gpt-5" },
  });
});

t.test("InvokeStreamEncoder writes a failure as an exception, and nothing after it", async (t) => {
  const kinds = [
    ["rate-limit", "throttlingException"],
    ["overloaded", "serviceUnavailableException"],
    ["invalid-request", "validationException"],
    ["server", "internalServerException"],
  ] as const;
  for (const [kind, exception] of kinds) {
    const encoder = new InvokeStreamEncoder({ model });
    const error = { status: 500, kind, message: "No", code: null };
    const written = encoder.write([...answer.slice(0, 3), { kind: "failed", error }, ...answer]);
    t.same(unframe(written).at(-1), [exception, { message: "No" }], kind);
    t.equal(encoder.write(answer).length, 0, kind);
  }
});

t.test("InvokeStreamDecoder reads what InvokeStreamEncoder wrote", async (t) => {
  const bytes = new InvokeStreamEncoder({ model }).write(answer);
  const read = decodeStream(new InvokeStreamDecoder(), [bytes]);
  t.match(
    read.filter(({ kind }) => kind !== "usage"),
    answer.map((event) => (event.kind === "start" ? { ...event, model } : event)),
  );
});

t.test("InvokeStreamEncoder has the media type of AWS's streams", async (t) => {
  t.equal(new InvokeStreamEncoder({ model }).contentType, "application/vnd.amazon.eventstream");
});
