/** Why a model stopped, in Gemini's words (https://ai.google.dev/api/generate-content#FinishReason) and the IR's. */

import type { FinishReason } from "../ir.ts";

const decoded: ReadonlyMap<string, FinishReason> = new Map([
  ["STOP", "stop"],
  ["FINISH_REASON_UNSPECIFIED", "stop"],
  ["MAX_TOKENS", "length"],
  // Only Gemini's own clients can go on from there
  ["CONTINUATION", "length"],
  ["SAFETY", "content-filter"],
  ["RECITATION", "content-filter"],
  ["BLOCKLIST", "content-filter"],
  ["PROHIBITED_CONTENT", "content-filter"],
  ["SPII", "content-filter"],
  ["MODEL_ARMOR", "content-filter"],
  ["IMAGE_SAFETY", "content-filter"],
  ["IMAGE_PROHIBITED_CONTENT", "content-filter"],
  ["IMAGE_RECITATION", "content-filter"],
  ["LANGUAGE", "error"],
  ["OTHER", "error"],
  ["MALFORMED_FUNCTION_CALL", "error"],
  ["UNEXPECTED_TOOL_CALL", "error"],
  ["TOO_MANY_TOOL_CALLS", "error"],
  ["MISSING_THOUGHT_SIGNATURE", "error"],
  ["MALFORMED_RESPONSE", "error"],
  ["IMAGE_OTHER", "error"],
  ["NO_IMAGE", "error"],
]);

const encoded = {
  stop: "STOP",
  "stop-text": "STOP",
  "tool-calls": "STOP",
  length: "MAX_TOKENS",
  "content-filter": "SAFETY",
  refusal: "SAFETY",
  paused: "OTHER",
  error: "OTHER",
} as const satisfies Readonly<Record<FinishReason, string>>;

/** The IR's reason; Gemini says that it stopped also where it wants functions called. A word that is unknown is an error. */
export function decodeFinish(reason: string, calls: "calls" | "no-calls"): FinishReason {
  const finish = decoded.get(reason) ?? "error";
  return finish === "stop" && calls === "calls" ? "tool-calls" : finish;
}

/** Gemini's reason. */
export function encodeFinish(finish: FinishReason): string {
  return encoded[finish];
}
