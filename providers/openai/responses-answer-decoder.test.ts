import { readFileSync } from "node:fs";
import t from "tap";
import type { FinishReason } from "../ir.ts";
import { decodedValue, wireResponse } from "../testdata/openai-responses-codec/wire-calls.ts";
import { decodeResponse } from "./responses-answer-decoder.ts";

/** An answer of the provider's reference. */
function recorded(name: string): unknown {
  const file = new URL(`../testdata/openai/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).answer;
}

function read(answer: unknown) {
  return decodedValue(decodeResponse(wireResponse(answer)));
}

const message = { type: "message", content: [{ type: "output_text", text: "a", annotations: [] }] };
const call = { type: "function_call", id: "fc_1", call_id: "c", name: "f", arguments: '{"a":1}' };

t.test("decodeResponse() reads the reference's answer", async (t) => {
  t.same(read(recorded("response")), {
    id: "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
    model: "gpt-4.1-2025-04-14",
    created: 1_741_476_542,
    choices: [
      {
        parts: [{ kind: "text", text: 'In a "peaceful" grove beneath a silver moon …' }],
        finish: "stop",
        stopText: null,
        logprobs: null,
      },
    ],
    usage: {
      inputTokens: 36,
      outputTokens: 87,
      cachedInputTokens: 12,
      cacheWriteTokens: null,
      reasoningTokens: 0,
      audioInputTokens: null,
      audioOutputTokens: null,
    },
  });
});

t.test("decodeResponse() reads an answer that was cut while it reasoned", async (t) => {
  const { choices, usage } = read(recorded("response-incomplete"));
  t.match(choices, [{ parts: [], finish: "length" }]);
  t.match(usage, { reasoningTokens: 300, cacheWriteTokens: 5 });
});

t.test("decodeResponse() reads an answer that failed", async (t) => {
  t.match(read(recorded("response-failed")).choices, [{ parts: [], finish: "error" }]);
});

t.test("decodeResponse() rejects an answer that is still to come", async (t) => {
  t.same(decodeResponse(wireResponse(recorded("response-background"))), {
    kind: "malformed",
    reason: "status tells of no ended answer",
  });
});

t.test("decodeResponse() reads items of all sorts", async (t) => {
  const output = [
    { type: "reasoning", id: "rs_1", summary: [{ text: "Hm" }], encrypted_content: "gAAA" },
    { type: "reasoning", id: "rs_2", summary: [] },
    { type: "web_search_call", id: "ws_1", status: "completed" },
    message,
    call,
    { type: "function_call", id: "fc_2", name: "g" },
    { type: "message", content: [{ type: "refusal", refusal: "No" }, { type: "odd" }, 5] },
    "odd",
  ];
  t.same(read({ status: "completed", output }).choices[0]?.parts, [
    {
      kind: "reasoning",
      text: "Hm",
      signature: "gAAA",
      encrypted: null,
      origin: "openai-responses",
    },
    { kind: "text", text: "a" },
    { kind: "tool-call", id: "c", name: "f", arguments: '{"a":1}', signature: null },
    { kind: "tool-call", id: "fc_2", name: "g", arguments: "{}", signature: null },
    { kind: "refusal", text: "No" },
  ]);
});

t.test("decodeResponse() makes an id up for a call that has none", async (t) => {
  const output = [message, { type: "function_call", name: "f", arguments: "" }];
  t.match(read({ output }).choices[0]?.parts[1], { id: "call_1", arguments: "{}" });
});

t.test("decodeResponse() gathers probabilities of all texts", async (t) => {
  const piece = (token: string) => ({
    type: "output_text",
    text: token,
    logprobs: [{ token, logprob: -1, bytes: null, top_logprobs: [] }],
  });
  const output = [{ type: "message", content: [piece("a"), piece("b")] }];
  t.match(read({ output }).choices[0]?.logprobs, [{ token: "a" }, { token: "b" }]);
});

const refusal = { type: "message", content: [{ type: "refusal", refusal: "No" }] };

const finishes: readonly { name: string; answer: object; finish: FinishReason }[] = [
  { name: "text", answer: { status: "completed", output: [message] }, finish: "stop" },
  {
    name: "a call",
    answer: { status: "completed", output: [message, call] },
    finish: "tool-calls",
  },
  { name: "a refusal", answer: { status: "completed", output: [refusal] }, finish: "refusal" },
  { name: "no status", answer: { output: [message] }, finish: "stop" },
  {
    name: "the limit",
    answer: {
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output: [call],
    },
    finish: "length",
  },
  {
    name: "the filter",
    answer: { status: "incomplete", incomplete_details: { reason: "content_filter" }, output: [] },
    finish: "content-filter",
  },
  {
    name: "a reason of the future",
    answer: { status: "incomplete", incomplete_details: { reason: "constructor" }, output: [] },
    finish: "length",
  },
  { name: "no reason", answer: { status: "incomplete", output: [] }, finish: "length" },
];

for (const { name, answer, finish } of finishes) {
  t.test(`decodeResponse() tells why an answer with ${name} ended`, async (t) => {
    t.equal(read(answer).choices[0]?.finish, finish);
  });
}

t.test("decodeResponse() tolerates what is missing", async (t) => {
  t.same(read({ output: [] }), {
    id: "",
    model: "",
    created: null,
    choices: [{ parts: [], finish: "stop", stopText: null, logprobs: null }],
    usage: null,
  });
});

for (const { name, body, reason } of [
  { name: "no JSON", body: "<html>", reason: "it is not JSON" },
  { name: "a list", body: "[]", reason: "it has no list of output" },
  { name: "an answer of chat", body: '{"choices":[]}', reason: "it has no list of output" },
]) {
  t.test(`decodeResponse() rejects ${name}`, async (t) => {
    t.same(decodeResponse(wireResponse(body)), { kind: "malformed", reason });
  });
}
