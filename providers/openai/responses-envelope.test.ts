import t from "tap";
import type { FinishReason } from "../ir.ts";
import { chatRequest } from "../testdata/openai-responses-codec/wire-calls.ts";
import type { Outcome } from "./responses-envelope.ts";
import {
  begun,
  createEnvelope,
  outcomeOf,
  outcomeOfFailure,
  writeEnvelope,
} from "./responses-envelope.ts";
import { createAnswerIds } from "./responses-ids.ts";

const envelope = createEnvelope(chatRequest(), {
  ids: createAnswerIds("resp_1"),
  model: 'claude "x"',
  created: 1_700_000_000,
});

t.test("writeEnvelope() writes an answer that has begun", async (t) => {
  const answer = JSON.parse(writeEnvelope(envelope, begun, { output: "", usage: null }));
  t.match(answer, {
    id: "resp_1",
    object: "response",
    created_at: 1_700_000_000,
    model: 'claude "x"',
    status: "in_progress",
    error: null,
    incomplete_details: null,
    output: [],
    usage: null,
    tools: [],
    metadata: {},
  });
});

t.test("writeEnvelope() writes items and usage", async (t) => {
  const usage = {
    inputTokens: 1,
    outputTokens: 2,
    cachedInputTokens: null,
    cacheWriteTokens: null,
    reasoningTokens: null,
    audioInputTokens: null,
    audioOutputTokens: null,
  };
  const bytes = writeEnvelope(envelope, outcomeOf("stop", false), { output: '{"a":1}', usage });
  t.match(JSON.parse(bytes), { output: [{ a: 1 }], usage: { total_tokens: 3 } });
});

t.test("writeEnvelope() leaves usage out only before the end and of failures", async (t) => {
  const usageOf = (outcome: Outcome) =>
    JSON.parse(writeEnvelope(envelope, outcome, { output: "", usage: null })).usage;
  t.equal(usageOf(begun), null);
  t.equal(usageOf(outcomeOf("error", false)), null);
  t.match(usageOf(outcomeOf("stop", false)), { total_tokens: 0 });
  t.match(usageOf(outcomeOf("length", false)), { total_tokens: 0 });
});

t.test("createEnvelope() asks the request for what the provider did not say", async (t) => {
  const ids = createAnswerIds("");
  const own = createEnvelope(chatRequest(), { ids, model: "", created: null });
  t.match(JSON.parse(writeEnvelope(own, begun, { output: "", usage: null })), {
    id: "resp_0",
    model: "gpt-5",
    created_at: 0,
  });
});

const rows: readonly {
  finish: FinishReason;
  hasRefusal: boolean;
  status: string;
  reason: string | null;
}[] = [
  { finish: "stop", hasRefusal: false, status: "completed", reason: null },
  { finish: "stop-text", hasRefusal: false, status: "completed", reason: null },
  { finish: "tool-calls", hasRefusal: false, status: "completed", reason: null },
  { finish: "length", hasRefusal: false, status: "incomplete", reason: "max_output_tokens" },
  { finish: "paused", hasRefusal: false, status: "incomplete", reason: "max_output_tokens" },
  { finish: "content-filter", hasRefusal: false, status: "incomplete", reason: "content_filter" },
  { finish: "content-filter", hasRefusal: true, status: "incomplete", reason: "content_filter" },
  { finish: "refusal", hasRefusal: true, status: "completed", reason: null },
  { finish: "refusal", hasRefusal: false, status: "incomplete", reason: "content_filter" },
  { finish: "error", hasRefusal: false, status: "failed", reason: null },
];

for (const { finish, hasRefusal, status, reason } of rows) {
  const words = hasRefusal ? "with" : "without";
  t.test(`outcomeOf() tells how an answer ends by ${finish} ${words} a refusal`, async (t) => {
    const outcome = outcomeOf(finish, hasRefusal);
    t.same([outcome.status, outcome.incomplete], [status, reason]);
    const answer = JSON.parse(writeEnvelope(envelope, outcome, { output: "", usage: null }));
    t.same(answer.incomplete_details, reason === null ? null : { reason });
    t.equal(answer.error === null, status !== "failed");
  });
}

t.test("outcomeOfFailure() tells the provider's words", async (t) => {
  const error = { status: 429, kind: "rate-limit", message: "Slow", code: null } as const;
  t.same(outcomeOfFailure(error), {
    status: "failed",
    error: { code: "rate_limit_exceeded", message: "Slow" },
    incomplete: null,
  });
});
