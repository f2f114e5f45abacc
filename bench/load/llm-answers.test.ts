/** Unit tests of the fake answers: both dialects say the same, and their framing is right. */
import t from "tap";
import {
  answerText,
  anthropicAnswers,
  deltaText,
  jsonAnswer,
  openaiAnswers,
} from "./llm-answers.ts";
import type { ModelAnswers } from "./llm-answers.ts";
import { createMessageReader } from "./message-reader.ts";

function read(bytes: Buffer): { readonly messages: number; readonly bodyBytes: number } {
  let messages = 0;
  let bodyBytes = 0;
  const reader = createMessageReader((message) => {
    messages += 1;
    bodyBytes = message.bodyBytes;
  });
  reader.push(bytes);
  return { messages, bodyBytes };
}

function bodyOf(bytes: Buffer) {
  return JSON.parse(bytes.toString().split("\r\n\r\n")[1] ?? "");
}

function eventsOf({ streamed }: ModelAnswers): string[] {
  const text = Buffer.concat([streamed.first, streamed.delta, streamed.last]).toString();
  return text.split("\n").filter((line) => line.startsWith("data: "));
}

t.test("openaiAnswers holds a completion and its chunks", async (t) => {
  const completion = bodyOf(openaiAnswers.whole);
  t.equal(completion.choices[0].message.content, answerText);
  t.equal(completion.usage.completion_tokens, 200);
  const events = eventsOf(openaiAnswers);
  t.equal(events.at(-1), "data: [DONE]");
  const chunks = events.slice(0, -1).map((line) => JSON.parse(line.slice(6)));
  t.same(
    chunks.map(({ choices }) => choices[0]?.delta.content),
    ["", deltaText, undefined, undefined],
  );
  t.equal(chunks.at(-1).usage.completion_tokens, 200);
});

t.test("anthropicAnswers holds a message and its events", async (t) => {
  const message = bodyOf(anthropicAnswers.whole);
  t.equal(message.content[0].text, answerText);
  t.equal(message.usage.output_tokens, 200);
  const events = eventsOf(anthropicAnswers).map((line) => JSON.parse(line.slice(6)));
  t.same(
    events.map(({ type }) => type),
    [
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ],
  );
  t.equal(events[2].delta.text, deltaText);
});

t.test("answers are framed so that a client finds their end", async (t) => {
  for (const { path, streamed, whole } of [openaiAnswers, anthropicAnswers]) {
    t.match(read(whole), { messages: 1 }, path);
    const { delta, first, head, last } = streamed;
    t.same(read(Buffer.concat([head, first, delta])), { messages: 0, bodyBytes: 0 }, path);
    const stream = Buffer.concat([head, first, delta, delta, last]);
    const { bodyBytes, messages } = read(stream);
    t.equal(messages, 1, path);
    t.ok(bodyBytes > 500, path);
  }
});

t.test("jsonAnswer() writes the status and the length", async (t) => {
  t.equal(
    jsonAnswer({ a: 1 }, "503 Service Unavailable").toString(),
    'HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{"a":1}',
  );
});
