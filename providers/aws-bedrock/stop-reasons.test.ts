import t from "tap";
import type { FinishReason } from "../ir.ts";
import { finishOf, stopReasonOf } from "./stop-reasons.ts";

const reasons: readonly [reason: string, finish: FinishReason, back: string][] = [
  ["end_turn", "stop", "end_turn"],
  ["tool_use", "tool-calls", "tool_use"],
  ["max_tokens", "length", "max_tokens"],
  ["model_context_window_exceeded", "length", "max_tokens"],
  ["stop_sequence", "stop-text", "stop_sequence"],
  ["guardrail_intervened", "content-filter", "content_filtered"],
  ["content_filtered", "content-filter", "content_filtered"],
  ["malformed_model_output", "error", "malformed_model_output"],
  ["malformed_tool_use", "error", "malformed_model_output"],
  ["a reason of tomorrow", "stop", "end_turn"],
];

for (const [reason, finish, back] of reasons) {
  t.test(`finishOf() takes ${reason} for ${finish}`, async (t) => {
    t.equal(finishOf(reason), finish);
    t.equal(stopReasonOf(finish), back);
  });
}

t.test("finishOf() takes what is no text for an ordinary end", async (t) => {
  for (const reason of [undefined, null, 1, {}, []]) t.equal(finishOf(reason), "stop");
});

t.test("stopReasonOf() has a word for what only others say", async (t) => {
  t.equal(stopReasonOf("refusal"), "content_filtered");
  t.equal(stopReasonOf("paused"), "end_turn");
});
