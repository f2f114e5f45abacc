import t from "tap";
import { AnswerReader } from "./answer-reader.ts";
import { awsBedrock } from "./aws-bedrock/provider.ts";
import { encodeEventStreamMessage } from "./aws-event-stream.ts";
import type { OperationLayout } from "./operation-layout.ts";
import { findOperation } from "./operation-layout.ts";
import { anthropic } from "./anthropic/provider.ts";
import { openai } from "./openai/provider.ts";
import type { Provider } from "./provider.ts";

function layout(provider: Provider, path: string): OperationLayout {
  const found = findOperation(provider, "POST", path);
  if (found === undefined) throw new Error(`No operation at ${path}`);
  return found.layout;
}

const chat = layout(openai, "/v1/chat/completions");
const response = layout(openai, "/v1/responses");
const messages = layout(anthropic, "/v1/messages");

function read(form: "plain" | "stream", text: string, of = chat): AnswerReader {
  const reader = new AnswerReader(of, form);
  reader.write(Buffer.from(text), 5);
  reader.settle();
  return reader;
}

function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function choice(index: unknown, finish_reason: unknown, content = "x"): object {
  return { index, finish_reason, delta: { content } };
}

t.test("write() keeps finish reasons in the order of choices", async (t) => {
  const choices = [choice(2, "c"), choice(0, "a"), choice(1, null)];
  t.same(read("plain", JSON.stringify({ choices })).finishReasons(), ["a", "c"]);
  const events = choices.map((one) => event({ choices: [one] })).join("");
  t.same(read("stream", events).finishReasons(), ["a", "c"]);
});

t.test("write() counts choices that have no index", async (t) => {
  const choices = [{ finish_reason: "a" }, { finish_reason: "b" }];
  t.same(read("plain", JSON.stringify({ choices })).finishReasons(), ["a", "b"]);
  const events = choices.map((one) => event({ choices: [one] })).join("");
  t.same(read("stream", events).finishReasons(), ["b"], "from 0 in every event");
});

t.test("write() takes no choice beyond 128, and no reason that is no text", async (t) => {
  const choices = [choice(128, "no"), choice(127, "last"), choice(-1, "first"), choice(1, 7)];
  t.same(read("plain", JSON.stringify({ choices })).finishReasons(), ["first", "last"]);
  const many = Array.from({ length: 100_000 }, () => ({ finish_reason: "stop" }));
  t.equal(read("plain", JSON.stringify({ choices: many })).finishReasons().length, 128);
});

t.test("write() takes an event over only when its document is whole", async (t) => {
  const text = event({ id: "x", model: "m", usage: { prompt_tokens: 5 } });
  const whole = text.lastIndexOf("}") + 1;
  for (let length = 0; length <= text.length; length++) {
    const reader = read("stream", text.slice(0, length));
    t.equal(reader.id, length < whole ? null : "x", `${length}`);
    t.equal(reader.tokens.input, length < whole ? null : 5, `${length}`);
  }
});

t.test("write() goes on after an event that is no JSON", async (t) => {
  const broken = ["data: {oops\n\n", 'data: {"id":"y"]\n\n', "data: [DONE]\n\n", "data:\n\n"];
  for (const text of broken) {
    const reader = read("stream", text + event({ id: "x" }));
    t.equal(reader.id, "x", text);
  }
});

t.test("write() keeps the first id and model, and the last counts", async (t) => {
  const reader = read(
    "stream",
    [
      event({ id: "", model: "", choices: [] }),
      event({ id: "a", model: "m", usage: { prompt_tokens: 5, completion_tokens: 1 } }),
      event({ id: "b", model: "n", usage: { prompt_tokens: null, completion_tokens: 7 } }),
      event({ usage: null }),
      event({ usage: { completion_tokens: -1, prompt_tokens: "9" } }),
    ].join(""),
  );
  t.equal(reader.id, "a");
  t.equal(reader.model, "m");
  t.match(reader.tokens, { input: 5, output: 7 });
});

