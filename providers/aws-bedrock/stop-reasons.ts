/** Why a model on Bedrock stopped (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_MessageStopEvent.html). */

import type { FinishReason } from "../ir.ts";

const finishOfReason: ReadonlyMap<unknown, FinishReason> = new Map([
  ["end_turn", "stop"],
  ["tool_use", "tool-calls"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["stop_sequence", "stop-text"],
  ["guardrail_intervened", "content-filter"],
  ["content_filtered", "content-filter"],
  ["malformed_model_output", "error"],
  ["malformed_tool_use", "error"],
]);

const reasonOfFinish = {
  stop: "end_turn",
  "stop-text": "stop_sequence",
  length: "max_tokens",
  "tool-calls": "tool_use",
  "content-filter": "content_filtered",
  refusal: "content_filtered",
  // Nobody goes on by itself here: the answer is what there is.
  paused: "end_turn",
  error: "malformed_model_output",
} as const satisfies Readonly<Record<FinishReason, string>>;

/** The IR's word for a reason; an unknown one is an ordinary end. */
export function finishOf(reason: unknown): FinishReason {
  return finishOfReason.get(reason) ?? "stop";
}

/** Converse's word for a reason. */
export function stopReasonOf(finish: FinishReason): string {
  return reasonOfFinish[finish];
}
