/** Why a chat completion ended, in OpenAI's words and those of other servers. */

import type { FinishReason, Part } from "../ir.ts";

const reasons: ReadonlyMap<string, FinishReason> = new Map([
  ["stop", "stop"],
  ["length", "length"],
  ["tool_calls", "tool-calls"],
  ["function_call", "tool-calls"],
  ["content_filter", "content-filter"],
  // Of other servers
  ["eos", "stop"],
  ["eos_token", "stop"],
  ["end_turn", "stop"],
  ["stop_sequence", "stop-text"],
  ["max_tokens", "length"],
  ["model_length", "length"],
  ["tool_use", "tool-calls"],
  ["refusal", "refusal"],
  ["safety", "content-filter"],
  ["error", "error"],
  ["abort", "error"],
  ["insufficient_system_resource", "error"],
]);

const words = {
  stop: "stop",
  "stop-text": "stop",
  length: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
  refusal: "content_filter",
  // The answer is not at its end, and there is no other word for that.
  paused: "length",
  error: "content_filter",
} as const satisfies Readonly<Record<FinishReason, string>>;

/**
 * What a word means beside the parts of its answer: calls and refusals come with `stop` too, calls for instance where
 * the request named the tool. Unknown words are `stop`.
 */
export function decodeFinish(word: string | null, kinds: ReadonlySet<Part["kind"]>): FinishReason {
  const reason = (word === null ? undefined : reasons.get(word.toLowerCase())) ?? "stop";
  if (reason !== "stop") return reason;
  if (kinds.has("tool-call")) return "tool-calls";
  return kinds.has("refusal") ? "refusal" : "stop";
}

/** The word for a reason. An answer that holds its refusal in words of its own ends as any other does. */
export function encodeFinish(finish: FinishReason, kinds: ReadonlySet<Part["kind"]>): string {
  return finish === "refusal" && kinds.has("refusal") ? "stop" : words[finish];
}