t.test("firstContentMs is when the first event with content was whole", async (t) => {
  const reader = new AnswerReader(chat, "stream");
  reader.write(Buffer.from(event({ id: "a", model: "m", choices: [choice(0, null, "")] })), 1);
  t.equal(reader.firstContentMs, null);
  const content = event({ choices: [choice(0, null)] });
  reader.write(Buffer.from(content.slice(0, -10)), 2);
  t.equal(reader.firstContentMs, null);
  reader.write(Buffer.from(content.slice(-10)), 3);
  reader.write(Buffer.from(content), 4);
  t.equal(reader.firstContentMs, 3);
});

t.test("firstContentMs is null for plain answers", async (t) => {
  t.equal(read("plain", JSON.stringify({ choices: [choice(0, "stop")] })).firstContentMs, null);
});

t.test("settle() says what a plain answer says by then, asked or not before", async (t) => {
  const text = '{"id":"a","model":"m","id":null,"usage":{"prompt_tokens":4},"usage":{}}';
  const asked = new AnswerReader(chat, "plain");
  const known: unknown[] = [];
  for (const byte of Buffer.from(text)) {
    asked.write(Buffer.of(byte), 0);
    asked.settle();
    known.push(asked.id);
  }
  t.ok(known.includes("a"));
  const whole = read("plain", text);
  t.equal(asked.id, whole.id);
  t.equal(asked.id, null, "what came last");
  t.same(asked.tokens, whole.tokens);
  t.equal(asked.tokens.input, null);
});

t.test("finishReasons() has a status only of a whole answer, and only a final one", async (t) => {
  const text = '{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}';
  t.same(read("plain", text, response).finishReasons(), ["max_output_tokens"]);
  t.same(read("plain", text.slice(0, 25), response).finishReasons(), []);
  t.same(read("plain", '{"status":"incomplete"}', response).finishReasons(), ["incomplete"]);
  t.same(read("plain", '{"status":"in_progress"}', response).finishReasons(), []);
});

t.test("tokens follow the counts of a stream that is cut off", async (t) => {
  const start = {
    type: "message_start",
    message: { usage: { input_tokens: 9, output_tokens: 1 } },
  };
  const delta = { type: "message_delta", usage: { output_tokens: 33 } };
  t.match(read("stream", event(start), messages).tokens, { input: 9, output: 1 });
  t.match(read("stream", event(start) + event(delta), messages).tokens, { input: 9, output: 33 });
});

const converse = layout(awsBedrock, "/model/m/converse-stream");
const invoke = layout(awsBedrock, "/model/m/invoke-with-response-stream");

function frame(payload: string): Buffer {
  return encodeEventStreamMessage({ headers: Buffer.alloc(0), payload });
}

t.test("write() reads AWS's streams by their messages", async (t) => {
  const reader = new AnswerReader(converse, "aws-stream");
  const text = frame('{"contentBlockIndex":0,"delta":{"text":"Hi"}}');
  reader.write(text.subarray(0, -1), 1);
  t.equal(reader.firstContentMs, 1, "its payload was whole");
  reader.write(text.subarray(-1), 2);
  reader.write(frame('{"stopReason":"end_turn"}'), 3);
  reader.write(frame('{"usage":{"inputTokens":3,"outputTokens":4}}'), 4);
  t.match(reader.tokens, { input: 3, output: 4 });
  t.same(reader.finishReasons(), ["end_turn"]);
});

t.test("write() reads events of a model's own in AWS's streams", async (t) => {
  const reader = new AnswerReader(invoke, "aws-stream");
  const start = { type: "message_start", message: { id: "msg_1", model: "claude" } };
  const bytes = Buffer.from(JSON.stringify(start)).toString("base64");
  for (const byte of frame(`{"bytes":"${bytes}","p":"ab"}`)) reader.write(Buffer.of(byte), 0);
  t.equal(reader.id, "msg_1");
  t.equal(reader.model, "claude");
});

t.test("write() goes on after a message that is no JSON", async (t) => {
  const reader = new AnswerReader(converse, "aws-stream");
  reader.write(Buffer.concat([frame("oops"), frame(""), frame('{"usage":{"inputTokens":3}}')]), 0);
  t.equal(reader.tokens.input, 3);
});
