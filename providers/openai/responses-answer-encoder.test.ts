import t from "tap";
import type { ChatResponse, Choice } from "../ir.ts";
import { chatRequest, decodeFields } from "../testdata/openai-responses-codec/wire-calls.ts";
import { encodeResponse } from "./responses-answer-encoder.ts";

const text = { kind: "text", text: "a" } as const;
const call = { kind: "tool-call", id: "c", name: "f", arguments: "{", signature: null } as const;

function answerTo(choice: Partial<Choice>, changes: Partial<ChatResponse> = {}) {
  const whole: Choice = {
    parts: [text],
    finish: "stop",
    stopText: null,
    logprobs: null,
    ...choice,
  };
  const response = { id: "x", model: "m", created: 5, choices: [whole], usage: null, ...changes };
  const { contentType, body } = encodeResponse(response, chatRequest());
  t.equal(contentType, "application/json");
  return JSON.parse(String(body));
}

t.test("encodeResponse() writes an item for each part, in order", async (t) => {
  const reasoning = {
    kind: "reasoning",
    text: "Hm",
    signature: "s",
    encrypted: null,
    origin: "anthropic-messages",
  } as const;
  const { output } = answerTo({ parts: [reasoning, text, call, text], finish: "tool-calls" });
  t.same(
    output.map(({ id, type }: { id: string; type: string }) => `${type} ${id}`),
    ["reasoning rs_x0000", "message msg_x0001", "function_call fc_x0002", "message msg_x0003"],
  );
  t.match(output[0].encrypted_content, /^clrk_/);
});

t.test("encodeResponse() says where an answer was cut", async (t) => {
  const answer = answerTo({ parts: [text, call], finish: "length" });
  t.match(answer, {
    status: "incomplete",
    incomplete_details: { reason: "max_output_tokens" },
    output: [{ status: "completed" }, { status: "incomplete" }],
  });
});

t.test("encodeResponse() takes a refusal for a complete answer", async (t) => {
  const answer = answerTo({ parts: [{ kind: "refusal", text: "No" }], finish: "refusal" });
  t.match(answer, { status: "completed", output: [{ content: [{ refusal: "No" }] }] });
});

t.test("encodeResponse() tells a refusal without words by the filter", async (t) => {
  t.match(answerTo({ finish: "refusal" }), { incomplete_details: { reason: "content_filter" } });
});

t.test("encodeResponse() writes probabilities once", async (t) => {
  const logprobs = [{ token: "a", logprob: -1, bytes: [97], top: [] }];
  const { output } = answerTo({ parts: [call, text, text], logprobs });
  t.same(output[1].content[0].logprobs, [
    { token: "a", logprob: -1, bytes: [97], top_logprobs: [] },
  ]);
  t.same(output[2].content[0].logprobs, []);
});

t.test("encodeResponse() writes an answer without parts", async (t) => {
  t.match(answerTo({ parts: [] }), { status: "completed", output: [] });
});

t.test("encodeResponse() stands an answer without choices", async (t) => {
  t.match(answerTo({}, { choices: [] }), { status: "completed", output: [] });
});

t.test("encodeResponse() repeats the request's settings", async (t) => {
  const request = decodeFields({ instructions: "I", metadata: { a: "b" } });
  const response = { id: "x", model: "m", created: null, choices: [], usage: null };
  t.match(JSON.parse(String(encodeResponse(response, request).body)), {
    instructions: "I",
    metadata: { a: "b" },
    created_at: 0,
  });
});
