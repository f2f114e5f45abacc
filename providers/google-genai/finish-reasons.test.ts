import t from "tap";
import type { FinishReason } from "../ir.ts";
import { decodeFinish, encodeFinish } from "./finish-reasons.ts";

const decoded: readonly (readonly [string, FinishReason, FinishReason])[] = [
  ["STOP", "stop", "tool-calls"],
  ["FINISH_REASON_UNSPECIFIED", "stop", "tool-calls"],
  ["MAX_TOKENS", "length", "length"],
  ["CONTINUATION", "length", "length"],
  ["SAFETY", "content-filter", "content-filter"],
  ["RECITATION", "content-filter", "content-filter"],
  ["BLOCKLIST", "content-filter", "content-filter"],
  ["PROHIBITED_CONTENT", "content-filter", "content-filter"],
  ["SPII", "content-filter", "content-filter"],
  ["MODEL_ARMOR", "content-filter", "content-filter"],
  ["IMAGE_SAFETY", "content-filter", "content-filter"],
  ["IMAGE_PROHIBITED_CONTENT", "content-filter", "content-filter"],
  ["IMAGE_RECITATION", "content-filter", "content-filter"],
  ["LANGUAGE", "error", "error"],
  ["OTHER", "error", "error"],
  ["MALFORMED_FUNCTION_CALL", "error", "error"],
  ["UNEXPECTED_TOOL_CALL", "error", "error"],
  ["TOO_MANY_TOOL_CALLS", "error", "error"],
  ["MISSING_THOUGHT_SIGNATURE", "error", "error"],
  ["MALFORMED_RESPONSE", "error", "error"],
  ["NO_IMAGE", "error", "error"],
  ["IMAGE_OTHER", "error", "error"],
  ["SOMETHING_NEW", "error", "error"],
  ["constructor", "error", "error"],
];

for (const [reason, without, withCalls] of decoded) {
  t.test(`decodeFinish() takes ${reason} for ${without}, with calls ${withCalls}`, async (t) => {
    t.equal(decodeFinish(reason, "no-calls"), without);
    t.equal(decodeFinish(reason, "calls"), withCalls);
  });
}

const encoded: readonly (readonly [FinishReason, string])[] = [
  ["stop", "STOP"],
  ["stop-text", "STOP"],
  ["tool-calls", "STOP"],
  ["length", "MAX_TOKENS"],
  ["content-filter", "SAFETY"],
  ["refusal", "SAFETY"],
  ["paused", "OTHER"],
  ["error", "OTHER"],
];

for (const [finish, reason] of encoded) {
  t.test(`encodeFinish() says ${reason} for ${finish}`, async (t) => {
    t.equal(encodeFinish(finish), reason);
  });
}
