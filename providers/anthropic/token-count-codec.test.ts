import t from "tap";
import {
  chatRequest,
  decodeBody,
  encodeBody,
  malformation,
  wireResponse,
} from "../testdata/anthropic-messages.ts";
import { anthropicTokenCount } from "./token-count-codec.ts";

const body = { model: "claude-sonnet-4-5", messages: [{ role: "user", content: "Hi" }] };

t.test("decodeRequest() reads a conversation without a limit", async (t) => {
  t.match(decodeBody(anthropicTokenCount, body), {
    model: "claude-sonnet-4-5",
    maxOutputTokens: null,
    unexpressed: [],
  });
});

t.test("decodeRequest() refuses a body of the wrong shape", async (t) => {
  t.equal(malformation(anthropicTokenCount, { model: "m" }), "messages is not a list");
});

t.test("encodeRequest() writes a conversation without what only an answer needs", async (t) => {
  const request = chatRequest({ temperature: 1, stop: ["a"], stream: true, endUser: "u" });
  t.strictSame(encodeBody(anthropicTokenCount, request), body);
});

t.test("decodeResponse() reads the count", async (t) => {
  t.strictSame(anthropicTokenCount.decodeResponse(wireResponse({ input_tokens: 2095 })), {
    kind: "ok",
    value: { inputTokens: 2_095 },
  });
});

t.test("decodeResponse() refuses what is no count", async (t) => {
  for (const answer of [{}, { input_tokens: "1" }, []]) {
    t.strictSame(anthropicTokenCount.decodeResponse(wireResponse(answer)), {
      kind: "malformed",
      reason: "input_tokens is not a count",
    });
  }
  for (const body of ["{", '{"input_tokens":6.5}', '{"input_tokens":-1}']) {
    t.match(anthropicTokenCount.decodeResponse(wireResponse(body)), { kind: "malformed" });
  }
});

t.test("encodeResponse() writes the count", async (t) => {
  t.strictSame(anthropicTokenCount.encodeResponse({ inputTokens: 7 }, chatRequest()), {
    contentType: "application/json",
    body: '{"input_tokens":7}',
  });
});
