/** Why a model stopped, between Anthropic's words and the IR's (https://docs.anthropic.com/en/api/handling-stop-reasons). */

import type { FinishReason } from "../ir.ts";
import type { JsonValue } from "../json-text.ts";

const finishes: ReadonlyMap<string, FinishReason> = new Map<string, FinishReason>([
  ["end_turn", "stop"],
  ["max_tokens", "length"],
  ["stop_sequence", "stop-text"],
  ["tool_use", "tool-calls"],
  ["refusal", "refusal"],
  ["pause_turn", "paused"],
  ["compaction", "paused"],
  ["model_context_window_exceeded", "length"],
]);

/** `error` has no word; of those that there are only a refusal says that the answer is not to be taken for a good one. */
const words = {
  stop: "end_turn",
  "stop-text": "stop_sequence",
  length: "max_tokens",
  "tool-calls": "tool_use",
  "content-filter": "refusal",
  refusal: "refusal",
  paused: "pause_turn",
  error: "refusal",
} as const satisfies Readonly<Record<FinishReason, string>>;

/** The reason that a word stands for; `stop` for words that are not known. */
export function finishOf(word: JsonValue | undefined): FinishReason {
  return (typeof word === "string" ? finishes.get(word) : undefined) ?? "stop";
}

/** The word for a reason; agents go by it to see that tools are to be called, so calls always make it `tool_use`. */
export function stopReasonOf(finish: FinishReason, hasToolCalls: boolean): string {
  return finish === "stop" && hasToolCalls ? words["tool-calls"] : words[finish];
}
